"""carbontracker's two logs, eco2AI's CSV and Zeus' log of windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons import account
from jevons.core.errors import OverlappingMeters, TableError

RECORDED = Path(__file__).parent / "recorded"
HEAD = "2026-01-01 00:00:00 - carbontracker version 2.4.7\n"


def total_j(activity):
    return float(activity.total()[0]) * 3.6e6


# -- carbontracker -----------------------------------------------------------------------------------------------


def log(tmp_path, *messages):
    file = tmp_path / "1_carbontracker.log"
    file.write_text(HEAD + "".join(f"2026-01-01 00:10:00 - {m}\n" for m in messages))
    return file


def test_an_epoch_is_its_mean_power_times_its_duration(tmp_path):
    found = "The following components were found: GPU with device(s) A100, A100. CPU with device(s) cpu:0."
    activity = account.read(log(tmp_path, found, "Epoch 1:", "Duration: 0:10:00.00",
                                "Average power usage (W) for gpu: [100.  50.]", "Average power usage (W) for cpu: [20.]"))  # fmt: skip
    assert {k: float(v[0]) * 3.6e6 for k, v in activity.by("device").items()} == pytest.approx(
        {"0: A100": 60000, "1: A100": 30000, "0: cpu:0": 12000}
    )
    assert set(activity.text["stage"]) == {"epoch 1"}
    assert activity.end_s[0] - activity.start_s[0] == 600


def test_many_devices_wrap_over_lines(tmp_path):
    activity = account.read(log(tmp_path, "Epoch 1:", "Duration: 0:00:10.00", "Average power usage (W) for gpu: [1. 2.\n 3. 4.]"))
    assert total_j(activity) == pytest.approx(100)


def test_an_epoch_without_a_reading_is_told_and_is_no_zero(tmp_path):
    activity = account.read(log(tmp_path, "Epoch 1:", "Duration: 0:00:10.00", "Average power usage (W) for cpu: None",
                                "Epoch 2:", "Duration: 0:00:10.00", "Average power usage (W) for cpu: 30.0"))  # fmt: skip
    assert len(activity) == 1
    assert [a.value for a in activity.assumptions if "without a power" in a.what] == ["1 (cpu)"]


def test_both_recorded_logs_agree_but_for_the_pue_of_158():
    epochs = account.read(RECORDED / "carbontracker_2.4.7.log")
    whole = account.read(RECORDED / "carbontracker_2.4.7_output.log")
    assert total_j(whole) / total_j(epochs) == pytest.approx(1.58, rel=1e-3)
    assert set(whole.text["boundary"]) == {"facility"}


def test_a_log_in_which_nothing_ended_is_refused(tmp_path):
    with pytest.raises(TableError, match="no epoch ended"):
        account.read(log(tmp_path, "Monitoring thread started."))


def test_a_power_in_another_unit_is_refused_with_its_line(tmp_path):
    with pytest.raises(TableError, match=r"row 4, column power \(kW\)"):
        account.read(log(tmp_path, "Epoch 1:", "Duration: 0:00:10.00", "Average power usage (kW) for cpu: 0.03"))


# -- eco2AI ------------------------------------------------------------------------------------------------------


def test_epochs_of_eco2ai_add_up():
    activity = account.read(RECORDED / "eco2ai_0.3.12.csv")
    assert total_j(activity) == pytest.approx(3.6e6 * (3.4325722202387025e-08 + 1.1780710562921591e-08 + 1.2435751003181394e-08))
    assert set(activity.text["site"]) == {"FR"}
    assert float(activity.served["run"][0]) == 2


def test_the_early_spelling_of_kwh_is_known_and_any_other_unit_is_not(tmp_path):
    file = tmp_path / "emission.csv"
    head = "project_name,start_time,duration(s),power_consumption({}),CO2_emissions(kg)\np,2023-01-01 00:00:00,3600,0.5,0.2\n"
    file.write_text(head.format("kWTh"))
    assert float(account.read(file).total()[0]) == 0.5
    file.write_text(head.format("Wh"))
    with pytest.raises(TableError, match=r"row 1, column power_consumption\(Wh\): .* its unit is not known"):
        account.read(file)


# -- Zeus --------------------------------------------------------------------------------------------------------


def zeus(tmp_path, *lines):
    file = tmp_path / "zeus.csv"
    file.write_text("\n".join(["start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy", *lines]) + "\n")
    return file


def test_a_window_is_a_stage_and_its_joules_are_by_gpu(tmp_path):
    activity = account.read(zeus(tmp_path, "1767225600.0,step,10.0,1000.0,2000.0"))
    assert {k: float(v[0]) * 3.6e6 for k, v in activity.by("device").items()} == pytest.approx({"gpu-1": 2000, "gpu-0": 1000})
    assert set(activity.text["stage"]) == {"step"}
    assert activity.start_s[0] == 1767225600.0


def test_an_outer_window_keeps_what_the_inner_ones_did_not_use(tmp_path):
    file = zeus(tmp_path, "1767225601.0,step,2.0,100.0,0.0", "1767225604.0,step,2.0,150.0,0.0", "1767225600.0,epoch,10.0,1000.0,0.0")
    activity = account.read(file)
    joules = {k: float(v[0]) * 3.6e6 for k, v in activity.by("stage").items()}
    assert joules == pytest.approx({"epoch": 750, "epoch/step": 250})


def test_windows_that_cross_are_refused_with_both_rows(tmp_path):
    with pytest.raises(OverlappingMeters, match="rows 2 and 3: windows 'a' and 'b' cross"):
        account.read(zeus(tmp_path, "1767225600.0,a,10.0,1.0,1.0", "1767225605.0,b,10.0,1.0,1.0"))


def test_every_measured_window_of_the_zeus_profiles_is_read(shared):
    files = sorted((shared / "data/fixtures/zeus/profile_data").glob("*.csv"))
    assert files
    for file in files:
        rows = [line.split(",") for line in file.read_text().splitlines()[1:]]
        assert total_j(account.read(file)) == pytest.approx(sum(float(x) for row in rows for x in row[3:]))


def test_a_monotonic_stamp_of_an_early_zeus_is_no_date(shared):
    (file,) = (shared / "data/fixtures/zeus/profile_data").glob("A40+resnet50+gpu0.csv")
    assert account.read(file).start_s[0] != account.read(file).start_s[0]
