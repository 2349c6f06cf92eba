"""Prometheus: joules once whatever overlaps, counters that restart, power integrated, and what vLLM served beside it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons import account
from jevons.account.readers.integral import counted, hours_of
from jevons.account.readers.prometheus_remote import PACKAGE, _classes
from jevons.core.errors import BadInput, TableError
from means import means_missing

T0 = 1772352000
N = 61


def series(name, labels, values, step=60, start=T0):
    return {"metric": {"__name__": name, **labels}, "values": [[start + i * step, str(v)] for i, v in enumerate(values)]}


def answer(*results):
    return {"status": "success", "data": {"resultType": "matrix", "result": list(results)}}


def written(tmp_path, *results):
    file = tmp_path / "range.json"
    file.write_text(json.dumps(answer(*results)))
    return file


def kepler(zone, watts, node="n1", metric="kepler_node_cpu_joules_total", **labels):
    return series(metric, {"node_name": node, "zone": zone, "path": f"/{zone}", **labels}, [watts * 60 * i for i in range(N)])


def kwh(activity, **words):
    return float(activity.where(**words).total()[0])


def test_zones_of_kepler_that_hold_one_another_are_never_summed(tmp_path):
    file = written(tmp_path, kepler("package", 100), kepler("core", 80), kepler("dram", 20), kepler("psys", 300))
    activity = account.read(file)
    assert kwh(activity) == pytest.approx(0.12)
    assert any("kepler-node-psys" in a.value for a in activity.assumptions)


def test_the_platform_is_read_where_it_is_asked_for(tmp_path):
    file = written(tmp_path, kepler("package", 100), kepler("psys", 300))
    assert kwh(account.read(file, scope="platform")) == pytest.approx(0.3)


def test_dcgm_counts_millijoules_and_its_power_is_not_added(tmp_path):
    labels = {"Hostname": "n1", "UUID": "GPU-1", "gpu": "0"}
    energy = series("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", labels, [400 * 1000 * 60 * i for i in range(N)])
    power = series("DCGM_FI_DEV_POWER_USAGE", labels, [400] * N)
    assert kwh(account.read(written(tmp_path, energy, power))) == pytest.approx(0.4)
    assert kwh(account.read(written(tmp_path, power))) == pytest.approx(0.4)


def test_a_machine_without_the_counter_keeps_its_power_though_another_has_one(tmp_path):
    energy = series("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", {"Hostname": "a", "UUID": "1"}, [1000 * 60 * 100 * i for i in range(N)])
    power = series("DCGM_FI_DEV_POWER_USAGE", {"Hostname": "b", "UUID": "2"}, [300] * N)
    assert kwh(account.read(written(tmp_path, energy, power))) == pytest.approx(0.4)


def test_a_device_scraped_by_two_servers_counts_once(tmp_path):
    pair = [kepler("package", 100, replica=r) for r in ("a", "b")]
    assert kwh(account.read(written(tmp_path, *pair))) == pytest.approx(0.1)


def test_two_packages_of_one_node_are_two(tmp_path):
    first, second = kepler("package", 100), kepler("package", 100)
    second["metric"]["path"] = "/other"
    assert kwh(account.read(written(tmp_path, first, second))) == pytest.approx(0.2)


def test_pods_are_read_by_their_scope_and_keep_their_names(tmp_path):
    pod = series("kepler_pod_cpu_joules_total", {"node_name": "n1", "zone": "package", "pod_id": "u1", "pod_name": "web", "state": "running",
                                                 "pod_namespace": "shop"}, [60 * 10 * i for i in range(N)])  # fmt: skip
    activity = account.read(written(tmp_path, kepler("package", 100), pod), scope="pod")
    assert kwh(activity) == pytest.approx(0.01)
    assert set(activity.text["pod"]) == {"web"}
    assert set(activity.text["namespace"]) == {"shop"}


def test_kepler_before_its_rewrite_tells_idle_apart_and_both_count(tmp_path):
    parts = [series("kepler_node_package_joules_total", {"instance": "n1", "package": "0", "mode": mode}, [k * 60 * i for i in range(N)])
             for mode, k in (("idle", 40), ("dynamic", 60))]  # fmt: skip
    activity = account.read(written(tmp_path, *parts))
    assert kwh(activity) == pytest.approx(0.1)
    assert kwh(activity, part="idle") == pytest.approx(0.04)


def test_zeus_windows_of_one_gpu_are_not_added(tmp_path):
    windows = [series("energy_monitor_gpu_energy_joules_sum", {"instance": "h", "index": "0", "window": w}, [k * 60 * i for i in range(N)])
               for w, k in (("run", 100), ("epoch", 90))]  # fmt: skip
    assert kwh(account.read(written(tmp_path, *windows))) == pytest.approx(0.1)


def test_rows_are_cut_at_the_hour_and_sum_to_the_counter(tmp_path):
    file = written(tmp_path, series("kepler_node_cpu_joules_total", {"node_name": "n", "zone": "package", "path": "p"},
                                    [100 * 60 * i for i in range(N * 2)], start=T0 + 1800))  # fmt: skip
    activity = account.read(file)
    assert kwh(activity) == pytest.approx(0.1 * 121 / 60)
    assert set(activity.start_s[1:] % 3600) == {0.0}


def test_a_counter_that_starts_again_adds_what_it_shows_since(tmp_path):
    values = [0, 600, 1200, 100, 700]
    activity = account.read(written(tmp_path, series("kepler_node_cpu_joules_total", {"node_name": "n", "zone": "package", "path": "p"}, values)))
    assert kwh(activity) * 3.6e6 == pytest.approx(1200 + 100 + 600)
    assert any("restarts" in a.what for a in activity.assumptions)


def test_a_negative_counter_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"-5.0 will not do; a negative J of kepler-node-package"):
        account.read(written(tmp_path, series("kepler_node_cpu_joules_total", {"node_name": "n", "zone": "package"}, [1, -5])))


def test_a_pause_of_power_is_left_out_and_told(tmp_path):
    points = series("DCGM_FI_DEV_POWER_USAGE", {"Hostname": "a", "UUID": "1"}, [300] * 11)
    points["values"] += [[T0 + 7200 + i * 60, "300"] for i in range(11)]
    activity = account.read(written(tmp_path, points))
    assert kwh(activity) == pytest.approx(300 * 1200 / 3.6e6)
    assert any("6600 s without samples" in a.value for a in activity.assumptions)


def test_what_vllm_served_stands_beside_and_splits_the_accelerators_by_phase(tmp_path):
    gpu = series("DCGM_FI_DEV_POWER_USAGE", {"Hostname": "a", "UUID": "1"}, [300] * N)
    cpu = kepler("package", 100)
    served = [series(f"vllm:{name}", {"model_name": "m"}, [k * i for i in range(N)]) for name, k in (
        ("prompt_tokens_total", 1000), ("generation_tokens_total", 100), ("request_success_total", 2),
        ("request_prefill_time_seconds_sum", 10), ("request_decode_time_seconds_sum", 30))]  # fmt: skip
    activity = account.read(written(tmp_path, gpu, cpu, *served))
    assert {k: float(v[0]) for k, v in activity.served.items()} == {"prompt token": 60000, "output token": 6000, "request": 120, "token": 66000}
    assert kwh(activity, stage="prefill") == pytest.approx(0.3 / 4)
    assert kwh(activity, stage="decode") == pytest.approx(0.3 * 3 / 4)
    assert kwh(activity) == pytest.approx(0.4)


def test_tokens_scraped_by_two_servers_are_served_once_and_two_engines_twice(tmp_path):
    counts = [series("vllm:generation_tokens_total", {"model_name": "m", "engine": e, "replica": r}, [10 * i for i in range(N)])
              for e in "01" for r in "ab"]  # fmt: skip
    activity = account.read(written(tmp_path, *counts))
    assert activity.served["output token"][0] == 1200
    assert len(activity) == 0


def test_answers_one_a_line_are_one_record(tmp_path):
    file = tmp_path / "many.json"
    halves = [kepler("package", 100), series("kepler_node_cpu_joules_total", {"node_name": "n1", "zone": "package", "path": "/package"},
                                             [100 * 60 * (60 + i) for i in range(61)], start=T0 + 3600)]  # fmt: skip
    file.write_text("\n".join(json.dumps(answer(half)) for half in halves))
    assert kwh(account.read(file)) == pytest.approx(0.2)


@pytest.mark.parametrize("body", [{"status": "error", "error": "query timed out"}, [1, 2]])
def test_an_answer_that_failed_is_refused_with_its_reason(tmp_path, body):
    (tmp_path / "x.json").write_text(json.dumps(body))
    with pytest.raises(TableError, match="column status"):
        account.read(tmp_path / "x.json", "prometheus")


def test_a_query_that_dropped_the_name_is_refused_with_the_mend(tmp_path):
    nameless = {"metric": {"node_name": "n"}, "values": [[T0, "1"]]}
    with pytest.raises(TableError, match="query the bare metric"):
        account.read(written(tmp_path, nameless), "prometheus")


def test_metrics_nobody_knows_are_refused_with_their_names(tmp_path):
    with pytest.raises(TableError, match=r"no energy of that scope is in it \(up\)"):
        account.read(written(tmp_path, series("up", {"job": "x"}, [1, 1])))


def test_a_scope_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(BadInput, match="choose one of node"):
        account.read(written(tmp_path, kepler("package", 1)), scope="rack")


TEXT = """# HELP kepler_node_cpu_joules_total Energy
# TYPE kepler_node_cpu_joules_total counter
kepler_node_cpu_joules_total{{node_name="n\\"1",zone="package",path="/a,b}}"}} {first} {t0}
kepler_node_cpu_joules_total{{node_name="n\\"1",zone="package",path="/a,b}}"}} {last} {t1}
"""


@pytest.mark.parametrize("scale", [1, 1000], ids=["seconds", "milliseconds"])
def test_text_with_stamps_is_a_history_whatever_its_labels_hold(tmp_path, scale):
    file = tmp_path / "metrics.prom"
    file.write_text(TEXT.format(first=0, last=3.6e6, t0=T0 * scale, t1=(T0 + 1800) * scale))
    activity = account.read(file)
    assert kwh(activity) == pytest.approx(1.0)
    assert set(activity.text["node"]) == {'n"1'}


def test_promtool_dumps_name_the_metric_among_its_labels(tmp_path):
    file = tmp_path / "dump.txt"
    file.write_text("".join(f'{{__name__="kepler_node_cpu_joules_total", node_name="n", zone="package", path="p"}} {j} {(T0 + s) * 1000}\n'
                            for j, s in ((0, 0), (3.6e6, 600))))  # fmt: skip
    assert kwh(account.read(file)) == pytest.approx(1.0)


def test_one_snapshot_is_energy_since_the_counter_began_and_its_power_is_none(tmp_path):
    file = tmp_path / "one.prom"
    file.write_text('# TYPE x counter\nkepler_node_cpu_joules_total{node_name="n",zone="package"} 3600000\n'
                    'DCGM_FI_DEV_POWER_USAGE{Hostname="n",UUID="u"} 300\n')  # fmt: skip
    activity = account.read(file)
    assert kwh(activity) == pytest.approx(1.0)
    assert activity.start_s[0] != activity.start_s[0]
    assert any("one reading of power is no energy" in a.why for a in activity.assumptions)


@pytest.mark.parametrize("line", ["kepler_node_cpu_joules_total{zone=package} 1", "kepler_node_cpu_joules_total{", "{} 1"])
def test_a_line_that_is_no_sample_is_refused_with_its_number(tmp_path, line):
    (tmp_path / "x.prom").write_text(f"# TYPE a counter\n{line}\n")
    with pytest.raises(TableError, match=r"x.prom, row 2"):
        account.read(tmp_path / "x.prom")


# ---- the remote protocol


def snappy():
    """cramjam, which unpacks the protocol."""
    try:
        import cramjam
    except ImportError:
        means_missing("cramjam is not installed")
    return cramjam


def remote(kind):
    made = _classes()[kind]()
    result = made.results.add() if kind == "ReadResponse" else made
    one = result.timeseries.add()
    for name, value in (("__name__", "kepler_node_cpu_joules_total"), ("node_name", "n"), ("path", "p"), ("zone", "package")):
        one.labels.add(name=name, value=value)
    for i in range(N):
        one.samples.add(value=6000.0 * i, timestamp=(T0 + 60 * i) * 1000)
    return made.SerializeToString()


@pytest.mark.parametrize("kind", ["WriteRequest", "ReadResponse"])
def test_the_body_of_the_remote_protocol_is_recognised_and_read(tmp_path, kind):
    cramjam = snappy()
    file = tmp_path / "body.bin"
    file.write_bytes(bytes(cramjam.snappy.compress_raw(remote(kind))))
    assert account.recognise(file) == "prometheus-remote"
    assert kwh(account.read(file)) == pytest.approx(0.1)


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff\xff\x0f__name__", b"\x05\x10hello", b""])
def test_bytes_that_are_no_remote_message_are_refused(tmp_path, raw):
    snappy()
    (tmp_path / "body.bin").write_bytes(raw)
    with pytest.raises(TableError):
        account.read(tmp_path / "body.bin", "prometheus-remote")


def test_the_messages_are_of_our_own_pool():
    assert PACKAGE.startswith("jevons")


# ---- laws


@given(st.lists(st.floats(0, 1e12), min_size=2, max_size=60))
def test_a_running_total_never_falls(readings):
    import numpy as np

    so_far, _ = counted(np.arange(len(readings), dtype=float), np.array(readings))
    assert (np.diff(so_far) >= 0).all()


@given(st.lists(st.tuples(st.floats(0.5, 5000), st.floats(0, 1e9)), min_size=2, max_size=50), st.floats(0, 2e9))
def test_hours_sum_to_the_whole(steps, start):
    import numpy as np

    t_s = start + np.cumsum([s for s, _ in steps])
    so_far = np.cumsum([e for _, e in steps])
    hours = hours_of(t_s, so_far)
    assert sum(x for _, _, x in hours) == pytest.approx(so_far[-1] - so_far[0], rel=1e-9, abs=1e-6)
    assert all(a < b <= (a // 3600 + 1) * 3600 + 1e-3 for a, b, _ in hours)
