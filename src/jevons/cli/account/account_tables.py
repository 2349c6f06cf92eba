"""An activity and its footprint as plain values and as tables, by component and by owner."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.core.activity import FLOW_UNITS
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint

MOST_SHOWN = 20
NOBODY = "(not told)"


def priced(found: Activity, at: str) -> tuple[Footprint, dict[str, float]]:
    """What the rows that factors price cost at a site (or each where it ran), and the hours that none can price."""
    import jevons
    from jevons.account.allocation.modelled import unpriced

    rows, left = unpriced(found)
    if not len(rows):
        raise BadInput("--at", at, f"nothing in it can be priced yet: {said_left(left)}; model it by --power or --cpu")
    if at != "each":
        return jevons.footprint(rows.label(site=""), jevons.site(at)), left
    if "" in rows.text["site"]:
        raise BadInput("--at", at, "some rows tell no site; name one site for all of them")
    return jevons.footprint(rows, {name: jevons.site(name) for name in dict.fromkeys(rows.text["site"])}), left


def record(title: str, found: Activity, by: str, footprint: Footprint | None, left: dict[str, float]) -> dict[str, Any]:
    """Everything as plain values."""
    import jevons
    from jevons.report.record import as_json
    from jevons.world import catalog

    start_s, end_s = span(found)
    answer: dict[str, Any] = {
        "title": title, "rows": len(found), "start": start_s, "end": end_s, "totals": totals(found),
        "by_component": sums(found, "component"), f"by_{by}": sums(found, by) if by in found.text else {},
        "served": {unit: float(count.ravel()[0]) for unit, count in found.served.items()},
        "assumptions": [a.record() for a in found.assumptions], "hours_not_priced": left,
    }  # fmt: skip
    if "part" in found.text:
        answer["by_part"] = sums(found, "part")
    if footprint is not None:
        answer["footprint"] = as_json(footprint, jevons.__version__, catalog.version(), title)
        answer[f"footprint_by_{by}"] = impacts(footprint, by)
    return answer


def impacts(footprint: Footprint, by: str) -> dict[str, dict[str, float]]:
    """Indicator → word → best estimate; nothing where the rows have no such column."""
    if by not in footprint.inventory.text:
        return {}
    return {i: {word or NOBODY: float(v.ravel()[0]) for word, v in footprint.by(by, i).items()} for i in footprint.indicators}


def tell(title: str, found: Activity, by: str, footprint: Footprint | None, left: dict[str, float]) -> None:
    """The same as tables."""
    screen, (start, end) = show.console(), span(found)
    screen.print(f"{title}\n{len(found)} rows" + (f", {start} to {end}" if start else ""))
    for column in dict.fromkeys(("component", "part", by)):
        if column in found.text and set(found.text[column]) - {""}:
            screen.print()
            screen.print(_table(found, column, footprint))
    if found.served:
        screen.print("\nserved: " + ", ".join(f"{float(v.ravel()[0]):,.6g} {k}" for k, v in found.served.items()))
    if footprint is not None:
        screen.print(f"\n{footprint}")
    if left:
        screen.print(f"\nnot priced: {said_left(left)}", style="bold")
    if found.assumptions:
        screen.print("\nAssumed")
        screen.print(show.bullets((f"{a.what} = {a.value}", a.why) for a in found.assumptions))


def totals(found: Activity) -> dict[str, dict[str, Any]]:
    """Sum of each flow with its unit."""
    return {flow: {"unit": FLOW_UNITS[flow.partition("/")[0]], "best": best(found, flow)} for flow in flows(found)}


def sums(found: Activity, column: str) -> dict[str, dict[str, float]]:
    """Word → flow → amount."""
    parts: dict[str, dict[str, float]] = {}
    for flow in flows(found):
        for word, amount in found.by(column, flow).items():
            parts.setdefault(word or NOBODY, {})[flow] = float(amount.ravel()[0])
    return parts


def flows(found: Activity) -> list[str]:
    """The families of flows there are: electricity, device_hours, money."""
    return list(dict.fromkeys(flow.partition("/")[0] for flow in found.text["flow"]))


def best(found: Activity, flow: str) -> float:
    """The best estimate of a flow's total."""
    return float(found.total(flow).ravel()[0])


def span(found: Activity) -> tuple[str, str]:
    """First and last moment, to the second; blank where no row is dated."""
    dated = found.start_s == found.start_s
    if not dated.any():
        return "", ""
    ends = (found.start_s[dated].min(), found.end_s[dated].max())
    return tuple(datetime.fromtimestamp(float(t), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for t in ends)  # type: ignore[return-value]


def said_left(left: dict[str, float]) -> str:
    """Hours that no factor prices, the most first."""
    listed = sorted(left.items(), key=lambda item: -item[1])
    return ", ".join(f"{hours:,.4g} h of {kind}" for kind, hours in listed[:MOST_SHOWN])


def _table(found: Activity, column: str, footprint: Footprint | None) -> Any:
    from jevons.core import units

    names = flows(found)
    climate = footprint.by(column) if footprint is not None and "climate" in footprint.indicators and column in footprint.inventory.text else {}
    cells = []
    for word, amounts in list(sums(found, column).items())[:MOST_SHOWN]:
        shown = [units.show(amounts[f], FLOW_UNITS[f]) if amounts.get(f) else "–" for f in names]
        kg = climate.get("" if word == NOBODY else word)
        cells.append([word, *shown, *([units.show(float(kg.ravel()[0]), "kg") if kg is not None else "–"] if climate else [])])
    columns = [column, *names, *(["climate"] if climate else [])]
    return show.rows(columns, cells, right=columns[1:])
