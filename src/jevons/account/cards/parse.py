"""A model card read: the YAML between the first two ``---`` lines, the Markdown below, and where each thing stands.

Nothing of a card is trusted: a card over a megabyte, aliases (which can unfold without end) and tags (which can name
code) are refused, and only plain values are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput, TableError

LARGEST_BYTES = 1_000_000
DEEPEST = 20
FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
BLOCK = "co2_eq_emissions"
FIELDS = ("emissions", "source", "training_type", "geographical_location", "hardware_used")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a key and its value stand in the whole text: line from 1, and the characters of the value."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True)
class Card:
    """A card: its name and text as they are, the front matter's values and where they stand, and where the body begins.

    ``spots``: key, or ``co2_eq_emissions.key``, → where. ``front_end``: the character at which the closing ``---`` stands.
    ``repeated``: keys given again, with their lines; the first of each counts.
    """

    name: str
    text: str
    front: Mapping[str, Any] = field(default_factory=dict)
    spots: Mapping[str, Spot] = field(default_factory=dict)
    has_front: bool = False
    front_end: int = 0
    body_start: int = 0
    repeated: tuple[tuple[str, int], ...] = ()

    @property
    def body(self) -> str:
        """The Markdown below the front matter."""
        return self.text[self.body_start :]

    @property
    def block(self) -> dict[str, Any]:
        """``co2_eq_emissions`` as a mapping: a bare number is its emissions; empty where it is absent."""
        found = self.front.get(BLOCK)
        if isinstance(found, Mapping):
            return dict(found)
        return {} if found is None else {"emissions": found}

    @property
    def is_map(self) -> bool:
        """Whether the block has the form of a map."""
        return isinstance(self.front.get(BLOCK), Mapping)

    @property
    def newline(self) -> str:
        """The card's own line ending."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def line_of(self, place: int) -> int:
        """The line (from 1) of a character of the text."""
        return self.text.count("\n", 0, place) + 1

    def spot(self, name: str) -> Spot | None:
        """Where a field of the block stands; where the bare number does, for the emissions of a card without a map."""
        bare = self.spots.get(BLOCK) if name == "emissions" and not self.is_map else None
        return bare or self.spots.get(f"{BLOCK}.{name}")


def read(path: Path | str) -> Card:
    """The card in a file, bytes kept as they are. Errors: BadInput for a file that cannot be read, see ``parse``."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadInput("card", path.name, f"no card is over {LARGEST_BYTES:,} bytes; name the README.md of a model")
        return parse(path.read_bytes().decode("utf-8"), path.name)
    except OSError as trouble:
        raise BadInput("card", str(path), f"name a file that can be read ({trouble.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput("card", path.name, "save it as UTF-8") from None


def parse(text: str, name: str = "card") -> Card:
    """The card that a text is. Errors: TableError naming the line of broken YAML, BadInput for one that is too large."""
    if len(text) > LARGEST_BYTES:
        raise BadInput("card", name, f"no card is over {LARGEST_BYTES:,} characters")
    found = FRONT.match(text)
    if found is None:
        return Card(name, text)
    node = _composed(found[1], name)
    shift = found.start(1)
    spots: dict[str, Spot] = {}
    repeated = [(key, spot.line) for key, spot in _spots(node, shift) if spots.setdefault(key, spot) is not spot]
    front = _plain(node)
    if not isinstance(front, Mapping):
        raise TableError(name, 1, None, type(front).__name__, "write keys and values between the --- lines")
    return Card(name, text, front, spots, True, found.end(1), found.end(), tuple(repeated))


def _composed(text: str, name: str) -> Any:
    """The YAML as nodes that know their place; aliases, tags and depth beyond reason are refused."""
    import yaml

    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 2
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise TableError(name, line, None, "an alias", "write the value out; aliases are not read in a card")
            if getattr(event, "tag", None):
                raise TableError(name, line, None, event.tag, "leave the tag out; a card holds plain values")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise TableError(name, line, None, f"{depth} levels", f"nest at most {DEEPEST} levels")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as trouble:
        mark = getattr(trouble, "problem_mark", None)
        said = getattr(trouble, "problem", None) or str(trouble).splitlines()[0]
        raise TableError(name, mark.line + 2 if mark else None, None, said, "mend the YAML between the --- lines") from None


def _plain(node: Any) -> Any:
    """The plain values of a node; a key given twice keeps its first value (see lint)."""
    import yaml

    if node is None:
        return {}
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            found.setdefault(str(key.value), _plain(value))
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):  # a date of the 13th month
        return node.value


def _spots(node: Any, shift: int, prefix: str = "") -> Iterator[tuple[str, Spot]]:
    """Where each key of the map, and of the block in it, has its value."""
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        yield name, Spot(key.start_mark.line + 2, key.start_mark.column, value.start_mark.index + shift, value.end_mark.index + shift)
        if not prefix and key.value == BLOCK:
            yield from _spots(value, shift, f"{BLOCK}.")
