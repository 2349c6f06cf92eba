"""Accelerators, processors and servers: what a row must hold, what must not be inherited, how gaps are filled."""

from __future__ import annotations

import dataclasses

import pytest

from jevons.core.errors import BadInput
from jevons.world.catalog import table
from jevons.world.hardware import IDLE_SHARE, LADDER, PRECISIONS, Device, Peak, Server


def device(name: str) -> Device:
    return Device.from_row(table("accelerators").find(name)[0])


def devices() -> list[Device]:
    return [Device.from_row(row) for row in table("accelerators")]


# ---- the tables


def test_there_are_at_least_150_accelerators_400_processors_and_20_servers():
    assert len(table("accelerators")) >= 150
    assert len(table("cpus")) >= 400
    assert len(table("servers")) >= 20


@pytest.mark.parametrize("name", ["accelerators", "cpus", "cpu_power", "servers", "aliases"])
def test_every_row_has_sources_that_exist_and_five_quality_scores(name):
    known = set(table("sources").index)
    for row in table(name):
        assert set(row["source"].split(";")) <= known, row
        assert len(row["quality"]) == 5, row
        assert set(row["quality"]) <= set("12345"), row


@pytest.mark.parametrize("name", ["accelerators", "cpus", "cpu_power", "servers", "aliases"])
def test_every_column_is_described_in_the_schema(name):
    described = {row["column"] for row in table("schema") if row["table"] == name}
    assert set(table(name).rows[0]) == described


def test_every_accelerator_has_a_peak_and_most_have_power_memory_and_bandwidth():
    rows = devices()
    assert all(d.peaks_tflops for d in rows)
    assert sum(d.tdp_w is not None for d in rows) >= 140
    assert sum(d.memory_gb is not None for d in rows) >= 145
    assert sum(d.memory_bw_gb_s is not None for d in rows) >= 135


def test_the_makers_of_the_issue_are_all_there():
    vendors = {d.vendor for d in devices()}
    assert {"NVIDIA", "AMD", "Intel", "Google", "AWS", "Huawei", "Graphcore", "Groq", "Apple"} <= vendors


def test_a_value_marked_confirmed_is_there():
    for row in table("accelerators"):
        assert all(row[column] for column in row["confirmed"].split()), row["id"]


def test_a_row_of_the_second_reliability_is_confirmed_by_more_than_the_card_database():
    rows = [row for row in table("accelerators") if row["quality"][0] == "2"]
    assert len(rows) >= 60
    for row in rows:
        assert row["confirmed"], row["id"]
        assert len(set(row["source"].split(";")) - {"techpowerup"}) >= 2, row["id"]


def test_a_power_that_is_only_estimated_lowers_the_reliability_of_the_row():
    rows = [row for row in table("accelerators") if "Epoch's estimate" in row["note"]]
    assert rows
    assert all(row["quality"][0] == "4" for row in rows)


def test_no_value_from_memory_reaches_the_processors():
    assert not [row for row in table("cpus") if "memory" in row["source"]]
    assert all(float(row["tdp_w"]) > 0 and float(row["cores"]) >= 1 for row in table("cpus"))


def test_the_outlier_of_the_power_per_vcpu_table_is_left_out():
    rows = table("cpu_power")
    assert "epyc-5th-gen" not in rows.index
    for row in rows:
        assert 0 < float(row["idle_w_per_vcpu"]) < float(row["busy_w_per_vcpu"]) < 10


# ---- errors of the sources that must not come along


@pytest.mark.parametrize(
    ("name", "precision", "dense"),
    [
        ("h100 sxm", "bf16", 989.4),
        ("h100 sxm", "fp8", 1979),
        ("h100 pcie", "bf16", 756),
        ("h100 nvl", "bf16", 835.5),
        ("h200", "bf16", 989.5),
        ("a100", "bf16", 312),
        ("a100", "tf32", 156),
        ("l4", "bf16", 121),
        ("l40s", "fp8", 733),
        ("v100", "fp16", 125),
        ("t4", "int8", 130),
        ("b200", "bf16", 2250),
        ("mi300x", "bf16", 1307.4),
        ("tpu v4", "bf16", 275),
        ("rtx4090", "bf16", 165.2),
    ],
)
def test_peaks_are_dense_never_sparse(name, precision, dense):
    assert device(name).peak(precision) == Peak(pytest.approx(dense, rel=0.005), precision, precision)


def test_no_peak_has_a_twin_of_half_its_precision_that_is_as_fast_as_sparsity_would_make_it():
    for d in devices():
        wide, narrow = d.peaks_tflops.get("bf16"), d.peaks_tflops.get("fp8")
        assert not (wide and narrow) or 0.99 <= narrow / wide <= 4, d.id


def test_the_h100_is_not_listed_with_the_sparse_1979_as_fp16():
    assert device("h100").peaks_tflops["fp16"] < 1000


def test_fp32_of_the_h100_is_the_vector_rate_not_tf32():
    assert device("h100 sxm").peaks_tflops["fp32"] == pytest.approx(67, rel=0.01)


@pytest.mark.parametrize(("name", "gb_s"), [("mi300x", 5300), ("mi325x", 6000)])
def test_memory_bandwidth_of_the_mi300_family_is_the_hbm_not_the_cache(name, gb_s):
    assert device(name).memory_bw_gb_s == gb_s


@pytest.mark.parametrize(
    ("name", "gb", "dies"), [("k80", 24, 2), ("m60", 16, 2), ("mi250x", 128, 2), ("nvidia-a16", 64, 4)]
)
def test_a_card_of_several_dies_states_the_memory_of_the_whole_card(name, gb, dies):
    card = device(name)
    assert (card.memory_gb, card.dies) == (gb, dies)
    assert "card" in card.name or "dies" in card.note


@pytest.mark.parametrize(
    ("name", "watts"),
    [("rtx 4070", 200), ("v100-sxm2-16gb", 300), ("v100 32gb", 300), ("v100 pcie", 250), ("l40s", 350), ("tpuv3", 450),
     ("tpuv2", 280), ("tpuv4", 192), ("a100-pcie-40gb", 250), ("a100 80gb pcie", 300), ("h100 pcie", 350), ("p100", 250),
     ("p100 sxm2", 300), ("amd-rx-7900-xtx", 355)],
)  # fmt: skip
def test_power_is_that_of_the_very_variant(name, watts):
    assert device(name).power_limit_w() == watts


def test_mean_system_power_of_patterson_2021_is_kept_apart_from_the_tdp():
    published = {"tpuv2": 221, "tpuv3": 283, "p100": 271, "v100": 325}
    assert {name: device(name).mean_measured_system_w for name in published} == published


def test_a_tpu_power_that_google_never_published_says_so():
    for name in ("tpu v4", "tpu v5e", "tpu v5p", "tpu v6e", "tpu v7"):
        assert "no TDP" in device(name).note, name


def test_the_a10g_is_not_taken_for_the_a10():
    assert device("a10g").peak("bf16").tflops == 70
    assert device("a10").peak("bf16").tflops == 125


def test_the_mi100_has_half_the_rate_in_bf16_that_it_has_in_fp16():
    assert device("mi100").peaks_tflops["bf16"] == pytest.approx(device("mi100").peaks_tflops["fp16"] / 2)


def test_links_are_one_direction():
    names = {"h100": 450, "a100": 300, "v100": 150, "p100 sxm": 80, "b200": 900, "h800": 200, "tpu v5e": 200}
    assert {name: device(name).link_gb_s for name in names} == names


def test_the_measured_matmul_ceiling_is_a_share():
    ratios = {d.id: d.mamf_bf16_ratio for d in devices() if d.mamf_bf16_ratio}
    assert ratios["nvidia-a100-sxm4-80gb"] == pytest.approx(271.2 / 312, abs=0.001)
    assert all(0.5 < ratio < 1 for ratio in ratios.values())
    assert len(ratios) >= 12


def test_variants_of_one_name_are_rows_of_their_own():
    ids = set(table("accelerators").index)
    assert {
        "nvidia-a100-sxm4-40gb", "nvidia-a100-sxm4-80gb", "nvidia-a100-pcie-40gb", "nvidia-a100-pcie-80gb",
        "nvidia-h100-sxm5-80gb", "nvidia-h100-pcie-80gb", "nvidia-h100-nvl-94gb", "nvidia-h800-sxm5-80gb",
        "nvidia-a800-sxm4-80gb", "nvidia-h20-sxm-96gb", "nvidia-b200-sxm-180gb", "nvidia-b300-sxm", "nvidia-gb200",
        "nvidia-v100-sxm2-16gb", "nvidia-v100-sxm2-32gb", "nvidia-v100-pcie-16gb", "nvidia-l4", "nvidia-l40s",
    } <= ids  # fmt: skip


# ---- a device


def test_a_precision_the_device_lacks_goes_down_the_ladder_and_says_so():
    peak = device("v100").peak("bf16")
    assert (peak.tflops, peak.precision) == (125, "fp16")
    assert peak.assumption is not None
    assert "bf16" in str(peak.assumption)
    assert device("a100").peak("fp8") == Peak(312, "bf16", "fp8")


def test_a_precision_the_device_has_needs_no_assumption():
    assert device("a100").peak("BF16").assumption is None


def test_the_ladder_never_climbs_to_narrower_numbers_for_wider_ones():
    assert LADDER["fp32"] == LADDER["fp64"] == ()
    assert set(LADDER) == set(PRECISIONS)
    with pytest.raises(BadInput, match="has peaks in"):
        device("tpu v4").peak("fp64")


def test_an_unknown_precision_lists_those_that_exist():
    with pytest.raises(BadInput, match="bf16"):
        device("a100").peak("fp12")


def test_idle_power_is_measured_or_a_share_of_the_tdp_with_a_band():
    measured = device("tpu v3").idle_power()
    assert (measured.best_w, measured.measured) == (123, True)
    assumed = device("h100").idle_power()
    assert not assumed.measured
    assert (assumed.low_w, assumed.best_w, assumed.high_w) == pytest.approx(
        [share * 700 for share in IDLE_SHARE]
    )


def test_a_device_without_published_power_asks_for_it():
    with pytest.raises(BadInput, match="state it"):
        device("trn1").power_limit_w()


def test_silicon_counts_every_die():
    assert device("mi250x").silicon_mm2 == 2 * 724
    assert device("h100").silicon_mm2 == 814
    assert device("mi300x").silicon_mm2 is None


def test_a_device_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        device("h100").tdp_w = 1


@pytest.mark.parametrize("cell", ["fast", "-5", "nan", "inf"])
def test_a_cell_that_is_no_number_names_row_and_column(cell):
    row = dict(table("accelerators").index["nvidia-t4"], tdp_w=cell)
    with pytest.raises(BadInput, match=r"nvidia-t4: tdp_w"):
        Device.from_row(row)


# ---- a server


def test_every_server_holds_devices_that_exist():
    for row in table("servers"):
        server = Server.from_row(row)
        assert server.device in table("accelerators").index
        assert server.devices >= 1


def test_the_host_of_an_h100_node_lies_within_its_band_and_under_the_rated_power():
    server = Server.from_row(table("servers").find("dgx h100")[0])
    h100 = device(server.device)
    assert server.host_busy_w_low <= server.host_busy_w <= server.host_busy_w_high
    assert server.host_busy_w + server.devices * h100.tdp_w == pytest.approx(server.system_measured_max_w)
    assert server.host_share(h100) == pytest.approx(0.5)


def test_the_link_of_a_server_is_that_of_its_device():
    for row in table("servers"):
        server = Server.from_row(row)
        link = device(server.device).link_gb_s
        assert not (server.link_gb_s and link) or server.link_gb_s == link, server.id


def test_embodied_carbon_of_the_host_is_shared_among_its_devices():
    bloom = Server.from_row(table("servers").find("hpe-apollo-6500-a100")[0])
    assert bloom.host_embodied_kg_per_device() == pytest.approx(2500 / 8)
    assert Server.from_row(table("servers").find("gcp-a3-high")[0]).host_embodied_kg_per_device() is None


def test_a_host_of_unknown_power_has_no_share():
    server = Server.from_row(table("servers").find("gcp-a3-high")[0])
    assert server.host_share(device(server.device)) is None


@pytest.mark.parametrize("cell", ["", "0", "-1"])
def test_a_server_without_devices_is_refused(cell):
    with pytest.raises(BadInput, match="devices"):
        Server.from_row(dict(table("servers").rows[0], devices=cell))


def test_a_value_computed_from_another_is_named_as_such_and_explained():
    rows = [row for row in table("accelerators") if row["derived"]]
    assert {"nvidia-rtx-4090", "nvidia-rtx-a5000"} <= {row["id"] for row in rows}
    for row in rows:
        assert all(row[column] for column in row["derived"].split()), row["id"]
        assert not set(row["derived"].split()) & {
            "tdp_w",
            "memory_bw_gb_s",
            "link_gb_s",
            "idle_w",
            "mean_measured_system_w",
        }
        assert not set(row["derived"].split()) & set(row["confirmed"].split()), row["id"]


def test_the_bandwidth_of_the_p40_is_not_doubled():
    assert device("p40").memory_bw_gb_s == 347


def test_half_precision_of_consumer_pascal_falls_to_fp32_since_its_fp16_is_a_64th():
    assert device("gtx 1080 ti").peak("bf16").precision == "fp32"
