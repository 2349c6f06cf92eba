"""Power fields against an external meter, and the laws of the correction."""

from __future__ import annotations

import numpy as np
import pytest
from gpu_meter import SQUARES, STEPS, metered

from jevons.core.errors import BadInput
from jevons.measure import correct
from jevons.measure.correct import Field, Trace

KINDS = {"3090_step": "slot", "A100_step": "look", "K40m_step": "filter"}
WINDOWS_S = (0.25, 0.5, 1.0, 2.0, 4.0)


@pytest.fixture(params=STEPS)
def step(request, shared):
    return request.param, metered(shared, request.param)


@pytest.fixture(params=SQUARES)
def square(request, shared):
    name = request.param
    steady = metered(shared, name.replace("square100ms", "step"))
    return metered(shared, name), correct.two_points(*steady.plateau(steady.chosen()[0]))


def windows(least_s, most_s, first_s, last_s, count, seed=0):
    chance = np.random.default_rng(seed)
    for _ in range(count):
        span_s = chance.uniform(least_s, most_s)
        start_s = chance.uniform(first_s, last_s - span_s)
        yield start_s, start_s + span_s


# -- the field, from the trace itself


def test_each_card_is_told_by_its_own_response(step):
    name, card = step
    assert card.chosen()[1].kind == KINDS[name]


def test_the_fast_field_is_chosen_before_the_running_mean(shared):
    card = metered(shared, "3090_step")
    name, field = correct.choose(card.fields, 0.0, card.end_s)
    assert name == "power_instant_w"
    assert field.window_s == pytest.approx(0.1, abs=0.01)
    slow = correct.field_of(card.fields["power_draw_w"], 0.0, card.end_s)
    assert (slow.kind, slow.window_s) == ("mean", 1.0)


def test_a_field_that_shows_nothing_is_not_chosen(shared):
    card = metered(shared, "K40m_step")
    trace = card.fields["power_draw_w"]
    empty = {"stuck": Trace(trace.t_s, np.full_like(trace.t_s, 25.0)), "absent": Trace(trace.t_s, np.full_like(trace.t_s, np.nan))}
    assert correct.choose({**empty, **card.fields}, 0.0, card.end_s)[0] == "power_draw_w"
    with pytest.raises(BadInput, match="give at least one field"):
        correct.choose(empty, 0.0, card.end_s)


@pytest.mark.parametrize(("card", "share"), [("NVIDIA A100-PCIE-40GB", 0.25), ("NVIDIA H100 80GB HBM3", 0.25), ("Quadro_RTX_8000", 0.2),
                                             ("NVIDIA GeForce RTX 3090", 1.0), ("a card nobody metered", 1.0)])  # fmt: skip
def test_the_share_of_time_a_card_looks_is_a_row_of_a_table(card, share):
    assert correct.seen_share_of(card) == share


# -- one load, against the meter


def test_uncalibrated_the_whole_load_is_within_one_point_of_the_cards_steady_gain_error(step):
    _, card = step
    trace, field = card.chosen()
    shown, true = card.plateau(trace)
    ours = correct.restore(trace, field, card.marks_s).energy_j(0.0, card.end_s)
    assert ours / card.meter_j(0.0, card.end_s) == pytest.approx(shown[1] / true[1], abs=0.005)


def test_uncalibrated_the_running_mean_alone_is_within_one_point_too(shared):
    card = metered(shared, "3090_step")
    trace = card.fields["power_draw_w"]
    shown, true = card.plateau(trace)
    field = correct.field_of(trace, 0.0, card.end_s)
    ours = correct.restore(trace, field, card.marks_s).energy_j(0.0, card.end_s) / card.meter_j(0.0, card.end_s)
    naive = trace.power_w[(trace.t_s >= 0) & (trace.t_s <= card.end_s)].mean() * card.end_s / card.meter_j(0.0, card.end_s)
    assert ours == pytest.approx(shown[1] / true[1], abs=0.01)
    assert naive - shown[1] / true[1] < -0.05


def test_calibrated_every_window_of_a_second_or_more_inside_the_load_is_within_one_percent(step):
    _, card = step
    trace, field = card.chosen()
    gain, offset_w = correct.two_points(*card.plateau(trace))
    restored = correct.restore(trace, field, card.marks_s)
    spans = [*windows(1, 5, 0, card.end_s, 200), *((0.0, float(x)) for x in (1, 2, 3, 4, 5)), (0.0, card.end_s)]
    errors = [(gain * restored.energy_j(a, b) + offset_w * (b - a)) / card.meter_j(a, b) - 1 for a, b in spans]
    assert max(map(abs, errors)) <= 0.01


# -- fast loads


def test_calibrated_windows_over_a_fast_square_wave_are_within_one_and_a_half_percent_of_the_whole_run(square):
    card, (gain, offset_w) = square
    trace, field = card.chosen()
    found = correct.repeated(trace, field, card.loads_s, gain, offset_w)
    restored = correct.restore(trace, field)

    def ours(a, b):
        return found.energy_j(a, b) if found else gain * restored.energy_j(a, b) + offset_w * (b - a)

    whole = card.meter_j(0.0, card.end_s)
    assert ours(0.0, card.end_s) == pytest.approx(whole, rel=0.015)
    assert max(abs(ours(a, b) - card.meter_j(a, b)) for a, b in windows(1, 4, 0, card.end_s, 200)) <= 0.015 * whole


def test_a_repeated_load_is_found_where_the_card_looks_a_quarter_of_the_time(shared):
    card = metered(shared, "A100_square100ms")
    trace, field = card.chosen()
    found = correct.repeated(trace, field, card.loads_s)
    assert found.r2 > 0.9
    assert found.load_w > 80
    naive = [trace.power_w[(trace.t_s > a) & (trace.t_s < a + 1)].mean() / card.meter_j(a, a + 1) - 1 for a in range(7)]
    assert max(map(abs, naive)) > 0.3


# -- intervals


@pytest.mark.parametrize("calibrated", [False, True])
@pytest.mark.parametrize("name", STEPS + SQUARES)
def test_the_interval_holds_the_meter_in_nineteen_windows_of_twenty(shared, name, calibrated):
    card, steady = metered(shared, name), metered(shared, name.partition("_")[0] + "_step")
    trace, field = card.chosen()
    gain, offset_w = correct.two_points(*steady.plateau(steady.chosen()[0])) if calibrated else (1.0, 0.0)
    held = []
    for number, (a, _) in enumerate(windows(4, 4, -0.9, min(card.end_s + 3, card.meter_s[-1]), 60)):
        b = a + WINDOWS_S[number % len(WINDOWS_S)]
        found = correct.energy(trace, field, a, b, card.marks_s, gain, offset_w, calibrated)
        held.append(found.low_j <= card.meter_j(a, b) <= found.high_j)
    assert np.mean(held) >= 0.95


def test_a_steady_window_has_a_narrow_interval_on_a_card_that_always_looks(shared):
    card = metered(shared, "3090_step")
    trace, field = card.chosen()
    found = correct.energy(trace, field, 2.0, 5.0, card.marks_s, *correct.two_points(*card.plateau(trace)), calibrated=True)
    assert found.high_j / found.low_j < 1.06


@pytest.mark.parametrize(("load_s", "short"), [(0.15, True), (0.19, True), (0.25, False), (1.0, False)])
def test_a_load_shorter_than_twice_the_averaging_window_is_flagged(shared, load_s, short):
    card = metered(shared, "3090_step")
    trace, field = card.chosen()
    assert correct.energy(trace, field, 1.0, 1.0 + load_s, card.marks_s).short is short


def test_a_window_that_holds_a_short_load_is_flagged(shared):
    card = metered(shared, "A100_square100ms")
    trace, field = card.chosen()
    assert correct.energy(trace, field, 1.0, 3.0, card.marks_s).short


# -- laws, on made-up traces


def shown_by(field, seconds=12.0, poll_s=0.01):
    """A trace of 60 W, 300 W from 3 to 8 s, 60 W, as ``field`` would show it."""
    t = np.arange(-2.0, seconds, 1e-3)
    p = np.where((t >= 3) & (t < 8), 300.0, 60.0) + 0.01 * np.sin(50 * t)
    refreshes = np.arange(-1.0, seconds, field.refresh_s)
    if field.kind == "filter":
        memory, level, y = np.exp(-1e-3 / field.window_s), p[0], np.empty_like(p)
        for i, power_w in enumerate(p):
            level = memory * level + (1 - memory) * power_w
            y[i] = level
        values = np.interp(refreshes, t, y)
    else:
        total = np.concatenate([[0.0], np.cumsum(p) * 1e-3])
        span = np.interp(np.stack([refreshes, refreshes - field.window_s]), np.append(t, t[-1] + 1e-3), total)
        values = (span[0] - span[1]) / field.window_s
    polls = np.arange(0.0, seconds - 0.2, poll_s)
    return Trace(polls, values[np.searchsorted(refreshes, polls, side="right") - 1])


FIELDS = [Field("slot", 0.1, 0.1), Field("mean", 0.1, 1.0), Field("filter", 0.02, 0.06), Field("look", 0.1, 0.025)]


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.kind)
def test_the_energy_of_a_step_is_restored_whatever_the_field(field):
    trace = shown_by(field)
    restored = correct.restore(trace, field, [3.0, 8.0])
    assert restored.energy_j(3.0, 8.0) == pytest.approx(1500, rel=0.01)
    assert restored.energy_j(4.0, 5.0) == pytest.approx(300, rel=0.015)
    assert restored.energy_j(1.0, 10.5) == pytest.approx(1500 + 4.5 * 60, rel=0.01)


@pytest.mark.parametrize("field", FIELDS[:3], ids=lambda f: f.kind)
def test_the_field_is_recognised_from_its_response(field):
    found = correct.field_of(shown_by(field, poll_s=0.005), 3.0, 8.0)
    assert found.kind == field.kind
    assert found.refresh_s == pytest.approx(field.refresh_s, rel=0.1)
    assert found.window_s == pytest.approx(field.window_s, rel=0.25)


def test_windows_add_up():
    restored = correct.restore(shown_by(FIELDS[0]), FIELDS[0])
    assert restored.energy_j(2.0, 7.0) == pytest.approx(restored.energy_j(2.0, 3.3) + restored.energy_j(3.3, 7.0))


def test_two_points_bring_shown_to_true():
    gain, offset_w = correct.two_points((50.0, 180.0), (55.0, 200.0))
    assert gain * 50 + offset_w == pytest.approx(55)
    assert gain * 180 + offset_w == pytest.approx(200)


@pytest.mark.parametrize("wrong", [lambda t: correct.restore(t, FIELDS[0]).energy_j(-50, 1), lambda t: correct.two_points((5, 5), (1, 2)),
                                   lambda t: correct.rise_s(t, -3.0, 4.0), lambda t: correct.choose({}, 0, 1),
                                   lambda t: correct.repeated(t, FIELDS[0], [(1.0, 2.0)]),
                                   lambda t: correct.refresh_s(Trace(t.t_s, np.full_like(t.t_s, 5.0)))])  # fmt: skip
def test_what_cannot_be_computed_is_refused_with_the_mend(wrong):
    with pytest.raises(BadInput, match="give|stay"):
        wrong(shown_by(FIELDS[0]))
