"""Which year prices a row, and what a site refuses."""

from __future__ import annotations

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, MissingFactor
from jevons.world.site import year_of


def _run(start: str):
    return jevons.estimate.recorded(on="a100", n=8, hours=6, power="310 W", boundary="chip", start=start, draws=0)


def test_rows_of_different_years_are_priced_each_by_its_own():
    early, late, site = _run("2010-03-01"), _run("2023-03-01"), jevons.site("United Kingdom")
    apart = sum(jevons.footprint(run, at=site).best("climate") for run in (early, late))
    assert jevons.footprint(early + late, at=site).best("climate") == pytest.approx(apart, rel=1e-12)


@pytest.mark.parametrize("year", range(2012, 2027))
def test_the_first_hours_of_a_year_belong_to_it(year):
    run = _run(f"{year}-01-01")
    assert year_of((run.start_s, run.end_s)) == year


def test_water_in_the_world_at_large_is_weighted_as_where_electricity_is_made():
    footprint = jevons.footprint(_run("2023-03-01"), at=jevons.site("world"))
    litres = footprint.best("water_on_site") + footprint.best("water_off_site")
    assert 5 < footprint.best("water_scarcity") / litres < 40


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", 3), ("name", ["France"]), ("year", "2023"), ("year", 2023.5), ("series", 3), ("tower", "tall"),
     ("life", [3, 0]), ("utilisation", [0.5, 1.6]), ("pue", []), ("intensity", [])],
)  # fmt: skip
def test_what_a_site_cannot_use_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match="site" if field == "name" else field):
        jevons.site(**{"name": "France", field: value})


@pytest.mark.parametrize("choice", [{"pue": [1.1, 1.5]}, {"wue": [0.0, 2.0]}, {"intensity": [0.1, 0.7]}])
def test_scenarios_of_a_site_are_not_mistaken_for_rows(choice):
    """The run has two rows of electricity, as many as there are scenarios."""
    run, ((name, values),) = jevons.estimate.training("llama-2-7b", "1T", "a100", 64, draws=50), choice.items()
    several = jevons.footprint(run, at=jevons.site("France", **choice))
    for i, value in enumerate(values):
        one = jevons.footprint(run, at=jevons.site("France", **{name: value}))
        for indicator in ("energy", "climate", "water_on_site"):
            total = several.total(indicator)
            assert (total[i] if total.ndim > 1 else total) == pytest.approx(one.total(indicator))


def test_trials_may_be_scenarios_too():
    run = jevons.estimate.training("llama-2-7b", "1T", "a100", 64, draws=0)
    several = jevons.estimate.experimentation(run, [1.5, 2.0, 3.0, 4.0])
    assert several.total()[:, 0] / run.total()[0] == pytest.approx([0.5, 1.0, 2.0, 3.0])


def test_life_and_utilisation_may_be_scenarios():
    run = jevons.estimate.training("llama-2-7b", "1T", "a100", 64, draws=0)
    several = jevons.footprint(run, at=jevons.site("France", life=np.array([3.0, 6.0]), utilisation=[0.5, 0.5]))
    made = [jevons.footprint(run, at=jevons.site("France", life=y, utilisation=0.5)).by("lifecycle")["manufacture"][0] for y in (3, 6)]
    assert several.by("lifecycle")["manufacture"][:, 0] == pytest.approx(made)
    assert made[0] == pytest.approx(2 * made[1])


def test_a_wet_bulb_beside_a_stated_wue_is_refused():
    with pytest.raises(BadInput, match="wet_bulb"):
        jevons.site("France", wue=0.2, wet_bulb=15)


def test_the_mend_of_a_missing_factor_is_one_that_works():
    run, site, study = _run("2023-03-01"), jevons.site("France"), jevons.Study(grid="marginal", scope="direct")
    with pytest.raises(MissingFactor, match="ask for scope direct"):
        jevons.footprint(run, at=site, study=jevons.Study(grid="marginal"))
    with pytest.raises(MissingFactor, match="climate"):
        jevons.footprint(run, at=site, study=study)
    cut = jevons.footprint(run, at=site, study=study.with_(cutoffs=(*study.cutoffs, "electricity/climate")))
    assert "climate" not in cut.indicators or "electricity" not in cut.by("flow", "climate")


@pytest.mark.parametrize(("name", "state"), [("Iowa", "US-IA"), ("us-tx", "US-TX"), ("Georgia, US", "US-GA"), ("new york", "US-NY")])
def test_a_us_state_is_a_place(name, state):
    assert jevons.site(name).location.chain[0] == ("state", state)


def test_a_country_goes_before_a_state_of_its_name():
    assert jevons.site("Georgia").location.country == "GEO"


def test_strict_refuses_to_price_nowhere_in_particular():
    with pytest.raises(BadInput, match="strict refuses the mean of the world"):
        jevons.site(strict=True)
    assert jevons.site("world", strict=True).location.country == ""


def test_the_mean_of_the_world_says_which_years_it_is_of():
    run = jevons.estimate.recorded(energy="1 MWh", draws=0)
    notes = [str(a) for a in jevons.footprint(run, at=jevons.site("world")).inventory.assumptions]
    assert any("intensity of the world" in note and "to 20" in note for note in notes)


@pytest.mark.parametrize(("scope", "mend"), [("lifecycle", "ask for scope direct too"), ("direct", "jevons-share-alike")])
def test_a_marginal_grid_that_cannot_be_had_says_how_it_could(scope, mend):
    study = jevons.Study(grid="marginal", scope=scope, indicators=("climate",))
    with pytest.raises(MissingFactor, match=mend):
        jevons.footprint(jevons.estimate.recorded(energy="1 MWh", draws=0), at="France", study=study)
