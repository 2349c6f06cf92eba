"""A scatter of two quantities over many decades, and a strip of groups, as inline SVG that fits any width.

Every function returns markup that is safe to place in a page: text is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

Point = tuple[float, float, int, str]  # across, up, colour number, tooltip
Say = Callable[[float], str]
WIDTH, HEIGHT, LEFT, BELOW, RIGHT = 640, 300, 72, 34, 8
STRIP_PX = 40
LONGEST = 24  # letters of a group's name


def scatter(points: Sequence[Point], across: Say, up: Say, what: str) -> Markup | str:
    """Dots on logarithmic scales; ``across`` and ``up`` say the ticks. Nothing for fewer than two points above zero."""
    held = [p for p in points if p[0] > 0 and p[1] > 0]
    if len(held) < 2:
        return ""
    horizontal, vertical = (_decades([p[axis] for p in held]) for axis in (0, 1))

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * _share(value, horizontal)

    def y(value: float) -> float:
        return (HEIGHT - BELOW) * (1 - _share(value, vertical)) + 6

    lines = [_across(x(10.0**d), across(10.0**d)) for d in horizontal] + [_up(y(10.0**d), up(10.0**d)) for d in vertical]
    dots = [f'<circle class="c{colour % 8}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="5"><title>{escape(said)}</title></circle>'
            for a, b, colour, said in held]  # fmt: skip
    return _drawing(HEIGHT, "".join(lines + dots), f"{what}: {len(held)} dots, both scales logarithmic")


def strips(groups: Mapping[str, Sequence[float]], say: Say, what: str) -> Markup | str:
    """A row a group on one logarithmic scale: each value a dot, the median a line. Nothing where no value is above zero."""
    held = {name: sorted(v for v in values if v > 0) for name, values in groups.items()}
    every = [v for values in held.values() for v in values]
    if not every:
        return ""
    decades, height = _decades(every), STRIP_PX * len(held) + BELOW
    left = LEFT + 90

    def x(value: float) -> float:
        return left + (WIDTH - left - RIGHT) * _share(value, decades)

    shapes = [f'<line class="tick" x1="{x(10.0**d):.1f}" x2="{x(10.0**d):.1f}" y1="6" y2="{height - BELOW + 6}"/>'
              f'<text class="axis" x="{x(10.0**d):.1f}" y="{height - BELOW + 22}" text-anchor="middle">{escape(say(10.0**d))}</text>' for d in decades]  # fmt: skip
    for at, (name, values) in enumerate(held.items()):
        middle = 6 + STRIP_PX * (at + 0.5)
        shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        shapes.append(f'<text x="0" y="{middle + 4:.1f}">{escape(shown)}</text>')
        shapes += [f'<circle class="c{at % 8}" cx="{x(v):.1f}" cy="{middle:.1f}" r="4"/>' for v in values]
        if values:
            median = x(values[len(values) // 2])
            shapes.append(f'<line class="median" x1="{median:.1f}" x2="{median:.1f}" y1="{middle - 15:.1f}" y2="{middle + 15:.1f}"/>')
    return _drawing(height, "".join(shapes), f"{what}, a row a group, logarithmic")


def power(value: float) -> str:
    """A power of ten as it is read: 1,000, then 10⁵."""
    exponent = round(math.log10(value))
    return f"{10**exponent:,}" if 0 <= exponent <= 3 else f"10{str(exponent).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _decades(values: Sequence[float]) -> list[int]:
    """The powers of ten around the values, thinned to at most six."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    step = max(1, math.ceil((high - low) / 5))
    return list(range(low, high + step, step))


def _share(value: float, decades: Sequence[int]) -> float:
    return (math.log10(value) - decades[0]) / (decades[-1] - decades[0])


def _across(x: float, said: str) -> str:
    return (f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{HEIGHT - BELOW + 6}"/>'
            f'<text class="axis" x="{x:.1f}" y="{HEIGHT - BELOW + 22}" text-anchor="middle">{escape(said)}</text>')  # fmt: skip


def _up(y: float, said: str) -> str:
    return (f'<line class="tick" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(said)}</text>')  # fmt: skip


def _drawing(height: float, body: str, said: str) -> Markup:
    return Markup(f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(said)}">{body}</svg>')
