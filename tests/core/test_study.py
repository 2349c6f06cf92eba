"""A study is a question; two different questions have no common answer."""

from __future__ import annotations

import pytest

from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.study import IMPACT_METHODS, INDICATORS, Study


@pytest.mark.parametrize(
    ("field", "word", "choices"),
    [("accounting", "loc", "location, market"), ("grid", "mean", "average, marginal"),
     ("scope", "wide", "lifecycle, direct"), ("perspective", "my", "attributional, consequential")],
)  # fmt: skip
def test_a_choice_nobody_offers_is_refused_with_those_on_offer(field, word, choices):
    with pytest.raises(BadInput, match=rf"study\.{field}: '{word}' will not do; choose one of {choices}"):
        Study(**{field: word})


def test_an_unknown_indicator_is_refused_with_those_that_exist():
    with pytest.raises(BadInput, match=r"study\.indicators: 'carbon' will not do; choose among energy, climate"):
        Study(indicators=("carbon",))


def test_one_word_is_not_a_tuple_of_indicators():
    with pytest.raises(BadInput, match=r"study\.indicators: 'climate' will not do; give a tuple of names"):
        Study(indicators="climate")


def test_an_indicator_named_twice_counts_once():
    assert Study(indicators=["climate", "cost", "climate"]).indicators == ("climate", "cost")


def test_equal_questions_may_be_compared():
    assert Study(indicators=["climate"]).require_same(Study(indicators=("climate",))) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("accounting", "market"), ("grid", "marginal"), ("scope", "direct"), ("perspective", "consequential"),
     ("functional_unit", "1k tokens"), ("reference_year", 2020), ("allocation", "energy"), ("cutoffs", ()),
     ("impact_method", "GWP100 AR5"), ("indicators", ("climate",))],
)  # fmt: skip
def test_different_questions_refuse_and_name_the_field(field, value):
    with pytest.raises(StudyMismatch, match=rf"\({field}: .* against .*\); assess both activities again"):
        Study().require_same(Study().with_(**{field: value}))


def test_the_kind_is_the_identity_of_the_grid_factors():
    assert Study(accounting="market", grid="marginal", scope="direct").kind == ("market", "marginal", "direct")


def test_every_indicator_has_a_unit_and_says_what_it_is():
    assert all(unit and meaning for unit, meaning in INDICATORS.values())


@pytest.mark.parametrize("word", ["GWP20", "GWP100", "AR6", "anything", "", "GWP100 AR6; AWARE 2.0"])
def test_a_word_that_is_no_impact_method_is_refused_with_those_that_are(word):
    with pytest.raises(BadInput, match=r"study\.impact_method: .* will not do; choose among GWP100 AR4, .*AWARE 2.0"):
        Study(impact_method=word)


def test_an_indicator_has_one_impact_method():
    with pytest.raises(BadInput, match="one for each indicator"):
        Study(impact_method="GWP100 AR6, GWP20 AR6")
    named = Study(impact_method="GWP20 AR6, ADPe")
    assert [named.method_of(i) for i in ("climate", "abiotic_depletion", "water_scarcity")] == ["GWP20 AR6", "ADPe", ""]


def test_a_record_whose_method_was_never_checked_still_loads_and_says_so():
    kept = Study.kept({"impact_method": "GWP-20 (own)", "indicators": ["climate"]})
    assert kept.impact_method == "unchecked: GWP-20 (own)"
    assert Study.kept({"impact_method": kept.impact_method, "indicators": ["climate"]}) == kept
    with pytest.raises(StudyMismatch, match="impact_method: 'unchecked: GWP-20"):
        kept.require_same(Study(indicators=("climate",)))
    assert Study.kept({"cutoffs": ["building"]}) == Study(cutoffs=("building",))


def test_an_impact_method_characterises_an_indicator_that_exists():
    assert set(IMPACT_METHODS.values()) <= set(INDICATORS)


@pytest.mark.parametrize(
    ("cutoff", "left_out"),
    [("climate", True), ("electricity", True), ("electricity/overhead", True), ("training", True), ("gpu", True),
     ("gpu/climate", True), ("electricity/overhead/climate", True), ("cost", False), ("gpu/cost", False), ("train", False),
     ("electricity/other", False)],
)  # fmt: skip
def test_a_cut_off_names_an_indicator_a_flow_a_stage_or_a_component(cutoff, left_out):
    found = Study(cutoffs=("building", cutoff)).cutoff_of("climate", "electricity/overhead", "training", "gpu")
    assert found == (cutoff if left_out else "")
