"""``jevons report``: every paper from kept results, from specs and from files of other tools."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
import yaml
from reported import HEAD, climate

from means import needs


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


def test_a_statement_is_written_into_a_markdown_file(made, tmp_path):
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


def test_annex_xi_is_told_as_paragraph_and_as_points(made, tmp_path):
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
    parquet = needs("pyarrow.parquet")
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
    from jevons.cli.report import selected as report_selected

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


def test_typst_makes_a_pdf_where_it_is_asked_to(made, tmp_path):
    needs("typst")
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
    ("report boamps a.json --task chat --infrastructure garage", "publicCloud"), ("report annex-xi a.json --flop 0", "above zero"), ("report ghg a.json --out g.docx", ".json, .md, .html, .pdf"),
    ("report esrs a.json --out e.xlsx", ".json, .md, .csv"),
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


def test_brightway_gets_an_inventory_and_openlca_a_package(made, tmp_path):
    assert made("report brightway a.json").out.startswith("Database,jevons")
    made(f"report openlca a.json --out {tmp_path / 'o.zip'}")
    assert any(name.startswith("processes/") for name in zipfile.ZipFile(tmp_path / "o.zip").namelist())


def test_the_page_of_one_result_says_what_it_would_be_elsewhere(made, tmp_path):
    made(f"report html a.json --out {tmp_path / 'one.html'}")
    made(f"report html a.json b.json --out {tmp_path / 'two.html'}")
    assert "Poland" in (tmp_path / "one.html").read_text()
    assert "Poland" not in (tmp_path / "two.html").read_text()
