"""Kubernetes' pods, ``kubectl get pods -A -o json``: whose each pod is, and the core and accelerator hours it held.

    h = requested · (finishedAt − startedAt) / 3600        a limit stands for a request that is not made

The API tells no energy: hours are to be modelled, or serve to share out a meter. What meters pods (Kepler) names them
by uid or by name; ``labelled`` joins both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers.documents import documents
from jevons.core import units
from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.core.activity import Activity

OWNERS = ("owner", "team", "user", "app.kubernetes.io/owner", "cost-center")
GPU_KINDS = ("nvidia.com/gpu.product", "cloud.google.com/gke-accelerator", "cloud.google.com/gke-tpu-accelerator", "amd.com/gpu.product-name")
GPUS = ("nvidia.com/gpu", "amd.com/gpu", "google.com/tpu", "gpu.intel.com/i915", "habana.ai/gaudi", "aws.amazon.com/neuron")
SIZES = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Ki": 2.0**10,
         "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60}  # fmt: skip
QUANTITY = re.compile(r"([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$")


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod: its names, whose it is, where and when it ran (None: not begun, not over), and what it asked for."""

    name: str
    uid: str
    namespace: str
    owner: str
    workload: str
    node: str
    start_s: float | None
    end_s: float | None
    requests: Mapping[str, float]
    gpu_kind: str

    @property
    def labels(self) -> dict[str, str]:
        """What a row of this pod is labelled by."""
        return {"pod": self.name, "pod_id": self.uid, "namespace": self.namespace, "owner": self.owner,
                "workload": self.workload, "node": self.node}  # fmt: skip


def recognises(head: str) -> bool:
    """Whether this is a list of pods, or one."""
    return head.lstrip().startswith("{") and '"apiVersion"' in head and ('"Pod"' in head or '"PodList"' in head or '"items"' in head)


def read(path: Path, zone: str = "UTC", owner: str = "", until: str | float | None = None, gpu: str = "") -> Activity:
    """One Activity: a row a pod and kind of device. ``owner``: the label that says whose a pod is.

    ``until``: when the pods that still run are cut (ISO, or UTC seconds); without it they are left out, and told.
    ``gpu``: the accelerator where no pod selects one. ``zone`` is not needed. Errors: BadInput where no pod is over.
    """
    from jevons.core.activity import Activity

    found = list(pods(path, owner))
    cut_s = None if until is None else _until_s(until)
    ended = [replace(p, end_s=p.end_s or cut_s) for p in found if p.start_s is not None]
    over = [p for p in ended if p.end_s is not None and p.end_s > (p.start_s or 0.0)]
    if not over:
        raise BadInput("until", until, f"none of the {len(found)} pods is over; say until when they are counted, e.g. "
                       "until='2026-03-01T12:00Z'")  # fmt: skip
    notes = [Assumption("energy of pods", "not in the file", "hours of cores and accelerators are kept, to be modelled", "stated")]
    if len(over) < len(found):
        notes.append(Assumption("pods that still run or have not begun", f"{len(found) - len(over)} left out",
                                "say until when they are counted by until=", "stated"))  # fmt: skip
    return Activity.of([row for pod in over for row in _rows(pod, gpu)], served={"pod": float(len(over))}, assumptions=tuple(notes))


def pods(path: Path, owner: str = "") -> Iterator[Pod]:
    """The pods of a file. ``owner``: the label that says whose a pod is (default: the first of OWNERS it has)."""
    for answer in documents(path):
        items = answer.get("items", [answer]) if isinstance(answer, Mapping) else []
        for number, item in enumerate(items, 1):
            try:
                if item.get("kind", "Pod") == "Pod":
                    yield _pod(item, (owner,) if owner else OWNERS)
            except (KeyError, TypeError, ValueError, AttributeError) as trouble:
                raise TableError(path.name, number, "pod", str(trouble), "give what kubectl get pods -o json prints") from None


def labelled(activity: Activity, found: Iterable[Pod]) -> Activity:
    """The activity with the labels of the pods that its rows name by ``pod_id``, else by ``namespace`` and ``pod``.

    A row that names no pod of the list keeps its words. Errors: BadInput where it has no such column.
    """
    import numpy as np

    if not {"pod", "pod_id"} & set(activity.text):
        raise BadInput("pods", ", ".join(activity.text), "read a metric of pods, e.g. prometheus with scope='pod'")
    listed = list(found)
    by_name = {(p.namespace, p.name): p for p in listed} | {("", p.name): p for p in listed}
    by_uid = {p.uid: p for p in listed if p.uid}
    blank = np.full(len(activity), "", dtype=object)
    uids, names, spaces = (activity.text.get(n, blank) for n in ("pod_id", "pod", "namespace"))
    which = [by_uid.get(u) or by_name.get((s, n)) for u, n, s in zip(uids, names, spaces, strict=True)]
    columns = dict(activity.text)
    for label in ("pod", "pod_id", "namespace", "owner", "workload", "node"):
        column = activity.text.get(label, blank).copy()
        for i, pod in enumerate(which):
            if pod is not None and pod.labels[label]:
                column[i] = pod.labels[label]
        columns[label] = column
    return replace(activity, text=columns)


def _pod(item: Mapping[str, Any], owners: Iterable[str]) -> Pod:
    meta, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    labels = {**meta.get("annotations", {}), **meta.get("labels", {})}
    above = (meta.get("ownerReferences") or [{}])[0]
    start_s, end_s = _span(status)
    select = spec.get("nodeSelector") or {}
    return Pod(
        str(meta["name"]), str(meta.get("uid", "")), str(meta.get("namespace", "")),
        next((str(labels[name]) for name in owners if labels.get(name)), ""),
        f"{above['kind']}/{above['name']}" if above else "", str(spec.get("nodeName", "")), start_s, end_s,
        _requests(spec.get("containers", ())), next((str(select[k]) for k in GPU_KINDS if k in select), ""),
    )  # fmt: skip


def _span(status: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """From the pod's start to the last container's end; no end while one of them runs."""
    states = [s.get("state", {}) for s in status.get("containerStatuses", ())]
    ends = [s["terminated"].get("finishedAt") for s in states if "terminated" in s]
    begins = [stamp for s in states for part in s.values() if (stamp := part.get("startedAt"))]
    start = status.get("startTime") or (min(begins) if begins else None)
    over = bool(ends) and len(ends) == len(states) and all(ends)
    return (_stamp_s(start) if start else None), (max(map(_stamp_s, ends)) if over else None)


def _requests(containers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    held: dict[str, float] = {}
    for container in containers:
        asked = container.get("resources", {})
        for name, word in {**asked.get("limits", {}), **asked.get("requests", {})}.items():
            held[name] = held.get(name, 0.0) + quantity(word)
    return held


def quantity(word: Any) -> float:
    """A quantity as Kubernetes writes it: "500m", "2", "1Gi"; ValueError for anything else."""
    found = QUANTITY.match(str(word))
    if not found or found[2] not in SIZES:
        raise ValueError(f"quantity {word!r}")
    return float(found[1]) * SIZES[found[2]]


def _rows(pod: Pod, gpu: str) -> Iterator[dict[str, Any]]:
    from jevons.account.devices import accelerator

    hours = ((pod.end_s or 0.0) - (pod.start_s or 0.0)) / units.SECONDS_PER_HOUR
    common = {**pod.labels, "start_s": pod.start_s, "end_s": pod.end_s, "method": "declared", "run": f"pod-{pod.uid or pod.name}"}
    if cores := pod.requests.get("cpu", 0.0):
        memory = pod.requests.get("memory", 0.0) / units.BYTES_PER_GB
        yield {**common, "flow": "device_hours/core", "component": "processor", "device": "core", "amount": hours * cores,
               "cores": f"{cores:g}", "memory_gb": f"{memory:g}", "lifecycle": "operation"}  # fmt: skip
    for name, count in pod.requests.items():
        if name in GPUS and count:
            told = gpu or pod.gpu_kind
            kind = accelerator(told)[0] if told else "gpu"
            yield {**common, "flow": f"device_hours/{kind}", "component": "accelerator", "device": kind,
                   "amount": hours * count, "lifecycle": "manufacture"}  # fmt: skip


def _stamp_s(word: str) -> float:
    return datetime.fromisoformat(word.replace("Z", "+00:00")).timestamp()


def _until_s(until: str | float) -> float:
    if isinstance(until, (int, float)):
        return float(until)
    try:
        stamp = datetime.fromisoformat(until.replace("Z", "+00:00"))
    except ValueError:
        raise BadInput("until", until, "give an ISO time, e.g. 2026-03-01T12:00Z") from None
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
