from itertools import pairwise

import pytest

from jevons.core.errors import BadInput, DoesNotFit
from jevons.estimate.frontier import frontier
from jevons.estimate.serving import latency, serving

CHAT = {"input_tokens": 500, "output_tokens": 300}


def test_a_larger_batch_saves_energy_and_makes_users_wait():
    points = frontier("llama-3.1-8b", "h100", 1, **CHAT)
    for a, b in pairwise(points):
        assert b.energy_per_output_token_j < a.energy_per_output_token_j
        assert b.per_token_s > a.per_token_s
        assert a.low_j < a.energy_per_output_token_j < a.high_j


def test_a_point_is_what_serving_and_latency_say():
    (point,) = frontier("llama-3.1-8b", "h100", 1, batches=[16], **CHAT)
    alone = serving("llama-3.1-8b", "h100", 1, batch=16, **CHAT).where(component="accelerator").total()[0] * 3.6e6
    assert point.energy_per_output_token_j == pytest.approx(alone / 300)
    assert point.tokens_per_s == latency("llama-3.1-8b", "h100", 1, batch=16, **CHAT).tokens_per_s


def test_batches_beyond_memory_are_left_out_and_none_at_all_is_refused():
    sizes = {"input_tokens": 8000, "output_tokens": 500}
    assert [p.batch for p in frontier("llama-3.1-8b", "h100", 1, batches=[1, 8, 5000], **sizes)] == [1, 8]
    with pytest.raises(DoesNotFit):
        frontier("llama-3.1-8b", "h100", 1, batches=[5000], **sizes)


@pytest.mark.parametrize("asked", [{"batches": []}, {"batch": 8}, {"request_rate": 8}])
def test_what_the_frontier_goes_over_is_not_given(asked):
    with pytest.raises(BadInput):
        frontier("llama-3.1-8b", "h100", 1, **asked, **CHAT)
