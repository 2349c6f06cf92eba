"""Records out of a file as people publish them: a model card, a table, a list of rows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jevons.core.errors import BadInput, TableError

Record = dict[str, Any]
SAID = (  # what a card calls a thing -> the audit's field; the first that matches wins
    (r"market", ""),
    (r"hardware|accelerator type|gpu type", "hardware"),
    (r"hours|training time", "device_hours"),
    (r"power", "avg_power_w"),
    (r"\bpue\b|usage effectiveness", "pue"),
    (r"intensity", "grid_gco2_per_kwh"),
    (r"energy.*\(?mwh", "energy_mwh"),
    (r"energy|electricity", "energy_kwh"),
    (r"(emission|emitted|carbon|co2|ghg).*\(?(\btco2|tonnes|tons\b|\bt co)", "tco2e"),
    (r"emission|emitted|co2|ghg", "kgco2e"),
    (r"active param", "active"), (r"param", "params"), (r"tokens", "tokens"),
    (r"(number|count) of (gpu|device|accelerator)|num.devices", "num_devices"),
)  # fmt: skip
FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
BULLET = re.compile(r"^[ \t]*[-*]?[ \t]*\**([^:*|=(),\n]{3,40})(?::\**|\*+:)[ \t]*(\S.*)$", re.MULTILINE)
ANSWER = re.compile(r"[^\w\[]{0,4}\d|about |approx")  # a bullet that answers with a number, not a sentence


def records(text: str, name: str) -> list[Record]:
    """The records in a file's text, by its ending, or by its looks where it has none (stdin).

    Errors: TableError where the text is broken, BadInput where it states nothing an audit could weigh.
    """
    reader = READERS[kind_of(text, name)]
    found = [record for record in reader(text, name) if record]
    if not found:
        raise BadInput(name, text[:40], "state at least one number: hours, power, energy, emissions (see the help)")
    return found


def kind_of(text: str, name: str) -> str:
    """csv, json, yaml or md."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    known = {"csv": "csv", "json": "json", "yaml": "yaml", "yml": "yaml", "md": "md", "markdown": "md"}
    if ending in known:
        return known[ending]
    start = text.lstrip()
    if start[:1] in ("{", "["):
        return "json"
    if start.startswith("---") or re.search(r"^(#|\|)|\*\*", start, re.MULTILINE):
        return "md"
    return "csv" if "," in start.partition("\n")[0] else "yaml"


def from_csv(text: str, name: str) -> Iterator[Record]:
    """One record a row."""
    reader = csv.DictReader(io.StringIO(text))
    for number, row in enumerate(reader, start=2):
        if None in row or None in row.values():
            raise TableError(name, number, None, "a ragged row", f"give {len(reader.fieldnames or [])} fields")
        yield dict(row)


def from_json(text: str, name: str) -> Iterator[Record]:
    """A mapping, or a list of them."""
    try:
        return plain(json.loads(text), name)
    except json.JSONDecodeError as trouble:
        raise TableError(name, trouble.lineno, None, trouble.msg, "mend the JSON") from None


def from_yaml(text: str, name: str) -> Iterator[Record]:
    """A mapping, or a list of them; the front matter of a card too."""
    import yaml

    try:
        return plain(yaml.safe_load(text), name)
    except yaml.YAMLError as trouble:
        mark = getattr(trouble, "problem_mark", None)
        raise TableError(name, mark.line + 1 if mark else None, None, "broken YAML", "mend it") from None


def plain(value: Any, name: str) -> Iterator[Record]:
    """The mappings in a value; a Hugging Face block is read by its own words."""
    for row in value if isinstance(value, list) else [value]:
        if not isinstance(row, Mapping):
            raise BadInput(name, row, "give a mapping of field to value, or a list of them")
        yield hugging_face(row) if "co2_eq_emissions" in row else dict(row)


def hugging_face(front: Mapping[str, Any]) -> Record:
    """The ``co2_eq_emissions`` of a card's front matter: grams, by that format."""
    block = front["co2_eq_emissions"]
    block = block if isinstance(block, Mapping) else {"emissions": block}
    grams = block.get("emissions")
    record = {"kgco2e": f"{grams} g" if grams is not None else None, "hardware": block.get("hardware_used"),
              "source": block.get("source"), "name": front.get("model_name")}  # fmt: skip
    return {key: value for key, value in record.items() if value is not None}


def from_markdown(text: str, name: str) -> Iterator[Record]:
    """A model card: its front matter, its bullets ("Hours used: ..."), and its tables."""
    front = FRONT.match(text)
    body = text[front.end() :] if front else text
    listed = stated((key, value) for key, value in BULLET.findall(body) if ANSWER.match(value) or "ardware" in key)
    if front and "co2_eq_emissions" in front[1]:
        listed = {**next(from_yaml(front[1], name)), **listed}
    yield named(listed, name)
    for header, *rows in tables(body):
        for row in rows:
            yield named({**stated(zip(header[1:], row[1:])), "name": row[0].strip("* ") or name}, name)


def named(record: Record, name: str) -> Record:
    """The record with a name, or nothing where no number stands in it."""
    numbers = set(record) - {"name", "hardware", "source"}
    return {"name": name, **record} if numbers else {}


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a Markdown text: rows of cells, the rule below the header left out."""
    for block in re.findall(r"(?:^\|.*\n?){3,}", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.strip().splitlines()]
        yield [row for row in rows if not all(re.fullmatch(r":?-*:?", cell) for cell in row)]


def stated(pairs: Any) -> Record:
    """The fields of an audit among what a card says; words without a digit state no number."""
    record: Record = {}
    for said, value in pairs:
        field = field_of(said)
        if field == "hardware":
            record.setdefault(field, value.strip("* `"))
        elif field and (number := quantity(value, field)):
            record.setdefault(field, number)
    return record


def field_of(said: str) -> str:
    """The audit's field for a card's words, empty where they mean none."""
    return next((field for pattern, field in SAID if re.search(pattern, said.lower())), "")


def quantity(text: str, field: str = "") -> str:
    """The first quantity in a cell, its unit spelled as ``core.units`` does; empty where there is none.

    Of a count ("192,200 device-hours", "7.0M", "2 trillion") only the magnitude is kept: the field says of what.
    """
    found = re.search(r"(\d[\d,._]*(?:[eE][-+]?\d+)?)\s*([A-Za-z%]*(?:/[A-Za-z]+)?)", text)
    if not found:
        return ""
    unit = SPELLED.get(found[2].lower(), found[2])
    if field in COUNTS and unit not in MAGNITUDES:
        unit = ""
    return f"{found[1].rstrip('.,')} {unit}".strip()


COUNTS = ("device_hours", "params", "active", "tokens", "num_devices", "pue")
MAGNITUDES = ("k", "K", "M", "B", "T")
SPELLED = {"tons": "t", "tonnes": "t", "ton": "t", "watts": "W", "kgs": "kg", "kgco": "kg", "gco": "g", "tco": "t", "million": "M", "billion": "B",
           "trillion": "T"}  # fmt: skip
READERS = {"csv": from_csv, "json": from_json, "yaml": from_yaml, "md": from_markdown}
