"""MLflow, W&B and MELODI: histories of power become energy, each device once."""

from __future__ import annotations

import json
import sqlite3
import struct

import pytest

from jevons import account
from jevons.core.errors import Contradiction, TableError
from means import means_missing

T0 = 1772352000
POINTS = [(T0 + 10 * i, 300.0) for i in range(361)]
KWH = 0.3


def kwh(activity):
    return float(activity.total()[0])


# ---- MLflow


def store(tmp_path, gpus=2, meta="run_id: abc\nuser_id: ada\n"):
    run = tmp_path / "mlruns" / "0" / "abc"
    (run / "metrics" / "system").mkdir(parents=True)
    (run / "meta.yaml").write_text(meta)
    for i in range(gpus):
        lines = "".join(f"{t * 1000} {w} {n}\n" for n, (t, w) in enumerate(POINTS))
        (run / "metrics" / "system" / f"gpu_{i}_power_usage_watts").write_text(lines)
        (run / "metrics" / "system" / f"gpu_{i}_power_usage_percentage").write_text(lines)
    return tmp_path / "mlruns"


@pytest.mark.parametrize("below", ["", "0", "0/abc"], ids=["store", "experiment", "run"])
def test_a_folder_of_mlflow_is_read_at_each_of_its_levels(tmp_path, below):
    activity = account.read(store(tmp_path) / below)
    assert kwh(activity) == pytest.approx(2 * KWH)
    assert set(activity.text["run"]) == {"abc"}
    assert set(activity.text["owner"]) == {"ada"}


def test_a_database_of_mlflow_gives_the_same(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.db") as base:
        base.execute("CREATE TABLE runs (run_uuid TEXT, name TEXT, user_id TEXT)")
        base.execute("CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan BOOLEAN)")
        base.execute("INSERT INTO runs VALUES ('abc', 'x''; DROP TABLE metrics; --', 'ada')")
        base.executemany("INSERT INTO metrics VALUES (?, ?, ?, 'abc', 0, 0)",
                         [(f"system/gpu_{i}_power_usage_{unit}", w, t * 1000) for i in range(2) for t, w in POINTS
                          for unit in ("watts", "percentage")])  # fmt: skip
    base.close()
    activity = account.read(tmp_path / "mlflow.db")
    assert kwh(activity) == pytest.approx(2 * KWH)
    assert set(activity.text["project"]) == {"x'; DROP TABLE metrics; --"}
    assert kwh(account.read(tmp_path / "mlflow.db")) == pytest.approx(2 * KWH)


def test_an_exported_run_of_mlflow_gives_the_same(tmp_path):
    metrics = {"system/gpu_0_power_usage_watts": [{"value": w, "timestamp": t * 1000, "step": 0} for t, w in POINTS], "loss": []}
    (tmp_path / "run.json").write_text(json.dumps({"mlflow": {"info": {"run_id": "abc"}, "metrics": metrics}}))
    assert kwh(account.read(tmp_path / "run.json", "mlflow")) == pytest.approx(KWH)
    history = {"metrics": [{"key": "system/gpu_0_power_usage_watts", "value": w, "timestamp": t * 1000, "step": 0} for t, w in POINTS]}
    (tmp_path / "history.json").write_text(json.dumps(history))
    assert kwh(account.read(tmp_path / "history.json")) == pytest.approx(KWH)


def test_a_store_that_mlflow_itself_wrote_is_read(tmp_path):
    try:
        from mlflow.entities import Metric
        from mlflow.tracking import MlflowClient
    except ImportError:
        means_missing("mlflow is not installed")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(uri)
    run = client.create_run(client.create_experiment("x")).info.run_id
    client.log_batch(run, [Metric("system/gpu_0_power_usage_watts", w, t * 1000, n) for n, (t, w) in enumerate(POINTS)])
    activity = account.read(tmp_path / "mlflow.db")
    assert kwh(activity) == pytest.approx(KWH)
    assert set(activity.text["run"]) == {run}


@pytest.mark.parametrize("meta", ["!!python/object/apply:os.system ['true']", "run_id: !!python/name:os.system", "- a\n- b\n", "a: [" * 3000])
def test_yaml_that_would_build_an_object_is_refused(tmp_path, meta):
    with pytest.raises(TableError, match="meta.yaml"):
        account.read(store(tmp_path, meta=meta))


def test_a_link_that_leads_out_of_the_store_is_not_followed(tmp_path):
    root = store(tmp_path, gpus=1)
    secret = tmp_path / "elsewhere"
    secret.write_text("1772352000000 1 0\n1772352010000 1 1\n")
    (root / "0/abc/metrics/system/gpu_9_power_usage_watts").symlink_to(secret)
    with pytest.raises(TableError, match="it leads out of mlruns"):
        account.read(root)


def test_a_path_in_meta_yaml_is_only_a_word(tmp_path):
    root = store(tmp_path, meta="run_id: abc\nartifact_uri: file:///../../etc/passwd\nuser_id: '../../root'\n")
    assert set(account.read(root).text["owner"]) == {"../../root"}


def test_a_store_without_power_is_refused_with_the_mend(tmp_path):
    root = store(tmp_path, gpus=0)
    with pytest.raises(TableError, match="enable_system_metrics_logging"):
        account.read(root)


def test_a_database_that_is_another_tools_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as base:
        base.execute("CREATE TABLE t (a TEXT)")
    base.close()
    with pytest.raises(TableError, match="no such table"):
        account.read(tmp_path / "x.db")


# ---- W&B


def test_the_event_history_of_wandb_is_read_as_csv(tmp_path):
    lines = ["_timestamp,_runtime,system.gpu.0.powerWatts,system.gpu.0.powerPercent,system.gpu.process.0.powerWatts",
             *(f"{t},{t - T0},{w},75,{w}" for t, w in POINTS)]  # fmt: skip
    (tmp_path / "sys_metrics.csv").write_text("\n".join(lines) + "\n")
    assert kwh(account.read(tmp_path / "sys_metrics.csv")) == pytest.approx(KWH)


def test_the_event_history_of_wandb_is_read_as_json_lines_in_any_order(tmp_path):
    samples = [{"_timestamp": t, "_wandb": True, "system.gpu.1.powerWatts": w, "system.cpu": 3} for t, w in reversed(POINTS)]
    (tmp_path / "wandb-events.jsonl").write_text("\n".join(map(json.dumps, samples)))
    activity = account.read(tmp_path / "wandb-events.jsonl")
    assert kwh(activity) == pytest.approx(KWH)
    assert set(activity.text["device"]) == {"gpu-1"}


def test_a_sample_without_a_value_is_bridged_and_not_zero(tmp_path):
    samples = [{"_timestamp": t, "system.gpu.0.powerWatts": w if i % 2 == 0 else None} for i, (t, w) in enumerate(POINTS)]
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, samples)))
    assert kwh(account.read(tmp_path / "e.jsonl")) == pytest.approx(KWH)


def packed(path, samples):
    """A log as wandb writes it: records of its own messages, in pieces that no block of 32 KiB is crossed by."""
    try:
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError:
        means_missing("wandb is not installed")
    out = bytearray(b":W&B\xe1\xbe\x00")
    for t, watts, words in samples:
        record = Record()
        record.stats.timestamp.FromNanoseconds(int(t * 1e9))
        for key, value in (("gpu.0.powerWatts", watts), ("gpu.process.0.powerWatts", watts), ("note", words)):
            record.stats.item.add(key=key, value_json=json.dumps(value))
        left, first = record.SerializeToString(), True
        while left or first:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                continue
            piece, left = left[: room - 7], left[room - 7 :]
            kind = {(True, False): 1, (True, True): 2, (False, True): 3, (False, False): 4}[first, bool(left)]
            out += struct.pack("<IHB", 0, len(piece), kind) + piece
            first = False
    path.write_bytes(bytes(out))
    return path


def test_the_packed_log_of_an_offline_run_is_read_across_its_blocks(tmp_path):
    file = packed(tmp_path / "run-x.wandb", [(t, w, "x" * (i % 3000)) for i, (t, w) in enumerate(POINTS)])
    assert file.stat().st_size > 3 * 32768
    activity = account.read(file)
    assert kwh(activity) == pytest.approx(KWH)
    assert set(activity.text["device"]) == {"gpu-0"}


def test_a_log_that_a_kill_cut_off_is_read_up_to_the_cut(tmp_path):
    file = packed(tmp_path / "run-x.wandb", [(t, w, "") for t, w in POINTS])
    file.write_bytes(file.read_bytes()[:-20])
    assert kwh(account.read(file)) == pytest.approx(KWH * 359 / 360)


def test_a_packed_log_that_is_broken_is_refused(tmp_path):
    (tmp_path / "run-x.wandb").write_bytes(b":W&B\xe1\xbe\x00" + b"\xff" * 100)
    with pytest.raises(TableError, match="the log is broken here"):
        account.read(tmp_path / "run-x.wandb")


def test_negative_power_is_refused(tmp_path):
    (tmp_path / "e.csv").write_text(f"_timestamp,system.gpu.0.powerWatts\n{T0},-1\n{T0 + 5},2\n")
    with pytest.raises(TableError, match="power cannot be negative"):
        account.read(tmp_path / "e.csv")


# ---- MELODI

MELODI = ("model_name,created_at,total_duration,prompt_token_length,prompt_duration,response_token_length,response_duration,prompt,"
          "response,energy_consumption_monitoring,energy_consumption_llm_cpu,energy_consumption_llm_gpu,energy_consumption_llm_total\n")  # fmt: skip


def test_melodi_is_a_row_a_prompt_with_what_it_served(tmp_path):
    rows = 'llama3:8b,2024-03-20T14:17:20.132893541Z,2000000000,10,1,90,1,"say ""hi"",\nplease",ok,0.0001,0.001,0.004,0.005\n'
    (tmp_path / "m.csv").write_text(MELODI + rows + rows)
    activity = account.read(tmp_path / "m.csv")
    assert {k: float(v[0]) for k, v in activity.by("component").items()} == pytest.approx(
        {"accelerator": 0.008, "processor": 0.002, "monitoring": 0.0002})  # fmt: skip
    assert {k: float(v[0]) for k, v in activity.served.items()} == {"prompt token": 20, "output token": 180, "token": 200, "request": 2}
    assert activity.end_s[0] - activity.start_s[0] == pytest.approx(2.0)


def test_melodi_whose_parts_do_not_make_the_total_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text(MELODI + "m,2024-03-20T14:17:20Z,1,1,1,1,1,p,r,0,0.001,0.004,0.006\n")
    with pytest.raises(Contradiction, match="m.csv, row 2, column energy_consumption_llm_total"):
        account.read(tmp_path / "m.csv")
