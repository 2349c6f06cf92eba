"""After the fact: hours and power are known, and the arithmetic is exact."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.errors import BadInput, Contradiction
from jevons.estimate import compare, recorded, training


def test_hours_times_power_is_energy():
    run = recorded(on="a100-80gb", device_hours=1_082_990, power="400 W", boundary="chip")
    assert run.total()[0] == pytest.approx(433_196)


def test_blooms_published_dynamic_carbon_is_its_hours_times_power_times_intensity():
    run = recorded(on="a100-80gb", device_hours=1_082_990, power=400, boundary="chip")
    here = jevons.site("France", intensity="57 g/kWh", pue=1.0)
    assert jevons.footprint(run, here).by("lifecycle")["operation"][0] == pytest.approx(24_690, rel=0.01)


def test_energy_that_holds_pue_gets_no_second_pue():
    bare = jevons.footprint(recorded(energy="100 kWh"), jevons.site("France", pue=1.5))
    held = jevons.footprint(recorded(energy="100 kWh", includes_pue=True), jevons.site("France", pue=1.5))
    assert bare.best("energy") == pytest.approx(150)
    assert held.best("energy") == pytest.approx(100)


def test_hours_and_power_that_contradict_the_energy_are_refused():
    with pytest.raises(Contradiction, match=r"hours × power is 24 kWh, -99.8% away"):
        recorded(on="v100", n=8, hours=10, power=300, energy="10 MWh")


def test_hours_that_contradict_device_hours_are_refused():
    with pytest.raises(Contradiction, match="hours × n is 80"):
        recorded(n=8, hours=10, device_hours=100, power=300)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"power": 300}, "power alone is no energy"), ({}, "give energy, or power with hours"),
     ({"energy": "ten kWh"}, "energy: 'ten kWh' will not do"), ({"energy": -1}, "energy: -1"),
     ({"energy": 1, "boundary": "rack"}, "boundary: 'rack' will not do; say what the meter saw"),
     ({"energy": 1, "start": "yesterday"}, "start: 'yesterday' will not do; give an ISO date")],
)  # fmt: skip
def test_too_little_or_impossible_input_is_refused(changes, words):
    with pytest.raises(BadInput, match=words):
        recorded(**changes)


def test_a_chip_meter_says_that_the_host_is_not_counted():
    assert any("host" in a.what for a in recorded(energy=1, boundary="chip").assumptions)


def test_an_estimate_is_set_beside_the_run():
    here = jevons.site("France", pue=1.1)
    guess = jevons.footprint(training("llama-2-7b", "2T", "a100", 512, year=2023), here)
    truth = jevons.footprint(recorded(on="a100", device_hours=184_320, power=450), here)
    energy = next(row for row in compare(guess, truth) if row.indicator == "energy")
    assert energy.ratio == pytest.approx(guess.best("energy") / truth.best("energy"))
    assert energy.inside
