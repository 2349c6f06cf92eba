"""The docs cannot rot: pages print what they show, every command and column is described, every source is named."""

from __future__ import annotations

import fnmatch
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import jevons
from jevons.core.study import INDICATORS, Study
from jevons.estimate import generic, recorded, storage, training, transfer
from jevons.world import catalog
from means import means_missing

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(p for p in DOCS.rglob("*.md") if "reference" not in p.parts)]
TABLES = sorted(p.stem for p in catalog.DATA.glob("*.csv"))
MACHINE = [re.compile(p) for p in (
    "/" + "work/", "/" + "root/", "/" + "home/[a-z]+/", "/" + "Users/[a-z]+/", r"[A-Z]:\\" + "Users",
    "index" + "-url", "PIP_" + "INDEX", r"\b(?:10|192\.168|127\.0)" + r"\.\d+\.\d+\b.*simple",
)]  # fmt: skip


def script(name: str):
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def tracked(*patterns: str) -> list[str]:
    """Files under version control; skips where this is no checkout."""
    done = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        means_missing("no git checkout to list the files by")
    return [n for n in done.stdout.splitlines() if (ROOT / n).is_file()]


pages, reference, results = script("run_pages"), script("generate"), script("results")


@pytest.fixture(scope="module")
def told() -> str:
    """All that the written pages say."""
    return "\n".join(p.read_text(encoding="utf-8") for p in WRITTEN)


# ---- pages


@pytest.mark.parametrize("page", pages.pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_runs_and_shows_what_it_prints(page):
    text = page.read_text(encoding="utf-8")
    assert pages.rewritten(text) == text, "run docs/run_pages.py --write and read what it changed"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and "reference/" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_navigation_holds_every_page_and_no_other():
    listed = set(re.findall(r"[\w/.-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert {n for n in listed if not n.startswith("reference/")} == {
        str(p.relative_to(DOCS)) for p in WRITTEN if DOCS in p.parents
    }
    assert {n.removeprefix("reference/") for n in listed if n.startswith("reference/")} == {
        "index.md", *(f"{name}.md" for name in reference.PAGES)
    }  # fmt: skip


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda p: p.stem)
def test_a_decision_says_status_decision_context_and_consequence(page):
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem[:4]} · ")
    assert "\nStatus: " in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Decision", "Context", "Consequence"]


def test_the_page_of_the_house_names_every_file_of_the_first_floors_and_none_that_is_gone():
    named = set(re.findall(r"`(?:\w+/)*([\w*]+\.py)`", (DOCS / "architecture.md").read_text(encoding="utf-8")))
    floors = {r: {Path(f).name for f in tracked(f"src/jevons/{r}/*.py") if f.count("/") == 3} for r in
              ("core", "world", "estimate", "report", "cli")}  # fmt: skip
    held = {p.name for p in (ROOT / "src/jevons").rglob("*.py")}
    assert [n for n in named if not fnmatch.filter(held, n)] == []
    to_name = set().union(*(files for room, files in floors.items() if room != "cli")) - {"__init__.py"}
    assert {f for f in to_name if not any(fnmatch.fnmatch(f, n) for n in named - {"*.py"})} == set()


def test_the_names_page_holds_every_indicator_and_every_argument_a_user_gives():
    page = (DOCS / "explanation/nomenclature.md").read_text(encoding="utf-8")
    asked = {n for f in (jevons.site, training, recorded, generic, storage, transfer) for n in inspect.signature(f).parameters}
    asked |= set(INDICATORS) | set(inspect.signature(Study).parameters)
    assert sorted(n for n in asked if f"`{n}`" not in page) == []


def test_the_readme_compares_by_the_figures_that_were_measured():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results.written(readme) == readme, "run docs/results.py --write"


def test_changelog_and_citation_know_this_version():
    assert f"## {jevons.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == jevons.__version__


# ---- the command line


@pytest.fixture(scope="module")
def commands():
    return reference.describe_commands()


def test_every_command_and_option_has_help(commands):
    assert len(commands) > 20
    assert [c.words for c in commands if not c.help] == []
    assert [(c.words, flags) for c in commands for flags, said in c.options if not said] == []


def test_every_command_is_in_the_written_docs(commands, told):
    leaves = [c.words for c in commands if not c.is_group and not re.match(r"jevons world \w+ \w+", c.words)]
    groups = [c.words for c in commands if re.fullmatch(r"jevons world \w+", c.words)]
    assert [words for words in leaves + groups if words not in told] == []


def test_every_command_shown_in_the_docs_exists_with_its_options(commands, told):
    known = {c.words: {flag for flags, _ in c.options for flag in flags.split(", ")} for c in commands}
    for line in re.findall(r"`(jevons [a-z][^`]*)`|^\$ (jevons .*)$", told, re.MULTILINE):
        shown = " ".join(line).strip()
        words = max((w for w in known if f"{shown} ".startswith(f"{w} ")), key=len)
        assert words != "jevons", f"no such command: {shown}"
        flags = {f.partition("=")[0] for f in re.findall(r"(?<=\s)--[a-z-]+", shown)}
        assert flags <= known[words] | {"--help"}, shown


# ---- the tables


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_a_table_is_described(name):
    described = {r["column"]: r["description"] for r in catalog.table("schema") if r["table"] == name}
    with (catalog.DATA / f"{name}.csv").open(encoding="utf-8") as handle:
        columns = handle.readline().strip().split(",")
    assert set(columns) == set(described)
    assert [column for column in columns if not described[column]] == []


def test_the_schema_describes_no_table_that_is_not_there():
    assert {r["table"] for r in catalog.table("schema")} <= set(TABLES)


@pytest.mark.parametrize("name", [t for t in TABLES if t not in ("schema", "sources")])
def test_every_row_names_sources_that_are_listed_and_not_share_alike(name):
    listed = catalog.table("sources").index
    with (catalog.DATA / f"{name}.csv").open(encoding="utf-8") as handle:
        assert "source" in handle.readline()
    cited = {s.strip() for row in catalog.read_csv(catalog.DATA / f"{name}.csv") for s in row["source"].split(";")}
    assert "" not in cited
    assert sorted(cited - set(listed)) == []
    assert [s for s in cited if listed[s]["terms"] not in ("open", "fact")] == []


def test_every_source_has_terms_and_every_open_one_its_licence():
    rows = list(catalog.read_csv(catalog.DATA / "sources.csv"))
    assert len({r["id"] for r in rows}) == len(rows)
    cited = [r for r in rows if r["id"] != "stated"]  # the user's own word has no locator
    assert [r["id"] for r in cited if not (r["title"] and r["publisher"] and r["locator"] and r["retrieved"])] == []
    assert [r["id"] for r in rows if r["terms"] not in ("open", "fact", "share-alike")] == []
    assert [r["id"] for r in rows if r["terms"] == "open" and not r["licence"]] == []


# ---- the reference made from code and tables


def test_the_reference_names_every_table_default_source_and_command(commands):
    tables, defaults = reference.tables_page(), reference.defaults_page()
    sources, cli = reference.sources_page(), reference.cli_page()
    assert [t for t in TABLES if f"## {t}\n" not in tables] == []
    assert [r["id"] for r in catalog.table("defaults") if f"`{r['id']}`" not in defaults] == []
    assert [s for s in catalog.table("sources").index if f"`{s}`" not in sources] == []
    assert [c.words for c in commands if f"## {c.words}\n" not in cli] == []
    assert "::: jevons.core.activity" in reference.python_page()
    assert "residual" in reference.coefficients_page()


# ---- every file


def test_no_file_holds_a_path_of_a_machine_or_a_private_index():
    texts = {n: (ROOT / n).read_bytes().decode("utf-8", "ignore") for n in tracked()}
    assert len(texts) > 100
    assert [(n, p.pattern) for n, text in texts.items() for p in MACHINE if p.search(text)] == []
