"""``jevons registry``: published accounts beside one's own."""

from __future__ import annotations

import pytest

from means import needs

CARD = "---\nco2_eq_emissions: {emissions: 250, hardware_used: A100}\n---\n- **Hours used:** 3\n"
SPEC = "estimate: recorded\nmodel: bloom-176b\non: a100\nn: 384\ndevice_hours: 1082990\npower: 400 W\nsite: France\ndraws: 0\n"


def test_cards_results_and_rows_stand_beside_the_published(jevons, tmp_path):
    (tmp_path / "README.md").write_text(CARD)
    (tmp_path / "run.yaml").write_text(SPEC)
    (tmp_path / "rows.csv").write_text("model,emissions_kg\nmine,5 t\n")
    told = jevons("registry README.md run.yaml rows.csv --json").json
    origins = [m["origin"] for m in told["models"]]
    assert (origins.count("card"), origins.count("footprint"), origins.count("row")) == (1, 1, 1)
    assert origins.count("paper") >= 40
    assert sum(told["decomposition"]["shares"].values()) == pytest.approx(1)
    assert [m["emissions_kg"] for m in told["models"] if m["model"] == "mine"] == [5000]


def test_words_narrow_it_and_own_leaves_the_published_out(jevons, tmp_path):
    assert all("V100" in m["hardware"] for m in jevons("registry --search v100 --json").json["models"])
    (tmp_path / "README.md").write_text(CARD)
    told = jevons("registry README.md --own --json").json
    assert len(told["models"]) == 1
    assert told["decomposition"] is None


def test_the_page_and_the_table_are_written(jevons, tmp_path):
    said = jevons("registry --html out.html --csv out.csv --table")
    assert said.code == 0
    assert "<title>What training emitted</title>" in (tmp_path / "out.html").read_text()
    assert (tmp_path / "out.csv").read_text().startswith("model,origin,year")
    assert "variance of log emissions" in " ".join(said.out.split())


@pytest.mark.parametrize("line", ["registry none.md", "registry none.csv", "registry photo.png", "registry --html no/where.html"])
def test_bad_input_ends_in_exit_code_2(jevons, line):
    assert jevons(line).code == 2


def test_the_priced_runs_of_a_ledger_stand_beside_the_published(jevons, tmp_path):
    needs("sqlalchemy")
    from jevons.account import ledger
    from jevons.core.activity import Activity

    book = ledger(tmp_path / "book.db")
    for name in ("nightly", "unpriced"):
        book.append(name, 1, Activity.of([{"amount": 100.0, "start_s": 1.7e9, "end_s": 1.7e9 + 3600}]), project="search")
    book.price("nightly", at="France", draws=0)
    told = jevons("registry --ledger book.db --own --json").json
    (run,) = told["models"]
    assert (run["model"], run["origin"], run["year"], run["source"]) == ("nightly", "ledger", 2023, "search")
    assert run["emissions_kg"] > 0
    assert "intensity_g_per_kwh" in run["derived"]
    assert jevons("registry --ledger none.db").code == 2


def test_two_results_of_one_title_both_stand_there(jevons, tmp_path):
    for place in ("France", "Poland"):
        jevons(f"estimate training --model llama-2-7b --tokens 1B --on a100 --n 8 --at {place} --year 2023 --draws 0 --json --save {tmp_path / f'{place}.json'}")
    told = jevons("registry France.json Poland.json --own --json").json
    assert len(told["models"]) == 2
    assert told["models"][0]["emissions_kg"] > 2 * told["models"][1]["emissions_kg"]


@pytest.mark.parametrize(("line", "words"), [("registry rows.csv rows.csv", "once"), ("registry rows.csv --csv rows.csv", "name another"),
                                             ("registry half.csv", "at least 1")])  # fmt: skip
def test_a_registry_doubles_nothing_overwrites_nothing_and_takes_no_pue_below_one(jevons, tmp_path, line, words):
    (tmp_path / "rows.csv").write_text("model,emissions_kg\na,5\n")
    (tmp_path / "half.csv").write_text("model,power_w,device_hours,pue\na,700,1000,0.5\n")
    said = jevons(line)
    assert said.code == 2
    assert words in said.err
    assert (tmp_path / "rows.csv").read_text() == "model,emissions_kg\na,5\n"
