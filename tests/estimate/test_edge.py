import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.edge import edge, hotspots
from jevons.world.manufacture import Life, factors

JOULES = 3.6e6


def joules(activity, **where):
    return float(activity.where(flow="electricity", **where).total()[0]) * JOULES


def plain(model="qwen1.5-0.5b", on="jetson-orin", prompt=300, answer=200, **more):
    return edge(model, on, prompt, answer, **{"display": False, "power_supply": False, "draws": 0, **more})


def test_prefill_and_decode_are_told_apart_and_add_up():
    whole = plain()
    assert joules(whole, stage="prefill") + joules(whole, stage="decode") == pytest.approx(joules(whole))
    assert joules(whole, stage="prefill") == pytest.approx(joules(plain(answer=1)))


def test_energy_is_that_of_the_law_for_the_model_it_was_fitted_on():
    assert joules(plain()) == pytest.approx(69, rel=0.05)
    assert plain().rows()[0]["tier"] == "calibrated"


def test_requests_scale_energy_and_time():
    one, ten = plain(), plain(requests=10)
    assert joules(ten) == pytest.approx(10 * joules(one))
    assert ten.served["device hour"][0] == pytest.approx(10 * one.served["device hour"][0])


def test_token_counts_may_be_arrays_of_scenarios():
    several = plain(prompt=np.array([100, 300, 900]))
    alone = [joules(plain(prompt=n)) for n in (100, 300, 900)]
    assert several.total()[:, 0] * JOULES == pytest.approx(alone)


def test_an_answer_of_no_token_still_costs_its_prompt():
    assert joules(plain(answer=0)) == pytest.approx(joules(plain(answer=1)))


def test_fewer_bits_cost_less_and_never_nothing():
    whole, half = joules(plain(precision="bf16")), joules(plain(precision="int8"))
    assert 0.5 * whole < half < whole


def test_a_display_draws_for_as_long_as_the_device_works():
    lit = plain(on="raspberry-pi-5-hailo-10h", model="qwen2.5-1.5b", display="2 W")
    assert joules(lit, component="display") == pytest.approx(2 * lit.served["device hour"][0] * 3600)


def test_what_the_boards_own_meter_saw_is_not_added_again():
    phone = edge("qwen2.5-1.5b", "apple-iphone-16-pro", 300, 200, draws=0)
    assert "display" not in phone.by("component")
    assert "power supply" in phone.by("component")
    wall = edge("llama-3.2-3b", "raspberry-pi-5-8gb", 300, 200, draws=0)
    assert "power supply" not in wall.by("component")


def test_a_supply_loses_what_its_efficiency_says():
    with_supply = plain(power_supply=0.8)
    assert joules(with_supply) == pytest.approx(joules(plain()) / 0.8)


def test_a_radio_costs_by_the_bit():
    sent = plain(moved_gb=0.001, radio="3e-7")
    assert joules(sent, component="radio") == pytest.approx(0.001 * 8e9 * 3e-7)
    assert joules(plain(moved_gb=0.001), component="radio") > 0


def test_reading_a_model_from_storage_is_a_transfer():
    read = plain(read_gb=1, storage="emmc")
    assert joules(read, component="storage", stage="transfer") == pytest.approx(8e9 * 4.46e-10)


def test_waiting_through_a_session_is_its_own_stage():
    session = edge("llama-3.2-3b", "raspberry-pi-5-8gb", 300, 200, session_hours=1, draws=0)
    busy_h = session.served["device hour"][0]
    assert joules(session, stage="idle") == pytest.approx(3.3 * 3600 * (1 - busy_h))
    assert "idle time = not counted" in " ".join(map(str, plain().assumptions))


def test_a_session_shorter_than_its_work_is_refused():
    with pytest.raises(BadInput, match="work alone"):
        edge("llama-3.2-3b", "raspberry-pi-5-8gb", 300, 2000, session_hours=0.001)


def test_hotspots_are_named_with_their_share():
    found = hotspots(plain())
    assert found[0][0] == "decode: soc and dram, layers"
    assert 0.5 < found[0][1] < 1
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)


def test_the_interval_is_narrow_for_a_known_model_and_wide_for_a_guess():
    def width(on):
        draws = edge("qwen1.5-0.5b", on, 300, 200).total()[1:]
        return np.quantile(draws, 0.9) / np.quantile(draws, 0.1)

    assert width("jetson-orin") < 1.2 < width("jetson-orin-nx-16gb")


def test_a_phone_carries_its_making_by_the_hours_of_its_use():
    used = edge("qwen2.5-1.5b", "apple-iphone-16-pro", 300, 200, use_hours_per_day=2, life=3, draws=0)
    flow = next(row["flow"] for row in used.rows() if row["lifecycle"] == "manufacture")
    factor = factors(flow.removeprefix("device_hours/"), Life())["climate"]
    whole = factor.value * 3 * 365 * 2
    assert 2 < whole < 8
    assert factors("edge:apple-iphone-16-pro;life=3;use=4", Life())["climate"].value == pytest.approx(factor.value / 2)


def test_without_a_life_the_hours_are_those_of_any_device():
    span = Life(years=5, utilisation=0.5)
    assert factors("edge:apple-iphone-16-pro", span)["climate"].value * 5 * 8760 * 0.5 == pytest.approx(
        factors("edge:apple-iphone-16-pro;life=3;use=2", span)["climate"].value * 3 * 365 * 2
    )


def test_a_board_of_unpublished_making_says_that_it_is_not_counted():
    found = plain(on="intel-n150")
    note = next(a for a in found.assumptions if a.what == "embodied carbon")
    assert note.value == "not counted"
    assert not len(found.where(lifecycle="manufacture"))


def test_a_board_of_estimated_making_carries_it_with_the_span_among_the_assumptions():
    result = jevons.footprint(plain(use_hours_per_day=4, life=5), at=jevons.site(intensity="400 g/kWh"))
    assert result.by("component")["device manufacture"][0] > 0
    assert any(a.what == "area of the SoC of jetson-orin" for a in result.assumptions)


def test_a_footprint_of_a_phone_holds_use_and_making_and_no_pue():
    phone = edge("qwen2.5-1.5b", "apple-iphone-16-pro", 300, 200, use_hours_per_day=2, life=3)
    result = jevons.footprint(phone, at=jevons.site(intensity="400 g/kWh", pue=1.5))
    electricity_kg = float(phone.total()[0]) * 0.4
    assert result.best("climate") > electricity_kg
    assert result.best("climate") < 10 * electricity_kg
    assert "manufacture" in result.by("stage")
    assert "overhead" not in " ".join(result.by("component"))


def test_an_unknown_board_names_the_three_nearest():
    with pytest.raises(UnknownName, match="edge board") as trouble:
        plain(on="jetzon")
    assert len(trouble.value.nearest) == 3
    assert "jetson-orin" in trouble.value.nearest


def test_an_unknown_model_names_the_three_nearest():
    with pytest.raises(UnknownName) as trouble:
        plain(model="qwen9-999b")
    assert len(trouble.value.nearest) == 3


def test_a_model_of_bare_parameters_is_asked_for_its_shape():
    from jevons.world import models

    with pytest.raises(BadInput, match=r"config\.json"):
        plain(model=models.find(None, "3B"))


@pytest.mark.parametrize(("wrong", "field"), [
    ({"prompt": -1}, "input_tokens"), ({"answer": -1}, "output_tokens"), ({"requests": -2}, "requests"),
    ({"prompt": 40_000}, "input_tokens"), ({"precision": "int3"}, "precision"), ({"power_supply": 1.2}, "power_supply"),
    ({"camera": "emmc"}, "camera"), ({"moved_gb": -1}, "moved_gb"), ({"use_hours_per_day": 25, "life": 3}, "use_hours"),
    ({"life": 3}, "life"), ({"session_hours": 1}, "session_hours"),
])  # fmt: skip
def test_bad_input_is_refused_by_field(wrong, field):
    with pytest.raises(BadInput) as trouble:
        plain(**wrong)
    assert trouble.value.field.startswith(field)


def test_a_model_that_the_memory_cannot_hold_is_refused():
    with pytest.raises(BadInput, match="has 8"):
        plain(model="llama-2-13b", on="jetson-orin-nano-super-8gb")


def test_the_camera_of_a_phone_adds_to_its_work():
    seen = edge("qwen2.5-1.5b", "apple-iphone-16-pro", 300, 200, camera=True, draws=0)
    assert joules(seen, component="camera") == pytest.approx(3.33 * seen.served["device hour"][0] * 3600)
