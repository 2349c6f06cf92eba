"""A control group, version 1 or 2: processor time used, and the cores and memory it was allotted.

Its path comes from /proc/<pid>/cgroup and is cut at the job, pod's container or container it belongs to (Slurm,
Kubernetes, Docker, podman), so that steps and tasks inside are counted together. Limits hold from every level above.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jevons.core.errors import BadInput

MOUNT = "sys/fs/cgroup"
CONTROLLERS = ("", "cpu", "cpuacct", "cpuset", "memory")
NO_LIMIT_BYTES = 1 << 60  # version 1 writes a page-rounded 2⁶³ where there is no limit
WORKLOADS = (  # kind and the part of a path that ends at its own group
    ("slurm", re.compile(r"^(.*/job_(?P<id>\d+))(?:/|$)")),
    ("kubernetes", re.compile(r"^(.*kubepods.*/(?:[a-z-]+-)?(?P<id>[0-9a-f]{64})(?:\.scope)?)(?:/|$)")),
    ("docker", re.compile(r"^(.*/docker[-/](?P<id>[0-9a-f]{64})(?:\.scope)?)(?:/|$)")),
    ("podman", re.compile(r"^(.*/libpod-(?P<id>[0-9a-f]{64})(?:\.scope)?)(?:/|$)")),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands: its workload's kind ("" where none is known), id, and path by controller."""

    kind: str
    id: str
    paths: dict[str, str]  # "" is version 2


def place(text: str) -> Place:
    """The place told by the text of /proc/<pid>/cgroup, each path cut at its workload."""
    paths, kind, identifier = {}, "", ""
    for line in filter(None, text.splitlines()):
        _, controllers, path = line.split(":", 2)
        found, name, cut = workload(path)
        kind, identifier = kind or found, identifier or name
        for controller in controllers.removeprefix("name=").split(","):
            paths[controller] = cut
    return Place(kind, identifier, paths)


def workload(path: str) -> tuple[str, str, str]:
    """(kind, id, path cut at the workload); a path of none is left whole."""
    for kind, pattern in WORKLOADS:
        if match := pattern.match(path):
            return kind, match["id"], match[1]
    return "", "", path


@dataclass
class Cgroup:
    """The control group of ``pid`` (0: this process), or the one at ``path`` below the mount."""

    pid: int = 0
    path: str = ""
    root: Path = Path("/")
    cpu_s: float = field(default=0.0, init=False)
    resident_bytes: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.place = Place("", "", dict.fromkeys(CONTROLLERS, self.path)) if self.path else self._of_pid()
        self._usage = self._file("cpuacct", "cpu.stat", "cpuacct.usage")
        self._memory = self._file("memory", "memory.current", "memory.usage_in_bytes")
        self._before_s = self._used_s()
        if self._before_s is None:
            raise BadInput("cgroup", self.path or self.pid or "of this process",
                           f"name a group below /{MOUNT} whose cpu.stat or cpuacct.usage can be read")  # fmt: skip
        self.update()

    @property
    def name(self) -> str:
        """The path by which its processor time is told."""
        return self.place.paths.get("cpuacct", self.place.paths.get("", "/"))

    @property
    def pids(self) -> set[int]:
        """The processes in it and below."""
        folder = next(iter(self._folders("cpuacct")), None)
        found: set[int] = set()
        for here, _, files in os.walk(folder) if folder else ():
            if "cgroup.procs" in files:
                found.update(map(int, _text(Path(here) / "cgroup.procs").split()))
        return found

    @property
    def gone(self) -> bool:
        """Whether the group was removed, or holds no process any more."""
        return self._usage is None or not self._usage.exists() or not self.pids

    def update(self) -> None:
        """Take what was used since the last call."""
        used, before = self._used_s(), self._before_s
        if used is not None and before is not None:
            self.cpu_s, self._before_s = self.cpu_s + max(used - before, 0.0), used
        resident = _text(self._memory) if self._memory else ""
        self.resident_bytes = int(resident) if resident.isdigit() else self.resident_bytes

    def cores(self) -> float | None:
        """Cores it may use at most, by quota and by set; None where nothing limits it."""
        limits = [*self._quotas(), *self._sets()]
        return min(limits) if limits else None

    def memory_bytes(self) -> int | None:
        """Memory it may use at most; None where nothing limits it."""
        found = self._along("memory", "memory.max", "memory.limit_in_bytes")
        limits = [int(text) for text in found if text.isdigit() and int(text) < NO_LIMIT_BYTES]
        return min(limits) if limits else None

    def _of_pid(self) -> Place:
        try:
            return place((self.root / "proc" / (str(self.pid) if self.pid else "self") / "cgroup").read_text())
        except (OSError, ValueError):
            raise BadInput("pid", self.pid, "name a process whose /proc/<pid>/cgroup can be read") from None

    def _used_s(self) -> float | None:
        """Processor seconds so far, by ``usage_usec`` of cpu.stat or the nanoseconds of cpuacct.usage."""
        if self._usage is None:
            return None
        words = _text(self._usage).split()
        if self._usage.name == "cpu.stat":
            return int(words[words.index("usage_usec") + 1]) / 1e6 if "usage_usec" in words else None
        return int(words[0]) / 1e9 if words else None

    def _quotas(self) -> Iterator[float]:
        for text in self._along("cpu", "cpu.max"):
            quota, _, period = text.partition(" ")
            if quota.isdigit() and period:
                yield int(quota) / int(period)
        for folder in self._up("cpu"):
            quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
            if quota and period and int(quota) > 0:
                yield int(quota) / int(period)

    def _sets(self) -> Iterator[float]:
        names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
        text = next(iter(self._along("cpuset", *names)), "")
        if text:
            yield float(sum(_count(part) for part in text.split(",")))

    def _file(self, controller: str, second: str, first: str) -> Path | None:
        """The file of version 1 (``first``) or 2 that exists; version 1 has a cpu.stat too, without usage."""
        found = [f / name for f in self._folders(controller) for name in (first, second) if (f / name).exists()]
        return next((f for f in found if f.name != "cpu.stat" or "usage_usec" in _text(f)), None)

    def _along(self, controller: str, *names: str) -> list[str]:
        """The text of a file here and at every level above, nearest first; of several names the first that exists."""
        return [next(iter(texts)) for f in self._up(controller) if (texts := [t for n in names if (t := _text(f / n))])]

    def _up(self, controller: str) -> Iterator[Path]:
        for folder in self._folders(controller)[:1]:
            yield folder
            for parent in folder.parents:
                if parent == self.root / MOUNT or not parent.is_relative_to(self.root / MOUNT):
                    break
                yield parent

    def _folders(self, controller: str) -> Sequence[Path]:
        """Where a controller's files lie: version 1 if the path names it, else version 2; the mount itself inside a
        container that sees its own group as the root."""
        mount, paths = self.root / MOUNT, self.place.paths
        mounts = [mount / controller, mount / "cpu,cpuacct"] if controller in paths else []
        mounts += [mount, mount / "unified"]
        path = paths.get(controller, paths.get("", "/")).lstrip("/")
        found = [m / path for m in mounts if (m / path).is_dir()]
        return found if found or self.path else [m for m in mounts if m.is_dir()]


def container(name: str, root: Path = Path("/")) -> Cgroup:
    """The group of the container whose id begins with ``name``, or of the Slurm job whose number it is."""
    for entry in sorted((root / "proc").glob("[0-9]*/cgroup")):
        try:
            found = place(entry.read_text())
        except (OSError, ValueError):
            continue
        begins = found.id.startswith(name) and found.kind != "slurm"
        if name and (begins or found.id == name):
            return Cgroup(pid=int(entry.parent.name), root=root)
    raise BadInput("container", name, "give the beginning of the id of a container or job that runs here")


def _count(part: str) -> int:
    first, _, last = part.partition("-")
    return int(last or first) - int(first) + 1


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
