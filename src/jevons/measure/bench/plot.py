"""The frontier of energy and speed over the levels of load, drawn by hand: an SVG, or a page that holds it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from jevons.core.errors import BadInput
from jevons.measure.bench.bench import Bench
from jevons.measure.bench.window import Level

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 400, 74, 48, 34, 54
STYLE = """:root{color-scheme:light dark;--paper:#faf9f6;--ink:#1f2a2c;--soft:#5c686b;--line:#e2e2dc;--accent:#22685a;--far:#b4552d}
@media (prefers-color-scheme:dark){:root{--paper:#14191a;--ink:#e7eae6;--soft:#9daaab;--line:#2e3839;--accent:#79c2ae;--far:#e08a5f}}
.frontier{font:13px -apple-system,"Segoe UI",Roboto,Arial,sans-serif;font-variant-numeric:tabular-nums}
.frontier .paper{fill:var(--paper)}.frontier text{fill:var(--ink)}.frontier .soft{fill:var(--soft);font-size:12px}
.frontier .tick{stroke:var(--line)}.frontier .way{fill:none;stroke:var(--accent);stroke-opacity:.35;stroke-width:3}
.frontier .on{fill:var(--accent)}.frontier .off{fill:var(--paper);stroke:var(--far);stroke-width:2}
"""
PAGE_STYLE = """body{margin:0 auto;max-width:900px;padding:32px 24px;background:var(--paper);color:var(--ink);
font:16px/1.5 -apple-system,"Segoe UI",Roboto,Arial,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.6rem;margin:0}p,li{color:var(--soft)}svg{width:100%;height:auto}.scroll{overflow-x:auto;margin-top:16px}
table{border-collapse:collapse;font-size:.9rem}th,td{padding:5px 14px 5px 0;text-align:right;border-bottom:1px solid var(--line)}
"""


def points(levels: Sequence[Level]) -> list[tuple[float, float, Level]]:
    """(ms per token, J per output token, level) of the levels that have both, by load."""
    found = [(x.s_per_token.get("median"), x.energy_per_output_token_j, x) for x in levels]
    known = [(1000 * t, e, x) for t, e, x in found if t is not None and e is not None]
    return sorted(known, key=lambda point: point[2].concurrency)


def svg(bench: Bench) -> str:
    """Joules per output token over time per token, a dot a level; filled where no other level is better in both."""
    found = points(bench.levels)
    if not found:
        why = "; ".join([*bench.notes, *(note for level in bench.levels for note in level.notes)])
        raise BadInput("report", "no level with energy and speed", f"there is nothing to draw: {why}")
    across, up = ticks(max(p[0] for p in found)), ticks(max(p[1] for p in found))
    at = [(_x(t, across[-1]), _y(e, up[-1])) for t, e, _ in found]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    dots = "".join(_dot(x, y, level) for (x, y), (_, _, level) in zip(at, found))
    title = f"{bench.plan.model}: energy and speed by requests in flight"
    return (f'<svg class="frontier" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(title)}"><style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>'
            f'<text x="{LEFT}" y="24">{escape(title)}</text>{_axes(across, up, bench.method)}'
            f'<polyline class="way" points="{way}"/>{dots}</svg>\n')  # fmt: skip


def page(bench: Bench, tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]) -> str:
    """A page with the drawing (where there is energy to draw), tables of (columns, rows of cells) and the notes."""
    drawing = svg(bench) if points(bench.levels) else "<p>No energy was metered, so there is no frontier to draw.</p>"
    told = [*bench.notes, *(f"concurrency {x.concurrency}: {note}" for x in bench.levels for note in x.notes)]
    notes = "".join(f"<li>{escape(note)}</li>" for note in told)
    title = escape(f"{bench.plan.model}, measured as served")
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title><style>{STYLE}{PAGE_STYLE}</style><h1>{title}</h1><p>{escape(said(bench))}</p>{drawing}"
            f"{''.join(_table(*each) for each in tables)}<ul>{notes}</ul></html>\n")  # fmt: skip


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def said(bench: Bench) -> str:
    """What was run, in one line."""
    plan = bench.plan
    pace = f"{plan.rate:g} arrivals a second (Poisson)" if plan.rate is not None else "closed loop"
    return f"{plan.requests} requests a level, {pace}, answers of at most {plan.max_tokens} tokens; energy: {bench.method}"


def ticks(top: float) -> list[float]:
    """Round numbers from zero to one that is not below ``top``, at most seven."""
    if not top > 0:
        return [0.0, 1.0]
    step = 10.0 ** math.floor(math.log10(top / 2))
    step = next(m * step for m in (1, 2, 5, 10) if top / (m * step) <= 6)
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]


def _x(value: float, top: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / top


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _dot(x: float, y: float, level: Level) -> str:
    return (f'<circle class="{"on" if level.on_frontier else "off"}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
            f'<text x="{x:.1f}" y="{y - 12:.1f}" text-anchor="middle">{level.concurrency}</text>')  # fmt: skip


def _axes(across: Sequence[float], up: Sequence[float], method: str) -> str:
    foot, lines = HEIGHT - BOTTOM, []
    for value in across:
        x = _x(value, across[-1])
        lines.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{foot}"/>'
                     f'<text class="soft" x="{x:.1f}" y="{foot + 18}" text-anchor="middle">{value:g}</text>')  # fmt: skip
    for value in up:
        y = _y(value, up[-1])
        lines.append(f'<line class="tick" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="soft" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')  # fmt: skip
    middle = (TOP + foot) / 2
    return (f'{"".join(lines)}<text class="soft" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" '
            f'text-anchor="middle">ms per token, median</text><text class="soft" transform="translate(18 {middle}) rotate(-90)" '
            f'text-anchor="middle">J per output token ({escape(method)})</text>')  # fmt: skip
