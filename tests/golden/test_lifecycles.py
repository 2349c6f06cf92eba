"""Published life cycles rebuilt from what their authors put in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import jevons
from jevons.account.life.published import beside
from jevons.world import spec

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def bloom(root):
    return jevons.account.lifecycle(spec.load(root / "examples/specs/bloom-lifecycle.yaml"), draws=0)


def tonnes(footprint):
    return footprint.best() / 1000


@pytest.mark.parametrize(
    ("parts", "published_t"),
    [(["final training/computing"], 24.69), (["final training/idle", "final training/infrastructure"], 14.6),
     (["hardware"], 11.2), (["final training", "hardware"], 50.5)],
)  # fmt: skip
def test_blooms_life_cycle_follows_from_its_primary_inputs_within_1_percent(bloom, parts, published_t):
    assert tonnes(bloom.only(parts)) == pytest.approx(published_t, rel=0.01)


def test_blooms_double_count_is_flagged_and_the_sum_without_it_is_10_3_tonnes(bloom):
    (overlap,) = bloom.overlaps
    assert (overlap.wide, overlap.narrow) == ("final training/idle", "final training/infrastructure")
    assert tonnes(bloom.only(["final training/idle"])) == pytest.approx(10.3, rel=0.005)
    assert tonnes(bloom.footprint) - tonnes(bloom.without_overlap) == pytest.approx(14.63 - 10.29, abs=0.01)


def test_a_request_to_blooms_api_took_3_96_watt_hours(bloom):
    assert bloom.per("request")["energy"]["inference"] * 1000 == pytest.approx(3.96, rel=0.001)


def test_every_published_figure_of_bloom_is_met_within_1_percent(bloom):
    assert len(beside(bloom)) == 5
    assert max(abs(b.deviation) for b in beside(bloom)) < 0.01


@pytest.mark.parametrize("kind", ["published", "water"])
def test_olmos_energy_carbon_and_water_add_up_to_its_totals(kind):
    record = yaml.safe_load((HERE / "morrison.yaml").read_text(encoding="utf-8"))
    record["published"] = {**record[kind]}
    del record["water"]
    found = {b.what: b for b in beside(jevons.account.lifecycle(record, draws=0))}
    assert found["total"].deviation == pytest.approx(0, abs=0.002)
    assert max(abs(b.deviation) for b in found.values()) < 0.011


def test_olmos_making_is_13_grams_a_gpu_hour():
    part = {"what": "GPUs", "device_hours": 1, "made": "462.5 kg", "life": 4}
    made = jevons.account.lifecycle({"hardware": part}, draws=0)
    assert made.footprint.best() * 1000 == pytest.approx(13.2, rel=0.01)
