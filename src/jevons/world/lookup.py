"""Names as people type them, matched to the ids of a catalogue.

``resolve("h100 sxm", ids, aliases)`` answers a `Match`: which id, how sure, and why.  A name that matches
nothing well enough, or two ids equally well, raises `UnknownName` with the three nearest ids.

Order of trial: the id itself, then an alias (both after normalisation), then a token match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from jevons.core.errors import UnknownName

THRESHOLD = 0.75
"""Least score of a token match that is accepted."""
MARGIN = 0.015
"""A token match must lead the runner-up by this much, or the name is ambiguous."""
_MAKERS = frozenset({"nvidia", "amd", "intel", "google", "aws", "apple", "huawei", "tesla", "geforce", "instinct",
                     "radeon", "graphcore"})  # fmt: skip
_PIECES = re.compile(r"[a-z]+|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Match:
    """What a name was taken for: the catalogue id, a score in 0..1 and how it was found."""

    id: str
    score: float
    how: str

    @property
    def exact(self) -> bool:
        """True where the id itself was given, so nothing has to be said about it."""
        return self.how == "exact"


def normalise(name: str) -> str:
    """Lower case, letters and digits only: ``"A100-SXM 80GB"`` and ``"a100 sxm80gb"`` become equal."""
    return re.sub(r"[^a-z0-9.]+", "", name.lower().replace("μ", "u"))


@lru_cache(maxsize=8192)
def tokens(name: str) -> frozenset[str]:
    """The words and numbers of a name, makers' names left out: ``"nvidia-h100-sxm5-80gb"`` gives h100 sxm5 80gb.

    A word that mixes letters and digits is kept whole and in its pieces, so ``sxm`` meets ``sxm5``.
    """
    words = [w for w in re.split(r"[^a-z0-9.]+", name.lower()) if w]
    kept = [w for w in words if w not in _MAKERS] or words
    return frozenset(kept)


def token_score(wanted: str, candidate: str) -> float:
    """How well a typed name covers a candidate, in 0..1.

    Nine tenths are the mean over the typed words of each word's best likeness to a word of the candidate;
    one tenth is the share of the candidate's words that were typed, so the plainest product wins a draw.
    A typed word found nowhere (the "ti" of a card that is not in the table) halves the score: another product.
    """
    asked, offered = tokens(wanted), tokens(candidate)
    if not asked or not offered:
        return 0.0
    found = [max(_likeness(a, o) for o in offered) for a in asked]
    typed = sum(max(_likeness(a, o) for a in asked) > 0.99 for o in offered) / len(offered)
    score = 0.9 * sum(found) / len(found) + 0.1 * typed
    return score if min(found) >= 0.5 else score / 2


def _likeness(asked: str, offered: str) -> float:
    """How much two words are one: 1 for equal, 0.95 for letters that begin the other (sxm, sxm5), and so on down.

    Words whose numbers differ are different products (h100, h200), however alike they look; so are words with
    one number and different tails (13900k, 13900e), while a mere lack of the tail is a likeness (40, 40gb).
    """
    if asked == offered:
        return 1.0
    if asked.isalpha() and re.fullmatch(re.escape(asked) + r"\d+", offered):
        return 0.95
    likeness = SequenceMatcher(None, asked, offered).ratio()
    if _numbers(asked) != _numbers(offered):
        return 0.3 * likeness
    if not _numbers(asked):
        return 0.9 * likeness
    return 0.75 if asked.startswith(offered) or offered.startswith(asked) else 0.45


def _numbers(word: str) -> tuple[str, ...]:
    return tuple(piece for piece in _PIECES.findall(word) if piece[0].isdigit())


def nearest(name: str, ids: Iterable[str], n: int = 3) -> list[str]:
    """The ``n`` ids most like a name, best first, by words and letters together."""
    plain = normalise(name)

    def likeness(candidate: str) -> tuple[float, str]:
        letters = SequenceMatcher(None, plain, normalise(candidate)).ratio()
        return (-max(token_score(name, candidate), letters), candidate)

    return sorted(ids, key=likeness)[:n]


def resolve(
    name: str, ids: Iterable[str], aliases: Mapping[str, str] | None = None, *, kind: str = "name"
) -> Match:
    """The id a typed name stands for.

    Parameters: ``ids`` the catalogue, ``aliases`` other spellings -> id, ``kind`` the noun for the error message.
    Raises `UnknownName` with the three nearest ids where no id scores `THRESHOLD` or two are within `MARGIN`.
    """
    catalogue = list(ids)
    plain = normalise(name)
    if name in catalogue:
        return Match(name, 1.0, "exact")
    for candidate in catalogue:
        if plain and normalise(candidate) == plain:
            return Match(candidate, 1.0, f"spelling of {candidate}")
    for alias, target in (aliases or {}).items():
        if plain and normalise(alias) == plain and target in catalogue:
            return Match(target, 0.99, f"alias {alias!r}")
    return _by_tokens(name, catalogue, kind)


def _by_tokens(name: str, catalogue: list[str], kind: str) -> Match:
    ranked = sorted(((token_score(name, c), c) for c in catalogue), key=lambda pair: (-pair[0], pair[1]))
    best, runner_up = ranked[0] if ranked else (0.0, ""), ranked[1] if len(ranked) > 1 else (0.0, "")
    if best[0] < THRESHOLD or best[0] - runner_up[0] < MARGIN:
        raise UnknownName(kind=kind, name=name, nearest=nearest(name, catalogue))
    return Match(best[1], round(best[0], 3), f"words of {name!r} found in {best[1]}")
