import csv

import numpy as np
import pytest

from jevons.core.errors import BadInput, TableError
from jevons.estimate.board import law as edge_law
from jevons.estimate.board.calibrate import calibrate_edge, load
from jevons.estimate.board.law import Shape
from jevons.estimate.edge import edge
from jevons.world import models

POWER = 6.0
COSTS = np.array([0.2, 0.8, 1.5, 1.0, 0.3, 0.02, 0.03, 0.002, 0.001, 0.001])


def seconds(model, prompt, output):
    shape = Shape.of(models.find(model).architecture)
    ahead = edge_law.prefill(edge_law.prefill_features(shape, prompt), COSTS)
    return float(ahead + edge_law.decode(edge_law.decode_features(shape, prompt, output - 1), COSTS))


def pairs(count=20, seed=0, unit=1.0, noise=0.02):
    """Rows of ``count`` prompts run to the first token and to the end; ``unit``: true tokens of a code prompt's one."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(count):
        model = ("qwen1.5-0.5b", "internlm2-1.8b")[i % 2]
        task = ("conv", "code")[i // 2 % 2]
        prompt, output = int(rng.integers(50, 900)), int(rng.integers(30, 300))
        true = prompt * (unit if task == "code" else 1.0)
        for tokens in (1, output):
            time_s = seconds(model, true, tokens) * float(np.exp(noise * rng.standard_normal()))
            rows.append({"on": "raspberry-pi-5-8gb", "model": model, "task": task, "pair": i, "input_tokens": prompt,
                         "output_tokens": tokens, "latency_s": time_s, "energy_j": POWER * time_s})  # fmt: skip
    return rows


@pytest.fixture
def written(tmp_path):
    def write(rows):
        path = tmp_path / "pairs.csv"
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def test_twenty_pairs_give_a_law_that_predicts_the_pairs_left_out(written):
    pack = calibrate_edge(written(pairs()))
    assert pack.mape_left_out < 0.06
    assert pack.runs == 40
    assert not pack.left_out
    assert not pack.warnings


def test_the_pack_says_when_on_what_and_how_well(written, tmp_path):
    pack = calibrate_edge(written(pairs()))
    assert pack.board == "raspberry-pi-5-8gb"
    assert pack.models == ("internlm2-1.8b", "qwen1.5-0.5b")
    assert load(pack.save(tmp_path / "pack.json")) == pack


def test_a_calibrated_estimate_uses_the_users_own_law(written):
    pack = calibrate_edge(written(pairs()))
    own = edge("qwen1.5-0.5b", "raspberry-pi-5-8gb", 300, 200, calibration=pack, draws=0)
    wanted = POWER * seconds("qwen1.5-0.5b", 300, 200)
    assert float(own.total()[0]) * 3.6e6 == pytest.approx(wanted, rel=0.06)
    assert own.rows()[0]["tier"] == "calibrated"


def test_a_calibration_knows_the_bits_of_its_runs(written):
    pack = calibrate_edge(written([row | {"precision": "int8"} for row in pairs()]))
    same, more = (edge("qwen1.5-0.5b", "raspberry-pi-5-8gb", 300, 200, calibration=pack, precision=p, draws=0)
                  for p in (None, "bf16"))  # fmt: skip
    assert float(same.total()[0]) * 3.6e6 == pytest.approx(POWER * seconds("qwen1.5-0.5b", 300, 200), rel=0.06)
    assert more.total()[0] > same.total()[0]


def test_a_calibration_of_another_board_is_refused(written):
    pack = calibrate_edge(written(pairs()))
    with pytest.raises(BadInput, match="measured on raspberry-pi-5-8gb"):
        edge("qwen1.5-0.5b", "jetson-orin", 300, 200, calibration=pack)


def test_readings_below_zero_are_left_out_by_line(written):
    rows = pairs()
    for i in (2, 7):
        rows[i]["energy_j"] = -0.5
    assert calibrate_edge(written(rows)).left_out == {"reading below zero": [4, 9]}


def test_zero_readings_are_left_out_by_line(written):
    rows = pairs()
    rows[3]["energy_j"] = rows[10]["energy_j"] = 0
    assert calibrate_edge(written(rows)).left_out == {"zero reading": [5, 12]}


def test_an_energy_in_another_unit_is_left_out_by_line(written):
    rows = pairs()
    rows[7]["energy_j"] *= 1000
    assert calibrate_edge(written(rows)).left_out == {"energy in mJ": [9]}


def test_an_answer_that_stopped_early_is_left_out_by_line(written):
    rows = pairs()
    stopped = rows[5]
    stopped["latency_s"] = rows[4]["latency_s"] + 0.3 * (stopped["latency_s"] - rows[4]["latency_s"])
    stopped["energy_j"] = POWER * stopped["latency_s"]
    assert calibrate_edge(written(rows)).left_out == {"early stop": [7]}


def test_early_stops_are_found_where_no_prefill_was_run_beside_them(written):
    rows = [row for row in pairs(40) if row["output_tokens"] > 1]
    for row in rows[:3]:
        ahead = seconds(row["model"], row["input_tokens"], 1)
        row["latency_s"] = ahead + 0.2 * (row["latency_s"] - ahead)
        row["energy_j"] = POWER * row["latency_s"]
    assert calibrate_edge(written(rows)).left_out == {"early stop": [2, 3, 4]}


def test_prompts_counted_in_another_unit_are_told(written):
    pack = calibrate_edge(written(pairs(40, unit=1.4)))
    assert pack.units["code"] == pytest.approx(1.4, rel=0.1)
    assert "another unit" in pack.warnings[0]


def test_a_sensor_that_lags_behind_short_runs_is_told(written):
    rng, rows, previous = np.random.default_rng(1), pairs(), POWER
    for row in rows:
        row["latency_s"] /= 20
        drawn = rng.uniform(3, 12)
        row["energy_j"] = row["latency_s"] * (0.85 * previous + 0.15 * drawn)
        previous = 0.85 * previous + 0.15 * drawn if rng.random() < 0.7 else drawn
    assert "sensor lags" in " ".join(calibrate_edge(written(rows)).warnings)


def test_a_sensor_whose_power_belongs_to_its_own_run_is_not_blamed(written):
    rng, rows = np.random.default_rng(2), pairs()
    for row in rows:
        row["latency_s"] /= 20
        row["energy_j"] = row["latency_s"] * rng.uniform(3, 12)
    assert "sensor lags" not in " ".join(calibrate_edge(written(rows)).warnings)


def test_too_few_usable_runs_are_refused_with_what_was_left_out(written):
    rows = pairs(5)
    for row in rows[:4]:
        row["energy_j"] = 0
    with pytest.raises(BadInput, match="zero reading: 4"):
        calibrate_edge(written(rows))


def test_a_line_that_holds_no_number_names_line_and_column(written):
    rows = pairs()
    rows[2]["latency_s"] = "fast"
    with pytest.raises(TableError, match="row 4, column latency_s"):
        calibrate_edge(written(rows))


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="columns model"):
        calibrate_edge("nowhere.csv")


def test_a_file_that_names_no_board_asks_for_one(written):
    rows = [{k: v for k, v in row.items() if k != "on"} for row in pairs()]
    with pytest.raises(BadInput, match="name the board"):
        calibrate_edge(written(rows))
    assert calibrate_edge(written(rows), on="raspberry-pi-5-8gb").board == "raspberry-pi-5-8gb"


def test_something_else_is_no_calibration(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadInput, match="jevons calibrate edge"):
        load(tmp_path / "x.json")
