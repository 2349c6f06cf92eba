"""JSON that others wrote: one document, a document a line, or YAML's plain part; each trouble named by file and row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jevons.account.readers.lines import physical_lines, text_of
from jevons.account.readers.opening import bytes_of
from jevons.core.errors import TableError

MOST_YAML_BYTES = 1 << 20


def documents(path: Path) -> Iterator[Any]:
    """The documents of a file: one, several one after another, or one a line. TableError for broken JSON."""
    try:
        yield json.loads(text_of(path), parse_constant=_no_constant)
    except RecursionError:
        raise TableError(path.name, None, None, "lists within lists without end", "this is no export") from None
    except json.JSONDecodeError as trouble:
        if not trouble.msg.startswith("Extra data"):
            raise TableError(path.name, trouble.lineno, None, trouble.msg, "give whole JSON") from None
        yield from _a_line_each(path)


def document(path: Path) -> Any:
    """The one document of a file."""
    return next(documents(path))


def yaml_of(path: Path) -> Mapping[str, Any]:
    """The mapping of a small YAML file, plain values alone: a tag that would build an object is refused."""
    import yaml

    try:
        found = yaml.safe_load(bytes_of(path, MOST_YAML_BYTES))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as trouble:
        said = " ".join(str(trouble).split())[:120]
        raise TableError(path.name, None, None, said, "give plain YAML without tags") from None
    if not isinstance(found, Mapping):
        raise TableError(path.name, None, None, type(found).__name__, "give a mapping of names and values")
    return found


def _a_line_each(path: Path) -> Iterator[Any]:
    for row, line in enumerate(physical_lines(path), 1):
        if line.strip():
            try:
                yield json.loads(line, parse_constant=_no_constant)
            except json.JSONDecodeError as trouble:
                raise TableError(path.name, row, None, trouble.msg, "give one whole JSON document a line") from None
            except RecursionError:
                raise TableError(path.name, row, None, "lists within lists without end", "this is no export") from None


def _no_constant(word: str) -> None:
    """NaN and Infinity, which no JSON has, are values that are not known."""
    return None
