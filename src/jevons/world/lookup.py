"""Names as people type them, matched to the ids of a catalogue.

``resolve("h100 sxm", ids, aliases)`` answers a `Match`: which id, how sure, and why.  A name that matches
nothing well enough, or two ids equally well, raises `UnknownName` with the three nearest ids.

Order of trial: the id itself, its spelling, an alias (the maker's name may be there or not), then the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from jevons.core.errors import BadInput, UnknownName

THRESHOLD = 0.75
"""Least score of a match by words that is accepted."""
SHORT = 4
"""Letters up to which two words of letters alone are one only where they are equal."""
MARGIN = 0.015
"""A match by words must lead the runner-up by this much, or the name is ambiguous."""
_MAKERS = frozenset({"nvidia", "amd", "intel", "google", "aws", "apple", "huawei", "tesla", "geforce", "instinct",
                     "radeon", "graphcore"})  # fmt: skip
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_OTHERS = frozenset({"jetsonnano", "jetsonnano2gb", "jetsonnano4gb"})
"""Products that no table holds, though every word of theirs stands in the name of another."""
WRITTEN = re.compile(r"\((?:r|tm)\)|@.*|\bcpu\b|\bprocessor\b|\b\w+-core\b|\b\d+th gen\b", re.IGNORECASE)
"""What a processor's own name holds beside its model: "AMD EPYC 9654 96-Core Processor"."""
VARIANT = re.compile(r"[-_:.@](latest|preview|exp|experimental|instruct|turbo|chat|it|pt|base|hf|vl|thinking|fp8|bf16"
                     r"|awq|gptq|gguf|mlx|bnb|unsloth|int[48]|[48]bit|free|maas|codex|max|search-api|image|v\d|v0\.\d"
                     r"|20\d\d-\d\d-\d\d|\d\d-20\d\d|20\d{6}|\d{3,4})$")  # fmt: skip


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


def spellings(model: str) -> Iterator[str]:
    """The name as given, without its path (``models/``, ``org/``), then without dates and variants, one by one."""
    name = model.strip()
    yield name
    name = name.rsplit("/", 1)[-1].lower().removeprefix("meta-")
    yield name
    while (shorter := VARIANT.sub("", name)) != name:
        name = shorter
        yield name


@lru_cache(maxsize=8192)
def normalise(name: str) -> str:
    """Lower case, letters, digits and points only: ``"A100-SXM 80GB"`` and ``"a100 sxm80gb"`` become equal."""
    return re.sub(r"[^a-z0-9.]+", "", name.lower())


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, makers' names left out: ``"nvidia-h100-sxm5-80gb"``: h100, sxm5, 80gb."""
    found = [word for word in re.split(r"[^a-z0-9.]+", name.lower()) if word]
    return tuple(word for word in found if word not in _MAKERS) or tuple(found)


def word_score(wanted: str, candidate: str) -> float:
    """How well a typed name covers a candidate, in 0..1.

    Nine tenths are the mean over the typed words of each word's best likeness to a word of the candidate;
    one tenth is the share of the candidate's words that were typed, so the plainest product wins a draw.
    A typed word found nowhere (the "ti" of a card that is not in the table) halves the score: another product.
    So does another version: "gemma 4" is not gemma-3-4b, whose 4 is a size.
    """
    asked, offered = words(wanted), words(candidate)
    if not asked or not offered:
        return 0.0
    found = [max(_likeness(a, o) for o in offered) for a in asked]
    typed = sum(max(_likeness(a, o) for a in asked) > 0.99 for o in offered) / len(offered)
    score = 0.9 * sum(found) / len(found) + 0.1 * typed
    return score if min(found) >= 0.5 and not _other_version(asked, offered) else score / 2


def _other_version(asked: tuple[str, ...], offered: tuple[str, ...]) -> bool:
    """Whether a bare number was typed and the candidate bears other bare numbers only (3, 3.1), the typed one in none."""
    typed, borne = ({word for word in name if _NUMBER.fullmatch(word)} for name in (asked, offered))
    return bool(typed and borne) and not typed & borne


@lru_cache(maxsize=65536)
def _likeness(asked: str, offered: str) -> float:
    """How much two words are one: 1 for equal, 0.95 for letters that begin the other (sxm, sxm5), and so on down.

    Words whose numbers differ are different products (h100, h200), however alike they look; so are words with
    one number and different tails (13900k, 13900e), while a mere lack of the tail is a likeness (40, 40gb).
    """
    if asked == offered:
        return 1.0
    if asked.isalpha() and offered.startswith(asked) and offered[len(asked) :].isdigit():
        return 0.95
    numbers = _NUMBER.findall(asked)
    if numbers != _NUMBER.findall(offered):
        return 0.0
    begins = asked.startswith(offered) or offered.startswith(asked)
    if not numbers and min(len(asked), len(offered)) <= SHORT and not begins:
        return 0.0  # rtx is not gtx, sxm not nvl
    if not numbers:
        return 0.9 * SequenceMatcher(None, asked, offered).ratio()
    return 0.75 if begins else 0.45


def nearest(name: str, ids: Iterable[str], n: int = 3) -> list[str]:
    """The ``n`` ids most like a name, best first: those it begins, by its words, else by letters (the first counts more)."""
    plain = normalise(name)
    return sorted(ids, key=lambda c: (not normalise(c).startswith(plain), -_resemblance(name, c), c))[:n]


def _resemblance(name: str, candidate: str) -> float:
    def letters(a: str, b: str) -> float:
        return 0.9 * SequenceMatcher(None, a, b).ratio() + 0.1 * (a[0] == b[0])

    asked, offered = words(name), words(candidate)
    if not asked or not offered:
        return 0.0
    by_letters = sum(max(letters(a, o) for o in offered) for a in asked) / len(asked)
    return max(word_score(name, candidate), by_letters)


def resolve(
    name: str, ids: Iterable[str], aliases: Mapping[str, str] | None = None, *, kind: str = "name"
) -> Match:
    """The id a typed name stands for.

    Parameters: ``ids`` the catalogue, ``aliases`` other spellings -> id, ``kind`` the noun for the error message.
    Raises `UnknownName` with the three nearest ids where no id scores `THRESHOLD` or two are within `MARGIN`.
    """
    if not isinstance(name, str):
        raise BadInput(kind, name, "give its name as text")
    catalogue = list(ids)
    plain = normalise(name)
    if name in catalogue:
        return Match(name, 1.0, "exact")
    for candidate in catalogue:
        if plain and normalise(candidate) == plain:
            return Match(candidate, 1.0, f"spelling of {candidate}")
    bare = "".join(words(name))
    for alias, target in (aliases or {}).items():
        if bare and "".join(words(alias)) == bare and target in catalogue:
            return Match(target, 0.99, f"alias {alias!r}")
    if bare in _OTHERS:
        raise UnknownName(kind=kind, name=name, nearest=nearest(name, catalogue))
    try:
        return _by_words(name, catalogue, kind)
    except UnknownName:
        model = " ".join(WRITTEN.sub(" ", name).split())
        if model in ("", name) or not any(letter.isdigit() for letter in model):
            raise
        return _by_words(model, catalogue, kind)


def _by_words(name: str, catalogue: list[str], kind: str) -> Match:
    ranked = sorted(((word_score(name, c), c) for c in catalogue), key=lambda pair: (-pair[0], pair[1]))
    best, runner_up = ranked[0] if ranked else (0.0, ""), ranked[1] if len(ranked) > 1 else (0.0, "")
    if best[0] < THRESHOLD or best[0] - runner_up[0] < MARGIN:
        raise UnknownName(kind=kind, name=name, nearest=nearest(name, catalogue))
    return Match(best[1], round(best[0], 3), f"words of {name!r} found in {best[1]}")
