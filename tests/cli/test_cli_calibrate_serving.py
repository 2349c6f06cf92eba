"""``jevons calibrate serving`` and what the pack does to ``jevons estimate serving``."""

from __future__ import annotations

import math

import pytest

HEAD = "model,on,n,precision,batch,input_tokens,output_tokens,energy_per_output_token_j"
ASK = "estimate serving --model llama-3.1-8b --on h100 --n 1 --batch 16 --input-tokens 500 --output-tokens 300 --at France"


@pytest.fixture
def points(tmp_path):
    rows = [f"llama-3.1-8b,h100,1,bf16,{b},500,300,{e}" for b, e in ((8, 1.2), (16, 0.7), (32, 0.4), (64, 0.0))]
    (tmp_path / "points.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return "points.csv"


def test_measured_points_are_fitted_kept_and_applied(jevons, points):
    pack = jevons(f"calibrate serving {points} --save pack.json").json
    assert pack["left_out"] == {"zero reading": [5]}
    (one,) = pack["configurations"].values()
    plain, own = jevons(f"{ASK} --json"), jevons(f"{ASK} --calibration pack.json --json")
    assert own.code == 0, own.err
    assert any(a["what"] == "calibration" for a in own.json["footprint"]["assumptions"])
    best = [said.json["activity"]["flows"]["electricity"]["best"] for said in (plain, own)]
    assert (best[1] > best[0]) == (one["level"] > 0)
    assert not math.isclose(*best)


def test_the_table_names_factor_and_lines_left_out(jevons, points):
    said = jevons(f"calibrate serving {points} --table").out
    assert "left out: zero reading" in said
    assert "mean error after" in said


def test_a_broken_row_is_named_and_nothing_is_written(jevons, tmp_path):
    (tmp_path / "points.csv").write_text(f"{HEAD}\nllama-3.1-8b,h100,1,bf16,x,500,300,1\n", encoding="utf-8")
    said = jevons("calibrate serving points.csv --save pack.json")
    assert said.code == 2
    assert "row 2, column batch" in said.err
    assert not (tmp_path / "pack.json").exists()


def test_images_and_months_of_users_are_options(jevons):
    said = jevons(f"{ASK} --images 1 --image-tokens 765 --requests-per-user-month 300 --json")
    assert said.code == 0, said.err
    assert said.json["activity"]["served"]["user-month"]["best"] == pytest.approx(1 / 300)
