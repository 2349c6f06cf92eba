"""Where a number comes from, and what was assumed where none was given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One publication, dataset or product sheet; ``locator`` is a DOI, an address or a package name."""

    id: str
    title: str
    publisher: str = ""
    year: int | None = None
    locator: str = ""
    licence: str = ""
    terms: str = "fact"
    retrieved: str = ""
    note: str = ""

    def cite(self) -> str:
        """Publisher (year), title, locator: one line for a report."""
        who = f"{self.publisher} " if self.publisher else ""
        when = f"({self.year}) " if self.year else ""
        return f"{who}{when}{self.title}" + (f", {self.locator}" if self.locator else "")


@dataclass(frozen=True, slots=True)
class Assumption:
    """A default or a fallback that stands in a result: what, its value, why it was needed, and whence it comes.

    ``flow``: the family of flows whose rows alone rest on it; it stands in no result that prices none of them.
    """

    what: str
    value: str
    why: str
    source: str = ""
    flow: str = ""

    def record(self) -> dict[str, str]:
        """The four texts a reader is told, by name."""
        return {"what": self.what, "value": self.value, "why": self.why, "source": self.source}

    def __str__(self) -> str:
        return f"{self.what} = {self.value}: {self.why}" + (f" [{self.source}]" if self.source else "")


UNSOURCED = Source("stated", "stated by the user", terms="fact")
DEFINITION = Source("definition", "by definition of the unit", terms="fact")
