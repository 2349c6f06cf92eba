"""A kept result in the form somebody asks for."""

from __future__ import annotations

import json
import zipfile

import pytest
import yaml


@pytest.fixture
def result(jevons, tmp_path):
    path = tmp_path / "r.json"
    jevons(f"estimate training --model llama-2-7b --tokens 2T --on a100 --n 512 --at France --json --save {path}")
    return path


def test_hugging_face_metadata_is_in_grams(jevons, result):
    block = yaml.safe_load(jevons(f"export {result} --as hf").out)["co2_eq_emissions"]
    kept = json.loads(result.read_text())["footprint"]["indicators"]["climate"]["best"]
    assert block["emissions"] == pytest.approx(kept * 1000, rel=1e-3)


def test_sci_is_per_the_unit_asked(jevons, result):
    one, thousand = (json.loads(jevons(f"export {result} --as sci --per '{n} tokens'").out)["sci"] for n in ("1", "1k"))
    assert thousand == pytest.approx(1000 * one)


def test_annex_xi_says_energy_and_that_it_is_estimated(jevons, result):
    said = jevons(f"export {result} --as annex-xi").out
    assert "MWh" in said
    assert "100 % modelled" in said


def test_ghg_lines_sum_to_the_climate_figure(jevons, result):
    lines = json.loads(jevons(f"export {result} --as ghg").out)
    kept = json.loads(result.read_text())["footprint"]["indicators"]["climate"]["best"]
    assert sum(line["t_co2e"] or 0 for line in lines) * 1000 == pytest.approx(kept, rel=1e-6)


def test_openlca_gets_a_package_and_needs_a_file_for_it(jevons, result, tmp_path):
    refused = jevons(f"export {result} --as openlca")
    assert refused.code == 2
    assert "name a file for the package" in refused.err
    jevons(f"export {result} --as openlca --out {tmp_path / 'o.zip'}")
    assert any(name.startswith("processes/") for name in zipfile.ZipFile(tmp_path / "o.zip").namelist())


def test_a_form_nobody_knows_is_refused_with_those_there_are(jevons, result):
    said = jevons(f"export {result} --as papyrus")
    assert said.code == 2
    assert "choose one of page, card, hf, sci" in said.err


def test_annex_xi_states_the_operations_and_the_days_of_a_training(llama, jevons):
    llama("--at", "France", "--save", "run.json")
    said = jevons("export run.json --as annex-xi").out
    assert "floating-point operations" in said
    assert "days of training" in said
    assert "not stated" not in said
