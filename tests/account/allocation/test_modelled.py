"""Hours without a meter: modelled once, never where a meter stands, and never priced while nothing is known of them."""

from __future__ import annotations

import pytest

from jevons.account import modelled
from jevons.account.allocation.modelled import unpriced
from jevons.core.activity import Activity
from jevons.core.errors import BadInput

HOUR = {"start_s": 0.0, "end_s": 3600.0, "amount": 2.0, "run": "r", "method": "declared"}


def hours(kind, **more):
    return {**HOUR, "flow": f"device_hours/{kind}", **more}


def kwh(activity):
    return float(activity.total()[0])


def test_an_accelerators_hours_take_the_tables_power_at_the_usual_load():
    found = modelled(Activity.of([hours("nvidia-a100-sxm4-80gb")]))
    assert kwh(found) == pytest.approx(2 * 0.4 * 0.85)
    assert found.total()[1:].std() > 0
    assert float(found.total("device_hours")[0]) == 2.0
    assert any("mean power of a training accelerator" in a.what for a in found.assumptions)


def test_a_power_or_a_load_that_is_given_stands():
    assert kwh(modelled(Activity.of([hours("nvidia-a100-sxm4-80gb")]), {"nvidia-a100-sxm4-80gb": "250 W"})) == pytest.approx(0.5)
    assert kwh(modelled(Activity.of([hours("nvidia-a100-sxm4-80gb")]), load=0.5)) == pytest.approx(0.4)


def test_core_hours_are_green_algorithms_equation_and_leave_no_hours():
    found = modelled(Activity.of([hours("core", memory_gb="64")]), {"core": 10})
    assert kwh(found) == pytest.approx(0.02)
    named = modelled(Activity.of([hours("core", memory_gb="64")]), cpu="epyc 7763")
    assert kwh(named) == pytest.approx((2 * 280 / 64 + 64 * 0.3725) / 1000, rel=1e-6)
    assert float(named.total("device_hours")[0]) == 0.0


def test_a_run_that_has_a_meter_is_not_modelled_again():
    metered = {**HOUR, "flow": "electricity", "amount": 5.0}
    found = modelled(Activity.of([metered, hours("nvidia-t4"), hours("nvidia-t4", run="other")]))
    assert kwh(found) == pytest.approx(5.0 + 2 * 0.07 * 0.85)


def test_a_device_nobody_knows_keeps_its_hours_and_is_told_apart():
    found = modelled(Activity.of([hours("gpu"), hours("instance:c5.xlarge"), hours("nvidia-t4")]))
    priced, left = unpriced(found)
    assert left == {"gpu": 2.0, "instance:c5.xlarge": 2.0}
    assert set(priced.text["flow"]) == {"device_hours/nvidia-t4", "electricity"}


def test_nothing_known_changes_nothing():
    activity = Activity.of([hours("gpu")])
    assert modelled(activity) is activity
    assert modelled(Activity.of([{"amount": 1.0}])).total()[0] == 1.0


@pytest.mark.parametrize("power", [{"gpu": "3 kWh"}, {"gpu": -3}, {"gpu": "hot"}])
def test_a_power_that_is_none_is_refused(power):
    with pytest.raises(BadInput, match="gpu"):
        modelled(Activity.of([hours("gpu")]), power)
