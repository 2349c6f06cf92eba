"""``jevons report``: nothing twice, nothing lost, nothing in silence; journals."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
import yaml
from reported import CODECARBON, HEAD, tracked


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


METER = {"device": "gpu0", "component": "accelerator", "boundary": "chip", "method": "counter", "sensor": "nvml"}


def test_the_journal_of_a_measured_run_is_a_result(jevons, tmp_path):
    head = {"kind": "header", "v": 1, "run": "00ff", "host": "h", "pid": 1, "t": 1.7e9, "share": "whole", "labels": {}, "meters": [METER]}
    last = {"kind": "closed", "t": 1.7e9 + 3600, "e": {"gpu0": 3_600_000_000}, "d": [[1_700_000_000, "gpu0", "", 3_600_000_000]]}
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(record) + "\n" for record in (head, last)))
    told = jevons("report ghg run.jsonl --at France")
    assert told.code == 0, told.err
    assert told.json["electricity"][0]["by_method"]["measured"] == pytest.approx(1e-6)


def test_a_journal_that_is_none_is_refused(jevons, tmp_path):
    (tmp_path / "cut.jsonl").write_text('{"kind":"header"}\n')
    assert "no journal" in jevons("report ghg cut.jsonl").err
