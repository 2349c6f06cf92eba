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
    with pytest.raises(MissingFactor, match="SoC"):
        board_units("raspberry-pi-5-8gb")


def test_an_overlay_gives_the_missing_area(tmp_path):
    (tmp_path / "edge_soc_units.toml").write_text(
        '[[edge_soc_units]]\nid = "raspberry-pi-5-8gb-soc"\nboard = "raspberry-pi-5-8gb"\nunit = "SoC"\nkind = "die"\n'
        'area_mm2 = 50\nnode_nm = 16\ncapacity_gb = ""\nkg_per_cm2 = ""\ngsd = 1.5\nyear = 2023\nsource = "own"\n'
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
    assert len(notes) == 1


@pytest.mark.parametrize(("years", "hours"), [(0, 2), (31, 2), (3, 0), (3, 25), (3, None), (None, 2)])
def test_a_life_or_a_day_that_cannot_be_is_refused(years, hours):
    with pytest.raises(BadInput):
        edge_flow("apple-iphone-16-pro", years, hours)
