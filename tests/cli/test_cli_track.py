"""Measuring a command, and closing what a kill left open."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

import jevons


def call(tmp_path, *words, **more):
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "jevons", *words], capture_output=True, text=True, env=environment,
                          timeout=60, **more)  # fmt: skip


def test_a_command_is_measured_and_its_output_and_exit_code_pass_through(tmp_path):
    done = call(tmp_path, "run", "--json", "--at", "France", "--", sys.executable, "-c", "print('hello'); raise SystemExit(3)")
    assert (done.returncode, done.stdout.strip()) == (3, "hello")
    record = json.loads(done.stderr)
    assert record["footprint"]["indicators"]["energy"]["best"] > 0
    assert (tmp_path / "journal" / f"{record['run']}.jsonl").exists()


def test_nothing_to_run_is_refused(tmp_path):
    done = call(tmp_path, "run", "--")
    assert done.returncode == 2
    assert "say what to run" in done.stderr


def test_a_program_that_does_not_exist_is_refused(tmp_path):
    done = call(tmp_path, "run", "--", "no-such-program-at-all")
    assert done.returncode == 2
    assert "name a program that can be run" in done.stderr


def test_recover_closes_a_killed_run_and_then_has_nothing_left(tmp_path):
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path)}
    code = ("import time; from jevons.measure import start; r = start(period_s=0.05, flush_s=86400); began = time.monotonic()\n"
            "while time.monotonic() - began < 0.3 or not r.energy_kwh: time.sleep(0.1); r.flush()\n"
            "r.flush(); print('up', flush=True); time.sleep(600)")  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    (saved,) = json.loads(call(tmp_path, "recover", "--json").stdout)
    assert set(saved) == {"run", "started_utc", "last_record_utc", "duration_s", "energy_kwh", "method"}
    assert saved["energy_kwh"] > 0
    assert saved["duration_s"] > 0.1
    assert json.loads(call(tmp_path, "recover", "--json").stdout) == []
    assert "nothing to recover" in call(tmp_path, "recover", "--table").stdout


def test_a_host_is_calibrated_from_what_a_meter_showed(tmp_path):
    assert call(tmp_path, "calibrate", "host", "0=18", "0.5=31", "1=44").returncode == 0
    assert (tmp_path / "host.json").exists() or list(tmp_path.glob("*.json"))
    refused = call(tmp_path, "calibrate", "host", "0=18", "half=31", "1=44")
    assert refused.returncode == 2
    assert "write load=watts" in refused.stderr


def started(tmp_path, *words):
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "jevons", *words], text=True, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)  # fmt: skip


WORKS_ONCE_MEASURED = """
import pathlib, sys, time
while not any(pathlib.Path(sys.argv[1]).glob("journal/*.jsonl")):
    time.sleep(0.01)
done = time.process_time() + 1
while time.process_time() < done:
    pass
"""


def test_a_process_that_runs_already_is_measured_until_it_ends(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WORKS_ONCE_MEASURED, str(tmp_path)]) as other:
        done = call(tmp_path, "run", "--json", "--pid", str(other.pid))
        assert other.poll() is not None
    record = json.loads(done.stderr)
    assert done.returncode == 0
    assert record["footprint"]["indicators"]["energy"]["best"] > 0
    (header,) = ((tmp_path / "journal").glob("*.jsonl"))
    assert json.loads(header.read_text().splitlines()[0])["share"] == "process"


def test_the_machine_is_watched_with_a_page_until_it_is_interrupted(tmp_path):
    process = started(tmp_path, "watch", "--at", "France", "--listen", "127.0.0.1:0")
    said = next(line for line in process.stderr if "as it goes at" in line)
    page = said.split("as it goes at ")[1].split(",")[0]
    with urllib.request.urlopen(page + "live.json", timeout=60) as answer:
        assert json.loads(answer.read())["scope"] == "machine"
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    assert "France" in process.communicate(timeout=60)[1]
    assert process.returncode == 0


def test_a_spent_budget_ends_the_command_where_asked(tmp_path):
    code = "import time\nfor i in range(500): time.sleep(0.1)"  # left alone it ends well
    done = call(tmp_path, "run", "--at", "France", "--budget", "1e-9 kg", "--stop", "--period", "0.1", "--", sys.executable, "-c", code)
    assert done.returncode == 128 + signal.SIGTERM
    assert "its budget is 1e-09 kg" in done.stderr


def test_the_grid_of_the_hour_prices_a_run_where_it_is_asked_for(tmp_path):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = [f"{(hour + timedelta(hours=h)).isoformat()},77" for h in range(-3, 3)]
    (tmp_path / "hours.csv").write_text("\n".join(["time,ci_g_per_kwh", *rows]))
    done = call(tmp_path, "run", "--json", "--at", "France", "--grid", "hours.csv", "--", "sleep", "1.5", cwd=tmp_path)
    record = json.loads(done.stderr)["footprint"]["indicators"]
    assert record["climate"]["best"] / record["energy"]["best"] == pytest.approx(0.077)


def test_a_run_is_priced_by_what_its_provider_counts():
    from jevons.cli.measure import grid_choice
    from jevons.world.grid_clients import Signal, SignalPlace, UnitedKingdom

    asked = SignalPlace(jevons.site("GBR"), lambda: Signal("GB", UnitedKingdom().kind, (), None))
    assert grid_choice.study(asked).kind == ("location", "average", "direct")
    assert grid_choice.study("France").kind == ("location", "average", "lifecycle")


@pytest.mark.parametrize(
    ("words", "mend"),
    [(["--grid", "nobody", "--", "ls"], "electricity-maps, entsoe, uk"), (["--grid", "entsoe", "--zone", "X", "--", "ls"], "ENTSOE_TOKEN"),
     (["--grid", "electricity-maps", "--", "ls"], "ELECTRICITY_MAPS_KEY"), (["--zone", "FR", "--", "ls"], "--grid"),
     (["--grid", "uk", "--at", "France", "--", "touch", "here"], "Great Britain alone"),
     (["--pid", "1", "--", "ls"], "leave out --pid"), (["--pid", "1", "--container", "x"], "choose one"),
     (["--pid", "999999999"], "name a process"), (["--container", "no-such-container-here"], "container"), (["--stop", "--", "ls"], "--budget"),
     (["--listen", "9877x", "--", "ls"], "host:port"), (["--budget", "5 apples", "--", "ls"], "budget"), (["--scope", "planet", "--", "ls"], "scope"),
     (["--at", "Atlantis-7", "--", "touch", "here"], "Atlantis"), (["--period", "-1", "--", "ls"], "seconds")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(tmp_path, words, mend):
    done = call(tmp_path, "run", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert mend in done.stderr
    assert not (tmp_path / "here").exists()


ENDS_WELL = """
import signal, sys, time
def end(number, frame):
    print("ended by", signal.Signals(number).name, flush=True)
    sys.exit(9)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_reaches_the_command_once_and_the_run_is_told(tmp_path, name):
    process = started(tmp_path, "run", "--json", "--at", "France", "--", sys.executable, "-c", ENDS_WELL)
    assert process.stdout.readline() == "up\n"
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert out == f"ended by {name}\n"
    assert process.returncode == {"SIGTERM": 9, "SIGINT": 130}[name]
    assert json.loads(err)["footprint"]["indicators"]["energy"]["best"] > 0
