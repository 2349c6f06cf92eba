"""Bad input: one line that names field, value and mend, an exit code, never a number and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

NUMBERS = ["--tokens", "--n", "--pue", "--wue", "--intensity", "--electricity-price", "--device-price", "--life", "--power"]


@pytest.mark.parametrize("flag", NUMBERS)
@pytest.mark.parametrize("value", ["-3", "nan", "inf"])
def test_a_negative_or_not_a_number_is_refused(llama, flag, value):
    said = llama("--at", "France", f"{flag}={value}")
    assert said.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert flag.strip("-").replace("-", "_") in said.err


@pytest.mark.parametrize(("flags", "words"), [
    (["--tokens", "2 apples"], ["tokens", "2 apples", "'300B'"]),
    (["--pue", "0.9"], ["pue", "0.9", "at least 1"]),
    (["--at", "Frnace"], ["place", "Frnace", "France"]),
    (["--on", "a900"], ["accelerator", "a900", "nearest"]),
    (["--model", "lama-9"], ["model", "lama-9", "nearest"]),
    (["--intensity", "400"], ["intensity", "400", "'400 g/kWh'"]),
    (["--year", "1850"], ["year", "1850", "calendar year"]),
    (["--indicators", "energy,carbon"], ["indicators", "carbon", "climate"]),
    (["--batch", "512", "--tensor", "1", "--pipeline", "1", "--model", "llama-2-70b", "--n", "8"],
     ["layout", "lacks", "GB a device"]),
    (["--hours", "15 days", "--power", "400 W", "--energy", "200 MWh"], ["energy", "hours × power", "the one you trust"]),
    (["--hours", "15 days", "--power", "400 W", "--batch", "512"], ["batch", "leave one of the two out"]),
    (["--tensor", "0"], ["layout.tensor", "1 or more"]),
    (["--save", "nowhere/x.json"], ["result", "nowhere/x.json", "can be written"]),
    (["--mfu", "3"], ["mfu", "3", "share of the dense peak", "sparse"]),
    (["--mfuu", "3"], ["No such option", "--mfuu", "--help"]),
    (["--strict"], ["site", "strict refuses the mean of the world"]),
    (["--expert-overlap", "2"], ["layout.expert_overlap", "2", "share of 0 to 1"]),
    (["--earlier-run", "hours=3"], ["earlier_run", "did you mean 'device_hours'"]),
])  # fmt: skip
def test_the_message_names_field_value_and_mend(llama, flags, words):
    said = llama(*flags)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert [word for word in words if word not in said.err] == []


def test_a_year_without_data_says_which_year_was_taken(llama):
    answer = llama("--at", "France", "--year", "1995").json
    gaps = [a for a in answer["footprint"]["assumptions"] if "1995" in a["why"]]
    assert gaps
    assert all(a["value"] != "1995" for a in gaps)


def test_an_unknown_key_of_a_spec_names_the_nearest(jevons, tmp_path: Path):
    (tmp_path / "run.yaml").write_text("model: llama-2-7b\ntokns: 2T\non: a100\n")
    said = jevons("estimate training run.yaml")
    assert said.code == 2
    assert "tokns" in said.err
    assert "did you mean 'tokens'?" in said.err


def test_a_missing_factor_has_an_exit_code_of_its_own(llama):
    said = llama("--at", "France", "--accounting", "market")
    assert said.code == 3
    assert "market-based accounting" in said.err


def test_a_command_that_does_not_exist_names_the_nearest(jevons):
    said = jevons("estimate traning")
    assert said.code == 2
    assert "training" in said.err


def test_debug_shows_where_it_went_wrong(jevons):
    from jevons.core.errors import BadInput

    with pytest.raises(BadInput):
        _raised(jevons, "--debug estimate training --model llama-2-7b --tokens nan --on a100")


def test_an_internal_fault_says_so_in_one_line(jevons, monkeypatch):
    def broken(spec: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("jevons.cli.estimate.estimate.carry_out", broken)
    said = jevons("estimate storage --terabytes 1 --months 1")
    assert said.code == 4
    assert "ZeroDivisionError" in said.err
    assert "--debug" in said.err


def _raised(jevons, line: str) -> None:
    """Run without the runner's catching of exceptions."""
    import shlex

    from typer.testing import CliRunner

    from jevons.cli.app import app

    CliRunner().invoke(app, shlex.split(line), catch_exceptions=False)


@pytest.mark.parametrize(
    ("line", "field"),
    [("storage --months 3", "terabytes"), ("transfer", "gigabytes"), ("generic --cpu 'epyc 7763'", "hours"), ("data", "hours"),
     ("fine-tuning --on a100", "model"), ("fine-tuning --model llama-3-8b --tokens 20M", "on"), ("request", "provider"),
     ("edge", "model"), ("generation --on a100", "model"), ("one-pass", "model"), ("speech", "model")],
)  # fmt: skip
def test_what_a_command_cannot_do_without_is_asked_for_by_name(jevons, line, field):
    said = jevons(f"estimate {line} --at France")
    assert said.code == 2
    assert said.err.startswith(f"jevons: {field}: None will not do")


def test_parameters_stand_for_a_models_name_in_fine_tuning_too(jevons):
    assert jevons("estimate fine-tuning --params 7B --tokens 20M --on a100").json["activity"]["served"]["FLOP"]["best"] > 0


@pytest.mark.parametrize("line", ["generic --hours 3 --on a100 --n 0", "generic --hours 3 --on a100 --n 1.5",
                                  "generic --hours 3 --on a100 --repeats 0",
                                  "fine-tuning --model llama-3-8b --tokens 20M --on a100 --epochs 0"])  # fmt: skip
def test_a_count_that_would_price_nothing_is_refused(jevons, line):
    said = jevons(f"estimate {line} --at France")
    assert said.code == 2
    assert f"jevons: {line.split()[-2].strip('-')}: " in said.err
