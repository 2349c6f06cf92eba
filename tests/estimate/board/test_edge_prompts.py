"""Lengths of prompts that spread, on a board: the mean of the law, not the law at the mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.core.errors import BadInput, Contradiction
from jevons.core.units import JOULES_PER_KWH
from jevons.estimate.edge import edge

BOARDS = ("rk3588", "jetson-orin", "raspberry-pi-5-16gb")
pairs = st.lists(st.tuples(st.integers(1, 1500), st.integers(1, 900)), min_size=1, max_size=6)


def cost(on="rk3588", model="qwen2.5-1.5b", **asked):
    return edge(model, on, **{"draws": 0, **asked})


def joules(activity, **where):
    return float(activity.where(flow="electricity", **where).total()[0]) * JOULES_PER_KWH


@settings(max_examples=25)
@given(st.sampled_from(BOARDS), pairs)
def test_a_sample_costs_the_mean_of_what_its_prompts_cost_alone(board, asked):
    together = joules(cost(board, lengths=asked))
    alone = np.mean([joules(cost(board, input_tokens=i, output_tokens=o)) for i, o in asked])
    assert together == pytest.approx(alone)


@settings(max_examples=15)
@given(pairs)
def test_the_interval_of_a_sample_is_the_mean_of_its_prompts_draws(asked):
    together = cost(lengths=asked, draws=50).where(flow="electricity").total()
    alone = np.mean([cost(input_tokens=i, output_tokens=o, draws=50).where(flow="electricity").total() for i, o in asked], axis=0)
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("board", BOARDS)
def test_prompts_that_spread_cost_more_than_their_mean_does(board):
    spread = joules(cost(board, input_tokens="800 sd 800", output_tokens="400 sd 400"))
    mean = joules(cost(board, input_tokens=800, output_tokens=400))
    assert spread > mean


def test_the_mean_length_alone_would_be_more_than_five_percent_low_on_a_board_whose_cache_is_dear():
    same = joules(cost(input_tokens=400, output_tokens=400))
    spread = joules(cost(lengths=[(40, 40), (760, 760)]))
    assert spread > 1.05 * same


def test_what_moves_and_what_waits_is_counted_once_for_all_kinds_of_prompt():
    asked = {"moved_gb": 0.001, "radio": True, "session_hours": 20, "requests": 10}
    asked["on"] = "raspberry-pi-5-16gb"
    one = cost(input_tokens=500, output_tokens=300, **asked)
    many = cost(lengths=[(500, 300)] * 3, **asked)
    for stage in ("transfer", "idle"):
        assert joules(many, stage=stage) == pytest.approx(joules(one, stage=stage))
    for unit, amount in one.served.items():
        assert float(np.squeeze(many.served[unit])) == pytest.approx(float(np.squeeze(amount)))


def test_half_a_million_prompts_fit_in_memory():
    many = np.full((500_000, 2), (300.0, 100.0))
    many[::2] = (900.0, 500.0)
    found = cost(lengths=many, draws=1000)
    assert joules(found) == pytest.approx(joules(cost(lengths=many[:2])))


def test_the_lengths_are_told_among_the_assumptions():
    (note,) = [a for a in cost(input_tokens="500 sd 400", output_tokens=300).assumptions if a.what == "lengths of requests"]
    assert "input_tokens: mean 500" in note.value


def test_tokens_said_to_be_cached_are_read_anew_and_that_is_told():
    asked = {"input_tokens": [500, 600], "output_tokens": [50, 60], "cached_tokens": [100, 0]}
    found = cost(lengths=asked)
    assert any(a.what == "cached tokens" for a in found.assumptions)
    del asked["cached_tokens"]
    assert joules(found) == pytest.approx(joules(cost(lengths=asked)))


@pytest.mark.parametrize(("asked", "words"), [
    ({"input_tokens": "about 500", "output_tokens": 3}, "500 sd 400"),
    ({"output_tokens": 3}, "input_tokens"),
    ({"input_tokens": 3}, "output_tokens"),
    ({"input_tokens": 5, "lengths": [(3, 4)]}, "leave it out"),
    ({"lengths": [(3, 0)]}, "at least 1 token"),
    ({"lengths": [(0, 3)]}, "at least 1 token"),
    ({"lengths": "nowhere.csv"}, "exists"),
    ({"input_tokens": "60k sd 60k", "output_tokens": 300}, "made for at most"),
])  # fmt: skip
def test_lengths_that_cannot_be_are_refused(asked, words):
    with pytest.raises((BadInput, Contradiction), match=words):
        cost(**asked)
