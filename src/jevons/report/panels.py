"""The panels of the page: each function turns footprints into what the template lays out, and adds no arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jevons.core import units
from jevons.core.footprint import Footprint, Line, paired_interval
from jevons.core.study import INDICATORS
from jevons.report import drawings, figures
from jevons.report.figures import Figure

Panel = dict[str, Any]
FLOWS = {"electricity": "operation", "device_hours": "manufacture", "water": "cooling water",
         "transfer": "network", "storage": "storage", "travel": "travel", "money": "services"}  # fmt: skip


def cards(footprint: Footprint) -> list[Panel]:
    """Energy, climate, water and cost in large, each with one line that says what is in it."""
    notes = {"energy": figures.said_methods(footprint), "climate": _kinds(footprint), "water": _waters(footprint)}
    return [{"figure": f, "note": notes.get(f.name, "")} for f in figures.headlines(footprint)]


def spread(footprint: Footprint) -> Panel:
    """Every indicator's interval as a multiple of its best estimate, on one logarithmic scale."""
    found = figures.figures(footprint)
    drawn = [f for f in found if f.low > 0]
    scale, ticks = drawings.relative_scale([b / f.best for f in drawn for b in (f.low, f.high)])
    rows = [{"figure": f, "track": drawings.track(f.low / f.best, 1.0, f.high / f.best, scale, ticks, f"{f.label}: {f}")
             if f in drawn else ""} for f in found]  # fmt: skip
    return {"rows": rows, "axis": drawings.axis(scale, ticks, [f"{t:g}×" for t in ticks])}


def comparison(footprints: Mapping[str, Footprint]) -> list[Panel]:
    """Footprints of one study side by side, an indicator a panel, from zero; groups of one are left out."""
    groups: dict[Any, dict[str, Footprint]] = {}
    for title, footprint in footprints.items():
        groups.setdefault(footprint.study, {})[title] = footprint
    panels = []
    for group in groups.values():
        names = [f.name for f in figures.headlines(next(iter(group.values())))] if len(group) > 1 else []
        panels += [_compared(group, n) for n in names if all(_holds(f, n) for f in group.values())]
    return panels


def breakdown(footprint: Footprint, indicator: str, colours: Mapping[str, int]) -> Panel:
    """Stages as bars of components; the longest stage fills the width."""
    parts = figures.cells(footprint, indicator, "stage", "component")
    whole, stages = figures.figure(footprint, indicator), _summed(parts, 0)
    shares, longest = figures.shares(stages), max(stages.values(), default=0.0)
    rows = []
    for stage, amount in stages.items():
        mine = {c: v for (s, c), v in parts.items() if s == stage}
        say = f"{figures.named(stage)}: " + ", ".join(f"{figures.named(c)} {whole.say(v)}" for c, v in mine.items())
        bar = drawings.stack([(colours[c], v) for c, v in _in_order(mine, colours)], longest, say)
        rows.append({"stage": figures.named(stage), "value": whole.say(amount),
                     "share": figures.percent(shares.get(stage, 0.0)), "bar": bar})  # fmt: skip
    components = _summed(parts, 1)
    portion = figures.shares(components)
    legend = [{"colour": colours[c], "name": figures.named(c), "value": whole.say(v),
               "share": figures.percent(portion.get(c, 0.0))} for c, v in components.items()]  # fmt: skip
    return {"figure": whole, "rows": rows, "legend": legend}


def flow(footprint: Footprint, indicator: str, colours: Mapping[str, int]) -> Panel:
    """The way from stages through components to what causes the impact, as a Sankey drawing."""
    parts = figures.cells(footprint, indicator, "stage", "component", "flow", "boundary")
    whole = figures.figure(footprint, indicator)
    ways: dict[tuple[str, ...], float] = {}
    for (stage, component, via, boundary), value in parts.items():
        end = _added(component, boundary) if indicator == "energy" else FLOWS[via.split("/")[0]]
        key = f"stage {stage}", f"part {component}", f"end {end}"
        ways[key] = ways.get(key, 0.0) + value
    columns = [_summed(ways, i) for i in range(3)]
    pairs = [_pairs(ways, 0), _pairs(ways, 1)]
    start = 0 if len(columns[0]) > 1 else 1
    labels = {n: f"{figures.named(n.split(' ', 1)[1])}  {whole.say(v)}" for column in columns for n, v in column.items()}
    tints = {f"part {c}": i for c, i in colours.items()}
    drawing = drawings.sankey(columns[start:], pairs[start:], labels, tints, f"{whole.label}, {whole.shown_unit}: "
                              + "; ".join(labels.values()))  # fmt: skip
    return {"figure": whole, "drawing": drawing}


def what_if(base: Footprint, options: Mapping[str, Footprint]) -> list[Panel]:
    """Options grouped by the word before a colon in their label, each with paired differences from ``base``.

    Errors: StudyMismatch where an option answers another question.
    """
    lead = "climate" if "climate" in base.indicators else base.indicators[0]
    differences = {label: option - base for label, option in options.items()}
    reach = max((abs(b) for d in differences.values() for b in paired_interval(d, lead)), default=0.0) or 1.0
    groups: dict[str, list[Panel]] = {}
    for label, difference in differences.items():
        group, _, name = label.rpartition(":")
        groups.setdefault(group.strip(), []).append(_option(name.strip(), base, options[label], difference, lead, reach))
    return [{"group": group, "rows": rows} for group, rows in groups.items()]


def drivers(footprint: Footprint, indicator: str) -> list[Panel]:
    """Inputs by their share of the variance, with bars of the page's one colour."""
    return [{"name": name, "share": figures.percent(share), "bar": drawings.stack([(0, share)], 1.0, name)}
            for name, share in figures.drivers(footprint, indicator).items()]  # fmt: skip


def explanation(footprint: Footprint, indicator: str) -> Panel:
    """amount × factor = impact, line by line."""
    explained = footprint.explain(indicator)
    return {"figure": figures.figure(footprint, indicator), "rows": [_line(line) for line in explained.lines],
            "total": units.show(explained.recomputed, INDICATORS[indicator][0], 4)}  # fmt: skip


def rows_as_table(rows: Iterable[Mapping[str, Any]]) -> Panel:
    """Rows of mappings as a table: the keys head the columns, numbers are set in four digits."""
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    return {"names": names, "rows": [[_cell(row.get(name, "")) for name in names] for row in listed]}


def colours(footprints: Iterable[Footprint]) -> dict[str, int]:
    """One colour number a component, the same all over the page."""
    words = dict.fromkeys(c for f in footprints for i in ("energy", "climate") if i in f.indicators
                          for c in f.by("component", i))  # fmt: skip
    return {word: i for i, word in enumerate(words)}


def _compared(group: Mapping[str, Footprint], name: str) -> Panel:
    found = {title: figures.figure(footprint, name) for title, footprint in group.items()}
    scale, ticks = drawings.zero_scale([f.high for f in found.values()])
    unit = max(found.values(), key=lambda f: f.best)  # all stand in the unit of the greatest, so that they compare
    rows = [{"title": t, "value": unit.say(f.best), "bounds": f"[{unit.say(f.low)}–{unit.say(f.high)}]" if f.bounds else "",
             "track": drawings.track(f.low, f.best, f.high, scale, ticks, f"{t}: {f}")} for t, f in found.items()]  # fmt: skip
    return {"label": unit.label, "unit": unit.shown_unit, "rows": rows,
            "axis": drawings.axis(scale, ticks, [unit.tick(t) for t in ticks])}  # fmt: skip


def _option(name: str, base: Footprint, option: Footprint, difference: Mapping[str, Any], lead: str,
            reach: float) -> Panel:  # fmt: skip
    figure = Figure(lead, INDICATORS[lead][0], *paired_interval(difference, lead))
    changed = {f.label: _change(figures.figure(option, f.name).best, f.best) for f in figures.headlines(base)}
    return {
        "name": name, "figure": figures.figure(option, lead), "change": changed.pop(figures.LABELS[lead]),
        "difference": figure, "others": changed,
        "drawing": drawings.difference(figure.low, figure.best, figure.high, reach, f"{name}: {figure}"),
    }  # fmt: skip


def _change(option: float, base: float) -> str:
    if not base:
        return "–"
    said = f"{100 * (option / base - 1):+.0f} %".replace("-", "−")
    return "0 %" if said in ("+0 %", "−0 %") else said


def _line(line: Line) -> Panel:
    return {
        "stage": figures.named(line.stage), "component": figures.named(line.component),
        "flow": line.flow.replace("_", "-").replace("/", ": "), "method": line.method,
        "amount": units.show(line.amount, line.amount_unit, 4),
        "rate": f"{units.significant(line.rate, 4)} {line.unit}/{line.amount_unit}",
        "impact": units.show(line.impact, line.unit, 4), "source": line.source.id,
        "year": line.year or "", "quality": line.quality, "place": line.place,
    }  # fmt: skip


def _kinds(footprint: Footprint) -> str:
    embodied = figures.embodied_share(footprint) if "climate" in footprint.indicators else 0.0
    if not embodied:
        return "operation only, hardware not included"
    return f"{figures.percent(1 - embodied)} operation, {figures.percent(embodied)} hardware"


def _waters(footprint: Footprint) -> str:
    words = {"water_on_site": "on site", "water_off_site": "power generation", "water_embodied": "hardware"}
    parts = figures.shares({words[w]: footprint.best(w) for w in figures.WATERS if w in footprint.indicators})
    return ", ".join(f"{figures.percent(share)} {word}" for word, share in parts.items())


def _holds(footprint: Footprint, name: str) -> bool:
    return name in [f.name for f in figures.headlines(footprint)]


def _added(component: str, boundary: str) -> str:
    return "facility" if (component, boundary) == ("facility overhead", "facility") else "equipment"


def _summed(parts: Mapping[tuple[str, ...], float], place: int) -> dict[str, float]:
    sums: dict[str, float] = {}
    for key, value in parts.items():
        sums[key[place]] = sums.get(key[place], 0.0) + value
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _pairs(ways: Mapping[tuple[str, ...], float], place: int) -> list[drawings.Flow]:
    sums: dict[tuple[str, str], float] = {}
    for key, value in ways.items():
        pair = key[place], key[place + 1]
        sums[pair] = sums.get(pair, 0.0) + value
    order = list(_summed(ways, place + 1))
    return sorted(((a, b, v) for (a, b), v in sums.items()), key=lambda flow: order.index(flow[1]))


def _in_order(parts: Mapping[str, float], colours: Mapping[str, int]) -> list[tuple[str, float]]:
    return sorted(parts.items(), key=lambda item: colours[item[0]])


def _cell(value: Any) -> Panel:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole_year = isinstance(value, int) and 1900 <= value <= 2100
        return {"text": str(value) if whole_year else units.significant(value, 4), "number": True}
    text = str(value)
    return {"text": text, "number": text[:1].isdigit() or text[:2].lstrip("−+-~< ")[:1].isdigit()}
