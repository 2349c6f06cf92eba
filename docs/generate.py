"""Write docs/reference/ from the docstrings, the tables, the coefficient packs and the command line itself.

The pages are made at ``make docs`` and never committed. `describe_commands` is what the tests read too.
"""

from __future__ import annotations

import ast
import csv
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "jevons"
DATA = PACKAGE / "world" / "data"
REFERENCE = ROOT / "docs" / "reference"
ROOMS = {
    "core": "What we mean: activity, factor, footprint, and the one multiplication.",
    "world": "What exists: places, grids, hardware, models, and how they are found.",
    "estimate": "Before it runs.",
    "estimate/cluster": "Training on a cluster: a step, its layout, the hours and their power.",
    "estimate/server": "A server of language models.",
    "estimate/api": "What one request asks of a provider's servers.",
    "estimate/board": "Inference on an edge board.",
    "estimate/diffusion": "Images and video.",
    "estimate/claims": "What published figures claim, and where they contradict themselves.",
    "estimate/compat": "The arithmetic of other tools.",
    "estimate/validation": "Predictions beside observations, scored.",
    "report": "A footprint on paper.",
    "measure": "While it runs.",
    "account": "After it ran.",
    "account/ledger": "Runs kept, append-only.",
    "account/readers": "What other tools recorded.",
    "integrations": "Other people's frameworks and clients.",
}
FIRST = """# Python

The root's own words, each also found in the room it comes from:

| name | from |
|---|---|
"""


@dataclass(frozen=True)
class Command:
    """One command of the command line: its words, help, and options as (flags, help)."""

    words: str
    help: str
    options: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]
    is_group: bool


def describe_commands() -> list[Command]:
    """Every command and group, root first, by asking the program itself."""
    import typer

    from jevons.cli.app import app

    root = typer.main.get_command(app)
    return list(_walk(root, "jevons", None))


def _walk(command: Any, words: str, parent: Any) -> Iterator[Command]:
    context = command.make_context(words, [], parent=parent, resilient_parsing=True)
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    options = tuple((", ".join([*p.opts, *p.secondary_opts]), getattr(p, "help", None) or "")
                    for p in shown if p.param_type_name == "option")  # fmt: skip
    arguments = tuple(p.metavar or p.name.upper() for p in shown if p.param_type_name == "argument")
    is_group = hasattr(command, "list_commands")
    yield Command(words, inspect.cleandoc(command.help or ""), options, arguments, is_group)
    if is_group:
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if not child.hidden:
                yield from _walk(child, f"{words} {name}", context)


def cli_page() -> str:
    """Every command with its help and options."""
    parts = ["# Command line", "Tables on a terminal, JSON when piped or with `--json`. Errors are one line on stderr."]
    parts += [_exit_codes()]
    for command in describe_commands():
        parts += [f"## {command.words}", command.help or "_No help._"]
        if command.arguments:
            parts.append("Arguments: " + ", ".join(f"`{a}`" for a in command.arguments))
        if command.options:
            parts.append(table(("option", "meaning"), [(f"`{flags}`", said) for flags, said in command.options]))
    return "\n\n".join(p for p in parts if p) + "\n"


def _exit_codes() -> str:
    from jevons.cli import exits

    return inspect.cleandoc(exits.epilog())


def python_page() -> str:
    """The root's words, then every public function and class by room, drawn from the docstrings."""
    import jevons

    words = "\n".join(f"| `jevons.{name}` | `{module}` |" for name, (module, _) in jevons._WHERE.items())
    parts = [FIRST + words]
    for room, what in ROOMS.items():
        parts.append(f"## jevons.{room.replace('/', '.')}\n\n{what}")
        parts += [f"::: {name}\n    options:\n      members: {json.dumps(public)}" for name, public in _modules(room)]
    return "\n\n".join(parts) + "\n"


def _modules(room: str) -> Iterator[tuple[str, list[str]]]:
    """Modules of a room that have public functions or classes, with their names."""
    for path in sorted((PACKAGE / room).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name[0] != "_"]
        if public and path.name != "__init__.py":
            yield f"jevons.{room.replace('/', '.')}.{path.stem}", public


def tables_page() -> str:
    """Every table: its columns as schema.csv says, its rows counted, its sources named."""
    schema, parts = list(read("schema")), ["# Tables", _tables_head()]
    for name in dict.fromkeys(row["table"] for row in schema):
        if not (DATA / f"{name}.csv").exists():
            continue
        rows = list(read(name))
        cited = dict.fromkeys(s.strip() for r in rows for s in (r.get("source") or "").split(";") if s.strip())
        columns = [(f"`{r['column']}`", r["type"], r["unit"], r["required"], r["description"])
                   for r in schema if r["table"] == name]  # fmt: skip
        parts += [f"## {name}", f"{len(rows)} rows.", table(("column", "type", "unit", "required", "what"), columns)]
        parts.append("Sources: " + ", ".join(f"[{s}](sources.md#{s})" for s in cited) if cited else "")
    return "\n\n".join(p for p in parts if p) + "\n"


def _tables_head() -> str:
    version = (DATA / "VERSION").read_text(encoding="utf-8").strip() if (DATA / "VERSION").exists() else "unversioned"
    return (f"Factor set {version}. Each table is `src/jevons/world/data/<name>.csv`. Every row ends in `source`, "
            "`quality` and `note`; what `quality` means stands in [how good a number is](../explanation/data-quality.md).")  # fmt: skip


def defaults_page() -> str:
    """Values taken where none is given."""
    rows = [(f"`{r['id']}`", r["what"], r["value"], _bounds(r), r["unit"], _cite(r["source"]), r["note"])
            for r in read("defaults")]  # fmt: skip
    head = "Taken where nothing is given; each leaves an assumption in the result."
    return f"# Defaults\n\n{head}\n\n" + table(("id", "what", "value", "5–95 %", "unit", "source", "note"), rows) + "\n"


def _bounds(row: Mapping[str, str]) -> str:
    return f"{row['low']}–{row['high']}" if row["low"] and row["high"] else ""


def sources_page() -> str:
    """Every source with its licence and terms."""
    parts = ["# Sources", "`open`: the licence lets the rows be carried. `fact`: single published facts, cited."]
    for row in read("sources"):
        where = f"<{row['locator']}>" if row["locator"].startswith("http") else row["locator"]
        year = f" ({row['year']})" if row["year"] else ""
        lines = [f"{row['publisher']}{year}: {row['title']}", where,
                 f"{row['licence']} · {row['terms']} · read {row['retrieved']}", row["note"]]  # fmt: skip
        parts.append(f'<a id="{row["id"]}"></a>**`{row["id"]}`** ' + " — ".join(plain(x) for x in lines if x))
    return "\n\n".join(parts) + "\n"


def coefficients_page() -> str:
    """What each coefficient pack holds, and what it was fitted on."""
    parts = ["# Coefficients", "Fitted numbers live in packs beside the code, with date, data set and residuals."]
    for path in sorted((PACKAGE / "estimate" / "coefficients").glob("*.json")):
        pack = json.loads(path.read_text(encoding="utf-8"))
        parts += [f"## {pack['name']}", f"Fitted {pack['fit_date']}. {_fitted_on(pack)}"]
        meaning = pack.get("units", {})
        rows = [(name, value, meaning.get(name, "")) for name, value in _flat(pack["coefficients"])]
        parts.append(table(("coefficient", "value", "unit and meaning"), rows))
        parts.append(table(("residual", "value"), list(_flat(pack["residuals"]))))
        if priors := pack.get("priors"):
            runs = [(run["model"], run["device_hours"], run["source"]) for run in priors.get("runs", [])]
            known = [(name, value) for name, value in _flat(priors) if name != "runs"]
            parts.append(table(("prior", "value"), known))
            parts.append(table(("run beside the data set", "device-hours", "source"), runs))
        if isinstance(pack.get("rows"), Mapping):
            parts.append("Rows it was fitted on (model and hardware; predicted without their family): "
                         + ", ".join(plain(row.replace("|", " on ")) for row in pack["rows"]) + ".")
    return "\n\n".join(parts) + "\n"


def _fitted_on(pack: Mapping[str, Any]) -> str:
    said = pack.get("set") or pack.get("sets") or ""
    return said if isinstance(said, str) else "; ".join(f"{name}: {what}" for name, what in _flat(said))


def results_page() -> str:
    """The benchmark's own tables, as ``make bench`` last kept them."""
    kept = sorted((ROOT / "benchmarks" / "results").glob("*.md"))
    parts = [p.read_text(encoding="utf-8").strip().replace("\n# ", "\n## ") for p in kept]
    return "\n\n".join(["# Results", "What `make bench` measured.", *(part.replace("# ", "## ", 1) for part in parts)]) + "\n"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}, ")
        else:
            yield f"{before}{name}", f"{value:.4g}" if isinstance(value, (int, float)) else str(value)


def read(name: str) -> Iterator[dict[str, str]]:
    """Rows of a table of the package."""
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        yield from csv.DictReader(handle)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(map(plain, row)) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def plain(text: str) -> str:
    """Text in one line that breaks no table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("[", "\\[") if "](" not in str(text) else str(text)


def _cite(ids: str) -> str:
    return ", ".join(f"[{s.strip()}](sources.md#{s.strip()})" for s in ids.split(";"))


PAGES = {
    "python": python_page, "tables": tables_page, "defaults": defaults_page,
    "coefficients": coefficients_page, "results": results_page, "sources": sources_page, "cli": cli_page,
}  # fmt: skip


def main() -> None:
    """All pages."""
    REFERENCE.mkdir(exist_ok=True)
    links = "\n".join(f"- [{name.capitalize()}]({name}.md)" for name in PAGES)
    (REFERENCE / "index.md").write_text(f"# Reference\n\nMade from the code and the tables.\n\n{links}\n", "utf-8")
    for name, page in PAGES.items():
        (REFERENCE / f"{name}.md").write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
