"""Drawings for the page: inline SVG by hand. Lengths across are percent of the drawing's width, so text keeps its size.

Every function returns markup that is safe to place in a page: text is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
TRACK_PX = 22
BAR_PX = 14
PALETTE = 8  # classes c0 … c7 in the style sheet


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to percent of the width; logarithmic where ``log``."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Percent of the width, 0 to 100, at ``value``."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 3)


def relative_scale(ratios: Sequence[float]) -> tuple[Scale, list[float]]:
    """A logarithmic scale about 1 that holds all ratios, and its ticks."""
    low, high = min([0.7, *ratios]), max([1.5, *ratios])
    scale = Scale(low / 1.06, high * 1.06, log=True)
    ticks = [t for t in TICKS if scale.low <= t <= scale.high]
    return scale, _thinned(ticks, scale)


def zero_scale(values: Sequence[float]) -> tuple[Scale, list[float]]:
    """A linear scale from zero that holds all values, and round ticks."""
    top = max([*values, 0.0]) or 1.0
    step = 10 ** math.floor(math.log10(top / 2))
    step = next(m * step for m in (1, 2, 5, 10) if top / (m * step) <= 5)
    return Scale(0.0, top * 1.04), [i * step for i in range(int(top / step) + 1)]


def track(low: float, best: float, high: float, scale: Scale, ticks: Sequence[float], say: str) -> Markup:
    """One interval: a line from low to high, a dot at the best estimate, hairlines at the ticks."""
    middle = TRACK_PX / 2
    lines = [f'<line class="tick" x1="{scale.at(t)}%" x2="{scale.at(t)}%" y1="0" y2="{TRACK_PX}"/>' for t in ticks]
    left, right = scale.at(low), scale.at(high)
    shape = (f'<line class="range" x1="{left}%" x2="{right}%" y1="{middle}" y2="{middle}"/>'
             f'<circle class="dot" cx="{scale.at(best)}%" cy="{middle}" r="4.5"/>')  # fmt: skip
    return _svg("track", TRACK_PX, say, "".join(lines) + shape)


def axis(scale: Scale, ticks: Sequence[float], labels: Sequence[str]) -> Markup:
    """The labels of the ticks, under a column of tracks."""
    parts = []
    for tick, label in zip(ticks, labels, strict=True):
        x = scale.at(tick)
        anchor = "start" if x < 2 else "end" if x > 98.5 else "middle"
        parts.append(f'<text x="{x}%" y="11" text-anchor="{anchor}">{escape(label)}</text>')
    return Markup(f'<svg class="axis" width="100%" height="14" aria-hidden="true">{"".join(parts)}</svg>')


def stack(parts: Sequence[tuple[int, float]], whole: float, say: str) -> Markup:
    """A bar of coloured parts (colour number, value) whose full width is ``whole``."""
    x, shapes = 0.0, []
    for colour, value in parts:
        width = 100 * max(value, 0.0) / whole if whole else 0.0
        shapes.append(f'<rect class="c{colour % PALETTE}" x="{x:.3f}%" width="{width:.3f}%" height="{BAR_PX}"/>')
        x += width
    return _svg("stack", BAR_PX, say, "".join(shapes))


def difference(low: float, best: float, high: float, reach: float, say: str) -> Markup:
    """A bar from zero in the middle to ``best``, with its interval as a whisker; ``reach`` is half the width."""
    scale, middle = Scale(-reach, reach), TRACK_PX / 2
    zero, end = scale.at(0.0), scale.at(best)
    kind = "less" if best < 0 else "more"
    shapes = (f'<rect class="{kind}" x="{min(zero, end)}%" width="{abs(end - zero):.3f}%" y="{middle - 5}" height="10"/>'
              f'<line class="whisker" x1="{scale.at(low)}%" x2="{scale.at(high)}%" y1="{middle}" y2="{middle}"/>'
              f'<line class="zero" x1="{zero}%" x2="{zero}%" y1="0" y2="{TRACK_PX}"/>')  # fmt: skip
    return _svg("difference", TRACK_PX, say, shapes)


Flow = tuple[str, str, float]  # from, to, value


def sankey(columns: Sequence[Mapping[str, float]], flows: Sequence[Sequence[Flow]], labels: Mapping[str, str],
           colours: Mapping[str, int], say: str, width: int = 500, height: int = 250) -> Markup:  # fmt: skip
    """Columns of nodes (name → value) joined by ribbons; ``flows[i]`` leads from column i to column i + 1.

    Ribbons take the colour of their left node. Widths of ribbons and heights of nodes share one scale.
    """
    gap, bar, margin = 17.0, 10.0, 125.0  # room for the labels of the last column
    whole = max(sum(column.values()) for column in columns) or 1.0
    unit = (height - 20 - gap * (max(map(len, columns)) - 1)) / whole
    step = (width - bar - margin) / max(len(columns) - 1, 1)
    tops = [_tops(column, unit, gap, height) for column in columns]
    ribbons = "".join(_ribbons(flows[i], tops[i], tops[i + 1], unit, i * step + bar, (i + 1) * step, colours)
                      for i in range(len(flows)))  # fmt: skip
    nodes = "".join(_nodes(columns[i], tops[i], unit, i * step, bar, labels, colours)
                    for i in range(len(columns)))  # fmt: skip
    return Markup(f'<svg class="sankey" viewBox="0 0 {width} {height}" role="img" '
                  f'aria-label="{escape(say)}">{ribbons}{nodes}</svg>')  # fmt: skip


def _tops(column: Mapping[str, float], unit: float, gap: float, height: float) -> dict[str, float]:
    used = sum(column.values()) * unit + gap * (len(column) - 1)
    y, tops = (height - used) / 2, {}
    for name, value in column.items():
        tops[name] = y
        y += value * unit + gap
    return tops


def _ribbons(flows: Sequence[Flow], left: Mapping[str, float], right: Mapping[str, float], unit: float, x1: float,
             x2: float, colours: Mapping[str, int]) -> str:  # fmt: skip
    out, into, paths = dict(left), dict(right), []
    bend = (x1 + x2) / 2
    for start, end, value in flows:
        a, b, thick = out[start], into[end], value * unit
        out[start], into[end] = a + thick, b + thick
        paths.append(
            f'<path class="ribbon c{colours.get(start, 7)}" d="M{x1:.1f} {a:.1f}C{bend:.1f} {a:.1f} {bend:.1f} {b:.1f} '
            f'{x2:.1f} {b:.1f}V{b + thick:.1f}C{bend:.1f} {b + thick:.1f} {bend:.1f} {a + thick:.1f} {x1:.1f} '
            f'{a + thick:.1f}Z"/>'
        )
    return "".join(paths)


def _nodes(column: Mapping[str, float], tops: Mapping[str, float], unit: float, x: float, bar: float,
           labels: Mapping[str, str], colours: Mapping[str, int]) -> str:  # fmt: skip
    shapes = []
    for name, value in column.items():
        tall = max(value * unit, 1.0)
        shapes.append(f'<rect class="node c{colours.get(name, 7)}" x="{x:.1f}" y="{tops[name]:.1f}" width="{bar}" '
                      f'height="{tall:.1f}"/><text x="{x + bar + 6:.1f}" y="{tops[name] + tall / 2 + 4:.1f}">'
                      f'{escape(labels.get(name, name))}</text>')  # fmt: skip
    return "".join(shapes)


def _thinned(ticks: list[float], scale: Scale) -> list[float]:
    kept = [1.0]
    for tick in sorted(ticks, key=lambda t: abs(math.log(t))):
        if all(abs(scale.at(tick) - scale.at(other)) >= 12 for other in kept):
            kept.append(tick)
    return sorted(kept)


def _svg(kind: str, height: int, say: str, body: str) -> Markup:
    return Markup(f'<svg class="{kind}" width="100%" height="{height}" role="img" aria-label="{escape(say)}">'
                  f"{body}</svg>")  # fmt: skip
