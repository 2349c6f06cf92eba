"""One source of a report: an activity with its site (or sites) and question, which can be priced anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.activity import joined
from jevons.core.errors import BadInput, MissingFactor, UnknownName
from jevons.core.source import Assumption
from jevons.core.study import Study

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.core.footprint import Footprint
    from jevons.world.spec import Spec

LARGEST_INPUT_BYTES = 100_000_000
STATED = ("intensity", "series")  # a factor of the user's own, of the study's scope and of no other


@dataclass(frozen=True)
class Selected:
    """One activity with its site and question; ``spec`` where it came from one; ``data``: what stands for it in a pack,
    None for the file itself; ``sites``: of several sources together, the arguments of jevons.site by the rows' site."""

    title: str
    name: str
    path: str
    activity: Activity
    site: Mapping[str, Any]
    study: Study
    draws: int
    tenure: str
    data: bytes | None = None
    spec: Spec | None = None
    file: Path | None = None
    sites: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def year(self) -> int | None:
        """The year of rows that are not dated."""
        return self.site.get("year") or self.study.reference_year

    def bytes_read(self) -> bytes:
        """What it was read from. Errors: BadInput where that cannot be read, or is too large to be kept in a pack."""
        if self.data is not None:
            return self.data
        path = self.file or Path(self.path)
        try:
            if path.stat().st_size > LARGEST_INPUT_BYTES:
                raise BadInput("result", self.path, "larger than 100 MB; keep it in the ledger and report from there")
            return path.read_bytes()
        except OSError as trouble:
            raise BadInput("result", self.path, f"name a file that can be read ({trouble.strerror})") from None

    @property
    def place(self) -> str:
        """The name of the site it is priced at."""
        import jevons

        return str(jevons.site(**self.site).name)

    def footprint(self, **asked: Any) -> Footprint:
        """Priced at its site; ``asked``: fields of the study that differ."""
        import jevons

        at = {word: jevons.site(**site) for word, site in self.sites.items()} or jevons.site(**self.site)
        return jevons.footprint(self.activity, at, self.study.with_(**asked), self.draws)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Those of its study, and what every paper needs."""
        return tuple(dict.fromkeys((*self.study.indicators, "energy", "climate")))

    def of_scope(self, scope: str) -> Footprint | None:
        """Location-based, average, of that scope; None where the place has no such factor."""
        if self.study.scope != scope and any(name in self.site for name in STATED):
            return None  # a stated intensity is of one scope
        try:
            return self.footprint(accounting="location", grid="average", scope=scope, indicators=self.indicators)
        except MissingFactor:
            return None

    def at_stated_market(self) -> Footprint:
        """Market-based at the intensity its spec states, for which no contract is shown: the footprint says so."""
        value = self.site["market_intensity"]
        note = Assumption(f"market-based intensity of {self.title}", str(value), "stated, and no contract ledger shows what stands "
                          "behind it (--contracts)", self.name)  # fmt: skip
        return replace(self, activity=self.activity.assume(note)).at_market(value)

    def at_market(self, intensity_kg_per_kwh: Any) -> Footprint:
        """Market-based, direct, at the intensity its contracts come to, or at the one stated."""
        import jevons

        place = jevons.site(**{**self.site, "market_intensity": intensity_kg_per_kwh})
        study = self.study.with_(accounting="market", grid="average", scope="direct", indicators=("energy", "climate"))
        return jevons.footprint(self.activity, place, study, self.draws)


def together(chosen: Sequence[Selected], title: str) -> Selected:
    """Several sources as one, each row priced where it was; the source itself where there is one.

    Errors: StudyMismatch where they answer different questions; BadInput where their draws do not join.
    """
    if len(chosen) == 1:
        return chosen[0]
    sites: dict[str, Mapping[str, Any]] = {}
    rows = []
    for one in chosen:
        chosen[0].study.require_same(one.study)
        word = next((w for w, site in sites.items() if site == one.site), "") or unlike(one.place, sites)
        sites[word] = one.site
        rows.append(one.activity.label(site=word))
    alone = dict(chosen[0].site) if len(sites) == 1 else {}
    return Selected(title, "together", title, joined(rows), alone, chosen[0].study, chosen[0].draws, chosen[0].tenure, sites=sites)


def unlike(word: str, taken: Mapping[str, Any]) -> str:
    """The word itself, numbered where it is taken."""
    return word if word not in taken else next(w for n in count(2) if (w := f"{word} ({n})") not in taken)


def at_site(whole: Selected, word: str, given: Mapping[str, Any], sites: int, year: int | None) -> Selected:
    """The rows of one site of a source (``""``: all of them), priced there."""
    site = {**given, **({"year": year} if year and "year" not in given else {})}
    if word == "":
        return replace(whole, site=site, activity=whole.activity.label(site=str(given.get("name", ""))))
    title = f"{whole.title} at {word}" if sites > 1 else whole.title
    path = f"{whole.path} at {word}" if sites > 1 else whole.path
    return replace(whole, title=title, path=path, activity=whole.activity.where(site=word), site=site)


def named_sites(words: Sequence[str], at: str) -> dict[str, dict[str, Any]]:
    """A row's site → the arguments of jevons.site; ``""`` stands for all rows. ``at`` replaces what they name.

    Errors: UnknownName where some rows name a site and others none.
    """
    named = [w for w in dict.fromkeys(words) if w]
    if at or not named:
        return {"": {"name": at} if at else {}}
    if "" in words:
        raise UnknownName("site", "", named, "some rows name no site; say --at")
    return {word: {"name": word} for word in named}
