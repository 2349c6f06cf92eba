"""The mining study's tests, corrected for asking often."""

from __future__ import annotations

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.account.cards import mined
from jevons.account.cards.statistics import holm, statistics
from jevons.core.errors import MissingExtra

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def clean(shared):
    return {t.what: t for t in statistics([mined.read(shared / "data/hf_carbon/hf_clean_48.csv")])}


@pytest.mark.parametrize(
    ("what", "statistic", "p", "n"),
    [("size of the data", 0.56043, 4.19e-5, 47), ("size of the model", 0.5615, 3.29e-5, 48),
     ("training type: pretraining and fine-tuning", 333, 0.0292, 44)],
)  # fmt: skip
def test_the_48_curated_models_give_the_studys_statistics(clean, what, statistic, p, n):
    assert clean[what].statistic == pytest.approx(statistic, rel=1e-4)
    assert clean[what].p == pytest.approx(p, rel=2e-3)
    assert clean[what].n == n


def test_after_correction_sizes_remain_and_the_kind_of_training_does_not(clean):
    assert clean["size of the data"].remains
    assert clean["size of the model"].remains
    assert not clean["training type: pretraining and fine-tuning"].remains


def test_computer_vision_emits_less_than_language(shared):
    found = statistics([mined.read(shared / "data/hf_carbon/hf_co2_models.csv")])
    (domain,) = [t for t in found if t.what.startswith("domain")]
    assert domain.remains
    assert domain.medians_g["Computer Vision"] == pytest.approx(1.18, abs=0.01)
    assert domain.medians_g["Computer Vision"] < domain.medians_g["NLP"]
    assert not any(t.remains for t in found if t.what in ("accuracy", "f1", "rouge1", "rougeL"))


def test_holms_correction_of_a_known_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(P)
def test_a_corrected_p_is_no_smaller_no_larger_than_bonferronis_and_keeps_the_order(p):
    found = holm(p)
    assert all(x <= y <= min(1, len(p) * x) + 1e-12 for x, y in zip(p, found, strict=True))
    ranked = [y for _, y in sorted(zip(p, found, strict=True))]
    assert ranked == sorted(ranked)


def test_a_table_too_small_asks_nothing():
    assert statistics([mined.read([{"modelId": "a", "co2_eq_emissions": "1", "size": "2"}])]) == []


def test_without_scipy_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"jevons\[stats\]"):
        statistics([mined.read([{"modelId": "a", "co2_eq_emissions": "1"}])])
