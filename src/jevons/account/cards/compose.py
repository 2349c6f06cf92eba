"""A block or a section put into a card that exists: everything else stays byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jevons.account.cards.parse import BLOCK, Card

HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\r?$")
FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)")
SECTION = "environmental impact"


def with_block(card: Card, block: str) -> str:
    """The card's text with ``block`` (YAML, ``co2_eq_emissions`` and what is below it) in place of its own, or added."""
    lines = block.replace("\r\n", "\n").rstrip("\n").replace("\n", card.newline) + card.newline
    if not card.has_front:
        return f"---{card.newline}{lines}---{card.newline}{card.text}"
    start, end = _extent(card) if BLOCK in card.front else (card.front_end, card.front_end)
    return card.text[:start] + lines + card.text[end:]


def block_of(card: Card) -> str:
    """The card's ``co2_eq_emissions`` as it is written; empty where it has none."""
    start, end = _extent(card) if BLOCK in card.front else (0, 0)
    return card.text[start:end]


def _extent(card: Card) -> tuple[int, int]:
    """The whole lines of the block in the front matter; comments and keys below it are not touched."""
    spot = card.spots[BLOCK]
    inside = [s.end for name, s in card.spots.items() if name.startswith(f"{BLOCK}.")]
    flow = card.text[spot.start : spot.start + 1] == "{"
    last = max(inside) if inside and not flow else spot.end
    start = card.text.rfind("\n", 0, _key_place(card, spot.line)) + 1
    kept = max(len(card.text[:last].rstrip()), start)
    newline = card.text.find("\n", kept)
    return start, len(card.text) if newline < 0 else newline + 1


def _key_place(card: Card, line: int) -> int:
    place = 0
    for _ in range(line - 1):
        place = card.text.index("\n", place) + 1
    return place


def with_section(card: Card, section: str) -> str:
    """The card's text with ``section`` in place of its own "Environmental Impact", or at its end."""
    text = section.replace("\r\n", "\n").rstrip("\n").replace("\n", card.newline) + card.newline
    found = _section(card.body)
    if found is None:
        gap = "" if not card.body.strip() else card.newline if card.text.endswith("\n") else card.newline * 2
        return card.text + gap + text
    start, end = (card.body_start + place for place in found)
    follows = card.newline if card.text[end:].strip() else ""
    return card.text[:start] + text + follows + card.text[end:]


def _section(body: str) -> tuple[int, int] | None:
    """From the heading of the section to the next heading of its level or above; None where there is no such heading."""
    start = level = None
    for place, depth, title in _headings(body):
        if start is None and SECTION in title.lower():
            start, level = place, depth
        elif start is not None and level is not None and depth <= level:
            return start, place
    return None if start is None else (start, len(body))


def _headings(body: str) -> Iterator[tuple[int, int, str]]:
    """(place, level, title) of each heading; what stands in a fenced block of code is none."""
    place, fence = 0, ""
    for line in body.splitlines(keepends=True):
        mark = FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence and (found := HEADING.match(line.rstrip("\n"))):
            yield place, len(found[1]), found[2]
        place += len(line)
