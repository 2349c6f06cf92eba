"""What every sensor promises: fixed meters, one reading each, cumulative integers, no fault ever raised by ``read``.

A sensor joins by a factory in SENSORS that builds it on a recorded tree or on a stand-in for its library, and a
``fault`` that takes its source away.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from pathlib import Path

import pytest

from jevons.measure import discover
from jevons.measure.sensor import STATUSES, Meter, Reading, Sensor
from jevons.measure.sensors import (
    amd,
    apple,
    bmc,
    cray,
    hwmon,
    intel_gpu,
    jetson,
    model,
    nvml,
    rapl,
    rapl_perf,
    scrape,
    simulator,
    smart_plug,
)
from jevons.measure.sensors.channel import Channels
from jevons.measure.sensors.replay import Replay
from means import needs
from stand_ins import FakeAmdsmi, FakeNvml, powercap, write_tree

COMPONENTS = {"processor", "memory", "accelerator", "storage", "network", "system", "other"}


def _rapl(root, patch):
    powercap(root, {"intel-rapl:0": ("package-0", 1_000_000), "intel-rapl:0:1": ("dram", 2_000)})
    return rapl.discover(root).sensors[0]


def _perf(root, patch):
    write_tree(root / rapl_perf.EVENTS, {"type": "9", "cpumask": "0,18", "events/energy-pkg": "event=0x02",
               "events/energy-pkg.scale": "2.3283064365386962890625e-10"})  # fmt: skip
    source = root / "counts"
    source.write_text("4294967296")
    return rapl_perf.discover(root, lambda kind, config, cpu: lambda: int(source.read_text())).sensors[0]


def _hwmon(root, patch):
    write_tree(root / "sys/class/hwmon/hwmon0", {"name": "amd_energy", "energy1_input": "5", "energy1_label": "Esocket0"})
    return hwmon.discover(root).sensors[0]


def _jetson(root, patch):
    write_tree(root, {"etc/nv_tegra_release": "# R35", "sys/class/hwmon/hwmon1/name": "ina3221", "sys/class/hwmon/hwmon1/in1_label": "VDD_IN",
               "sys/class/hwmon/hwmon1/curr1_label": "VDD_IN", "sys/class/hwmon/hwmon1/in1_input": "5000", "sys/class/hwmon/hwmon1/curr1_input": "2000"})  # fmt: skip
    return jetson.discover(root).sensors[0]


def _cray(root, patch):
    write_tree(root / cray.COUNTERS, {"energy": "34814 J 1734094386462336 us"})
    return cray.discover(root).sensors[0]


def _intel_gpu(root, patch):
    write_tree(root / "sys/class/hwmon/hwmon2", {"name": "xe", "energy1_input": "100", "energy1_label": "card"})
    return intel_gpu.discover(root).sensors[0]


def _amd_hwmon(root, patch):
    write_tree(root / "sys/class/hwmon/hwmon3", {"name": "amdgpu", "power1_average": "118000000"})
    return amd.discover(root).sensors[0]


def _amdsmi(root, patch):
    fake = FakeAmdsmi(root)
    patch.setitem(sys.modules, "amdsmi", fake)
    return amd.discover(root).sensors[0]


def _nvml(root, patch):
    patch.delenv(nvml.VISIBLE, raising=False)
    patch.setitem(sys.modules, "pynvml", FakeNvml(root=root))
    return nvml.discover(root).sensors[0]


def _apple(root, patch):
    return apple.sensor(apple.PowerMetrics(["*** Sampled system activity (x) (1000ms elapsed) ***", "CPU Power: 947 mW"]))


def _model(root, patch):
    write_tree(root / "proc", {"stat": "cpu  1 0 0 9 0 0 0 0", "meminfo": "MemTotal: 1000000 kB", "cpuinfo": "model name : AMD EPYC"})
    return model.discover(root).sensors[0]


def _scrape(root, patch):
    needs("prometheus_client")
    page = root / "page.txt"
    page.write_text('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{UUID="GPU-1"} 1000\n')
    return scrape.scrape(str(page))


def _bmc(root, patch):
    answer = root / "answer"
    answer.write_text("Instantaneous power reading: 50 Watts\nPower reading state is: activated\n")
    patch.setattr(bmc, "_run", lambda words: bmc.dcmi_power_w(answer.read_text()))
    return bmc.ipmi(("ipmitool",), period_s=0.02)


def _plug(root, patch):
    patch.setattr(smart_plug, "_fetch", lambda url: {"apower": 42.0} if root.exists() else {})
    return smart_plug.plug("shelly-2", "http://plug", period_s=0.02)


def _simulator(root, patch):
    return simulator.counter(simulator.Device(simulator.SquareWave(), simulator.Clock(), missing=0.3))


def _replay(root, patch):
    return Replay([Meter("x", "processor", "chip", "counter", "replay")], [[Reading("x", 0, 0)], [Reading("x", 5, 1)]])


SENSORS = {f.__name__.strip("_"): f for f in (
    _rapl, _perf, _hwmon, _jetson, _cray, _intel_gpu, _amd_hwmon, _amdsmi, _nvml, _apple, _model, _scrape, _bmc, _plug,
    _simulator, _replay)}  # fmt: skip


@pytest.fixture(params=SENSORS.values(), ids=SENSORS.keys())
def sensor(request, tmp_path, monkeypatch):
    made = request.param(tmp_path / "root" if (tmp_path / "root").mkdir() is None else None, monkeypatch)
    yield made
    made.close()


def test_it_has_the_shape_of_a_sensor(sensor):
    assert isinstance(sensor, Sensor)


def test_its_meters_say_what_they_meter_and_never_change(sensor):
    before = [dataclasses.astuple(meter) for meter in sensor.meters]
    sensor.read()
    assert [dataclasses.astuple(meter) for meter in sensor.meters] == before
    assert len({meter.device for meter in sensor.meters}) == len(sensor.meters) > 0
    for meter in sensor.meters:
        assert meter.component in COMPONENTS
        assert meter.boundary in ("chip", "server", "facility")
        assert meter.method in ("counter", "integrated", "modelled")
        assert 0 < meter.low <= meter.high
        assert (meter.tier != "") == (meter.method == "modelled")


def test_it_answers_one_reading_a_meter_in_their_order_as_integers_that_never_fall(sensor):
    last = dict.fromkeys((meter.device for meter in sensor.meters), -1)
    for _ in range(5):
        readings = sensor.read()
        assert [reading.device for reading in readings] == [meter.device for meter in sensor.meters]
        for reading in readings:
            assert isinstance(reading.energy_uj, int)
            assert isinstance(reading.t_ns, int)
            assert reading.status in STATUSES
            assert reading.energy_uj >= max(last[reading.device], 0)
            last[reading.device] = reading.energy_uj


def test_it_begins_at_nought_or_nearly_so(sensor):
    assert all(reading.energy_uj < 1_000_000 for reading in sensor.read())


def test_its_source_may_vanish_and_no_fault_comes_out_of_read(sensor, tmp_path):
    before = [reading.energy_uj for reading in sensor.read()]
    shutil.rmtree(tmp_path / "root")
    time.sleep(0.01)
    after = sensor.read()
    assert all(now.energy_uj >= then for now, then in zip(after, before, strict=True))
    assert all(reading.energy_uj < 10_000_000 for reading in after)


def test_closing_it_twice_is_no_fault(sensor):
    assert sensor.close() is None
    assert sensor.close() is None


def test_what_a_sensor_holds_is_given_back_once():
    given_back = []
    held = Channels([], lambda: given_back.append(1))
    held.close()
    held.close()
    assert given_back == [1]


@pytest.mark.parametrize("room", discover.ROOMS)
def test_a_room_with_nothing_in_it_says_why_and_raises_nothing(room, tmp_path):
    (found,) = discover.look(tmp_path, [room])
    assert found.sensors == []
    assert found.why_not
    assert isinstance(found.mend, str)


def test_a_room_that_fails_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(rapl, "discover", lambda root: 1 / 0)
    (found,) = discover.look(tmp_path, ["rapl"])
    assert "ZeroDivisionError" in found.why_not


def test_no_sensor_imports_a_guest_that_its_machine_does_not_need(tmp_path):
    import subprocess

    code = ("import sys\nfrom pathlib import Path\nfrom jevons.measure import discover\n"
            f"discover.look(Path({str(tmp_path)!r}))\n"
            "print({'numpy', 'psutil', 'pynvml', 'amdsmi', 'prometheus_client'} & set(sys.modules))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_files_of_the_package_hold_every_room():
    rooms = {p.stem for p in Path(discover.__file__).with_name("sensors").glob("*.py")}
    assert set(discover.ROOMS) <= rooms
