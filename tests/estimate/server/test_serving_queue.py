import numpy as np
import pytest

from jevons.core.errors import BadInput
from jevons.estimate.server.queue import largest_within, occupancy


def test_one_in_service_at_a_time_is_the_queue_of_the_textbook():
    found = occupancy(0.5, np.array([1.0]))
    assert found.idle == pytest.approx(0.5)
    assert found.wait_s == pytest.approx(0.5 / (1 - 0.5))


def test_servers_that_never_slow_each_other_hold_a_poisson_number():
    found = occupancy(2.0, np.arange(1.0, 60.0))
    assert found.idle == pytest.approx(np.exp(-2.0))
    assert found.busy[0] == pytest.approx(2.0 * np.exp(-2.0))
    assert found.wait_s == pytest.approx(0.0, abs=1e-12)


def test_shares_of_time_add_up_and_what_comes_in_goes_out():
    finishing = np.arange(1.0, 33.0) / (1 + 0.05 * np.arange(32))
    found = occupancy(8.0, finishing)
    assert found.idle + found.busy.sum() == pytest.approx(1.0)
    assert (found.busy * finishing).sum() == pytest.approx(8.0)


def test_the_batch_grows_with_the_rate():
    finishing = np.arange(1.0, 65.0) / (1 + 0.02 * np.arange(64))
    batches = [occupancy(rate, finishing).mean_batch for rate in (1.0, 5.0, 20.0)]
    assert batches == sorted(batches)


def test_a_rate_beyond_the_cap_is_refused_with_the_most_that_keeps_up():
    with pytest.raises(BadInput, match="at most 4 a second"):
        occupancy(5.0, np.array([2.0, 4.0]))


def test_a_limit_on_token_time_picks_the_largest_batch_within():
    assert largest_within(np.array([0.01, 0.02, 0.03]), 0.025) == 2
    with pytest.raises(BadInput, match=r"0\.01 s a token"):
        largest_within(np.array([0.01, 0.02]), 0.005)
