import numpy as np
import pytest

from jevons.core.errors import BadInput
from jevons.estimate.board import fit as edge_fit
from jevons.estimate.board import law as edge_law
from jevons.estimate.board.boards import edge_board, law_of
from jevons.estimate.board.fit import Runs
from jevons.estimate.board.interval import REGIMES, factors, quantiles
from jevons.estimate.board.law import PARTS, Shape
from jevons.world import models

TRUE = np.array([0.8, 0.4, 3.0, 2.0, 0.5, 0.3, 0.2, 0.03, 0.02, 0.01])
SMALL, LARGE = Shape(24.0, 0.3, 0.45, 1024.0, 1024.0), Shape(22.0, 1.5, 1.7, 2048.0, 512.0)


def shape_of(name):
    return Shape.of(models.find(name).architecture)


def runs(count=400, seed=3, noise=0.0):
    rng = np.random.default_rng(seed)
    large, full = rng.random(count) < 0.5, rng.random(count) < 0.6
    pick = [np.where(large, getattr(LARGE, f), getattr(SMALL, f)) for f in ("layers", "params_b", "weights_b", "query", "key_value")]
    tokens = rng.integers(210, 1000, count).astype(float)
    later = np.where(full, rng.integers(1, 400, count), 0.0)
    made = Runs(Shape(*pick), tokens, later, np.zeros(count, int), np.ones(count), np.ones(count))
    theta = edge_fit.theta_of(TRUE, np.ones(2), [])
    return made.of(np.exp(edge_fit.log_cost(theta, made) + noise * rng.standard_normal(count)))


def test_the_reference_model_costs_what_the_coefficients_say():
    reference = Shape(24.0, 1.0, 1.0, 2048.0, 1024.0)
    assert edge_law.prefill_features(reference, 512) == pytest.approx(np.ones(5))
    assert edge_law.decode_features(reference, 512 - 5, 10) == pytest.approx(np.full(5, 10.0))


def test_a_prompt_costs_the_greater_of_launching_and_work_when_they_are_far_apart():
    parts = edge_law.prefill_features(LARGE, 512)
    launch_bound, work_bound = np.array([9.0, 0, 0.01, 0, 0, *[0] * 5]), np.array([0.01, 0, 9.0, 0, 0, *[0] * 5])
    assert edge_law.prefill(parts, launch_bound) == pytest.approx(9.0 * 22 / 24, rel=1e-4)
    assert edge_law.prefill(parts, work_bound) == pytest.approx(9.0 * 1.5, rel=1e-4)


def test_short_prompts_run_at_their_own_pace():
    paces = np.array([0.5, 0.8])
    assert list(edge_law.pace([60, 100, 101, 200, 201], paces)) == [0.5, 0.5, 0.8, 0.8, 1.0]


def test_tokens_of_an_answer_cost_more_in_a_longer_context():
    short, long = (float(edge_law.decode(edge_law.decode_features(LARGE, n, 50), TRUE)) for n in (100, 4000))
    assert long > 1.2 * short


def test_a_sliding_window_caps_the_context_that_costs():
    windowed = Shape(24.0, 1.0, 1.0, 2048.0, 1024.0, window=1000.0, windowed=1.0)
    assert windowed.seen(8000) == 1000
    assert edge_law.decode_features(windowed, 8000, 1)[2] == edge_law.decode_features(windowed, 3000, 1)[2]


def test_fewer_bits_move_the_weights_alone():
    whole, half = (edge_law.decode_features(LARGE, 300, 10, ratio) for ratio in (1.0, 0.5))
    assert half[1] == pytest.approx(whole[1] / 2)
    assert np.delete(half, 1, 0) == pytest.approx(np.delete(whole, 1, 0))


def test_the_shape_of_a_tied_model_counts_its_head_among_the_weights_read():
    qwen = shape_of("qwen1.5-0.5b")
    assert qwen.params_b == pytest.approx(0.308, rel=0.01)
    assert qwen.weights_b - qwen.params_b == pytest.approx(151936 * 1024 / 1e9)


def test_an_encoder_has_no_such_law():
    with pytest.raises(BadInput, match="decode token by token"):
        shape_of("bert-large")


def test_the_fit_recovers_the_law_that_made_the_runs():
    made = runs()
    theta = edge_fit.fit(made)
    assert np.abs(np.expm1(edge_fit.log_cost(theta, made) - np.log(made.observed))).mean() < 0.01


def test_the_fit_is_not_moved_by_a_tenth_of_wild_readings():
    made = runs(noise=0.02)
    wild = made.of(np.where(np.arange(len(made)) % 10 == 0, made.observed * 8, made.observed))
    theta = edge_fit.fit(wild)
    kept = np.arange(len(made)) % 10 != 0
    assert np.median(np.abs(edge_fit.log_cost(theta, made) - np.log(made.observed))[kept]) < 0.03


def test_one_model_alone_splits_a_token_evenly_between_launching_and_reading_at_the_reference():
    made = runs()
    one = made.take(np.asarray(made.shape.layers) == 24)
    costs = np.exp(edge_fit.fit(one)[: len(PARTS)])
    assert costs[PARTS.index("decode_layer")] == pytest.approx(costs[PARTS.index("decode_weight")], rel=0.15)


def test_prompts_counted_in_another_unit_are_found_by_the_fit():
    made = runs(600)
    other = (np.arange(600) % 2).astype(int)
    theta = edge_fit.fit(Runs(made.shape, made.tokens / np.where(other, 1.3, 1.0), made.later, other, made.observed, made.weight), 2)
    assert np.exp(theta[edge_fit.KNOWN]) == pytest.approx(1.3, rel=0.03)


def test_a_regime_with_few_rows_takes_the_interval_of_the_next_longer_one():
    rng = np.random.default_rng(0)
    residual = np.concatenate([rng.normal(0, 0.3, 200), rng.normal(0, 0.02, 200)])
    table = quantiles(residual, np.concatenate([np.full(200, 5), np.full(200, 500)]))
    assert table["prefill"] == table["up to 8 tokens"]
    assert table["longer"][1] < 0.1 < table["up to 8 tokens"][1]


def test_factors_follow_the_regime_of_each_run():
    table = {name: (-0.1 * i, 0.1 * i) for i, name in enumerate(REGIMES, start=1)}
    low, high = factors([0, 4, 20, 100, 1000], table)
    assert np.log(high) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert np.log(low) == pytest.approx([-0.1, -0.2, -0.3, -0.4, -0.5])


@pytest.mark.parametrize("name", ["jetson-orin", "rockchip-rk3588"])
def test_a_fitted_board_knows_a_model_it_was_fitted_on_better_than_another(name):
    board = edge_board(name)[0]
    known, new = law_of(board, known=True), law_of(board)
    assert (known.tier, new.tier) == ("calibrated", "family")
    assert known.residuals["longer"][1] < new.residuals["longer"][1]


def test_a_kindred_module_borrows_the_law_and_says_so():
    law = law_of(edge_board("jetson-orin-nx-16gb")[0])
    assert law.tier == "guess"
    assert "kindred silicon" in str(law.assumptions[0])


def test_a_board_known_from_one_measurement_gives_that_measurement_back():
    board = edge_board("raspberry-pi-5-8gb")[0]
    law, a = law_of(board), board.anchor
    shape = Shape(a["layers"], a["params_b"], a["params_b"], 0.0, 0.0)
    seconds = edge_law.decode(edge_law.decode_features(shape, 1, 1, a["bits"] / board.bits), edge_law.vector(law.time_s)[0])
    assert float(seconds) == pytest.approx(1 / a["tokens_s"])
    assert law.tier == "physics"


def test_a_board_that_nobody_measured_asks_to_be_calibrated():
    with pytest.raises(BadInput, match="jevons calibrate edge"):
        law_of(edge_board("qualcomm-snapdragon-x-elite")[0])
