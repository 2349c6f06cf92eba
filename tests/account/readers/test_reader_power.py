"""Samples of power become energy: nvidia-smi's CSV by the trapezoid, powermetrics by its own intervals."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime

import numpy as np
import pytest

from jevons import account
from jevons.account.readers.integral import by_hour
from jevons.core.errors import TableError


def total_j(activity):
    return float(activity.total()[0]) * 3.6e6


def smi(tmp_path, *lines, head="timestamp, uuid, power.draw [W]"):
    file = tmp_path / "power.csv"
    file.write_text("\n".join([head, *lines]) + "\n")
    return file


# -- the integral ------------------------------------------------------------------------------------------------


def test_a_ramp_is_integrated_exactly():
    hours, paused_s = by_hour(np.array([0.0, 10.0]), np.array([0.0, 100.0]))
    assert hours[0].energy_kwh * 3.6e6 == pytest.approx(500)
    assert paused_s == 0


def test_a_pause_is_no_energy_and_is_told():
    hours, paused_s = by_hour(np.array([0.0, 1.0, 1000.0, 1001.0]), np.full(4, 100.0))
    assert sum(h.energy_kwh for h in hours) * 3.6e6 == pytest.approx(200)
    assert paused_s == 999


def test_energy_goes_to_the_hour_in_which_it_was_used():
    t_s = np.arange(3590.0, 3611.0)
    hours, _ = by_hour(t_s, np.full(t_s.size, 36.0))
    assert [h.energy_kwh * 3.6e6 for h in hours] == pytest.approx([360, 360])


# -- nvidia-smi --------------------------------------------------------------------------------------------------


def test_two_gpus_are_told_apart(tmp_path):
    file = smi(tmp_path, "2026/01/01 00:00:00.000, GPU-a, 100.00 W", "2026/01/01 00:00:00.001, GPU-b, 10.00 W",
               "2026/01/01 00:00:10.000, GPU-a, 100.00 W", "2026/01/01 00:00:10.001, GPU-b, 10.00 W")  # fmt: skip
    activity = account.read(file)
    assert {k: float(v[0]) * 3.6e6 for k, v in activity.by("device").items()} == pytest.approx({"GPU-a": 1000, "GPU-b": 100})


def test_units_may_be_left_out_of_the_cells(tmp_path):
    assert total_j(account.read(smi(tmp_path, "2026/01/01 00:00:00, a, 50", "2026/01/01 00:00:02, a, 50"))) == pytest.approx(100)


def test_the_running_mean_is_preferred_to_the_instant(tmp_path):
    head = "timestamp, uuid, power.draw.instant [W], power.draw.average [W]"
    file = smi(tmp_path, "2026/01/01 00:00:00, a, 9, 50", "2026/01/01 00:00:02, a, 9, 50", head=head)
    assert total_j(account.read(file)) == pytest.approx(100)


def test_a_sample_without_a_value_is_bridged_and_told(tmp_path):
    file = smi(tmp_path, "2026/01/01 00:00:00, a, 50 W", "2026/01/01 00:00:01, a, [N/A]", "2026/01/01 00:00:02, a, 50 W")
    activity = account.read(file)
    assert total_j(activity) == pytest.approx(100)
    assert "1 samples without" in {a.value for a in activity.assumptions}


def test_another_unit_in_the_header_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"row 1, column power.draw \[mW\]"):
        account.read(smi(tmp_path, head="timestamp, uuid, power.draw [mW]"))


def test_another_unit_in_a_cell_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"row 2, column power.draw \[W\]: '50 mW' will not do; give a number in W"):
        account.read(smi(tmp_path, "2026/01/01 00:00:00, a, 50 mW"))


def test_samples_of_several_gpus_without_a_name_are_refused(tmp_path):
    with pytest.raises(TableError, match="row 3, column timestamp: .*several GPUs"):
        account.read(smi(tmp_path, "2026/01/01 00:00:00, 50 W", "2026/01/01 00:00:00, 50 W", head="timestamp, power.draw [W]"))


def test_a_measured_trace_gives_the_energy_of_its_own_samples(shared, tmp_path):
    """The A100's step as nvidia-smi saw it; the same trapezoid over the recorded seconds."""
    import csv
    import gzip

    with gzip.open(shared / "data/power_truth/gpu_meter/A100_step_software.csv.gz", "rt") as handle:
        rows = [(float(r["t_s"]), float(r["power_draw_w"])) for r in csv.DictReader(handle)]
    lines = [f"{datetime.fromtimestamp(1767225600 + t + 10, UTC):%Y/%m/%d %H:%M:%S.%f}, a, {p:.2f} W" for t, p in rows]
    t_s, power_w = np.array(rows).T
    expected = float(((power_w[1:] + power_w[:-1]) / 2 * np.diff(t_s)).sum())
    assert total_j(account.read(smi(tmp_path, *lines))) == pytest.approx(expected, rel=1e-4)


# -- powermetrics ------------------------------------------------------------------------------------------------


def test_the_recorded_m1_is_the_sum_of_its_six_samples(shared):
    activity = account.read(shared / "data/fixtures/codecarbon/powermetrics_m1_text.txt")
    elapsed_ms = (104.51, 104.81, 105.93, 108.22, 109.24, 108.45)
    cpu_mw = (947, 420, 208, 102, 156, 369)
    by_device = {k: float(v[0]) * 3.6e6 for k, v in activity.by("device").items()}
    assert by_device["CPU"] == pytest.approx(sum(e * p for e, p in zip(elapsed_ms, cpu_mw, strict=True)) * 1e-6)
    assert by_device["ANE"] == 0
    assert activity.end_s[0] - activity.start_s[0] == pytest.approx(0.108, abs=0.01)


def test_an_intel_mac_tells_its_package(tmp_path):
    file = tmp_path / "power.txt"
    file.write_text("*** Sampled system activity (Fri Nov 10 12:37:08 2023 +0100) (1000.00ms elapsed) ***\n"
                    "Intel energy model derived package power (CPUs+GT+SA): 2.48W\n")  # fmt: skip
    assert total_j(account.read(file)) == pytest.approx(2.48)


def test_a_power_in_no_unit_of_power_is_refused_with_its_line(tmp_path):
    file = tmp_path / "power.txt"
    file.write_text("*** Sampled system activity (Fri Nov 10 12:37:08 2023 +0100) (1000.00ms elapsed) ***\nCPU Power: 3 mV\n")
    with pytest.raises(TableError, match="power.txt, row 2, column CPU Power: '3 mV' will not do"):
        account.read(file)


def plist(**processor):
    stamp = datetime(2026, 1, 1, 0, 0, 1)
    return plistlib.dumps({"elapsed_ns": 1_000_000_000, "timestamp": stamp, "processor": processor})


def test_plists_one_after_another_add_up(tmp_path):
    file = tmp_path / "power.plist"
    file.write_bytes(plist(cpu_energy=2000, gpu_energy=500) + b"\0" + plist(cpu_power=1000.0, gpu_power=0.0))
    activity = account.read(file)
    assert {k: float(v[0]) * 3.6e6 for k, v in activity.by("device").items()} == pytest.approx({"CPU": 3.0, "GPU": 0.5})
    assert activity.start_s[0] == 1767225600.0


def test_a_torn_plist_is_refused_with_its_number(tmp_path):
    file = tmp_path / "power.plist"
    file.write_bytes(plist(cpu_energy=1) + b"\0" + b"<plist><dict><key>elapsed_ns</key>")
    with pytest.raises(TableError, match="power.plist, row 2, column plist"):
        account.read(file)


def test_a_record_without_power_is_refused(tmp_path):
    file = tmp_path / "power.plist"
    file.write_bytes(plist())
    with pytest.raises(TableError, match="no power is in it"):
        account.read(file)
