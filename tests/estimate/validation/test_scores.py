import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import BadInput
from jevons.estimate.validation import scores

OBSERVED = [100.0, 200.0, 400.0]
PREDICTED = [110.0, 100.0, 1200.0]


def test_errors_are_fractions_of_what_was_observed():
    assert scores.ape(OBSERVED, PREDICTED) == pytest.approx([0.1, 0.5, 2.0])
    assert scores.mape(OBSERVED, PREDICTED) == pytest.approx(2.6 / 3)
    assert scores.median_ape(OBSERVED, PREDICTED) == pytest.approx(0.5)


def test_bias_is_zero_where_one_is_twice_too_high_and_one_twice_too_low():
    assert scores.bias([1.0, 1.0], [2.0, 0.5]) == pytest.approx(0.0)
    assert scores.bias([1.0, 1.0], [0.5, 0.5]) == pytest.approx(-0.5)


def test_exactly_twice_counts_as_within_a_factor_of_two():
    assert scores.within_factor(OBSERVED, PREDICTED) == pytest.approx(2 / 3)


def test_coverage_counts_the_ends_of_the_interval_as_inside():
    assert scores.coverage([1.0, 2.0, 3.0], [1.0, 2.5, 1.0], [1.5, 4.0, 3.0]) == pytest.approx(2 / 3)


def test_width_is_the_median_ratio_of_the_ends():
    assert scores.width([1.0, 1.0, 1.0], [2.0, 3.0, 9.0]) == pytest.approx(3.0)


def test_a_miss_is_charged_ten_times_its_distance_at_80_percent():
    inside = scores.interval_score([1.0], [np.exp(-1.0)], [np.exp(1.0)])
    missed = scores.interval_score([np.exp(1.5)], [np.exp(-1.0)], [np.exp(1.0)])
    assert inside == pytest.approx(2.0)
    assert missed == pytest.approx(2.0 + 10 * 0.5)


def test_the_bootstrap_draws_families_and_not_rows():
    errors = [0.1] * 50 + [0.5]
    low, high = scores.clustered_bootstrap(errors, ["a"] * 50 + ["b"])
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.5)


def test_the_bootstrap_of_another_statistic_agrees_with_the_mean_where_it_is_the_mean():
    errors, families = [0.1, 0.2, 0.4, 0.3], ["a", "a", "b", "c"]
    plain = scores.clustered_bootstrap(errors, families, seed=3)
    assert scores.clustered_bootstrap(errors, families, seed=3, statistic=np.mean) == pytest.approx(plain)


def test_one_family_gives_no_interval():
    assert all(np.isnan(scores.clustered_bootstrap([0.1, 0.2], ["a", "a"])))


def test_a_win_is_a_paired_difference_wholly_below_zero():
    families = list("abcdef")
    assert scores.paired_difference([0.1] * 6, [0.3, 0.2, 0.4, 0.3, 0.2, 0.3], families)["wins"]
    assert not scores.paired_difference([0.1] * 6, [0.3, 0.0, 0.4, 0.0, 0.0, 0.0], families)["wins"]


def test_a_score_has_the_keys_that_validate_prints_and_is_valid_json():
    result = scores.score(OBSERVED, PREDICTED, [50.0, 60.0, 300.0], [150.0, 150.0, 2000.0], ["a"] * 3, "unseen").to_dict()
    assert list(result) == [
        "n", "families", "mape", "mape_90", "median_ape", "bias", "within_2x", "coverage_80", "width_80",
        "interval_score", "fit",
    ]  # fmt: skip
    assert result["mape_90"] == [None, None]
    json.dumps(result, allow_nan=False)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(BadInput, match="equally long"):
        scores.mape([1.0, 2.0], [1.0])


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_value_that_is_no_positive_number_is_refused_with_its_row(bad):
    with pytest.raises(BadInput, match="row 1"):
        scores.mape([1.0, bad], [1.0, 1.0])


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20), st.floats(0.1, 10))
def test_scores_do_not_depend_on_the_unit(observed, unit):
    observed = np.array(observed)
    predicted = observed * 1.3
    assert scores.mape(observed * unit, predicted * unit) == pytest.approx(scores.mape(observed, predicted))
