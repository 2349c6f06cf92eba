"""What many rows share is unfolded after they are summed: the same figures, whatever the number of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.core.activity import SPREAD_BY, Activity, joined
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.report.inventory import exchanges
from jevons.world import facility

PUE, WUE = Uncertain(1.1, 1.3, 1.6, "PUE of here"), Uncertain.lognormal(0.9, 1.6, "WUE of here")
rows = st.lists(
    st.fixed_dictionaries({"amount": st.just(0.0) | st.floats(1e-6, 1e6), "boundary": st.sampled_from(["chip", "server", "facility"]),
                           "flow": st.sampled_from(["electricity", "device_hours"]), "stage": st.sampled_from(["a", "b"])}),
    min_size=1, max_size=8,
)  # fmt: skip


def supplied(activity: Activity, n: int = 50) -> tuple[Activity, Activity]:
    draws = Draws(n)
    return facility.overhead(activity, PUE, draws), facility.cooling_water(activity, PUE, WUE, draws)


@given(rows)
def test_sharing_changes_no_figure(given_rows):
    plain = Activity.of(given_rows)
    unfolded = plain * np.ones(51)  # draws of their own: nothing is shared
    for shared, apart in zip(supplied(plain), supplied(unfolded), strict=True):
        assert SPREAD_BY not in apart.text
        for flow in ("electricity", "water"):
            assert np.allclose(*np.broadcast_arrays(shared.total(flow), apart.total(flow)))
            ours, theirs = shared.by("stage", flow), apart.by("stage", flow)
            assert ours.keys() == theirs.keys()
            assert all(np.allclose(*np.broadcast_arrays(ours[w], theirs[w])) for w in ours)


@given(rows)
def test_a_footprint_of_plain_rows_is_that_of_rows_with_draws(given_rows):
    site = jevons.site("France", pue=PUE, wue=WUE)
    plain = Activity.of(given_rows).where(flow="electricity")
    one, other = jevons.footprint(plain, site, draws=50), jevons.footprint(plain * np.ones(51), site, draws=50)
    assert one.indicators == other.indicators
    for indicator in one.indicators:
        assert np.allclose(one.total(indicator), other.total(indicator))
        assert one.drivers(indicator) == pytest.approx(other.drivers(indicator), abs=1e-9)
        assert one.explain(indicator).recomputed == pytest.approx(one.best(indicator))


def test_rows_that_share_hold_no_draws_of_their_own():
    inventory = jevons.footprint(Activity.of([{"amount": 1.0}] * 500), "France").inventory
    assert inventory.amount.shape == (1500, 1)
    assert inventory.total("water").shape == (1001,)


def test_sites_of_other_overheads_do_not_share():
    at = {"a": jevons.site("France", pue=Uncertain(1.1, 1.2, 1.3, "p")), "b": jevons.site("France", pue=Uncertain(1.5, 2.0, 2.5, "q"))}
    both = Activity.of([{"amount": 1.0, "site": "a"}, {"amount": 1.0, "site": "b"}])
    whole = jevons.footprint(both, at, Study(indicators=("energy",)))
    apart = [jevons.footprint(both.where(site=s), at, Study(indicators=("energy",))) for s in at]
    assert np.allclose(whole.total("energy"), apart[0].total("energy") + apart[1].total("energy"))
    assert len(whole.inventory.spreads) >= 2


def test_scenarios_and_stated_numbers_share_nothing_and_count_the_same():
    one = Activity.of([{"amount": 2.0}])
    several = jevons.footprint(one, jevons.site("France", pue=[1.1, 1.5], wue=1.0))
    assert several.best("energy").tolist() == pytest.approx([2.2, 3.0])
    assert several.best("water_on_site").tolist() == pytest.approx([2.0, 2.0])
    assert jevons.footprint(one, jevons.site("France", pue=1.0, wue=0.0)).best("energy") == 2.0


def test_what_is_shared_survives_sums_cuts_multiples_and_the_inventory():
    overhead = supplied(Activity.of([{"amount": 3.0, "start_s": 0.0, "end_s": 7200.0}]))[0]
    whole = overhead.total()
    assert np.allclose(joined([overhead, overhead]).total(), 2 * whole)
    assert np.allclose(overhead.resample([3600.0]).total(), whole)
    assert np.allclose((overhead * 3).total(), 3 * whole)
    footprint = jevons.footprint(Activity.of([{"amount": 3.0}]), jevons.site("France", pue=PUE, wue=WUE))
    spread = {e.component: e.uncertainty for e in exchanges(footprint)}
    assert "scale" in spread["facility overhead"]
    assert "scale" in spread["cooling"]


@pytest.mark.parametrize("cutoff", ["a", "a/climate", "facility overhead", "water", "electricity/cost"])
def test_what_is_cut_off_of_rows_that_share_is_still_all_with_what_counts(cutoff):
    run = Activity.of([{"amount": 1.0, "stage": "a"}, {"amount": 2.0, "stage": "b", "boundary": "facility"}])
    site, study = jevons.site("France", pue=PUE, wue=WUE), Study(cutoffs=())
    whole, cut = jevons.footprint(run, site, study), jevons.footprint(run, site, study.with_(cutoffs=(cutoff,)))
    for indicator in whole.indicators:
        kept = [cut.total(indicator)] if indicator in cut.indicators else []
        assert np.allclose(whole.total(indicator), sum([*kept, *cut.left_out(indicator).values()]))
    assert cut.excluded is not None
