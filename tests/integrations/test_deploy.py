"""The agent and what starts it: Slurm's scripts, the systemd unit, the DaemonSet."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from jevons.core.errors import BadInput
from jevons.integrations import agent
from means import means_missing

ROOT = Path(agent.__file__).parents[2]
DEPLOY = Path(agent.__file__).parent / "deploy"
SHELL = sorted(DEPLOY.glob("*.sh"))
WORDS = set(vars(agent.arguments([])))


def until(found, seconds=60.0):
    """What ``found()`` gives, once it gives anything."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if got := found():
            return got
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def hears(pid, number):
    """Whether a process has a handler for a signal."""
    (mask,) = re.findall(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(mask, 16) >> (number - 1) & 1


def last_words(home):
    return [json.loads(p.read_text().splitlines()[-1])["kind"] for p in (home / "journal").glob("*.jsonl")]


def header(home):
    (journal,) = (home / "journal").glob("*.jsonl")
    return json.loads(journal.read_text().splitlines()[0])


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "JEVONS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}


def test_the_agent_serves_and_closes_its_journal_when_it_is_told_to_stop(tmp_path, environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--listen", f"127.0.0.1:{port}", "--site", "France", "--label", "job=7", "--period", "0.1"]
    process = subprocess.Popen([sys.executable, "-m", "jevons.integrations.agent", *words], env=environment)

    def page():
        try:
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
        except OSError:
            return None
        return text if "jevons_co2e_grams_total" in text else None

    assert "jevons_energy_joules_total{" in until(page)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM
    assert last_words(tmp_path / "home") == ["closed"]
    assert header(tmp_path / "home")["labels"] == {"job": "7"}


@pytest.mark.parametrize(
    ("words", "mend"),
    [(["--label", "job"], "name=word"), (["--listen", "9877x"], "host:port"), (["--cgroup", "nowhere-to-be-found"], "container or job")],
)  # fmt: skip
def test_options_that_cannot_be_met_are_refused(words, mend, tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))
    with pytest.raises(BadInput, match=mend):
        agent.main(words)


def test_a_service_says_what_cannot_be_met_in_one_line_and_is_not_begun_again(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words in (["--label", "job"], ["--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--site", "France"]):
            done = subprocess.run([sys.executable, "-m", "jevons.integrations.agent", *words], env=environment, capture_output=True,
                                  text=True, check=False, timeout=60)  # fmt: skip
            assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "RestartPreventExitStatus=2\n" in (DEPLOY / "jevons.service").read_text()


def test_a_group_that_appears_late_is_waited_for(monkeypatch):
    asked = []

    def start(**options):
        asked.append(options["cgroup"])
        if len(asked) < 3:
            raise BadInput("container", "7", "not yet")
        return "the run"

    monkeypatch.setattr("jevons.measure.start", start, raising=False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert agent.begin(agent.arguments(["--cgroup", "7", "--wait", "60"])) == "the run"
    assert asked == ["7"] * 3


@pytest.mark.parametrize("script", SHELL, ids=lambda p: p.name)
def test_a_script_is_sound_shell_and_always_ends_well(script):
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert script.read_text().rstrip().endswith("exit 0")
    assert os.access(script, os.X_OK)
    bare = {"PATH": os.environ["PATH"]}
    assert subprocess.run([script], env=bare, check=False).returncode == 0


def test_a_slurm_job_is_measured_from_prolog_to_epilog(tmp_path, environment):
    job = {**environment, "SLURM_JOB_ID": "4711", "SLURM_JOB_USER": "ada", "JEVONS_PYTHON": sys.executable,
           "JEVONS_SLURM_SCOPE": "node", "JEVONS_RUN_DIR": str(tmp_path / "run")}  # fmt: skip
    assert subprocess.run([DEPLOY / "slurm_prolog.sh"], env=job, check=False).returncode == 0
    pid = int(until(lambda: (tmp_path / "run" / "4711.pid").read_text() if (tmp_path / "run" / "4711.pid").exists() else ""))
    until(lambda: hears(pid, signal.SIGTERM))
    assert subprocess.run([DEPLOY / "slurm_epilog.sh"], env=job, check=False).returncode == 0
    until(lambda: last_words(tmp_path / "home") == ["closed"])
    labels = header(tmp_path / "home")["labels"]
    assert (labels["job"], labels["owner"], labels["account"]) == ("4711", "ada", "unknown")
    assert not (tmp_path / "run" / "4711.pid").exists()


def test_the_epilog_ends_no_stranger_that_has_the_number(tmp_path):
    with subprocess.Popen(["sleep", "30"]) as stranger:
        (tmp_path / "9.pid").write_text(str(stranger.pid))
        subprocess.run([DEPLOY / "slurm_epilog.sh"], env={**os.environ, "SLURM_JOB_ID": "9", "JEVONS_RUN_DIR": str(tmp_path)}, check=True)
        assert stranger.poll() is None
        stranger.kill()


def test_the_daemonset_is_sound_and_grants_no_capability():
    (document,) = yaml.safe_load_all((DEPLOY / "daemonset.yaml").read_text())
    pod = document["spec"]["template"]
    assert document["kind"] == "DaemonSet"
    assert document["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    (container,) = pod["spec"]["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["spec"]["volumes"]}
    assert all(m["readOnly"] for m in container["volumeMounts"] if m["name"] == "host")


def test_the_unit_is_sound():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string((DEPLOY / "jevons.service").read_text())
    assert unit["Service"]["ExecStart"].startswith("/usr/bin/env python3 -m jevons.integrations.agent")
    assert unit["Service"]["Environment"] == f"JEVONS_HOME=/var/lib/{unit['Service']['StateDirectory']}"


def test_systemd_itself_accepts_the_unit():
    tool = shutil.which("systemd-analyze")
    if tool is None:
        means_missing("systemd-analyze is not installed")
    done = subprocess.run([tool, "verify", DEPLOY / "jevons.service"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", [*SHELL, DEPLOY / "daemonset.yaml", DEPLOY / "jevons.service"], ids=lambda p: p.name)
def test_every_option_it_passes_is_one_the_agent_has(file):
    calls = re.findall(r"jevons\.integrations\.agent(.*?)(?:</dev/null|\n\n|\n {10}env:|\Z)", file.read_text(), re.DOTALL)
    passed = {word for call in calls for word in re.findall(r"--([a-z]+)", call)}
    assert passed <= WORDS
