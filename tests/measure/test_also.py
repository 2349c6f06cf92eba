"""Disks and network ports are modelled where asked for, by word or by settings, and what cannot be had is said."""

from __future__ import annotations

import pytest

from jevons.core.errors import BadInput
from jevons.measure import start
from jevons.measure.discover import components, sensors_found
from jevons.world.settings import settings

DISK = {"sys/block/sda/size": "2000000000", "sys/block/sda/queue/rotational": "1", "sys/block/sda/device/x": ""}
PORT = {"sys/class/net/eth0/operstate": "up", "sys/class/net/eth0/speed": "10000", "sys/class/net/eth0/device/vendor": "0x8086"}
HOST = {"proc/cpuinfo": "processor : 0\nmodel name : AMD EPYC 7763 64-Core Processor\nphysical id : 0\nflags : fpu\n",
        "proc/stat": "cpu 10 0 10 100 0 0 0 0\n", "proc/meminfo": "MemTotal: 8000000 kB\n"}  # fmt: skip


def tree(root, *parts):
    for name, text in {k: v for part in parts for k, v in part.items()}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def metered(sensors):
    return [meter.component for sensor in sensors for meter in sensor.meters]


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """Settings of that text."""

    def choose(text):
        (tmp_path / "jevons.toml").write_text(text)
        monkeypatch.setenv("JEVONS_SETTINGS", str(tmp_path / "jevons.toml"))
        settings.cache_clear()

    yield choose
    settings.cache_clear()


def test_unasked_there_are_processor_and_memory(tmp_path):
    assert metered(sensors_found(tree(tmp_path, HOST, DISK, PORT), rooms=())) == ["processor", "memory"]


def test_asked_for_there_are_disks_and_ports_too(tmp_path):
    found = sensors_found(tree(tmp_path, HOST, DISK, PORT), rooms=(), also=("disk", "nic"))
    assert metered(found) == ["processor", "memory", "storage", "network"]
    assert all(meter.idle_w > 0 for sensor in found for meter in sensor.meters if meter.component in ("storage", "network"))


def test_the_settings_may_ask_for_all_runs(tmp_path, chosen):
    chosen('also = ["disk"]\n')
    root = tree(tmp_path / "root", HOST, DISK, PORT)
    assert metered(sensors_found(root, rooms=())) == ["processor", "memory", "storage"]
    assert metered(sensors_found(root, rooms=(), also=())) == ["processor", "memory"]


@pytest.mark.parametrize(
    ("parts", "also", "why"),
    [([HOST], "disk", "no disk of this machine is to be seen"), ([HOST, DISK], "nic", "none at a known speed"),
     ([{**HOST, "proc/cpuinfo": "processor : 0\nflags : hypervisor\n"}, DISK, PORT], "nic", "the processor's model holds the ports")],
)  # fmt: skip
def test_what_cannot_be_had_is_told_and_the_rest_is_measured(tmp_path, caplog, parts, also, why):
    assert metered(sensors_found(tree(tmp_path, *parts), rooms=(), also=[also])) == ["processor", "memory"]
    assert why in caplog.text


@pytest.mark.parametrize(
    ("without", "left", "why"),
    [("proc/stat", ["memory"], "the load of the processors cannot be read"), ("proc/meminfo", ["processor"], "the size of the memory")],
)  # fmt: skip
def test_a_model_that_lacks_its_figure_is_left_out_and_never_nothing(tmp_path, caplog, without, left, why):
    assert metered(sensors_found(tree(tmp_path, {k: v for k, v in HOST.items() if k != without}), rooms=())) == left
    assert why in caplog.text


def test_words_may_be_a_list_or_a_line():
    assert components("disk, nic") == components(["disk", "nic", "disk"]) == ["storage", "network"]
    assert components(()) == components("") == []


@pytest.mark.parametrize("also", ["gpu", ["disk", "cpu"], [7]])
def test_another_word_is_refused_before_anything_is_measured(tmp_path, also):
    with pytest.raises(BadInput, match="also: .* name disk or nic"):
        start(also=also, home=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ['also = "disk"\n', "also = [1]\n"])
def test_settings_that_say_it_otherwise_are_refused(chosen, text):
    chosen(text)
    with pytest.raises(BadInput, match=r"give a list: also = \[\"disk\", \"nic\"\]"):
        components()
