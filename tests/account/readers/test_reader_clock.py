"""The two hours a year at which a local clock jumps are read by one rule, and what was taken for what is told."""

from __future__ import annotations

import csv
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons import account
from jevons.account.readers.clock import Clock, NoSuchHour
from jevons.core.errors import BadInput, TableError

ZONE = "Europe/Berlin"
SHOWN_TWICE = datetime(2026, 10, 25, 2, tzinfo=ZoneInfo(ZONE)).timestamp()  # its first showing begins
CODECARBON = "timestamp,project_name,duration,emissions,energy_consumed,country_iso_code,run_id\n"
MELODI = "model_name,created_at,total_duration,prompt_token_length,response_token_length,energy_consumption_llm_total\n"
SACCT = "JobIDRaw|User|State|NNodes|NCPUS|Start|End|ElapsedRaw|AllocTRES|ConsumedEnergyRaw\n"
NVIDIA = "timestamp, uuid, power.draw [W]\n"
TRACKER = "2026-10-25 00:30:00 - carbontracker version 2.4.7\n"


def file_of(folder, text, name="x.csv"):
    (folder / name).write_text(text)
    return folder / name


def doubled(activity):
    """What is told of stamps of the hour shown twice."""
    return [a.value for a in activity.assumptions if a.what == "stamps of an hour that autumn repeats"]


def minutes(moments):
    return [(t - SHOWN_TWICE) / 60 for t in moments]


def epoch(number, ends):
    return f"{ends} - Epoch {number}:\n{ends} - Duration: 0:10:00.00\n{ends} - Average power usage (W) for gpu: 60.0\n"


def codecarbon(*ends):
    return CODECARBON + "".join(f"{end},p,600,0.04,0.1,DEU,r{i}\n" for i, end in enumerate(ends))


def job(**changes):
    told = {"JobIDRaw": "1", "User": "ada", "State": "COMPLETED", "NNodes": "1", "NCPUS": "8", "ElapsedRaw": "600",
            "AllocTRES": "cpu=8,node=1", "ConsumedEnergyRaw": "3600000", **changes}  # fmt: skip
    return SACCT + "|".join(told.get(name, "") for name in SACCT.strip().split("|")) + "\n"


# ---- the clock itself


@given(st.integers(0, 2_000_000_000), st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]))
def test_what_a_clock_shows_is_read_back_when_it_is_known_to_be_no_earlier(at_s, zone):
    shown = datetime.fromtimestamp(at_s, ZoneInfo(zone)).replace(tzinfo=None)
    assert Clock(zone).moment(shown.isoformat(), not_before=at_s) == at_s


@given(st.lists(st.integers(-7200, 14400), min_size=2, max_size=40, unique=True))
def test_a_row_of_stamps_closer_than_the_hour_is_read_back_whole(offsets):
    moments = [SHOWN_TWICE - 7200, *sorted(SHOWN_TWICE + o for o in offsets if abs(o) < 7200)]
    clock, read = Clock(ZONE), []
    for t_s in moments:
        shown = datetime.fromtimestamp(t_s, ZoneInfo(ZONE)).replace(tzinfo=None)
        read.append(clock.of(shown, clock.last_s))
    assert read == sorted(read)
    assert all(found in (t_s, t_s - 3600) for found, t_s in zip(read, moments, strict=True))


def test_the_hour_left_out_in_spring_does_not_exist():
    with pytest.raises(NoSuchHour, match="does not exist in Europe/Berlin; name the zone whose clock wrote it"):
        Clock(ZONE).moment("2026-03-29T02:30:00")
    assert Clock("Etc/GMT-1").moment("2026-03-29T02:30:00") == Clock("UTC").moment("2026-03-29T01:30:00")


def test_a_stamp_that_names_its_offset_is_what_it_says():
    clock = Clock(ZONE)
    assert clock.moment("2026-10-25T02:30:00+01:00") - clock.moment("2026-10-25T02:30:00+02:00") == 3600
    assert clock.doubled() == ()


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(BadInput, match="name a time zone"):
        Clock("Europe/Atlantis")


# ---- every reader


def test_nvidia_smi_runs_through_the_hour_twice_for_each_of_its_gpus(tmp_path):
    stamps = [f"2026/10/25 02:{m:02}:00.000" for m in (58, 59, 0, 1)]
    rows = "".join(f"{t}, {gpu}, 60.00 W\n" for t in stamps for gpu in ("GPU-a", "GPU-b"))
    activity = account.read(file_of(tmp_path, NVIDIA + rows), zone=ZONE)
    assert float(activity.total()[0]) == pytest.approx(2 * 60.0 * 3 / 60 / 1000)
    assert (min(minutes(activity.start_s)), max(minutes(activity.end_s))) == (58, 61)
    assert doubled(activity) == ["4 as the first, 4 as the second"]


def test_carbontracker_goes_on_through_it(tmp_path):
    log = TRACKER + epoch(1, "2026-10-25 02:50:00") + epoch(2, "2026-10-25 02:05:00") + epoch(3, "2026-10-25 03:05:00")
    activity = account.read(file_of(tmp_path, log, "1_carbontracker.log"), zone=ZONE)
    assert minutes(activity.end_s) == [50, 65, 125]
    assert doubled(activity) == ["1 as the first, 1 as the second"]


def test_runs_of_codecarbon_are_in_the_order_in_which_they_ended(tmp_path):
    text = codecarbon("2026-10-25T02:40:00", "2026-10-25T02:10:00", "2026-10-25T02:20:00")
    activity = account.read(file_of(tmp_path, text, "emissions.csv"), zone=ZONE)
    assert minutes(activity.end_s) == [40, 70, 80]
    assert doubled(activity) == ["1 as the first, 2 as the second"]


def test_prompts_of_melodi_are_too(tmp_path):
    rows = "".join(f"m,2026-10-25 02:{m}:00,1000000000,1,1,0.1\n" for m in (50, 10))
    activity = account.read(file_of(tmp_path, MELODI + rows), zone=ZONE)
    assert minutes(activity.end_s) == [50, 70]


def test_a_stamp_of_which_nothing_tells_is_the_first_and_that_is_told(tmp_path):
    activity = account.read(file_of(tmp_path, codecarbon("2026-10-25T02:40:00"), "emissions.csv"), zone=ZONE)
    assert minutes(activity.end_s) == [40]
    assert doubled(activity) == ["1 as the first, 0 as the second"]


@pytest.mark.parametrize(
    ("start", "end", "elapsed", "began"),
    [("02:40:00", "03:10:00", "1800", 100), ("02:40:00", "03:10:00", "5400", 40), ("02:50:00", "02:10:00", "1200", 50),
     ("02:40:00", "02:50:00", "600", 40), ("01:40:00", "02:10:00", "5400", -20)],
)  # fmt: skip
def test_a_job_s_end_and_time_tell_when_it_began(tmp_path, start, end, elapsed, began):
    text = job(Start=f"2026-10-25T{start}", End=f"2026-10-25T{end}", ElapsedRaw=elapsed)
    activity = account.read(file_of(tmp_path, text, "sacct.txt"), zone=ZONE)
    assert minutes(activity.start_s) == [began]
    assert activity.end_s[0] - activity.start_s[0] == float(elapsed)


def test_a_charge_ends_after_it_begins(tmp_path):
    charge = {"ChargePeriodStart": "2026-10-25 02:00:00", "ChargePeriodEnd": "2026-10-25 02:00:00", "ChargeCategory": "Usage",
              "BillingCurrency": "USD", "BilledCost": "1", "ConsumedQuantity": "1", "ConsumedUnit": "Hours", "ServiceName": "EC2",
              "ServiceCategory": "Compute", "ProviderName": "AWS", "RegionId": "eu-central-1", "SubAccountId": "1", "Tags": "",
              "SkuPriceDetails": '{"InstanceType": "p4d.24xlarge"}'}  # fmt: skip
    file = tmp_path / "bill.csv"
    with file.open("w", newline="") as handle:
        out = csv.DictWriter(handle, list(charge))
        out.writeheader()
        out.writerow({**charge, "ChargePeriodEnd": "2026-10-25 02:30:00", "ChargePeriodStart": "2026-10-25 02:45:00"})
    activity = account.read(file, zone=ZONE)
    hours = activity.take(activity.flow_mask("device_hours").nonzero()[0])
    assert (set(minutes(hours.start_s)), set(minutes(hours.end_s))) == ({45}, {90})
    assert doubled(activity) == ["1 as the first, 1 as the second"]


def test_meters_tell_it_as_well(tmp_path):
    stamps = ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T02:00", "2026-10-25T03:00"]
    text = "time,Main [kWh]\n" + "".join(f"{t},1\n" for t in stamps)
    activity = account.read(file_of(tmp_path, text), zone=ZONE)
    assert minutes(activity.start_s) == [-60, 0, 60, 120]
    assert doubled(activity) == ["1 as the first, 1 as the second"]


GAP = "2026-03-29"


@pytest.mark.parametrize(
    ("text", "name"),
    [(codecarbon(f"{GAP}T02:30:00"), "emissions.csv"), (NVIDIA + f"{GAP.replace('-', '/')} 02:30:00.000, a, 60 W\n", "x.csv"),
     (MELODI + f"m,{GAP} 02:30:00,1,1,1,0.1\n", "m.csv"), (job(Start=f"{GAP}T02:30:00", End=f"{GAP}T03:30:00"), "sacct.txt"),
     (f"time,Main [kWh]\n{GAP}T02:30,1\n{GAP}T03:30,1\n", "meters.csv"),
     (TRACKER + epoch(1, f"{GAP} 02:30:00"), "1_carbontracker.log")],
    ids=["codecarbon", "nvidia-smi", "melodi", "slurm", "meters", "carbontracker"],
)  # fmt: skip
def test_the_hour_that_spring_leaves_out_is_refused_by_file_row_and_mend(tmp_path, text, name):
    with pytest.raises(TableError, match="daylight saving leaves this hour out: it does not exist in Europe/Berlin; name the zone") as caught:
        account.read(file_of(tmp_path, text, name), zone=ZONE)
    assert caught.value.file == name
    assert caught.value.row >= 2


def test_a_stamp_that_is_none_is_refused_by_every_log(tmp_path):
    with pytest.raises(TableError, match="give a date and time"):
        account.read(file_of(tmp_path, TRACKER + epoch(1, "2026-13-45 02:30:00"), "1_carbontracker.log"), zone=ZONE)
