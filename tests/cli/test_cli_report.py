"""``jevons report``: every paper from kept results, from specs and from files of other tools."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
import yaml

HEAD = "kind,id,mwh,zone,vintage,fuel,retirement,start,end,site,used_mwh,intensity"


@pytest.fixture
def made(jevons, tmp_path):
    """Two kept results: a training in France and a computation in a cloud; and a contract ledger."""
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --json --save {tmp_path / 'a.json'}")
    jevons(f"estimate generic --hours 100 --on h100 --n 8 --cores 64 --core-power 4 --memory 512 --at us-central1 --year 2023 --json --save {tmp_path / 'b.json'}")
    (tmp_path / "c.csv").write_text(f"{HEAD}\ncertificate,lot,20,France,2023,wind,GO-1,,,,,\nresidual,,,France,2023,,,,,,,45 g/kWh\n")
    return jevons


def climate(path):
    return json.loads(path.read_text())["footprint"]["indicators"]["climate"]["best"]


def test_a_statement_of_two_results_sums_to_both(made, tmp_path):
    told = made("report ghg a.json service:b.json --contracts c.csv --period 2023").json
    assert told["totals"]["location_based"] * 1000 == pytest.approx(climate(tmp_path / "a.json") + climate(tmp_path / "b.json"), rel=1e-6)
    assert told["contracts"]["matched_kwh"] == pytest.approx(20_000)
    second = told["scopes"]["2"]
    residual = told["contracts"]["residual_kwh"] * 0.045 / 1000
    assert second["market_based"] == pytest.approx(residual)


def test_one_certificate_serves_two_results_together_not_each(made):
    one = made("report ghg a.json --contracts c.csv").json["contracts"]
    both = made("report ghg a.json b.json --contracts c.csv")
    assert both.json["contracts"]["matched_kwh"] == pytest.approx(one["matched_kwh"])
    assert any("residual mix of USA" in x for x in both.json["assumptions"])


def test_what_was_claimed_is_written_down_and_cannot_be_claimed_again(made, tmp_path):
    assert made("report contracts a.json --contracts c.csv").json["matched_kwh"] == pytest.approx(20_000)
    made(f"report contracts a.json --contracts c.csv --out {tmp_path / 'after.csv'}")
    assert made("report contracts a.json --contracts after.csv").json["matched_kwh"] == 0


def test_a_stated_intensity_is_of_one_scope_alone(made, jevons, tmp_path):
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --intensity '100 g/kWh' --json --save {tmp_path / 'i.json'}")
    told = made("report ghg i.json").json
    assert any("held in scope 2" in x for x in told["not_known"])


def test_a_stated_market_intensity_fills_the_market_side_and_not_sci(made, jevons, tmp_path):
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --accounting market --market-intensity '10 g/kWh' --json --save {tmp_path / 'm.json'}")
    told = made("report ghg m.json").json
    kwh = json.loads((tmp_path / "m.json").read_text())["footprint"]["indicators"]["energy"]["best"]
    assert told["scopes"]["2"]["market_based"] == pytest.approx(kwh * 0.010 / 1000)
    assert told["scopes"]["2"]["location_based"] > told["scopes"]["2"]["market_based"]
    assert made("report sci m.json").json["I_g_per_kwh"] == pytest.approx(made("report sci a.json").json["I_g_per_kwh"])


def test_a_statement_into_a_markdown_file(made, tmp_path):
    said = made(f"report ghg a.json --out {tmp_path / 'g.md'}")
    assert said.code == 0
    assert "| 2 purchased electricity |" in (tmp_path / "g.md").read_text()
    assert "not known" in (tmp_path / "g.md").read_text()


def test_strict_mode_asks_for_the_residual_mix(made, tmp_path):
    (tmp_path / "c.csv").write_text(f"{HEAD}\ncertificate,lot,20,France,2023,wind,GO-1,,,,,\n")
    said = made("report ghg a.json --contracts c.csv --strict")
    assert said.code != 0
    assert "residual mix" in said.err


def test_esrs_is_json_with_both_totals(made):
    told = made("report esrs a.json --contracts c.csv --revenue 1e6 --credits 5").json
    values = {p["xbrl"]: p["value"] for p in told["E1-6"]}
    assert values["esrs:MarketBasedGreenhouseGasEmissions"] is not None
    assert told["E1-5"][3]["value"] == pytest.approx(20.0)
    assert told["E1-7"][1]["value"] == 5.0


def test_sci_is_null_until_a_unit_is_declared(made):
    assert made("report sci a.json").json["sci"] is None
    assert made("report sci a.json --per '1k tokens'").json["sci"] > 0


def test_annex_xi_as_paragraph_and_as_points(made, tmp_path):
    assert "llama-2-7b" in made("report annex-xi a.json --days 16").out
    made(f"report annex-xi a.json --flop 8e22 --out {tmp_path / 'x.json'}")
    assert json.loads((tmp_path / "x.json").read_text())["d_resources"]["flop"] == 8e22


def test_boamps_is_filled_from_the_spec_and_asks_for_the_task(made):
    told = made("report boamps a.json --task 'text generation'").json
    assert told["task"]["taskStage"] == "training"
    assert told["task"]["algorithms"][0]["parametersNumber"] == pytest.approx(6.74, abs=0.01)
    assert told["infrastructure"]["components"][0]["nbComponent"] == 512
    assert told["environment"]["country"] == "FRA"
    assert "task family" in made("report boamps a.json").err


def test_the_hub_s_block_is_in_grams_and_the_card_holds_both(made, tmp_path):
    block = yaml.safe_load(made("report hf-card a.json").out)["co2_eq_emissions"]
    assert block["emissions"] == pytest.approx(climate(tmp_path / "a.json") * 1000, rel=1e-3)
    whole = made("report hf-card a.json --section").out
    assert yaml.safe_load(whole.split("---")[1])["co2_eq_emissions"] == block
    assert "## Environmental Impact" in whole


def test_a_card_is_the_same_by_whichever_command(made, tmp_path):
    written = made("card write a.json").out
    assert written == made("report hf-card a.json --section").out
    made(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --json --report {tmp_path / 'c.md'}")
    assert (tmp_path / "c.md").read_text().strip() == written.strip()


def test_the_score_of_a_training_is_refused(made):
    assert "counts its requests" in made("report ai-energy-score a.json").err


def test_focus_stands_beside_a_bill(made, tmp_path):
    (tmp_path / "bill.csv").write_text("ResourceId,EffectiveCost\nnvidia-a100-sxm4-80gb,10\nother,5\n")
    rows = list(csv.DictReader(io.StringIO(made("report focus a.json --bill bill.csv").out)))
    assert float(rows[0]["x_CarbonEmissionsKg"]) == pytest.approx(climate(tmp_path / "a.json"))
    assert rows[1]["x_CarbonEmissionsKg"] == ""


def test_rows_are_the_same_as_csv_parquet_and_json(made, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    as_json = made("report json a.json b.json").json
    as_csv = list(csv.DictReader(io.StringIO(made("report csv a.json b.json").out)))
    made(f"report parquet a.json b.json --out {tmp_path / 'r.parquet'}")
    sums = [sum(float(x["impact"]) for x in rows if x["indicator"] == "climate") for rows in
            (as_json, as_csv, parquet.read_table(tmp_path / "r.parquet").to_pylist())]  # fmt: skip
    assert sums == pytest.approx([climate(tmp_path / "a.json") + climate(tmp_path / "b.json")] * 3)


def test_a_pack_holds_what_was_read_and_is_checked(made, tmp_path):
    made(f"report assurance a.json --contracts c.csv --out {tmp_path / 'p.zip'}")
    with zipfile.ZipFile(tmp_path / "p.zip") as pack:
        assert pack.read("inputs/a.json") == (tmp_path / "a.json").read_bytes()
        assert pack.read("inputs/c.csv") == (tmp_path / "c.csv").read_bytes()
        assert json.loads(pack.read("manifest.json"))["footprints"][2].endswith("market")
    first = (tmp_path / "p.zip").read_bytes()
    made(f"report assurance a.json --contracts c.csv --out {tmp_path / 'p.zip'}")
    assert (tmp_path / "p.zip").read_bytes() == first
    assert made("report check p.zip").code == 0
    (tmp_path / "p.zip").write_bytes(first.replace(b"kg", b"kq", 1))
    assert made("report check p.zip").code != 0


def test_rows_of_a_file_are_priced_where_they_say_they_ran(jevons, tmp_path, monkeypatch):
    from jevons import account
    from jevons.core.activity import Activity

    rows = Activity.of({"amount": 10.0, "site": s, "boundary": "facility", "start_s": 1.7e9, "end_s": 1.7e9 + 60} for s in ("France", "Poland", "France"))
    monkeypatch.setattr(account, "read", lambda path: rows)
    (tmp_path / "bill.csv").write_text("x")
    told = jevons("report json bill.csv").json
    assert {x["place"] for x in told if x["indicator"] == "climate"} == {"FRA", "POL"}
    assert sum(x["impact"] for x in told if x["indicator"] == "energy") == pytest.approx(30.0)
    spain = jevons("report json bill.csv --at Spain").json
    assert {(x["place"], x["site"]) for x in spain if x["indicator"] == "climate"} == {("ESP", "Spain")}


def test_a_file_too_large_for_a_pack_is_refused_and_two_of_one_name_are_kept_apart(made, tmp_path, monkeypatch):
    from jevons.cli import report_selected

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.json").write_bytes((tmp_path / "b.json").read_bytes())
    made(f"report assurance a.json other/a.json --out {tmp_path / 'p.zip'}")
    with zipfile.ZipFile(tmp_path / "p.zip") as pack:
        assert pack.read("inputs/2-a.json") == (tmp_path / "b.json").read_bytes()
    monkeypatch.setattr(report_selected, "LARGEST_INPUT_BYTES", 10)
    assert "keep it in the ledger" in made(f"report assurance a.json --out {tmp_path / 'p.zip'}").err


def test_sci_is_for_each_unit_asked(made):
    one, thousand = (made(f"report sci a.json --per '{n} tokens'").json["sci"] for n in ("1", "1k"))
    assert thousand == pytest.approx(1000 * one)
    assert made("report sci a.json --per '1 run'").json["sci"] > thousand


def test_the_page_holds_every_result(made, tmp_path):
    made(f"report html a.json b.json --out {tmp_path / 'r.html'}")
    text = (tmp_path / "r.html").read_text()
    assert "llama-2-7b" in text
    assert "us-central1" in text


def test_a_pdf_by_typst(made, tmp_path):
    pytest.importorskip("typst")
    said = made(f"report pdf a.json --by typst --out {tmp_path / 'r.pdf'}")
    assert "made by typst" in said.err
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")


def test_a_file_of_another_tool_is_priced_where_it_ran(jevons, shared):
    path = shared / "data" / "fixtures" / "codecarbon" / "powermetrics_m1_text.txt"
    told = jevons(f"report ghg {path} --at France --year 2023")
    assert told.code == 0
    assert told.json["totals"]["location_based"] > 0
    assert "measured" in told.json["lines"][0]["known_by"]


@pytest.mark.parametrize(("line", "words"), [
    ("report ghg absent.json", "is there"), ("report ghg a.json a.json", "once"),
    ("report ghg a.json --approach control", "operational control"), ("report ghg a.json --share '40 %'", "belongs to equity share"),
    ("report ghg a.json --tenure borrowed", "owned, leased, service"), ("report ghg a.json --contracts absent.csv", "can be read"),
    ("report ghg service:a.json --contracts c.csv", "none is reported"), ("report ghg a.json --credits -5", "at least 0"),
    ("report parquet a.json --out /nowhere/x", "can be written"), ("report pdf a.json --by latex", "chromium, typst"),
    ("report check a.json", "pack"), ("report sci a.json --per '1 poem'", "poem"), ("report focus a.json --bill absent.csv", "can be read"),
    ("report focus a.json --bill c.csv", "ResourceId"), ("report ghg empty.json", "mend the JSON"), ("report ghg .", "is there"),
    ("report boamps a.json --task chat --infrastructure garage", "publicCloud"), ("report annex-xi a.json --flop 0", "above zero"),
])  # fmt: skip
def test_what_cannot_be_reported_is_refused_in_one_line(made, tmp_path, line, words):
    (tmp_path / "empty.json").touch()
    said = made(line)
    assert said.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1


def test_annex_xi_states_the_operations_and_the_days_that_a_training_serves(made):
    said = made("report annex-xi a.json").out
    assert "floating-point operations" in said
    assert "days of training" in said
    assert "not stated" not in said


def test_annex_xi_takes_no_hours_of_serving_for_a_training(made, jevons, tmp_path):
    jevons(f"estimate serving --model llama-3.1-8b --on h100 --input-tokens 100 --output-tokens 100 --requests 10 --at France --year 2023 --json --save {tmp_path / 's.json'}")
    assert "training time not stated" in made("report annex-xi s.json").out


def test_an_inventory_for_brightway_and_a_package_for_openlca(made, tmp_path):
    assert made("report brightway a.json").out.startswith("Database,jevons")
    made(f"report openlca a.json --out {tmp_path / 'o.zip'}")
    assert any(name.startswith("processes/") for name in zipfile.ZipFile(tmp_path / "o.zip").namelist())


def test_the_page_of_one_result_says_what_it_would_be_elsewhere(made, tmp_path):
    made(f"report html a.json --out {tmp_path / 'one.html'}")
    made(f"report html a.json b.json --out {tmp_path / 'two.html'}")
    assert "Poland" in (tmp_path / "one.html").read_text()
    assert "Poland" not in (tmp_path / "two.html").read_text()


# ---- from the ledger


@pytest.fixture
def kept(jevons, tmp_path, monkeypatch):
    """Three runs in a ledger, of two projects and two countries."""
    pytest.importorskip("sqlalchemy")
    import jevons as package
    from jevons.core.activity import Activity

    monkeypatch.setenv("JEVONS_LEDGER", str(tmp_path / "ledger.db"))
    book = package.account.ledger(tmp_path / "ledger.db")

    def at(kwh, *sites):
        return Activity.of({"amount": kwh, "site": s, "method": "counter", "start_s": 1.7e9, "end_s": 1.7e9 + 3600} for s in sites)

    book.append("run-1", 1, at(1000.0, "France"), project="search")
    book.append("run-2", 1, at(500.0, "Germany", "France"), project="search")
    book.append("run-3", 1, at(50.0, ""), project="other")
    book.price("run-1", {"name": "France", "pue": 1.0})
    return jevons


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
    from jevons.cli import report_forms

    monkeypatch.setattr(report_forms, "MOST_SECTIONS", 2)
    kept(f"report html ledger:project=search --out {tmp_path / 'p.html'}")
    text = (tmp_path / "p.html").read_text()
    assert "<h1>3 results together</h1>" in text
    assert "run-2" not in text


def test_results_that_answer_different_questions_are_not_put_together(made, jevons, tmp_path, monkeypatch):
    from jevons.cli import report_forms

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


def test_a_statement_as_a_page_and_as_pdf(made, tmp_path):
    from jevons.report.pdf import found_browser

    made(f"report ghg a.json --contracts c.csv --organisation Acme --out {tmp_path / 'g.html'}")
    assert "Greenhouse gas statement of Acme" in (tmp_path / "g.html").read_text()
    if found_browser() is not None:
        made(f"report ghg a.json --contracts c.csv --out {tmp_path / 'g.pdf'}")
        assert (tmp_path / "g.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_browser_a_statement_is_no_pdf(made, tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_BROWSER", "no-such-browser")
    assert "write a .html or .md" in made(f"report ghg a.json --out {tmp_path / 'g.pdf'}").err


# ---- nothing twice, nothing lost, nothing in silence

CODECARBON = (
    "timestamp,project_name,run_id,duration,emissions,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
    "country_name,country_iso_code\n"
)  # fmt: skip
RUN = "2023-03-01T0{hour}:00:00,p,{run},3600,0.5,40,300,10,0.08,0.6,0.02,0.7,France,FRA\n"


def tracked(*runs):
    return CODECARBON + "".join(RUN.format(hour=hour, run=run) for hour, run in runs)


def test_a_copy_of_a_result_is_not_counted_beside_it(made, tmp_path):
    (tmp_path / "copy.json").write_bytes((tmp_path / "a.json").read_bytes())
    said = made("report ghg a.json copy.json")
    assert said.code == 2
    assert "counted twice" in said.err


def test_a_run_that_stands_in_two_files_is_refused(jevons, tmp_path):
    (tmp_path / "q1.csv").write_text(tracked((1, "r1"), (2, "r2")))
    (tmp_path / "q2.csv").write_text(tracked((2, "r2"), (3, "r3")))
    (tmp_path / "q3.csv").write_text(tracked((2, "r4"), (3, "r5")))
    assert "of the same run" in jevons("report ghg q1.csv q2.csv").err
    assert "of the same run" in jevons("report ghg q1.csv q2.csv --at Spain").err
    assert jevons("report ghg q1.csv q3.csv").code == 0


def test_a_file_without_rows_is_named(jevons, tmp_path):
    (tmp_path / "none.csv").write_text(CODECARBON)
    assert "none.csv" in jevons("report ghg none.csv").err


@pytest.mark.parametrize("line", ["report csv r.csv --out r.csv", "report contracts a.json --contracts c.csv --out c.csv",
                                  "report ghg service:a.json --out a.json"])  # fmt: skip
def test_what_a_paper_is_made_from_is_not_overwritten(made, tmp_path, line):
    (tmp_path / "r.csv").write_text(tracked((1, "r1")))
    out = tmp_path / line.rpartition(" ")[2]
    before = out.read_bytes()
    said = made(line)
    assert said.code == 2
    assert "name another" in said.err
    assert out.read_bytes() == before


def test_the_ledger_is_not_overwritten_by_a_paper(kept, tmp_path):
    before = (tmp_path / "ledger.db").read_bytes()
    said = kept(f"report sci ledger:run-1 --out {tmp_path / 'ledger.db'}")
    assert said.code == 2
    assert "name another" in said.err
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_statement_is_of_the_period_that_the_ledger_was_asked_for(kept):
    assert kept("report ghg ledger:project=search,period=2023").json["period"] == "2023"
    assert kept("report ghg ledger:project=search,period=2023 --period 'winter 2023'").json["period"] == "winter 2023"
    assert kept("report ghg ledger:run-1").json["period"] is None


def test_a_currency_is_a_code(made):
    assert "ISO 4217" in made("report esrs a.json --revenue 1e6 --currency 'EUR|<b>'").err


def test_a_contract_that_a_spreadsheet_would_run_is_refused_with_its_cell(made, tmp_path):
    (tmp_path / "c.csv").write_text(f'{HEAD}\ncertificate,"=HYPERLINK(""x"")",20,France,2023,wind,GO-1,,,,,\n')
    assert "row 2, column id" in made("report ghg a.json --contracts c.csv").err


def test_a_market_intensity_that_no_contract_shows_is_said(made, jevons, tmp_path):
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --market-intensity '0 g/kWh' --json --save {tmp_path / 'm.json'}")
    told = made("report ghg m.json").json
    assert told["scopes"]["2"]["market_based"] == 0
    assert any("no contract ledger" in said for said in told["assumptions"])


def test_a_result_of_one_indicator_is_reported_like_any_other(made, jevons, tmp_path):
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --year 2023 --indicators climate --json --save {tmp_path / 'i.json'}")
    assert made("report esrs i.json").json["E1-5"][0]["value"] == pytest.approx(made("report esrs a.json").json["E1-5"][0]["value"])
    assert made("report sci i.json").json["E_kwh"] == pytest.approx(made("report sci a.json").json["E_kwh"])


def test_contracts_named_like_a_result_do_not_take_its_place_in_the_pack(made, jevons, tmp_path):
    (tmp_path / "r.csv").write_text(tracked((1, "r1")))
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "r.csv").write_bytes((tmp_path / "c.csv").read_bytes())
    made(f"report assurance r.csv --contracts {tmp_path / 'held' / 'r.csv'} --out {tmp_path / 'p.zip'}")
    with zipfile.ZipFile(tmp_path / "p.zip") as pack:
        assert pack.read("inputs/r.csv") == (tmp_path / "r.csv").read_bytes()
        assert pack.read("inputs/contracts-r.csv") == (tmp_path / "c.csv").read_bytes()


def test_a_refund_stays_a_number_beside_our_columns(made, tmp_path):
    (tmp_path / "bill.csv").write_text("ResourceId,EffectiveCost\nnvidia-a100-sxm4-80gb,10\nother,-5.25\n")
    rows = list(csv.DictReader(io.StringIO(made("report focus a.json --bill bill.csv").out)))
    assert rows[1]["EffectiveCost"] == "-5.25"


def test_a_ragged_bill_is_refused_with_its_row(made, tmp_path):
    (tmp_path / "bill.csv").write_text("ResourceId,EffectiveCost\na,10,3\n")
    assert "row 2" in made("report focus a.json --bill bill.csv").err


def test_the_hub_s_block_tells_of_a_training_and_of_nothing_else(made, jevons, tmp_path):
    jevons(f"estimate serving --model llama-3.1-8b --on h100 --input-tokens 100 --output-tokens 100 --requests 10 --at France --year 2023 --json --save {tmp_path / 's.json'}")
    (tmp_path / "r.csv").write_text(tracked((1, "r1")))
    for result in ("s.json", "r.csv --hardware A100"):
        said = made(f"report hf-card {result}")
        assert said.code == 2
        assert "tells of a training" in said.err
    assert "training_type" not in made("report hf-card s.json --section").out
    assert "training_type" not in made("card write s.json").out
    assert yaml.safe_load(made("report hf-card r.csv --hardware A100 --training-type fine-tuning").out)["co2_eq_emissions"]["training_type"] == "fine-tuning"


def test_a_place_and_a_year_fill_in_what_a_spec_leaves_open(jevons, tmp_path):
    text = "estimate: training\nmodel: llama-2-7b\ntokens: 2T\non: a100\nn: 512\ndraws: 0\n"
    (tmp_path / "open.yaml").write_text(text)
    (tmp_path / "full.yaml").write_text(text + "year: 2022\nsite: {name: Poland, year: 2022}\n")
    (tmp_path / "c.csv").write_text(f"{HEAD}\nresidual,,,Poland,2022,,,,,,,800 g/kWh\n")
    full = jevons("report ghg full.yaml --contracts c.csv").json
    assert jevons("report ghg open.yaml --contracts c.csv --at Poland --year 2022").json["totals"] == full["totals"]
    assert jevons("report ghg full.yaml --contracts c.csv --at France --year 2023").json["totals"] == full["totals"]
    assert jevons("report ghg open.yaml --at France").json["totals"] != jevons("report ghg open.yaml --at Poland").json["totals"]


def test_meters_of_two_files_that_nothing_tells_apart_are_an_assumption(jevons, tmp_path, monkeypatch):
    from jevons import account
    from jevons.core.activity import Activity

    row = {"amount": 10.0, "site": "France", "component": "accelerator", "start_s": 1.7e9, "end_s": 1.7e9 + 60}
    kept = {"one.csv": {**row, "run": "r1"}, "two.csv": {**row, "device": "gpu 0", "amount": 9.0}, "three.csv": {**row, "run": "r2", "amount": 8.0}}
    for name in kept:
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(account, "read", lambda path: Activity.of([kept[path.name]]))
    assert any("count different energy" in said for said in jevons("report ghg one.csv two.csv").json["assumptions"])
    assert not any("count different energy" in said for said in jevons("report ghg one.csv three.csv").json["assumptions"])


def test_a_run_that_stands_in_the_ledger_and_in_a_file_is_refused(kept, tmp_path):
    from jevons import account

    (tmp_path / "q.csv").write_text(tracked((1, "r1")))
    account.ledger(tmp_path / "ledger.db").append("r1", 1, account.read(tmp_path / "q.csv").label(site="France"), project="file")
    assert "of the same run" in kept("report ghg q.csv ledger:project=file").err


def test_a_run_at_two_sites_at_once_is_not_its_own_double(jevons, tmp_path, monkeypatch):
    from jevons import account
    from jevons.core.activity import Activity

    (tmp_path / "two.csv").write_text("x")
    rows = Activity.of({"amount": 5.0, "run": "r", "site": s, "start_s": 1.7e9, "end_s": 1.7e9 + 60} for s in ("France", "Poland"))
    monkeypatch.setattr(account, "read", lambda path: rows)
    assert jevons("report ghg two.csv").code == 0


def test_a_result_of_another_year_than_the_period_says_so(made):
    assert any("ran in another year" in said for said in made("report ghg a.json --period 2024").json["assumptions"])
    assert not any("ran in another year" in said for said in made("report ghg a.json --period 2023").json["assumptions"])


def test_a_result_that_comes_out_otherwise_than_it_was_kept_says_so(made, tmp_path):
    assert "computed again" not in made("report ghg a.json").err
    record = json.loads((tmp_path / "a.json").read_text())
    record["footprint"]["indicators"]["climate"]["best"] *= 1.02
    (tmp_path / "a.json").write_text(json.dumps(record))
    said = made("report ghg a.json")
    assert "climate: kept as" in said.err
    assert any("climate: kept as" in line for line in said.json["assumptions"])
