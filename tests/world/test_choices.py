"""Choices are shown side by side, never drawn."""

from __future__ import annotations

import jevons
from jevons.estimate import training
from jevons.world.choices import tornado


def run():
    return training("bloom-176b", "366B", "a100-80gb", 384)


def test_a_longer_life_carries_less_of_the_making():
    rows = {(c.what, c.option): c for c in tornado(run(), jevons.site("France"))}
    assert rows["years a device serves", "6 years"].difference < 0 < rows["years a device serves", "3 years"].difference


def test_the_widest_choice_comes_first():
    differences = [abs(c.difference) for c in tornado(run(), jevons.site("Poland"))]
    assert differences == sorted(differences, reverse=True)


def test_a_choice_without_factors_is_left_out_rather_than_guessed():
    rows = tornado(run(), jevons.site("France", intensity="57 g/kWh"))
    assert not any(c.what == "scope of the grid" for c in rows)


def test_market_based_accounting_is_a_choice_where_a_contract_is_given():
    rows = tornado(run(), jevons.site("Poland", market_intensity=0.0))
    market = next(c for c in rows if c.what == "accounting")
    assert market.share < -0.5


def test_a_choice_moves_the_best_estimate_as_a_whole_assessment_would():
    here = jevons.site("France", life=6)
    choice = next(c for c in tornado(run(), jevons.site("France")) if c.option == "6 years")
    assert abs(choice.value - jevons.footprint(run(), here, draws=0).best()) < 1e-6
