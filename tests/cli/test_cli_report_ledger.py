"""``jevons report``: papers of runs of the ledger, and of many runs together."""

from __future__ import annotations

import json
import zipfile

import pytest
from reported import HEAD

from means import means_missing


def test_runs_of_the_ledger_are_reported_site_by_site(kept):
    told = kept("report ghg ledger:project=search").json
    assert sorted({x["entry"] for x in told["lines"]}) == ["run-1", "run-2 at France", "run-2 at Germany"]
    assert sum(x["location_t_co2e"] for x in told["lines"]) == pytest.approx(told["totals"]["location_based"])


def test_a_paper_of_one_result_takes_all_runs_and_sites_of_a_selection_together(kept):
    each = [kept(f"report json ledger:{run}").json for run in ("run-1", "run-2")]
    climate = sum(x["impact"] for rows in each for x in rows if x["indicator"] == "climate")
    told = kept("report sci ledger:project=search").json
    assert told["E_kwh"] == pytest.approx(sum(x["impact"] for rows in each for x in rows if x["indicator"] == "energy"))
    assert told["E_kwh"] * told["I_g_per_kwh"] == pytest.approx(climate * 1000)
    said = kept("report annex-xi ledger:project=search").out
    assert "Germany" in said
    assert "France" in said


def test_a_page_of_very_many_runs_shows_them_together(kept, tmp_path, monkeypatch):
    from jevons.cli.report import forms as report_forms

    monkeypatch.setattr(report_forms, "MOST_SECTIONS", 2)
    kept(f"report html ledger:project=search --out {tmp_path / 'p.html'}")
    text = (tmp_path / "p.html").read_text()
    assert "<h1>3 results together</h1>" in text
    assert "run-2" not in text


def test_results_that_answer_different_questions_are_not_put_together(made, jevons, tmp_path, monkeypatch):
    from jevons.cli.report import forms as report_forms

    monkeypatch.setattr(report_forms, "MOST_SECTIONS", 1)
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --indicators climate --json --save {tmp_path / 'i.json'}")
    assert "different questions" in made("report html a.json i.json").err


def test_a_run_is_priced_as_it_was_priced_last(kept):
    rows = kept("report json ledger:run-1").json
    assert sum(x["impact"] for x in rows if x["indicator"] == "energy") == pytest.approx(1000.0)


def test_a_run_without_a_site_takes_the_one_given(kept):
    assert {x["site"] for x in kept("report json ledger:run-3 --at Spain").json} == {"Spain"}


def test_contracts_cover_runs_of_the_ledger_by_the_year_they_ran(kept, tmp_path):
    (tmp_path / "c.csv").write_text(f"{HEAD}\ncertificate,lot,1,France,2023,wind,GO-1,,,,,\ncertificate,old,9,France,2022,wind,GO-2,,,,,\n")
    told = kept("report ghg ledger:project=search --contracts c.csv").json["contracts"]
    assert told["matched_kwh"] == pytest.approx(1000.0)
    assert told["hourly_score"] == 0.0


def test_the_pack_holds_the_heads_of_the_runs_chains(kept, tmp_path):
    kept(f"report assurance ledger:run-1 --out {tmp_path / 'p.zip'}")
    with zipfile.ZipFile(tmp_path / "p.zip") as pack:
        assert set(json.loads(pack.read("inputs/run-1.json"))) == {"run", "entries", "head"}


def test_a_run_of_two_sites_stands_in_a_pack_once(kept, tmp_path):
    kept(f"report assurance ledger:run-2 --out {tmp_path / 'p.zip'}")
    with zipfile.ZipFile(tmp_path / "p.zip") as pack:
        assert [n for n in pack.namelist() if n.startswith("inputs/")] == ["inputs/run-2.json"]
        assert "run-2 at Germany: lifecycle" in json.loads(pack.read("manifest.json"))["footprints"]


@pytest.mark.parametrize(("line", "words"), [
    ("report ghg ledger:run-9", "run-3"), ("report ghg ledger:colour=red", "project=..."), ("report ghg ledger:project=none", "no run is so"),
    ("report ghg ledger:run-1 ledger:run-1", "once"),
])  # fmt: skip
def test_a_question_the_ledger_cannot_answer_is_refused(kept, line, words):
    said = kept(line)
    assert said.code == 2
    assert words in said.err


def test_a_statement_is_written_as_a_page(made, tmp_path):
    made(f"report ghg a.json --contracts c.csv --organisation Acme --out {tmp_path / 'g.html'}")
    assert "Greenhouse gas statement of Acme" in (tmp_path / "g.html").read_text()


@pytest.mark.browser
def test_a_statement_is_printed_as_pdf(made, tmp_path):
    from jevons.report.pdf import found_browser

    if found_browser() is None:
        means_missing("Chromium is not installed")
    made(f"report ghg a.json --contracts c.csv --out {tmp_path / 'g.pdf'}")
    assert (tmp_path / "g.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_browser_a_statement_is_no_pdf(made, tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_BROWSER", "no-such-browser")
    assert "write a .html or .md" in made(f"report ghg a.json --out {tmp_path / 'g.pdf'}").err


@pytest.mark.parametrize(("name", "query"), [("lr=0.1,bs=32", "lr=0.1,bs=32"), ("lr=0.1,bs=32", "run=lr=0.1,bs=32"), ("project=search", "run=project=search"),
                                             ("a,b", "a,b"), ("lr=0.1,bs=32", "lr=0")])  # fmt: skip
def test_a_run_whose_name_looks_like_a_filter_can_be_named(kept, tmp_path, name, query):
    import jevons as package
    from jevons.core.activity import Activity

    book = package.account.ledger(tmp_path / "ledger.db")
    book.append(name, 1, Activity.of([{"amount": 7.0, "site": "Norway"}]))
    assert {x["entry"] for x in kept(f"report ghg ledger:{query}").json["lines"]} == {name}


def test_a_word_that_is_no_filter_and_no_run_is_told(kept):
    assert "project=..." in kept("report ghg ledger:progect=search").err
    assert "UnknownName" not in kept("report ghg ledger:run=nobody").err
