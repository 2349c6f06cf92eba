import pytest

from jevons.core.errors import BadInput, MissingFactor
from jevons.world import catalog
from jevons.world.edge_embodied import board_units, edge_flow, hotspots, of_edge


def test_the_units_of_a_chip_add_up_to_the_chip():
    units = board_units("qualcomm-snapdragon-x-elite")
    die = sum(unit.kg for unit in units if unit.name != "package")
    assert die == pytest.approx(1.696 * 2.778, rel=0.001)


def test_hotspots_of_the_making_are_named_greatest_first():
    found = hotspots("qualcomm-snapdragon-x-elite")
    assert found[0][0].startswith("NPU, ISP")
    assert found[0][1] > found[1][1] > found[2][1]


def test_memory_counts_by_its_gigabytes():
    units = {unit.name: unit.kg for unit in board_units("apple-iphone-16-pro")}
    assert units["DRAM"] == pytest.approx(8 * 0.048 / 0.875)


def test_a_unit_of_unpublished_area_is_named_and_nothing_is_priced():
    with pytest.raises(MissingFactor, match="area of its Hailo-10H is not published"):
        board_units("raspberry-pi-5-hailo-10h")


def test_a_span_of_its_class_stands_in_for_an_area_that_nobody_published_and_is_told():
    made, _, notes = of_edge("jetson-orin-nano-super-8gb")
    soc = next(unit for unit in board_units("jetson-orin-nano-super-8gb") if unit.name == "SoC")
    assert soc.gsd > 1.5
    assert 8 < made.impacts["climate"] < 15
    assert any(a.value == "378 mm2 (271 to 455)" and a.source == "nvidia-orin-2019" for a in notes)


def test_what_the_making_holds_and_leaves_out_is_told():
    (told, *_) = of_edge("apple-iphone-16-pro")[2]
    assert "DRAM" in told.value
    assert "battery" in told.why


@pytest.mark.parametrize("board", ["apple-m5-pro", "amd-ryzen-ai-5-340", "intel-n150"])
def test_a_board_of_which_nothing_is_published_says_what_is_lacking(board):
    with pytest.raises(MissingFactor, match="no unit of it is published"):
        board_units(board)


def test_a_microcontroller_board_weighs_what_its_published_bill_of_materials_says():
    """MicroGreen's board_carbon.csv: 0.262547 kg CO2e for the ESP32-S3 board; a published part gets no package twice."""
    assert sum(unit.kg for unit in board_units("esp32-s3")) == pytest.approx(0.262547, abs=1e-6)
    made, _, notes = of_edge("esp32-s3")
    assert (made.method, notes[0].source) == ("published by unit", "microgreen")


def test_every_unit_names_known_sources_and_a_span_holds_its_best_estimate():
    for row in catalog.table("edge_soc_units"):
        assert set(row["source"].split(";")) <= set(catalog.table("sources").index)
        if row["amount_low"]:
            best = float(row["area_mm2"] or row["capacity_gb"])
            assert float(row["amount_low"]) < best < float(row["amount_high"])


def test_an_overlay_gives_the_missing_area(tmp_path):
    (tmp_path / "edge_soc_units.toml").write_text(
        '[[edge_soc_units]]\nid = "raspberry-pi-5-8gb-soc"\nboard = "raspberry-pi-5-8gb"\nunit = "SoC"\nkind = "die"\n'
        'area_mm2 = 50\nnode_nm = 16\ncapacity_gb = ""\namount_low = ""\namount_high = ""\nkg_per_cm2 = ""\ngsd = 1.5\nyear = 2023\nsource = "own"\n'
    )
    catalog.overlay(tmp_path)
    try:
        units = {unit.name: unit.kg for unit in board_units("raspberry-pi-5-8gb")}
        assert units["SoC"] == pytest.approx(0.5 * 1.5567, rel=0.001)
        assert units["PCB"] == pytest.approx(47.6 * 0.0325)
    finally:
        catalog.overlay(None)


def test_the_flow_of_a_boards_hours_reads_back():
    made, hours, notes = of_edge(edge_flow("apple-iphone-16-pro", 3, 2).removeprefix("device_hours/edge:"))
    assert hours == 3 * 365 * 2
    assert made.impacts["climate"] == pytest.approx(sum(unit.kg for unit in board_units("apple-iphone-16-pro")))
    assert any(a.what == "use over life" for a in notes)


@pytest.mark.parametrize(("years", "hours"), [(0, 2), (31, 2), (3, 0), (3, 25), (3, None), (None, 2)])
def test_a_life_or_a_day_that_cannot_be_is_refused(years, hours):
    with pytest.raises(BadInput):
        edge_flow("apple-iphone-16-pro", years, hours)
