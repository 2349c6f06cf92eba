"""NVML: counter or integral, visible cards, MIG by share; on a stand-in, for no card is at hand."""

from __future__ import annotations

import sys

import pytest

from jevons.measure.sensor import AMBIGUOUS, MISSING, OK, RESET
from jevons.measure.sensors import nvml
from jevons.measure.sensors.simulator import Clock
from stand_ins import FakeNvml


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A sensor over a fake NVML, with a clock moved by hand."""

    def make(visible=None, **how):
        monkeypatch.delenv(nvml.VISIBLE, raising=False)
        if visible is not None:
            monkeypatch.setenv(nvml.VISIBLE, visible)
        fake = FakeNvml(**how)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        found = nvml.discover(tmp_path)
        if not found.sensors:
            return fake, found
        sensor, clock = found.sensors[0], Clock()
        sensor.clock, sensor.slept = clock, clock.slept
        sensor.read()
        return fake, sensor

    return make


def devices(sensor):
    return [meter.device for meter in sensor.meters]


def test_the_counter_is_read_in_millijoules(made):
    fake, sensor = made()
    fake.counter += 250
    sensor.clock.wait(1)
    assert [(r.energy_uj, r.status) for r in sensor.read()] == [(250_000, OK)] * 2
    assert [(m.device, m.method) for m in sensor.meters] == [("GPU-aaaa1111", "counter"), ("GPU-bbbb2222", "counter")]


def test_without_a_counter_the_running_mean_of_the_gpu_alone_is_integrated(made):
    fake, sensor = made(counter=None)
    sensor.clock.wait(10)
    assert sensor.read()[0].energy_uj == 1_000_000_000
    assert sensor.meters[0].method == "integrated"
    assert set(fake.asked) == {(fake.NVML_FI_DEV_POWER_AVERAGE, fake.NVML_POWER_SCOPE_GPU)}


def test_without_fields_the_plain_power_is_integrated(made):
    _, sensor = made(counter=None, fields=False)
    sensor.clock.wait(2)
    assert sensor.read()[0].energy_uj == 200_000_000


def test_a_card_without_counter_and_power_is_named_and_not_metered(made):
    _, found = made(counter=None, power_mw=None)
    assert "neither energy nor power" in found.why_not


def test_a_driver_that_was_loaded_anew_is_a_reset_and_loses_nothing_counted(made):
    fake, sensor = made(counter=5000)
    fake.counter = 6000
    sensor.read()
    fake.counter = 10
    assert [(r.energy_uj, r.status) for r in sensor.read()] == [(1_000_000, RESET)] * 2


def test_a_lost_gpu_is_missing(made):
    fake, sensor = made()
    fake.power_mw = fake.counter = None
    sensor.clock.wait(1)
    assert {r.status for r in sensor.read()} == {MISSING}


@pytest.mark.parametrize(("counted_w", "flagged"), [(100, False), (92, False), (109, False), (57, True), (115, True)])
def test_a_counter_over_ten_percent_from_its_power_is_flagged(made, counted_w, flagged):
    fake, sensor = made()
    for _ in range(40):
        fake.counter += counted_w * 1000
        sensor.clock.wait(1)
        last = sensor.read()[0]
    assert (last.status == AMBIGUOUS) == flagged
    assert sensor.gaps["GPU-aaaa1111"] == pytest.approx(counted_w / 100 - 1, abs=1e-6)


def test_a_counter_that_stands_still_while_power_is_drawn_is_replaced_by_the_integral(made):
    _, sensor = made()
    for _ in range(20):
        sensor.clock.wait(1)
        last = sensor.read()[0]
    assert last.energy_uj == pytest.approx(2_000_000_000, rel=1e-6)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (None, ["GPU-aaaa1111", "GPU-bbbb2222"]),
        ("1", ["GPU-bbbb2222"]),
        ("1,0", ["GPU-bbbb2222", "GPU-aaaa1111"]),
        ("GPU-bbbb", ["GPU-bbbb2222"]),
        ("0,GPU-aaaa1111", ["GPU-aaaa1111"]),
        ("0,7,1", ["GPU-aaaa1111"]),
    ],
)
def test_visible_devices_are_numbers_or_the_beginning_of_a_uuid_up_to_the_first_that_is_none(made, asked, seen):
    assert devices(made(asked)[1]) == seen


@pytest.mark.parametrize("asked", ["", "-1", "GPU-", "NoDevFiles"])
def test_where_no_device_is_visible_none_is_metered_and_it_says_so(made, asked):
    _, found = made(asked)
    assert found.sensors == []
    assert nvml.VISIBLE in found.why_not


def test_a_mig_instance_gets_its_slices_share_of_the_card_and_is_called_modelled(made):
    fake, sensor = made("MIG-2g", mig=[("MIG-1g-x", 1), ("MIG-2g-y", 2)])
    fake.counter += 7000
    sensor.clock.wait(1)
    (reading,) = sensor.read()
    (meter,) = sensor.meters
    assert reading.energy_uj == pytest.approx(2_000_000, abs=1)
    assert (meter.device, meter.method, meter.tier) == ("MIG-2g-y", "modelled", "guess")
    assert meter.low < 0.5 < 2 < meter.high


def test_the_figure_carries_the_gain_error_that_metered_cards_showed_and_more_where_the_card_looks_part_time(made, monkeypatch):
    meter = made()[1].meters[0]
    assert (meter.low, meter.high) == nvml.PART_TIME_BAND
    monkeypatch.setattr(FakeNvml, "nvmlDeviceGetName", lambda self, handle: "NVIDIA GeForce RTX 3090")
    meter = made()[1].meters[0]
    assert (meter.low, meter.high) == nvml.GAIN_BAND
    assert meter.low < 1 < meter.high < 1.2


def test_nvml_is_not_imported_where_no_driver_is(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    assert nvml.discover(tmp_path).why_not == "no NVIDIA driver"
    assert "pynvml" not in sys.modules
