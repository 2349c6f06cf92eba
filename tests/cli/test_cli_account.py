"""`jevons account`: what a file recorded and a meter shared out, as tables and as JSON, priced where a site is named."""

from __future__ import annotations

import json

import pytest

SACCT = """JobID|JobIDRaw|User|Start|End|ElapsedRaw|AllocTRES|ConsumedEnergyRaw
1|1|ada|2026-03-01T08:00:00|2026-03-01T09:00:00|3600|cpu=8,gres/gpu:a100=2,mem=64G,node=1|3600000
2|2|bob|2026-03-01T08:00:00|2026-03-01T09:00:00|3600|cpu=8,mem=64G,node=1|
"""
METERS = "time,Main [kWh],Rack [kWh]\n2026-03-01T08:00Z,10,8\n2026-03-01T08:15Z,10,8\n"
USAGE = "owner,busy hours,owned hours\nada,3,1\n,1,0\n"


@pytest.fixture
def account(jevons, tmp_path):
    (tmp_path / "sacct.txt").write_text(SACCT)
    (tmp_path / "meters.csv").write_text(METERS)
    (tmp_path / "usage.csv").write_text(USAGE)
    return lambda line, *more: jevons(f"account {line}", *more)


def test_what_a_file_recorded_is_told_as_json(account):
    answer = account("read sacct.txt").json
    assert answer["totals"] == {"electricity": {"unit": "kWh", "best": 1.0}, "device_hours": {"unit": "h", "best": 10.0}}
    assert answer["by_owner"]["ada"] == {"electricity": 1.0, "device_hours": 2.0}
    assert (answer["start"], answer["end"]) == ("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z")
    assert any(a["what"] == "jobs without energy" for a in answer["assumptions"])
    assert "footprint" not in answer


def test_a_site_prices_it_and_what_has_no_factor_is_told(account):
    answer = account("read sacct.txt", "--at", "France").json
    assert answer["footprint"]["indicators"]["climate"]["best"] > 0
    assert answer["hours_not_priced"] == {"core": 8.0}


def test_hours_without_a_meter_are_modelled_where_their_power_is_told(account):
    answer = account("read sacct.txt", "--power", "core=10", "--at", "France").json
    assert answer["by_owner"]["bob"]["electricity"] == pytest.approx(0.08)
    assert answer["hours_not_priced"] == {}
    assert answer["footprint_by_owner"]["energy"]["bob"] > 0.08


def test_tables_tell_the_same(account):
    said = account("read meters.csv --table --by device").out
    assert "meters.csv: meters" in said
    assert "not sub-metered" in said
    assert "tree of the meters" in said


def test_options_of_a_reader_are_passed_on(account):
    answer = account("read meters.csv", "--option", "stamp=end").json
    assert answer["start"] == "2026-03-01T07:45:00Z"


def test_a_meter_is_shared_out(account):
    answer = account("allocate meters.csv usage.csv", "--at", "Germany").json
    assert answer["by_owner"]["ada"]["electricity"] == pytest.approx(15.0)
    assert answer["by_owner"]["unallocated"]["electricity"] == pytest.approx(5.0)
    assert sum(answer["footprint_by_owner"]["climate"].values()) == pytest.approx(answer["footprint"]["indicators"]["climate"]["best"])


def series(name, labels, watts):
    return {"metric": {"__name__": name, **labels}, "values": [[1772438400 + 60 * i, str(watts * 60 * i)] for i in range(61)]}


def test_pods_find_their_owner_and_share_out_their_node(account, tmp_path):
    node = series("kepler_node_cpu_joules_total", {"node_name": "n", "zone": "package", "path": "p"}, 100)
    pods = [series("kepler_pod_cpu_joules_total", {"node_name": "n", "zone": "package", "pod_id": p, "pod_name": p, "pod_namespace": ns,
                                                   "state": "running"}, w) for p, ns, w in (("a", "shop", 30), ("b", "ml", 10))]  # fmt: skip
    (tmp_path / "range.json").write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [node, *pods]}}))
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "uid": "a", "labels": {"team": "search"}}}]}))  # fmt: skip
    owners = account("read range.json --option scope=pod --pods pods.json").json["by_owner"]
    assert owners == {"search": {"electricity": pytest.approx(0.03)}, "(not told)": {"electricity": pytest.approx(0.01)}}
    shared = account("allocate range.json range.json --usage-option scope=pod --by namespace").json["by_namespace"]
    assert shared == {"shop": {"electricity": pytest.approx(0.075)}, "ml": {"electricity": pytest.approx(0.025)}}


def test_keys_of_the_parts_are_chosen(account):
    answer = account("allocate meters.csv usage.csv", "--active", "owned hours",
                            "--idle-power", "meter=4000").json  # fmt: skip
    assert answer["by_part"]["idle"]["electricity"] == pytest.approx(2.0)
    assert answer["by_owner"]["ada"]["electricity"] == pytest.approx(20.0)


@pytest.mark.parametrize(("line", "mend"), [
    ("read nowhere.csv", "nowhere.csv"),
    ("read usage.csv", "this is none of"),
    ("read meters.csv --option stamp", "give NAME=VALUE"),
    ("read meters.csv --option stamp=noon", "start, end"),
    ("read meters.csv --zone Mars/Base", "name a time zone"),
    ("read meters.csv --kind metres", "nearest: meters"),
    ("read meters.csv --at Atlantis", "Atlantis"),
    ("read meters.csv --at each", "tell no site"),
    ("allocate meters.csv usage.csv --idle tokens", "the usage has busy hours, owned hours"),
    ("allocate meters.csv usage.csv --by team", "the usage tells owner"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_a_code(account, line, mend):
    said = account(line)
    assert said.code == 2
    assert mend in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
