"""Whose energy it was: parts and rest make the machine, idle is kept apart, and children that exit are counted."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steady import Steady

from jevons.core.errors import BadInput
from jevons.measure import start
from jevons.measure.attribution import WHOLE_NOTE, Attributed, Machine, OnDevice, Party, divided, party
from jevons.measure.cgroup import Cgroup, container, place
from jevons.measure.journal import read
from jevons.measure.live import Entry, Live, equal_share
from jevons.measure.process_tree import ProcessTree, Stat, descendants, read_stat, spent_s
from jevons.measure.sensor import Meter, Reading
from jevons.measure.sensors.replay import Replay
from stand_ins import write_tree

J = 1_000_000
CPU = Meter("package-0", "processor", "chip", "counter", "rapl")
RAM = Meter("dram-0", "memory", "chip", "counter", "rapl")
GPU = Meter("GPU-1", "accelerator", "chip", "counter", "nvml")
shares = st.floats(-0.5, 1.5)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))


# -- the arithmetic ------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**12), shares, st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(-0.5, 1))
def test_parts_and_rest_make_the_machine_and_no_part_is_negative(energy, busy, weights, allotted):
    whole = max(sum(weights), 1.0)
    parts = [divided(energy, busy, weight / whole, allotted / len(weights)) for weight in weights]
    rest = energy - sum(map(sum, parts))
    assert min(min(part) for part in parts) >= 0
    assert rest >= 0


@given(st.integers(0, 10**15), st.floats(0, 1))
def test_one_party_that_used_and_was_allotted_everything_has_the_machine(energy, busy):
    assert sum(divided(energy, busy, 1.0, 1.0)) == energy


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=6))
def test_equal_shares_of_all_who_were_there_make_the_interval(spans):
    entries = [Entry(1, (), begin, ended_ns=begin + length) for begin, length in spans]
    edges = sorted({t for e in entries for t in (e.began_ns, e.ended_ns)})
    for a, b in itertools.pairwise(edges):
        there = [e for e in entries if e.overlaps(a, b)]
        shares = [equal_share(a, b, [o for o in there if o is not e]) for e in there]
        assert not there or sum(shares) == pytest.approx(1)


def test_who_came_halfway_shares_half_of_the_interval():
    assert equal_share(0, 100, [Entry(1, (), 50)]) == pytest.approx(0.5 + 0.25)


# -- process trees -------------------------------------------------------------------------------------------------


class Forest:
    """A make-believe kernel: processes that work, fork, exit and are waited for."""

    def __init__(self):
        self.live, self.next, self.truth = {1: [0, 0.0, 0.0]}, 2, 0.0

    def act(self, choice, who, amount):
        pid = sorted(self.live)[who % len(self.live)]
        if choice == "work":
            self.live[pid][1] += amount
            self.truth += amount
        elif choice == "fork":
            self.live[self.next] = [pid, 0.0, 0.0]
            self.next += 1
        elif pid != 1 and not any(p[0] == pid for p in self.live.values()):
            parent, own, waited = self.live.pop(pid)
            self.live[parent][2] += own + waited

    def scan(self):
        return {(pid, 0): Stat(parent, own, waited, 0) for pid, (parent, own, waited) in self.live.items()}


acts = st.tuples(st.sampled_from(["work", "fork", "exit"]), st.integers(0, 99), st.floats(0.0, 5.0))


@settings(max_examples=200)
@given(st.lists(st.lists(acts, max_size=12), max_size=6))
def test_no_processor_time_is_lost_or_invented_whoever_forks_and_exits(rounds):
    forest, total = Forest(), 0.0
    before = forest.scan()
    for one in rounds:
        for act in one:
            forest.act(*act)
        now = forest.scan()
        total, before = total + spent_s(before, now), now
    assert total == pytest.approx(forest.truth)


def test_a_child_nobody_waits_for_keeps_what_was_seen_of_it():
    before = {(1, 0): Stat(0, 1.0, 0.0, 0), (2, 0): Stat(1, 5.0, 0.0, 0)}
    assert spent_s(before, {(1, 0): Stat(0, 1.5, 0.0, 0)}) == pytest.approx(0.5)


def test_a_tree_holds_all_below_its_root_and_nobody_else():
    table = {(pid, 0): Stat(parent, 0.0, 0.0, 0) for pid, parent in ((1, 0), (5, 1), (6, 5), (7, 6), (9, 1))}
    assert set(descendants(table, {(5, 0)})) == {(5, 0), (6, 0), (7, 0)}


def test_children_that_have_come_and_gone_between_two_looks_are_counted():
    tree = ProcessTree()
    before = time.process_time() + sum(os.times()[2:4])
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    tree.update()
    spent = time.process_time() + sum(os.times()[2:4]) - before
    assert tree.cpu_s == pytest.approx(spent, abs=0.05)
    assert tree.cpu_s >= 0.29
    assert tree.resident_bytes > 1e6


def test_a_child_that_still_runs_is_counted_and_known():
    tree = ProcessTree()
    child = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: pass"])
    try:
        until = time.monotonic() + 60
        while tree.cpu_s < 0.05 and time.monotonic() < until:
            tree.update()
        assert child.pid in tree.pids
        assert tree.cpu_s >= 0.05
    finally:
        child.kill()
        child.wait()


def test_a_process_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="name a process that runs here"):
        ProcessTree(2**22 + 1)


def test_stat_of_a_recorded_process_is_read(shared):
    key, stat = read_stat(shared / "data/fixtures/kepler/procfs/3456208")
    assert key == (3456208, 633412975)
    assert (stat.parent, stat.own_s * 100) == (3456165, pytest.approx(572479 + 27124))


# -- control groups ------------------------------------------------------------------------------------------------

ID = "b176419186d75a44628851daf7841d3374a2ec56d0b038ee3bd1e0c6d331e5b1"
PATHS = {
    f"/system.slice/docker-{ID}.scope": ("docker", ID, f"/system.slice/docker-{ID}.scope"),
    f"/docker/{ID}": ("docker", ID, f"/docker/{ID}"),
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{ID}.scope/inner":
        ("kubernetes", ID, f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{ID}.scope"),
    f"/kubepods/burstable/pod1f/{ID}": ("kubernetes", ID, f"/kubepods/burstable/pod1f/{ID}"),
    "/system.slice/slurmstepd.scope/job_42/step_0/user/task_0": ("slurm", "42", "/system.slice/slurmstepd.scope/job_42"),
    "/slurm/uid_1000/job_42/step_batch": ("slurm", "42", "/slurm/uid_1000/job_42"),
    "/user.slice/session-2.scope": ("", "", "/user.slice/session-2.scope"),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_cut_at_the_job_or_container_it_belongs_to(path):
    found = place(f"0::{path}\n")
    assert (found.kind, found.id, found.paths[""]) == PATHS[path]


@pytest.mark.parametrize(("pid", "kind"), [(3456208, "docker"), (3538344, "podman"), (3538356, "podman"), (1337, "")])
def test_recorded_processes_are_told_apart(shared, pid, kind):
    found = place((shared / f"data/fixtures/kepler/procfs/{pid}/cgroup").read_text())
    assert found.kind == kind
    assert not found.paths[""].endswith("/container")


def version_2(root, **files):
    job = "sys/fs/cgroup/slurm/job_42"
    write_tree(root, {"proc/self/cgroup": "0::/slurm/job_42/step_0/task_1\n", "proc/9/cgroup": "0::/slurm/job_42/step_0\n",
                      "proc/stat": "cpu  0 0 0 0 0 0 0 0\n" + "".join(f"cpu{i} 0\n" for i in range(8)),
                      "proc/meminfo": "MemTotal: 1000000 kB\n", "sys/fs/cgroup/cpu.stat": "usage_usec 99000000\n",
                      f"{job}/cpu.stat": "usage_usec 1000000\nuser_usec 5\n", f"{job}/memory.current": "1024000",
                      **{f"{job}/{name.replace('__', '.')}": text for name, text in files.items()}})  # fmt: skip
    return root / job


def test_version_2_gives_the_job_its_time_cores_and_memory(tmp_path):
    job = version_2(tmp_path, cpu__max="200000 100000", cpuset__cpus__effective="0-3,6", memory__max="256000000")
    group = Cgroup(root=tmp_path)
    (job / "cpu.stat").write_text("usage_usec 4500000\n")
    group.update()
    assert (group.cpu_s, group.cores(), group.memory_bytes(), group.resident_bytes) == (3.5, 2.0, 256000000, 1024000)


def test_a_limit_of_a_level_above_holds_too(tmp_path):
    version_2(tmp_path, cpu__max="max 100000", memory__max="max")
    write_tree(tmp_path, {"sys/fs/cgroup/slurm/cpu.max": "400000 100000", "sys/fs/cgroup/slurm/memory.max": "7"})
    group = Cgroup(root=tmp_path)
    assert (group.cores(), group.memory_bytes()) == (4.0, 7)


def test_version_1_gives_the_same(tmp_path):
    base = "sys/fs/cgroup"
    write_tree(tmp_path, {
        "proc/self/cgroup": f"5:memory:/docker/{ID}\n4:cpuset:/docker/{ID}\n3:cpu,cpuacct:/docker/{ID}\n0::/\n",
        f"{base}/cpu,cpuacct/docker/{ID}/cpuacct.usage": "2000000000", f"{base}/cpu,cpuacct/docker/{ID}/cpu.stat": "nr_periods 0",
        f"{base}/cpu/docker/{ID}/cpu.cfs_quota_us": "150000", f"{base}/cpu/docker/{ID}/cpu.cfs_period_us": "100000",
        f"{base}/cpuset/docker/{ID}/cpuset.cpus": "0-1", f"{base}/memory/docker/{ID}/memory.usage_in_bytes": "5",
        f"{base}/memory/docker/{ID}/memory.limit_in_bytes": "9223372036854771712"})  # fmt: skip
    group = Cgroup(root=tmp_path)
    (tmp_path / base / f"cpu,cpuacct/docker/{ID}/cpuacct.usage").write_text("2250000000")
    group.update()
    assert (group.cpu_s, group.cores(), group.memory_bytes(), group.resident_bytes) == (0.25, 1.5, None, 5)


def test_inside_a_container_its_own_group_is_the_root(tmp_path):
    write_tree(tmp_path, {"proc/self/cgroup": "0::/docker/gone\n", "sys/fs/cgroup/cpu.stat": "usage_usec 7"})
    assert Cgroup(root=tmp_path).place.paths == {"": "/docker/gone"}


def test_a_group_that_does_not_exist_is_refused(tmp_path):
    version_2(tmp_path)
    with pytest.raises(BadInput, match="name a group below /sys/fs/cgroup"):
        Cgroup(path="/nothing/here", root=tmp_path)


def test_a_job_is_found_by_its_id_and_a_wrong_id_is_refused(tmp_path):
    version_2(tmp_path)
    assert container("42", tmp_path).name == "/slurm/job_42"
    with pytest.raises(BadInput, match="beginning of the id"):
        container("77", tmp_path)


# -- a machine's meters seen by one party --------------------------------------------------------------------------


class Worker:
    cpu_s, resident_bytes, pids = 0.0, 0, {11}

    def __init__(self, *seconds):
        self._seconds = iter(seconds)

    def update(self):
        self.cpu_s += next(self._seconds)


def seen(tmp_path, meter, joules, worker, ticks, cores=1.0, memory=None, on=None):
    """A party's view of one meter: readings in joules, and (busy, idle) ticks of the machine at each look."""
    stat = tmp_path / "proc/stat"
    write_tree(tmp_path, {"proc/stat": "cpu  0 0 0 0 0 0 0 0", "proc/meminfo": "MemTotal: 1000 kB"})
    record = [[Reading(meter.device, j * J, i)] for i, j in enumerate(joules)]
    who = Party("process", "process:1:1", ("machine",), worker, cores, memory)
    view = Attributed([Replay([meter], record)], who, Machine(tmp_path), on or (lambda device: None))
    view.read()
    for busy, idle in ticks:
        stat.write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0")
        view.settle()
    return {r.device: r.energy_uj / J for r in view.read()}


def test_active_energy_goes_by_processor_time_and_idle_by_allotment(tmp_path):
    found = seen(tmp_path, CPU, [0, 100], Worker(0.3), [(60, 40)], cores=0.25)
    assert found == {"package-0": pytest.approx(60 * 0.5), "package-0 idle": pytest.approx(40 * 0.25)}


def test_more_time_than_the_machine_was_busy_is_never_more_than_the_machine(tmp_path):
    assert sum(seen(tmp_path, CPU, [0, 100], Worker(9.0), [(60, 40)]).values()) == 100


def test_memory_goes_by_the_limit_of_the_group_not_by_the_node(tmp_path):
    assert seen(tmp_path, RAM, [0, 100], Worker(0.0), [(60, 40)], memory=100 * 1024) == {"dram-0": pytest.approx(10)}


def test_where_no_tick_passed_energy_waits_for_the_next_look(tmp_path):
    found = seen(tmp_path, CPU, [0, 50, 100], Worker(1.0), [(0, 0), (100, 0)])
    assert sum(found.values()) == pytest.approx(100)


def test_an_accelerator_goes_by_the_processes_on_it(tmp_path):
    found = seen(tmp_path, GPU, [0, 100], Worker(0.0), [(1, 1)], on=lambda device: {11: 0.6, 22: 0.2})
    assert found == {"GPU-1": pytest.approx(60), "GPU-1 idle": pytest.approx(20)}


def test_an_accelerator_whose_processes_cannot_be_told_is_whole_and_says_so(tmp_path):
    assert seen(tmp_path, GPU, [0, 100], Worker(0.0), [(1, 1)]) == {"GPU-1": 100, "GPU-1 idle": 0}
    view = Attributed([Replay([GPU], [[]])], Party("process", "", (), Worker(), 1.0, None), Machine(tmp_path), lambda d: None)
    assert WHOLE_NOTE in view.meters[0].note


def test_nvml_tells_utilisation_where_it_can_and_presence_where_not():
    process = SimpleNamespace(pid=os.getpid())
    nvml = SimpleNamespace(nvmlDeviceGetHandleByUUID=lambda uuid: uuid, nvmlDeviceGetComputeRunningProcesses=lambda h: [process],
                           nvmlDeviceGetGraphicsRunningProcesses=lambda h: [])  # fmt: skip
    assert OnDevice(nvml)("GPU-1") == {os.getpid(): 1.0}
    nvml.nvmlDeviceGetProcessUtilization = lambda h, since: [SimpleNamespace(pid=os.getpid(), smUtil=40, timeStamp=since + 1)]
    assert OnDevice(nvml)("GPU-1") == {os.getpid(): 0.4}


def test_processes_of_another_namespace_tell_nothing():
    nvml = SimpleNamespace(nvmlDeviceGetHandleByUUID=lambda uuid: uuid, nvmlDeviceGetGraphicsRunningProcesses=lambda h: [],
                           nvmlDeviceGetComputeRunningProcesses=lambda h: [SimpleNamespace(pid=2**22 + 1)])  # fmt: skip
    assert OnDevice(nvml)("GPU-1") is None


# -- trackers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"scope": "thread"}, {"pid": 1}, {"scope": "machine", "cgroup": "/x"}])
def test_a_scope_that_is_none_is_refused(options):
    with pytest.raises(BadInput, match="scope"):
        start(sensors=[], **options)


def test_a_party_knows_whom_it_stands_inside(tmp_path):
    version_2(tmp_path, cpu__max="200000 100000")
    who = party("cgroup", root=tmp_path)
    assert (who.claim, who.cores_share) == ("cgroup:/slurm/job_42", 0.25)
    assert who.within == ("machine", "cgroup:/slurm", "cgroup:/")
    mine = party("process")
    assert any(claim.startswith(f"process:{os.getppid()}:") for claim in mine.within)


def test_a_process_run_keeps_active_and_idle_apart_and_says_its_share():
    run = start(sensors=[Steady(watts=100.0)], scope="process", period_s=0.05)
    busy_until = time.process_time() + 0.3
    while time.process_time() < busy_until:
        pass
    run.stop()
    assert set(run.activity.column("share")) == {"process"}
    assert "processor" in set(run.activity.column("component")) <= {"processor", "processor idle"}
    assert set(read(run.journal.path).activity.column("share")) == {"process"}
    assert 0 < run.energy_kwh * 3.6e6 <= 100 * (run.ended_s - run.started_s) * 1.001


def test_a_process_inside_a_tracked_machine_adds_up_to_it(tmp_path):
    meter = Steady(watts=100.0)
    machine = start(sensors=[meter], period_s=0.05, flush_s=0.2)
    inner = start(sensors=[Steady(watts=100.0)], scope="process", period_s=0.05, flush_s=0.1)
    busy_until = time.process_time() + 0.4
    while time.process_time() < busy_until:
        pass
    inner.stop()
    time.sleep(0.3)
    machine.stop()
    assert inner.energy_kwh > 0
    assert (machine.energy_kwh + inner.energy_kwh) * 3.6e6 == pytest.approx(meter.joules, rel=1e-3)


def test_what_an_inner_tracker_took_before_us_is_not_taken_from_us(tmp_path):
    inner = Live("inner", ["cpu"], tmp_path, claim="process:1:1", within=("machine",))
    inner._put(Entry(inner.mine.pid_start, ("cpu",), inner.mine.began_ns, "", "process:1:1", ("machine",), {}, None, {"cpu": 500}))
    machine = Live("outer", ["cpu"], tmp_path)
    inner.close({"cpu": 700, "cpu idle": 11})
    machine.look()
    assert machine.taken() == {"cpu": 211}
    assert machine.taken() == {}


def test_claims_side_by_side_are_cut_to_what_there_is(tmp_path):
    first = Live("a", ["cpu"], tmp_path, claim="process:1:1", allotted={"cores": 1.0})
    second = Live("b", ["cpu"], tmp_path, claim="process:2:2", allotted={"cores": 0.5})
    first.look()
    assert first.cut("cores", 1.0) + second.cut("cores", 0.5) == pytest.approx(1.0)
    assert first.cut("memory", 0.1) == 0.1


def test_a_tracker_that_just_ended_has_its_part_of_the_interval(tmp_path):
    one, two = Live("a", ["cpu"], tmp_path), Live("b", ["cpu"], tmp_path)
    began = two.mine.began_ns
    two.close()
    one.look()
    ended = one.others[two.path.name].ended_ns
    assert one.part("cpu", 1000, began, began + 2 * (ended - began)) == pytest.approx(750, abs=1)
    one.close()
    assert not one.path.exists()


def test_a_slurm_job_is_not_found_by_the_beginning_of_its_number(tmp_path):
    from jevons.core.errors import BadInput
    from jevons.measure import cgroup

    process = tmp_path / "proc" / "77"
    process.mkdir(parents=True)
    (process / "cgroup").write_text("0::/system.slice/slurmstepd.scope/job_123/step_0\n")
    group = tmp_path / "sys/fs/cgroup/system.slice/slurmstepd.scope/job_123"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 5\n")
    assert cgroup.container("123", tmp_path).pid == 77
    with pytest.raises(BadInput, match="container: '12' will not do"):
        cgroup.container("12", tmp_path)


def test_where_the_idle_power_is_known_it_is_idle_energy_and_the_rest_is_work(monkeypatch):
    now = iter([0, 10 * 10**9])
    monkeypatch.setattr("jevons.measure.attribution.time.monotonic_ns", lambda: next(now, 10 * 10**9))
    meter = Meter("cpu", "processor", "chip", "counter", "t", idle_w=20.0)
    sensor = Replay([meter], [[Reading("cpu", 0, 0)], [Reading("cpu", 500 * J, 1)]])
    consumer = SimpleNamespace(cpu_s=0.0, resident_bytes=0, pids=set(), update=lambda: setattr(consumer, "cpu_s", 5.0))
    who = Party("process", "process:1:1", ("machine",), consumer, 0.25, None)
    machine = SimpleNamespace(step=lambda: (10.0, 40.0), memory_bytes=0)
    shared = Attributed([sensor], who, machine)
    shared.read()
    shared.settle()
    active, idle = (reading.energy_uj for reading in shared.read())
    assert active == pytest.approx((500 - 20 * 10) * J * 0.5)  # half of what the machine was busy with
    assert idle == pytest.approx(20 * 10 * J * 0.25)
