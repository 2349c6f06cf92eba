"""Pods: whose each is, what it held and for how long; joined to what meters pods."""

from __future__ import annotations

import json

import pytest

from jevons import account
from jevons.account.readers.kubernetes import labelled, pods, quantity
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, TableError


def pod(name="train-0", end="2026-03-01T10:00:00Z", labels=None, requests=None, **spec):
    state = {"terminated": {"startedAt": "2026-03-01T08:00:05Z", "finishedAt": end}} if end else {"running": {"startedAt": "2026-03-01T08:00:05Z"}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "uid": f"uid-{name}", "labels": labels if labels is not None else {"team": "vision"},
                     "ownerReferences": [{"kind": "Job", "name": "train"}]},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "resources": {
            "requests": requests or {"cpu": "500m", "memory": "2Gi", "nvidia.com/gpu": "2"}}}], **spec},
        "status": {"phase": "Succeeded", "startTime": "2026-03-01T08:00:00Z", "containerStatuses": [{"state": state}]},
    }  # fmt: skip


def written(tmp_path, *items):
    file = tmp_path / "pods.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=4))
    return file


def test_a_pod_is_the_hours_of_what_it_asked_for(tmp_path):
    activity = account.read(written(tmp_path, pod(nodeSelector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"})))
    assert {k: float(v[0]) for k, v in activity.by("flow", "device_hours").items()} == {
        "device_hours/nvidia-a100-sxm4-80gb": 4.0, "device_hours/core": 1.0}  # fmt: skip
    assert set(activity.text["owner"]) == {"vision"}
    assert set(activity.text["workload"]) == {"Job/train"}


def test_the_label_that_tells_the_owner_can_be_named(tmp_path):
    file = written(tmp_path, pod(labels={"team": "vision", "cost": "42"}))
    assert set(account.read(file, owner="cost").text["owner"]) == {"42"}


def test_a_pod_that_still_runs_counts_only_until_a_time_that_is_named(tmp_path):
    file = written(tmp_path, pod(), pod("web", end=None))
    assert account.read(file).served["pod"][0] == 1
    assert any("1 left out" in a.value for a in account.read(file).assumptions)
    later = account.read(file, until="2026-03-01T12:00Z")
    assert float(later.where(pod="web", flow="device_hours/gpu").total("device_hours")[0]) == 8.0


def test_a_list_in_which_no_pod_is_over_is_refused_with_the_mend(tmp_path):
    with pytest.raises(BadInput, match="none of the 1 pods is over; say until when"):
        account.read(written(tmp_path, pod(end=None)))


@pytest.mark.parametrize("broken", [{"kind": "Pod"}, {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [
    {"resources": {"requests": {"cpu": "many"}}}]}}])  # fmt: skip
def test_a_pod_that_cannot_be_read_is_named_by_its_number(tmp_path, broken):
    with pytest.raises(TableError, match="row 2, column pod"):
        list(pods(written(tmp_path, pod(), broken)))


@pytest.mark.parametrize(("word", "value"), [("500m", 0.5), ("2", 2), ("1Gi", 2**30), ("1e3", 1000), ("100M", 1e8), (4, 4)])
def test_quantities_are_read_as_kubernetes_writes_them(word, value):
    assert quantity(word) == value


def test_energy_of_pods_finds_its_owner_by_uid_and_by_name(tmp_path):
    found = list(pods(written(tmp_path, pod())))
    rows = [{"amount": 1.0, "pod_id": "uid-train-0"}, {"amount": 2.0, "pod": "train-0", "namespace": "ml"},
            {"amount": 4.0, "pod": "train-0", "namespace": "other"}]  # fmt: skip
    joined = labelled(Activity.of(rows), found)
    assert {k: float(v[0]) for k, v in joined.by("owner").items()} == {"vision": 3.0, "": 4.0}
    assert joined.text["namespace"][0] == "ml"


def test_an_activity_without_pods_cannot_be_joined():
    with pytest.raises(BadInput, match="scope='pod'"):
        labelled(Activity.of([{"amount": 1.0}]), [])
