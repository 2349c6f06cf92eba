"""Sensors that ask others: BMC, plugs, Slurm and other exporters, on recorded answers."""

from __future__ import annotations

import threading
import time

import pytest

from jevons.core.errors import BadInput
from jevons.measure.sensor import MISSING
from jevons.measure.sensors import bmc, scrape, slurm, smart_plug
from jevons.measure.sensors.channel import Polled
from jevons.world import catalog
from means import needs

IPMITOOL = """
    Instantaneous power reading:                   150 Watts
    Minimum during sampling period:                  6 Watts
    Average power reading over sample period:       49 Watts
    Power reading state is:                   {state}
"""
FREEIPMI = """
Current Power                        : 164 Watts
Minimum Power over sampling duration : 48 watts
Power Measurement                    : {state}
"""


@pytest.mark.parametrize(
    ("answer", "watts"),
    [
        (IPMITOOL.format(state="activated"), 150.0),
        (IPMITOOL.format(state="deactivated"), None),
        (FREEIPMI.format(state="Active"), 164.0),
        (FREEIPMI.format(state="Not Available"), None),
        ("Current Power:                   49 Watts\nPower reading state is:          active\n", 49.0),
        ("Instantaneous power reading: 0 Watts\n", None),
        ("Could not open device at /dev/ipmi0", None),
    ],
)
def test_ipmi_power_is_read_from_any_of_the_three_tools(answer, watts):
    assert bmc.dcmi_power_w(answer) == watts


def test_redfish_takes_the_first_power_control_of_each_chassis_for_it_holds_the_others():
    pages = {"/redfish/v1/Chassis": {"Members": [{"@odata.id": "/c/1"}, {"@odata.id": "/c/2"}]},
             "/c/1/Power": {"PowerControl": [{"PowerConsumedWatts": 344}, {"PowerConsumedWatts": 120}]}, "/c/2/Power": {}}  # fmt: skip
    assert bmc.redfish_power_w(pages.__getitem__) == 344.0


@pytest.mark.parametrize("power", [{}, {"PowerControl": []}, {"PowerControl": [{"PowerConsumedWatts": None}]}, {"PowerControl": [{"PowerConsumedWatts": 0}]}])
def test_a_chassis_that_states_no_power_states_none(power):
    assert bmc.chassis_power_w(power) is None


def test_where_no_ipmi_tool_answers_it_says_what_to_try():
    with pytest.raises(BadInput, match="ipmitool dcmi power reading"):
        bmc.ipmi(("no-such-tool-here",))


def test_a_slow_question_never_delays_a_reading_and_an_old_answer_is_none(monkeypatch):
    asked, over, now = threading.Event(), threading.Event(), time.monotonic_ns()
    monkeypatch.setattr("jevons.measure.sensors.channel.time.monotonic_ns", lambda: now)

    def ask():
        if threading.current_thread() is not threading.main_thread():
            asked.set()
            assert over.wait(60)  # a reading that waited for it would never come
        return 10.0

    polled = Polled(ask, 0.02)
    assert asked.wait(60)
    assert polled() == 10.0
    now += 60_000_001
    assert polled() is None
    over.set()
    polled.close()


@pytest.mark.parametrize(
    ("watts", "answer"),
    [
        (smart_plug.shelly_2_w, {"id": 0, "output": True, "apower": 42.5, "aenergy": {"total": 1.2}}),
        (smart_plug.shelly_1_w, {"power": 42.5, "is_valid": True, "total": 3}),
        (smart_plug.tasmota_w, {"StatusSNS": {"ENERGY": {"Total": 1.1, "Power": 42.5}}}),
    ],
)
def test_a_plug_states_its_watts(watts, answer):
    assert watts(answer) == 42.5


def test_a_plug_that_is_unknown_or_silent_is_refused(monkeypatch):
    with pytest.raises(BadInput, match="shelly-2"):
        smart_plug.plug("no-such-plug", "http://plug")
    monkeypatch.setattr(smart_plug, "_fetch", lambda url: {})
    with pytest.raises(BadInput, match="that answers"):
        smart_plug.plug("tasmota", "http://plug")


@pytest.mark.parametrize(("said", "watts"), [("CurrentWatts=312 AveWatts=290", 312.0), ("CurrentWatts=0 AveWatts=0", None),
                                             ("CurrentWatts=n/s AveWatts=n/s", None), ("CurrentWatts=4294967294", None), ("", None)])  # fmt: skip
def test_slurm_states_a_nodes_watts_or_none(said, watts):
    assert slurm.node_power_w(f"NodeName=n1\n   CapWatts=n/a\n   {said}\n") == watts


def test_slurm_adds_the_steps_of_a_job_and_leaves_out_no_value():
    assert slurm.job_energy_j("1200\n300\n\n0\n18446744073709551614\n") == 1500
    assert slurm.job_energy_j("\n0\n") is None


def test_the_gatherer_says_what_slurm_meters():
    assert slurm.gatherer("AcctGatherEnergyType    = acct_gather_energy/ipmi\n") == "acct_gather_energy/ipmi"
    assert slurm.gatherer("AcctGatherEnergyType = (null)\n") == slurm.gatherer("") == ""


def test_outside_slurm_it_says_where_it_runs():
    with pytest.raises(BadInput, match="Slurm job"):
        slurm.node("n1")


# -- exporters

KEPLER = """
# TYPE kepler_node_cpu_joules_total counter
kepler_node_cpu_joules_total{zone="package",path="/p0",node_name="n"} 100.5
kepler_node_cpu_joules_total{zone="dram",path="/d0",node_name="n"} 10
kepler_node_cpu_joules_total{zone="core",path="/c0",node_name="n"} 70
kepler_node_cpu_joules_total{zone="psys",path="/s",node_name="n"} 300
# TYPE kepler_node_cpu_watts gauge
kepler_node_cpu_watts{zone="package",path="/p0",node_name="n"} 42
kepler_node_cpu_watts{zone="dram",path="/d0",node_name="n"} 4
# TYPE kepler_container_cpu_joules_total counter
kepler_container_cpu_joules_total{zone="package",container_id="c1",state="running",node_name="n"} 7
"""
DCGM = """
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",Hostname="h"} 301.5
DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-2",Hostname="h"} 60
"""
COUNTED = 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-1",Hostname="h"} 5000\n'


def told(text, **how):
    return {one.device: one.value for one in scrape.series(text, **how)}


def test_keplers_package_and_memory_are_taken_once_and_its_watts_core_and_psys_not_added():
    needs("prometheus_client")
    assert told(KEPLER) == {"kepler-node-package:n:/p0": 100.5e6, "kepler-node-dram:n:/d0": 10e6}


def test_workloads_are_given_only_where_asked_for():
    needs("prometheus_client")
    assert told(KEPLER, scope="container") == {"kepler-container-package:n:c1:running": 7e6}


def test_dcgms_energy_is_taken_before_its_power_and_power_where_there_is_no_energy():
    needs("prometheus_client")
    assert told(DCGM) == {"dcgm-power:h:GPU-1": 301.5, "dcgm-power:h:GPU-2": 60.0}
    assert told(DCGM + COUNTED) == {"dcgm-energy:h:GPU-1": 5e6}


def test_a_scraped_page_is_a_sensor_and_a_page_that_goes_is_missing(tmp_path):
    needs("prometheus_client")
    page = tmp_path / "metrics"
    page.write_text(KEPLER)
    sensor = scrape.scrape(str(page))
    assert [(m.component, m.boundary, m.method) for m in sensor.meters] == [("processor", "chip", "counter"), ("memory", "chip", "counter")]
    sensor.read()
    page.write_text(KEPLER.replace("100.5", "103.5"))
    time.sleep(0.55)
    assert sensor.read()[0].energy_uj == 3_000_000
    page.unlink()
    time.sleep(0.55)
    assert {r.status for r in sensor.read()} == {MISSING}


def test_a_page_that_no_row_explains_is_refused(tmp_path):
    needs("prometheus_client")
    (tmp_path / "metrics").write_text("up 1\n")
    with pytest.raises(BadInput, match=r"meters\.csv"):
        scrape.scrape(str(tmp_path / "metrics"))


def test_every_row_of_the_table_has_a_unit_and_a_place_that_are_known():
    for row in catalog.table("meters"):
        assert (row["unit"] in scrape.TO_UJ) == (row["kind"] == "counter")
        assert row["unit"] in {**scrape.TO_UJ, **scrape.TO_W}
        assert row["boundary"] in ("chip", "server")
        assert row["component"] in ("processor", "memory", "accelerator", "system")
