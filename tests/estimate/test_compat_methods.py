import pytest

from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.methods import compare_methods

TOOLS = ["jevons", "mlco2", "Strubell 2019", "Patterson 2021", "LLMCarbon", "Green Algorithms", "CodeCarbon", "EcoLogits",
         "Boavizta"]  # fmt: skip


@pytest.fixture(scope="module")
def gpt_3():
    rows = compare_methods(355.2, "v100", 10_000, "us-central1", power=330, pue=1.1, intensity=0.429, year=2020)
    return {row.tool: row for row in rows}


def test_nine_methods_price_the_same_activity_jevons_first(gpt_3):
    assert list(gpt_3) == TOOLS


def test_every_answer_is_hours_times_devices_times_watts_times_pue_times_intensity(gpt_3):
    for row in gpt_3.values():
        assert row.energy_kwh == pytest.approx(3_552_000 * row.power_w * row.pue / 1000, rel=1e-6)
        assert row.operational_kg == pytest.approx(row.energy_kwh * row.intensity_kg_per_kwh, rel=1e-6)


def test_patterson_llmcarbon_and_jevons_agree_where_power_pue_and_intensity_are_known(gpt_3):
    assert gpt_3["jevons"].operational_kg == pytest.approx(552_100, rel=0.005)
    assert gpt_3["Patterson 2021"].operational_kg == pytest.approx(gpt_3["jevons"].operational_kg)
    assert gpt_3["LLMCarbon"].operational_kg == pytest.approx(gpt_3["jevons"].operational_kg)


def test_mlco2_prices_the_tdp_at_its_own_rounded_intensity(gpt_3):
    assert gpt_3["mlco2"].operational_kg == pytest.approx(3_552_000 * 0.3 * 0.57)


def test_each_row_says_what_makes_it_differ(gpt_3):
    assert gpt_3["jevons"].differs == ""
    assert gpt_3["mlco2"].differs == "power 300 against 330 W; PUE 1 against 1.1; intensity 0.57 against 0.429 kg/kWh; no embodied"
    assert gpt_3["Strubell 2019"].differs == "PUE 1.58 against 1.1; no embodied"
    assert all(row.leaves_out for row in gpt_3.values())


def test_a_table_that_lacks_the_device_or_the_place_is_said_not_hidden():
    rows = {row.tool: row for row in compare_methods(10, "h100", 8, "france")}
    assert any("stand-in of 200 W" in note for note in rows["Green Algorithms"].notes)
    assert any("the site's intensity" in note for note in rows["mlco2"].notes)
    assert any("no power given" in note for note in rows["Patterson 2021"].notes)


def test_embodied_is_added_only_by_the_tools_that_count_it(gpt_3):
    counted = {tool for tool, row in gpt_3.items() if row.embodied_kg is not None}
    assert counted == {"jevons", "LLMCarbon", "EcoLogits", "Boavizta"}
    assert gpt_3["mlco2"].kg == gpt_3["mlco2"].operational_kg


def test_energy_doubles_with_the_hours():
    once, twice = (compare_methods(hours, "a100", 8, "sweden", power=350) for hours in ("10 h", "20 h"))
    for a, b in zip(once, twice, strict=True):
        assert b.energy_kwh == pytest.approx(2 * a.energy_kwh, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"hours": -1}, "hours"), ({"hours": 0}, "hours"), ({"hours": "2 apples"}, "hours"), ({"n": 0}, "n"),
        ({"n": 1.5}, "n"), ({"power": 0}, "power"), ({"power": float("nan")}, "power"), ({"pue": 0.9}, "pue"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_field(given, field):
    with pytest.raises(BadInput, match=field):
        compare_methods(**{"hours": 10, "device": "h100", "n": 1, "place": "france", **given})


def test_an_unknown_device_or_place_is_refused_with_the_nearest():
    with pytest.raises(UnknownName):
        compare_methods(10, "an abacus", 1, "france")
    with pytest.raises(UnknownName):
        compare_methods(10, "h100", 1, "atlantis")
