"""Modelled power where nothing can be read: laws, bands and calibration against measured load sweeps."""

from __future__ import annotations

import csv
import itertools
import json
import random
import time

import numpy as np
import pytest
from scipy.optimize import minimize
from steady import Steady

from jevons.core.errors import BadInput
from jevons.measure import calibrate_host
from jevons.measure.coefficients import coefficient_pack
from jevons.measure.load import Load, _jiffies
from jevons.measure.sensors import model, rapl
from jevons.world import catalog
from stand_ins import write_tree

TDP_W = {"AMD": 90.0, "E3-": 69.0, "E5-": 170.0}
LEAST_LOAD = 0.08


@pytest.fixture(scope="module")
def sweeps(shared):
    """{file: (machine, load, W)}; power is each row's own energy over its own time, the start-up row left out."""
    found = {}
    for path in sorted((shared / "data/fixtures/codecarbon/cpu_load_vs_rapl").glob("*.csv")):
        with path.open() as handle:
            rows = list(csv.DictReader(handle))[1:]
        load = np.array([float(r["cpu_load"]) / 100 for r in rows])
        power_w = np.array([float(r["rapl_energy"]) * 3.6e6 / float(r["duration"]) for r in rows])
        found[path.stem] = (path.stem[:3], load[load >= LEAST_LOAD], power_w[load >= LEAST_LOAD])
    return found


def drawn_fit(load, share):
    """The pack's estimate: least squares of log power, drawn towards 0.95 at full load and 0.10 at idle (20 points)."""

    def badness(x):
        a, b = np.exp(x)
        drawn = np.log((a + b) / 0.95) ** 2 + np.log(a / 0.10) ** 2
        return np.sum((np.log(share) - np.log(a + b * load)) ** 2) + 20 * drawn

    return np.exp(minimize(badness, np.log([0.1, 0.7])).x)


def pooled(sweeps, keep):
    chosen = [(load, power_w / TDP_W[machine]) for machine, load, power_w in sweeps.values() if keep(machine)]
    return tuple(np.concatenate(part) for part in zip(*chosen, strict=True))


# -- by TDP


def test_a_machine_left_out_is_within_the_bars(sweeps):
    errors, ratios, modelled_w, true_w = [], [], 0.0, 0.0
    for left in TDP_W:
        a, b = drawn_fit(*pooled(sweeps, lambda machine, left=left: machine != left))
        load, share = pooled(sweeps, lambda machine, left=left: machine == left)
        ours = a + b * load
        errors += list(abs(ours / share - 1))
        ratios += list(share / ours)
        modelled_w, true_w = modelled_w + TDP_W[left] * ours.sum(), true_w + TDP_W[left] * share.sum()
    low, high = coefficient_pack("processor")["band"]
    assert len(errors) == 57
    assert abs(modelled_w / true_w - 1) <= 0.20
    assert np.mean(errors) <= 0.45
    assert np.mean([(low <= r <= high) for r in ratios]) >= 0.90
    told = coefficient_pack("processor")["residuals"]["one_machine_left_out"]
    assert told["mape"] == pytest.approx(np.mean(errors), abs=2e-3)
    assert told["energy_bias"] == pytest.approx(modelled_w / true_w - 1, abs=2e-3)


def test_the_pack_is_the_fit_to_all_machines_rounded(sweeps):
    a, b = drawn_fit(*pooled(sweeps, lambda machine: True))
    pack = coefficient_pack("processor")
    assert (pack["idle_share"], pack["load_share"]) == (pytest.approx(a, abs=0.05), pytest.approx(b, abs=0.05))
    load, share = pooled(sweeps, lambda machine: True)
    ours = np.array([model.processor_power_w(1.0, u) for u in load])
    assert np.mean(abs(ours / share - 1)) == pytest.approx(pack["residuals"]["in_sample"]["mape"], abs=2e-3)
    assert (pack["band"][0] <= share / ours).all()


# -- calibrated


def three_points(load, power_w):
    at = [int(np.argmin(abs(load - u))) for u in (0.1, 0.5, 1.0)]
    return calibrate_host.curve([(load[i], power_w[i]) for i in at])


def test_three_points_bring_every_sweep_within_fifteen_percent(sweeps):
    worst, ratios = {}, []
    for name, (_, load, power_w) in sweeps.items():
        ours = np.array([three_points(load, power_w).power_w(u) for u in load])
        worst[name] = np.mean(abs(ours / power_w - 1))
        ratios += list(power_w / ours)
    low, high = coefficient_pack("processor")["calibrated_band"]
    assert max(worst.values()) <= 0.15
    assert np.mean([(low <= r <= high) for r in ratios]) >= 0.90
    told = coefficient_pack("processor")["residuals"]["calibrated_at_10_50_100"]
    assert told["worst_sweep_mape"] == pytest.approx(max(worst.values()), abs=2e-3)
    assert told["mape"] == pytest.approx(np.mean(list(worst.values())), abs=2e-3)


def test_calibrated_it_says_which_of_two_jobs_used_more_energy(sweeps):
    """Jobs: a load of a sweep held for one to ten minutes."""
    chance, right = random.Random(0), []
    for _, load, power_w in sweeps.values():
        curve = three_points(load, power_w)
        for i, j in itertools.permutations(range(len(load)), 2):
            minutes = [10 ** chance.random() for _ in "ab"]
            true = [power_w[k] * m for k, m in zip((i, j), minutes, strict=True)]
            ours = [curve.power_w(load[k]) * m for k, m in zip((i, j), minutes, strict=True)]
            right.append((true[0] > true[1]) == (ours[0] > ours[1]))
    assert len(right) > 400
    assert np.mean(right) >= 0.95


def test_a_curve_goes_through_its_points_and_stands_still_beyond_them():
    curve = calibrate_host.curve([(1.0, 90), (0.1, 20), (0.5, 45)])
    assert [curve.power_w(u) for u in (0.0, 0.1, 0.5, 1.0)] == pytest.approx([20, 20, 45, 90])
    assert curve.power_w(0.75) == pytest.approx(67.5)
    assert curve.power_w(0.3) == pytest.approx(30)


@pytest.mark.parametrize("points", [[], [(0, 5), (1, 9)], [(0, 5), (0, 6), (1, 9)], [(0, 0), (0.5, 5), (1, 9)], [(0, 5), (0.5, 6), (2, 9)]])
def test_points_that_make_no_curve_are_refused(points):
    with pytest.raises(BadInput, match="give"):
        calibrate_host.curve(points)


def test_a_stored_curve_is_used_by_the_model_from_then_on(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    assert calibrate_host.stored() is None
    calibrate_host.store(calibrate_host.curve([(0.0, 20), (0.5, 45), (1.0, 90)], note="RAPL, 2026"))
    (sensor,) = model.discover(machine(tmp_path), ["processor", "memory"]).sensors
    processor, memory = sensor.meters
    assert (processor.tier, processor.note) == ("calibrated", "RAPL, 2026")
    assert (processor.low, processor.high) == tuple(coefficient_pack("processor")["calibrated_band"])
    assert memory.component == "memory"


def test_a_curve_measured_at_the_wall_is_one_model_of_the_whole_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    calibrate_host.store(calibrate_host.curve([(0.0, 50), (0.5, 95), (1.0, 140)], "server"))
    (sensor,) = model.discover(machine(tmp_path), ["processor", "memory"]).sensors
    assert [(meter.component, meter.boundary) for meter in sensor.meters] == [("system", "server")]


def test_another_hosts_curve_and_a_torn_file_are_not_used(tmp_path):
    path = calibrate_host.store(calibrate_host.curve([(0, 1), (0.5, 2), (1, 3)]), tmp_path)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "host": "elsewhere"}))
    assert calibrate_host.stored(tmp_path) is None
    path.write_text('{"points": [[0')
    assert calibrate_host.stored(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="JEVONS_HOME"):
        calibrate_host.store(calibrate_host.curve([(0, 1), (0.5, 2), (1, 3)]), tmp_path / "file" / "below")


def test_measuring_a_host_keeps_its_processors_busy_and_asks_for_watts():
    asked = []

    def read_w(seconds):
        asked.append(seconds)
        time.sleep(0.3)
        return 10.0 + len(asked)

    points = calibrate_host.measure(read_w, shares=(0.0, 1.0), seconds=0.4)
    assert asked == [0.4, 0.4]
    assert points[1][0] > 0.5  # its processors are busy, where nobody else keeps them from us
    assert [watts for _, watts in points] == [11.0, 12.0]


# -- what the machine says


def machine(root, name="AMD EPYC", count=2, gigabytes=25):
    cpu = "\n".join(f"processor : {i}\nmodel name : {name}\nphysical id : 0" for i in range(count))
    return write_tree(root / "machine", {"proc/cpuinfo": cpu, "proc/stat": "cpu  100 0 0 100 0 0 0 0 0 0",
                                         "proc/meminfo": f"MemTotal: {gigabytes * 1_000_000} kB"})  # fmt: skip


@pytest.mark.parametrize("name", ["AMD EPYC", "AMD EPYC Processor", "Intel(R) Xeon(R) Processor @ 2.20GHz", "Virtual CPU", ""])
def test_two_virtual_processors_of_a_hidden_model_draw_3_to_15_watts_and_it_says_modelled(tmp_path, name):
    root = machine(tmp_path, name)
    assert 3 <= model.virtual_power_w(2, 0.0) <= model.virtual_power_w(2, 1.0) <= 15
    channel = model.processor(root)
    meter = channel.meter
    assert (meter.method, meter.tier, meter.boundary) == ("modelled", "guess", "server")
    assert meter.low < 1 < meter.high
    assert "no model of that name" in meter.note
    for busy in (0, 50, 100):
        ticks = (root / "proc/stat").read_text().split()
        write_tree(root, {"proc/stat": f"cpu {int(ticks[1]) + busy} 0 0 {int(ticks[4]) + 100 - busy} 0 0 0 0 0 0"})
        assert 3 <= channel.ask() <= 15


def test_the_virtual_processor_is_what_the_tables_and_the_measured_hosts_give():
    pack, rows = coefficient_pack("virtual"), catalog.table("cpu_power")
    for kind, column in (("idle", "idle_w_per_vcpu"), ("full", "busy_w_per_vcpu")):
        by_name = {row["id"]: catalog.number(row, column) for row in rows}
        own = [by_name[row["id"]] for row in rows if not row["note"].startswith("stand-in")]
        over = [(h[f"package_{kind}_w"] + h["rest_w"]) / h["vcpus"] / by_name[h["microarchitecture"]] for h in pack["hosts"]]
        assert pack[f"{kind}_w"] == pytest.approx(np.exp(np.mean(np.log(own)) + np.mean(np.log(over))), abs=0.01)
        low, high = pack["band"]
        measured = [(h[f"package_{kind}_w"] + h["rest_w"]) / h["vcpus"] for h in pack["hosts"]]
        assert all(low <= w / pack[f"{kind}_w"] <= high for w in [*measured, np.median(own)])


def test_a_guests_memory_is_a_slice_of_its_hosts_by_the_gigabyte(tmp_path):
    root = machine(tmp_path)
    whole = model.memory(root)
    cpuinfo = root / "proc/cpuinfo"
    cpuinfo.write_text(cpuinfo.read_text() + "\nflags : fpu hypervisor ssse3\n")
    slice_ = model.memory(root)
    assert slice_.ask() == pytest.approx(0.3725 * 25.6)
    assert slice_.ask() < whole.ask()
    assert "of a host's memory" in slice_.meter.note


def test_a_named_model_is_taken_by_its_name_with_the_match_and_its_score(tmp_path):
    watts, why = model.tdp(machine(tmp_path, "AMD EPYC 8024P 8-Core Processor", 16))
    assert watts == 90
    assert why == "AMD EPYC 8024P (spelling of amd-epyc-8024p, score 1.00), 100% of its threads"


def test_a_part_of_a_processor_gets_its_threads_share(tmp_path):
    assert model.tdp(machine(tmp_path, "AMD EPYC 8024P 8-Core Processor", 4))[0] == pytest.approx(90 / 4)


@pytest.mark.parametrize("name", ["AMD EPYC", "Intel(R) Xeon(R) CPU @ 2.00GHz", "Xeon 9999X", "QEMU Virtual CPU version 2.5+"])
def test_a_name_that_matches_nothing_well_is_refused_and_no_first_row_taken(tmp_path, name):
    assert model.tdp(machine(tmp_path, name))[0] == 0.0


def test_memory_power_rises_with_size_from_1_to_4096_gb():
    powers = [model.memory_power_w(gb) for gb in np.geomspace(1, 4096, 200)]
    assert (np.diff(powers) > 0).all()


@pytest.mark.parametrize(("gigabytes", "modules"), [(8, 2), (16, 2), (32, 2), (64, 4), (128, 8), (256, 8), (512, 16), (1024, 16), (2048, 32), (4096, 32)])
def test_memory_power_lies_within_its_band_of_five_watts_a_module(gigabytes, modules):
    low, high = coefficient_pack("memory")["band"]
    assert low <= 5.0 * modules / model.memory_power_w(gigabytes) <= high


def test_memory_of_the_server_that_was_measured_lies_within_the_band():
    low, high = coefficient_pack("memory")["band"]
    assert low <= 26.0 / model.memory_power_w(550) <= high


def test_modules_are_counted_where_the_memory_controller_shows_them(tmp_path):
    edac = {f"sys/devices/system/edac/mc/mc0/dimm{i}/size": "16384" if i < 4 else "0" for i in range(8)}
    meter = model.memory(write_tree(machine(tmp_path), edac)).meter
    assert meter.note == "4 modules"


def test_disks_are_counted_and_loops_are_not(tmp_path):
    root = write_tree(tmp_path, {"sys/block/nvme0n1/size": "2000000000", "sys/block/nvme0n1/queue/rotational": "0", "sys/block/nvme0n1/device/x": "",
                                 "sys/block/loop0/size": "100"})  # fmt: skip
    assert model.disk_tb(root) == [("ssd", pytest.approx(1.024))]
    assert model.storage(root)[0].ask() == pytest.approx(1.2 * 1.024)


# -- network ports


def ports(root, **named):
    """A tree with ports of that (state, Mbit/s), each a device."""
    return write_tree(root, {f"sys/class/net/{name}/{file}": text for name, (state, speed) in named.items()
                             for file, text in (("operstate", state), ("speed", speed), ("device/vendor", "0x8086"))})  # fmt: skip


@pytest.mark.parametrize(("gbit", "allowed_w"), [(1, 2), (2.5, 4), (5, 4), (10, 15), (24, 15), (25, 20), (40, 20), (50, 26), (100, 26), (400, 26)])
def test_a_port_draws_a_share_of_what_the_regulation_allows_it(gbit, allowed_w):
    assert model.network_power_w([gbit]) == pytest.approx(0.45 * allowed_w)
    assert model.network_power_w([gbit, 1]) == pytest.approx(0.45 * (allowed_w + 2))


def test_the_band_of_a_port_ends_at_its_allowance_and_holds_the_cards_that_were_measured():
    pack = coefficient_pack("network")
    low, high = pack["band"]
    assert pack["share"] * high == pytest.approx(1.0, abs=0.01)
    assert len(pack["measured"]) == 5
    assert all(low <= watts / model.network_power_w([gbit]) <= high for _, gbit, watts in pack["measured"])


def test_ports_that_are_up_are_modelled_where_asked_for_and_only_there(tmp_path):
    root = ports(machine(tmp_path, "AMD EPYC 8024P 8-Core Processor", 16), eth0=("up", "25000"), eth1=("down", "-1"), eth2=("up", "100"))
    assert [m.component for m in model.discover(root).sensors[0].meters] == ["processor", "memory"]
    found = model.discover(root, ["processor", "memory", "network"])
    meter = found.sensors[0].meters[-1]
    assert (meter.component, meter.boundary, meter.method, meter.tier) == ("network", "server", "modelled", "guess")
    assert meter.note == "1 ports up: 25 Gbit/s; 1 slower or of unknown speed left out"
    assert found.sensors[0].channels[-1].ask() == pytest.approx(9.0)
    assert found.why_not == ""


def test_bridges_and_the_virtual_functions_of_a_card_are_no_ports(tmp_path):
    root = ports(tmp_path, eth0=("up", "100000"), vf0=("up", "100000"), rep0=("up", "100000"), wlan0=("up", ""))
    write_tree(root / "sys/class/net", {"vf0/device/physfn/vendor": "", "rep0/phys_port_name": "c1pf0vf3", "eth0/phys_port_name": "p0",
                                        "docker0/operstate": "up", "docker0/speed": "10000"})  # fmt: skip
    assert model.port_gbit(root) == [100.0, 0.0]


@pytest.mark.parametrize("sign", [{"proc/cpuinfo": "flags : fpu hypervisor"}, {".dockerenv": ""}])
def test_the_ports_of_a_guest_or_a_container_are_refused_with_the_reason(tmp_path, sign):
    found = model.discover(write_tree(ports(tmp_path, eth0=("up", "10000")), sign), ["network"])
    assert (found.sensors, found.why_not) == ([], "the ports seen by a guest or a container are not its own")


def test_without_a_port_of_known_speed_there_is_no_figure(tmp_path):
    found = model.discover(ports(tmp_path, eth0=("up", "-1")), ["network"])
    assert found.sensors == []
    assert "none at a known speed" in found.why_not


def test_a_virtual_processors_part_of_a_server_holds_its_ports_already(tmp_path):
    root = ports(machine(tmp_path, "AMD EPYC"), eth0=("up", "10000"))
    found = model.discover(root, ["processor", "memory", "network"])
    assert [m.component for m in found.sensors[0].meters] == ["processor", "memory"]
    assert "holds the ports" in found.why_not


def test_load_is_the_share_of_ticks_not_idle_and_waiting_for_a_disk_is_idle(tmp_path):
    file = tmp_path / "stat"
    file.write_text("cpu  100 0 100 800 0 0 0 0 50 0\n")
    load = Load(file)
    file.write_text("cpu  130 0 110 840 20 0 0 0 90 0\n")
    assert load() == pytest.approx(0.4)
    assert load() == pytest.approx(0.4)
    file.unlink()
    assert load() is None


def test_the_two_socket_xeons_ticks_are_read(shared):
    whole, busy = _jiffies(shared / "data/fixtures/scaphandre/proc_stat_xeon_bisocket.txt")
    assert 0 < busy < whole


def test_a_host_with_a_counter_is_calibrated_by_it_and_its_idle_power_is_known_from_then_on(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    tree = write_tree(tmp_path, {f"sys/class/powercap/intel-rapl:{i}/{name}": text for i in range(2)
                                 for name, text in (("name", f"package-{i}"), ("energy_uj", str(1000 + 5 * i)), ("max_energy_range_uj", "262143328850"))})  # fmt: skip
    assert [m.idle_w for m in rapl.discover(tree).sensors[0].meters] == [0.0, 0.0]
    calibrate_host.store(calibrate_host.curve([(0.02, 40), (0.5, 90), (1.0, 150)]))
    assert [m.idle_w for m in rapl.discover(tree).sensors[0].meters] == [20.0, 20.0]
    read_w = calibrate_host.by_counter([Steady(watts=55.0)])
    assert read_w(0.1) == pytest.approx(55, rel=0.02)
    assert calibrate_host.by_counter(model.discover(machine(tmp_path)).sensors) is None


def test_the_modelled_idle_power_is_the_laws_at_no_load(tmp_path):
    (named,) = (model.processor(machine(tmp_path, "AMD EPYC 8024P 8-Core Processor", 16)).meter,)
    assert named.idle_w == pytest.approx(model.processor_power_w(90, 0.0))
