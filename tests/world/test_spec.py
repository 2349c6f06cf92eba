"""Spec files: YAML, TOML or JSON become checked arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jevons.core.errors import BadInput, TableError
from jevons.world import spec
from jevons.world.spec import Spec


@pytest.fixture
def written(tmp_path: Path):
    """A file of that name and text."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


YAML = """
estimate: training
model: llama-2-7b
tokens: 2T
on: a100
n: 512
power: 400 W
site: {name: France, year: 2023, pue: 1.2}
study: {accounting: location}
"""
TOML = """
estimate = "training"
model = "llama-2-7b"
tokens = "2T"
on = "a100"
n = 512
power = "400 W"
site = {name = "France", year = 2023, pue = 1.2}
[study]
accounting = "location"
"""
WANTED = Spec(
    "training", {"model": "llama-2-7b", "tokens": "2T", "on": "a100", "n": 512, "power": "400 W"},
    {"name": "France", "year": 2023, "pue": 1.2}, {"accounting": "location"},
)  # fmt: skip


def test_yaml_toml_and_json_say_the_same(written):
    assert spec.read(written("a.yaml", YAML)) == WANTED
    assert spec.read(written("a.toml", TOML)) == WANTED
    assert spec.read(written("a.json", json.dumps(WANTED.record()))) == WANTED


def test_a_record_reads_back_as_itself():
    assert spec.of(WANTED.record()) == WANTED


def test_a_saved_result_gives_the_spec_it_came_from(written):
    result = {"jevons": "0.1.0", "spec": WANTED.record(), "footprint": {}}
    assert spec.read(written("result.json", json.dumps(result))) == WANTED


def test_on_and_no_are_words_and_dates_are_text(written):
    read = spec.read(written("a.yaml", "on: off\nstart: 2024-03-01\nsite: NO\nincludes_pue: true\n"), "recorded")
    assert read.arguments == {"on": "off", "start": "2024-03-01", "includes_pue": True}
    assert read.site == {"name": "NO"}


def test_numbers_are_those_of_yaml_1_2(written):
    text = "model: 1:30\ntokens: 2e12\nn: 512\nbatch: 0.5\nseed: -3\nyear: 2T\n"
    assert spec.read(written("a.yaml", text), "training").arguments == {
        "model": "1:30", "tokens": 2e12, "n": 512, "batch": 0.5, "seed": -3, "year": "2T"}  # fmt: skip


def test_a_date_in_toml_is_text_too(written):
    assert spec.read(written("a.toml", "start = 2024-03-01\n"), "recorded").arguments == {"start": "2024-03-01"}


def test_the_kind_may_be_left_to_the_command(written):
    assert spec.read(written("a.yaml", "model: llama-2-7b\n"), "training").kind == "training"


def test_a_recorded_run_is_a_kind_of_training(written):
    assert spec.read(written("a.yaml", "estimate: recorded\nhours: 3\n"), "training").kind == "recorded"


def test_what_one_spec_leaves_open_another_fills():
    flags = Spec("training", {"n": 256}, {"name": "Poland"})
    assert flags.over(WANTED).arguments["n"] == 256
    assert flags.over(WANTED).arguments["tokens"] == "2T"
    assert flags.over(WANTED).site == {"name": "Poland", "year": 2023, "pue": 1.2}


def test_an_unknown_argument_names_the_nearest():
    with pytest.raises(BadInput, match=r"tokns: '2T' will not do; no such key; did you mean 'tokens'\?"):
        Spec("training", {"tokns": "2T"}).check(["tokens", "model"])


@pytest.mark.parametrize(("text", "words"), [
    ("model: x\nsite: {nmae: France}\n", "site: nmae.*did you mean 'name'"),
    ("model: x\nstudy: {acounting: market}\n", "study: acounting.*did you mean 'accounting'"),
    ("model: x\nsite: {zzz: 1}\n", "zzz.*its keys are"),
    ("model: x\nstudy: market\n", "study.*write keys and values"),
    ("estimate: trainin\n", "did you mean 'training'"),
    ("estimate: storage\n", "no spec of training.*jevons estimate storage"),
    ("- a\n- b\n", "write keys and values"),
    ("", "write keys and values"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_mend(written, text, words):
    with pytest.raises(BadInput, match=f"(?s){words}"):
        spec.read(written("a.yaml", text), "training")


@pytest.mark.parametrize(("name", "text", "row"), [
    ("a.yaml", "model: x\ntokens: [1\n", 3), ("a.json", '{\n"model": }', 2), ("a.toml", "model = \n", None),
])  # fmt: skip
def test_a_broken_file_is_refused_by_name_and_line(written, name, text, row):
    with pytest.raises(TableError) as refused:
        spec.read(written(name, text), "training")
    assert refused.value.file == name
    assert refused.value.row == row


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path, written):
    with pytest.raises(BadInput, match="can be read"):
        spec.read(tmp_path / "none.yaml", "training")
    with pytest.raises(BadInput, match=r"ends in \.yaml"):
        spec.read(written("a.txt", "model: x"), "training")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(TableError, match="UTF-8"):
        spec.read(tmp_path / "a.yaml", "training")


def test_a_mapping_without_a_kind_is_refused():
    with pytest.raises(BadInput, match="say what to estimate"):
        spec.of({"model": "x"})


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "site:\n  name: France\n  pue: 1.1\n  name: Poland\n"), ("a.yaml", "tokens: 1T\ntokens: 2T\n"),
                                            ("a.json", '{"tokens": "1T", "tokens": "2T"}'), ("a.toml", 'tokens = "1T"\ntokens = "2T"\n')])  # fmt: skip
def test_a_key_that_stands_twice_is_refused_for_one_of_them_would_vanish(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=r"twice|overwrite"):
        spec.load(tmp_path / name)


def test_the_same_key_in_two_maps_and_in_a_merged_one_is_no_repetition(tmp_path):
    (tmp_path / "a.yaml").write_text("base: &b {x: 1}\nmore: {<<: *b, x: 2}\n")
    assert spec.load(tmp_path / "a.yaml")["more"] == {"x": 2}
