"""Measuring a command, and closing what a kill left open."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time


def call(tmp_path, *words, **more):
    environment = {**os.environ, "JEVONS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "jevons", *words], capture_output=True, text=True, env=environment,
                          timeout=60, **more)  # fmt: skip


def test_a_command_is_measured_and_its_output_and_exit_code_pass_through(tmp_path):
    done = call(tmp_path, "run", "--json", "--at", "France", "--", sys.executable, "-c", "print('hello'); raise SystemExit(3)")
    assert (done.returncode, done.stdout.strip()) == (3, "hello")
    record = json.loads(done.stderr)
    assert record["indicators"]["energy"]["best"] > 0
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
    code = ("import time; from jevons.measure import start; r = start(period_s=0.05, flush_s=0.1); "
            "print('up', flush=True); time.sleep(30)")  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.5)
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
