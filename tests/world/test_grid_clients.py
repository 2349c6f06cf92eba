"""Grid providers, on recorded replies: nulls stay null, refusals are named, nobody waits more than two seconds."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import jevons
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingExtra, StudyMismatch, TableError
from jevons.core.source import UNSOURCED
from jevons.core.study import Study
from jevons.world.grid_clients import (
    CsvFile,
    ElectricityMaps,
    Entsoe,
    GridClient,
    GridUnavailable,
    Point,
    Signal,
    SignalPlace,
    UnitedKingdom,
    WattTime,
    live,
)
from jevons.world.grid_clients.entsoe import generation, intensities
from jevons.world.grid_clients.fetch import Fetch, Reply, Request, over_httpx

HOUR = 3600.0
NOON = 1_735_041_600.0  # 2024-12-24T12:00Z
AVERAGE = ("location", "average", "lifecycle")


class Recorded:
    """A transport that plays replies in order and keeps the requests."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def __call__(self, request):
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply(200, {}, reply if isinstance(reply, bytes) else json.dumps(reply).encode())


class Clock:
    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def fetching(*replies, clock=None):
    clock = clock or Clock()
    return Fetch(Recorded(*replies), clock=clock, sleep=clock.sleep)


def values(signal):
    return [p.g_per_kwh for p in signal.points]


# -- providers -----------------------------------------------------------------------------------------------------


def em(value, hour="12:00:00.000Z", **more):
    return {"zone": "FR", "carbonIntensity": value, "datetime": f"2024-12-24T{hour}", "emissionFactorType": "lifecycle",
            "isEstimated": False, "estimationMethod": None, **more}  # fmt: skip


def test_electricity_maps_gives_an_hour_and_sends_its_key_in_a_header():
    client = ElectricityMaps("secret", fetch=fetching(em(56)))
    assert client.latest("FR").points == (Point(NOON, NOON + HOUR, 56.0),)
    (asked,) = client.fetch.transport.asked
    assert asked.url.endswith("/v3/carbon-intensity/latest")
    assert asked.headers == {"auth-token": "secret"}
    assert "secret" not in repr(client) + str(asked.params)


def test_a_null_hour_stays_null_and_never_becomes_nought():
    client = ElectricityMaps("k", fetch=fetching({"zone": "FR", "data": [em(50), em(None, "13:00:00Z"), em(70, "14:00:00Z")]}))
    signal = client.history("FR", NOON, NOON + 3 * HOUR)
    assert values(signal) == [50.0, None, 70.0]
    assert np.isnan(signal.mean(NOON, NOON + 2 * HOUR)).all()
    assert signal.mean(NOON + 2 * HOUR, NOON + 3 * HOUR) == pytest.approx(70)


@pytest.mark.parametrize("spelt", ["estimationMethod", "estimatedMethod"])
def test_an_estimate_is_known_by_either_spelling(spelt):
    client = ElectricityMaps("k", fetch=fetching(em(56, **{spelt: "TIME_SLICER_AVERAGE"})))
    assert client.latest("FR").points[0].estimated


def test_a_recorded_day_of_electricity_maps_is_read(shared):
    recorded = (shared / "data/fixtures/zeus/carbon_history_1.json").read_bytes()
    signal = ElectricityMaps("k", fetch=fetching(recorded)).recent("US-MIDW-MISO")
    assert len(signal.points) == 24
    assert {p.end_s - p.start_s for p in signal.points} == {HOUR}
    assert values(signal)[0] == json.loads(recorded)["history"][0]["carbonIntensity"]


def test_direct_and_life_cycle_never_mix():
    with pytest.raises(TableError, match="the two never mix"):
        ElectricityMaps("k", "direct", fetch=fetching(em(56))).latest("FR")


def moer(*rows, units="lbs_co2_per_mwh"):
    return {"meta": {"region": "CAISO_NORTH", "units": units, "data_point_period_seconds": 300},
            "data": [{"point_time": f"2024-12-24T12:{minute:02}:00+00:00", "value": value} for minute, value in rows]}  # fmt: skip


def test_watttime_logs_in_and_turns_pounds_a_megawatt_hour_into_grams_a_kilowatt_hour():
    client = WattTime("u", "p", fetch=fetching({"token": "t1"}, moer((0, 1000.0), (5, None))))
    signal = client.history("CAISO_NORTH", NOON, NOON + 600)
    assert values(signal) == [pytest.approx(453.59237), None]
    assert signal.kind == ("location", "marginal", "direct")
    login, asked = client.fetch.transport.asked
    assert login.auth == ("u", "p")
    assert asked.headers == {"authorization": "Bearer t1"}


def test_an_expired_token_is_renewed_once():
    replies = ({"token": "t1"}, Reply(401, {}, b""), {"token": "t2"}, moer((0, 1000.0)))
    client = WattTime("u", "p", fetch=fetching(*replies))
    assert len(client.history("R", NOON, NOON + 300).points) == 1
    assert client.fetch.transport.asked[-1].headers == {"authorization": "Bearer t2"}


def test_a_wrong_password_is_said_after_one_more_try():
    client = WattTime("u", "p", fetch=fetching({"token": "t"}, Reply(401, {}, b""), {"token": "t"}, Reply(401, {}, b"")))
    with pytest.raises(GridUnavailable, match=r"refused the key \(401\)"):
        client.history("R", NOON, NOON + 300)


def test_another_unit_of_watttime_is_refused():
    with pytest.raises(TableError, match="only lbs_co2_per_mwh is known"):
        WattTime("u", "p", fetch=fetching({"token": "t"}, moer((0, 1.0), units="g"))).forecast("R")


def half_hour(forecast, actual, at="12:00"):
    return {"from": f"2024-12-24T{at}Z", "to": f"2024-12-24T{at[:3]}30Z", "intensity": {"forecast": forecast, "actual": actual, "index": "low"}}


def test_great_britain_tells_actual_and_forecast_apart():
    reply = {"data": [half_hour(156, 149), half_hour(160, None, "13:00")]}
    client = UnitedKingdom(fetch=fetching(reply), clock=lambda: NOON)
    assert values(client.history("GB", NOON, NOON + HOUR)) == [149.0, None]
    assert values(client.forecast()) == [156.0, 160.0]
    assert client.fetch.transport.asked[0].url.endswith("/intensity/2024-12-24T12:00Z/2024-12-24T13:00Z")
    assert client.latest().points[0].end_s - NOON == 1800


def test_great_britain_is_asked_fourteen_days_at_a_time():
    client = UnitedKingdom(fetch=fetching({"data": []}))
    client.history("GB", NOON, NOON + 30 * 86400)
    assert len(client.fetch.transport.asked) == 3


def test_great_britain_knows_no_other_zone():
    with pytest.raises(BadInput, match="GB alone"):
        UnitedKingdom(fetch=fetching({})).latest("FR")


XMLNS = "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"


def plant(psr, points, side="in", curve="A01", resolution="PT60M", unit="MAW", end="14:00"):
    rows = "".join(f"<Point><position>{i}</position><quantity>{q}</quantity></Point>" for i, q in points)
    return (f"<TimeSeries><{side}BiddingZone_Domain.mRID>10YFR</{side}BiddingZone_Domain.mRID>"
            f"<quantity_Measure_Unit.name>{unit}</quantity_Measure_Unit.name><curveType>{curve}</curveType><MktPSRType>"
            f"<psrType>{psr}</psrType></MktPSRType><Period><timeInterval><start>2024-12-24T12:00Z</start><end>2024-12-24T{end}Z</end>"
            f"</timeInterval><resolution>{resolution}</resolution>{rows}</Period></TimeSeries>")  # fmt: skip


def document(*plants):
    return f'<?xml version="1.0"?><GL_MarketDocument xmlns="{XMLNS}">{"".join(plants)}</GL_MarketDocument>'.encode()


def entsoe(*plants, scope="lifecycle"):
    return Entsoe("token", scope, fetch=fetching(document(*plants)), clock=lambda: NOON + 2 * HOUR)


def test_entsoe_prices_the_mix_by_the_table_of_fuels():
    signal = entsoe(plant("B14", [(1, 75), (2, 100)]), plant("B04", [(1, 25), (2, 0)])).history("10YFR", NOON, NOON + 2 * HOUR)
    of = intensities("lifecycle")
    assert values(signal) == [pytest.approx(0.75 * of["nuclear"] + 0.25 * of["gas"]), pytest.approx(of["nuclear"])]
    assert (of["nuclear"], of["gas"]) == (12, 490)


def test_direct_intensities_come_from_the_direct_rows():
    assert values(entsoe(plant("B14", [(1, 1), (2, 1)]), scope="direct").latest("10YFR")) == [0.0]


def test_pumping_and_storage_are_left_out():
    signal = entsoe(plant("B14", [(1, 100), (2, 100)]), plant("B10", [(1, 50), (2, 50)]),
                    plant("B10", [(1, 500), (2, 500)], side="out")).history("10YFR", NOON, NOON + HOUR)  # fmt: skip
    assert values(signal) == [12.0, 12.0]


def test_own_consumption_is_taken_from_what_was_generated():
    signal = entsoe(plant("B04", [(1, 100), (2, 100)]), plant("B04", [(1, 50), (2, 50)], side="out"),
                    plant("B14", [(1, 50), (2, 50)])).history("10YFR", NOON, NOON + HOUR)  # fmt: skip
    assert values(signal)[0] == pytest.approx((490 + 12) / 2)


def test_plants_without_a_fuel_are_passed_over_while_they_are_few():
    few = entsoe(plant("B14", [(1, 97)]), plant("B17", [(1, 3)])).history("Z", NOON, NOON + HOUR)
    many = entsoe(plant("B14", [(1, 90)]), plant("B17", [(1, 10)])).history("Z", NOON, NOON + HOUR)
    assert (values(few), values(many)) == ([12.0], [None])


def test_a_curve_that_leaves_out_repeats_is_filled_and_one_that_does_not_stays_open():
    repeated = entsoe(plant("B14", [(1, 100)], curve="A03")).history("Z", NOON, NOON + 2 * HOUR)
    fixed = entsoe(plant("B14", [(1, 100)])).history("Z", NOON, NOON + 2 * HOUR)
    assert (len(repeated.points), len(fixed.points)) == (2, 1)


def test_quarters_of_an_hour_and_zipped_replies_are_read():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", document(plant("B14", [(1, 1), (2, 1), (3, 1), (4, 1)], resolution="PT15M", end="13:00")))
    steps = list(generation(packed.getvalue()))
    assert [end - start for _, start, end, _ in steps] == [900.0] * 4


def test_no_data_is_said_in_the_platforms_words():
    text = f'<Acknowledgement_MarketDocument xmlns="{XMLNS}"><Reason><text>No matching data found</text></Reason></Acknowledgement_MarketDocument>'
    with pytest.raises(GridUnavailable, match="No matching data found"):
        list(generation(text.encode()))


@pytest.mark.parametrize("body", [b"<a", b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', b"PK broken", document(plant("B14", [(1, 1)], unit="KWT")),
                                  document(plant("B14", [(1, 1)], resolution="P1D"))])  # fmt: skip
def test_a_reply_of_another_shape_is_refused(body):
    with pytest.raises(TableError):
        list(generation(body))


def test_the_token_of_entsoe_is_in_no_message_and_no_cache():
    client = Entsoe("hidden", fetch=fetching(Reply(401, {}, b"")))
    with pytest.raises(GridUnavailable) as told:
        client.history("Z", NOON, NOON + HOUR)
    assert "hidden" not in str(told.value) + repr(client) + str(client.fetch._kept)


def test_a_file_takes_the_place_of_a_provider_and_empty_cells_stay_open(tmp_path):
    file = tmp_path / "grid.csv"
    file.write_text("datetime,carbon_intensity\n2024-12-24T12:00Z,100\n2024-12-24T13:00Z,\n2024-12-24T14:00Z,300\n")
    client = CsvFile(file, clock=lambda: NOON + HOUR)
    assert values(client.history("", NOON, NOON + 3 * HOUR)) == [100.0, None, 300.0]
    assert values(client.latest()) == [None]
    assert values(client.forecast()) == [None, 300.0]


@pytest.mark.parametrize(("text", "match"), [("time,wind\n2024-01-01,3\n", "name a column"), ("time,intensity\n2024-01-01T00:00,many\n", "no number"),
                                            ("time,intensity\nsoon,3\n", "no ISO time")])  # fmt: skip
def test_a_file_that_cannot_be_read_names_the_trouble(tmp_path, text, match):
    (tmp_path / "grid.csv").write_text(text)
    with pytest.raises(TableError, match=match):
        CsvFile(tmp_path / "grid.csv").latest()


CLIENTS = {"electricity_maps": (ElectricityMaps, "k"), "watttime": (WattTime, "u", "p"), "uk": (UnitedKingdom,), "entsoe": (Entsoe, "t")}


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_answers_the_protocol(name):
    make, *keys = CLIENTS[name]
    client = make(*keys)
    assert isinstance(client, GridClient)
    assert len(client.kind) == 3


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("reply", [b"<html>", b"[]", b'{"data": [{}], "token": "t", "meta": {}}', b'{"data": 3}', b"null"])
def test_a_reply_nobody_expected_is_never_a_number(name, reply):
    make, *keys = CLIENTS[name]
    client = make(*keys, fetch=fetching(reply))
    with pytest.raises((TableError, GridUnavailable)):
        client.history("GB", NOON, NOON + HOUR)


# -- fetching ------------------------------------------------------------------------------------------------------

ASK = Request("https://grid.example/x", {"zone": "FR"}, {})


def test_a_busy_provider_is_asked_again_after_what_it_says():
    clock = Clock()
    fetch = fetching(Reply(429, {"retry-after": "1"}, b""), {"a": 1}, clock=clock)
    assert fetch.json(ASK) == {"a": 1}
    assert clock.slept == [1.0]


def test_waiting_never_passes_two_seconds_and_then_the_provider_is_left_alone():
    clock = Clock()
    fetch = fetching(Reply(429, {}, b""), clock=clock)
    with pytest.raises(GridUnavailable, match=r"busy \(429\); ask again in 60 s"):
        fetch.body(ASK)
    assert sum(clock.slept) <= 2.0
    assert clock.slept == sorted(clock.slept)
    asked = len(fetch.transport.asked)
    with pytest.raises(GridUnavailable, match="asked for a pause"):
        fetch.body(ASK)
    assert len(fetch.transport.asked) == asked
    clock.now += 61
    with pytest.raises(GridUnavailable, match="ask again in 120 s"):
        fetch.body(ASK)


def test_a_refused_key_is_not_tried_again():
    fetch = fetching(Reply(401, {}, b""))
    with pytest.raises(GridUnavailable, match="check the key") as told:
        fetch.body(ASK)
    assert (told.value.status, len(fetch.transport.asked)) == (401, 1)


def test_an_answer_is_kept_for_a_while():
    clock = Clock()
    fetch = fetching({"a": 1}, {"a": 2}, clock=clock)
    assert [fetch.json(ASK), fetch.json(ASK)] == [{"a": 1}, {"a": 1}]
    clock.now += 301
    assert fetch.json(ASK) == {"a": 2}


@pytest.fixture
def silence():
    """A provider's silence: whoever waits for it waits until the test is over."""
    over = threading.Event()
    yield over
    over.set()


def test_a_black_hole_costs_two_seconds_at_most(silence):
    fetch = Fetch(lambda request: silence.wait(), deadline_s=0.2)
    with pytest.raises(GridUnavailable, match=r"no answer within 0.2 s"):
        fetch.body(ASK)
    assert Fetch().deadline_s == 2.0


def test_a_transport_that_fails_is_named_without_its_words():
    with pytest.raises(GridUnavailable, match=r"grid.example: no answer \(OSError\)") as told:
        fetching(OSError("https://user:secret@host")).body(ASK)
    assert "secret" not in str(told.value)


def test_without_httpx_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'jevons\[grid\]'"):
        over_httpx(2.0)


def test_importing_the_clients_opens_nothing():
    import subprocess
    import sys

    code = "import sys, jevons.world.grid_clients as g; g.ElectricityMaps, g.live; print({'httpx', 'socket', 'ssl'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() in ("set()", "{'socket'}")


# -- signals -------------------------------------------------------------------------------------------------------


def signal(*values, kind=AVERAGE, start=NOON):
    return Signal.of("FR", kind, [Point(start + i * HOUR, start + (i + 1) * HOUR, v) for i, v in enumerate(values)], UNSOURCED)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
@example([0.0], 1.0, 1.0)
def test_the_mean_lies_between_least_and_greatest(steps, a, b):
    begin, end = (NOON + HOUR * len(steps) * x for x in sorted((a, b)))
    (mean,) = signal(*steps).mean(begin, end)
    assert min(steps) - 1e-6 <= mean <= max(steps) + 1e-6


def test_the_mean_weighs_by_time_and_is_open_beyond_the_ends():
    mean = signal(100, 200).mean([NOON, NOON + 1800, NOON - 1, NOON + HOUR], [NOON + 2 * HOUR, NOON + 1.25 * HOUR, NOON + 60, NOON + 3 * HOUR])
    assert mean[:2].tolist() == pytest.approx([150, (0.5 * 100 + 0.25 * 200) / 0.75])
    assert np.isnan(mean[2:]).all()


def test_signals_of_two_kinds_do_not_add():
    with pytest.raises(BadInput, match="add one of FR location/average/lifecycle"):
        signal(1) + signal(2, kind=("location", "marginal", "direct"))


def test_the_last_value_may_be_held_and_counts_as_an_estimate():
    held = signal(100, None).held(2 * HOUR)
    assert held.mean(NOON + HOUR, NOON + 3 * HOUR) == pytest.approx(100)
    assert held.estimated(NOON + HOUR, NOON + 2 * HOUR)
    assert np.isnan(held.mean(NOON + 3 * HOUR, NOON + 4 * HOUR)).all()


# -- pricing -------------------------------------------------------------------------------------------------------


def used(hours=2):
    rows = [{"start_s": NOON + i * HOUR, "end_s": NOON + (i + 1) * HOUR, "amount": 1.0, "component": "processor"} for i in range(hours)]
    return Activity.of(rows)


def test_each_hour_costs_what_its_electricity_was():
    place = SignalPlace(jevons.site("France", pue=1.0), lambda: signal(100, 300))
    assert jevons.footprint(used(), place).best("climate") == pytest.approx(0.4)


def test_an_hour_nobody_knows_takes_the_tables_mean_and_says_so():
    site = jevons.site("France", pue=1.0)
    table = jevons.footprint(used(1), site).best("climate")
    footprint = jevons.footprint(used(), SignalPlace(site, lambda: signal(100, None), hold_s=0.0))
    assert footprint.best("climate") == pytest.approx(0.1 + table)
    assert any("no live value for" in str(a) for a in footprint.assumptions)


def test_water_and_cost_stay_the_sites():
    site = jevons.site("France", pue=1.0)
    lived = jevons.footprint(used(), SignalPlace(site, lambda: signal(1, 1)))
    for name in ("water_off_site", "cost", "energy"):
        assert lived.best(name) == pytest.approx(jevons.footprint(used(), site).best(name))


def test_a_marginal_signal_is_refused_by_a_study_of_averages():
    place = SignalPlace(jevons.site("France"), lambda: signal(1, kind=("location", "marginal", "direct")))
    with pytest.raises(StudyMismatch, match="location/marginal/direct, the study asks for location/average/lifecycle"):
        jevons.footprint(used(1), place, Study())


class Provider:
    kind = AVERAGE

    def __init__(self, *answers):
        self.answers = list(answers)

    def latest(self, zone):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def history(self, zone, start_s, end_s):
        raise GridUnavailable("host", "no access to the past", "upgrade")

    forecast = latest


def test_watching_gathers_what_comes_and_keeps_it_when_the_provider_fails():
    watch = live(jevons.site("France"), Provider(signal(100), signal(200, start=NOON + HOUR), GridUnavailable("h", "down", "wait")), "FR")
    for _ in range(3):
        watch.ask()
    assert values(watch._signal) == [100.0, 200.0]
    assert "down" in watch.trouble


def test_a_provider_that_never_answers_holds_nobody_up(silence):
    class Silent(Provider):
        def latest(self, zone):
            silence.wait()

    site = jevons.site("France", pue=1.0)
    with live(site, Silent(None), "FR") as place:  # would not come to an end if it waited
        footprint = jevons.footprint(used(1), place)
    assert footprint.best("climate") == pytest.approx(jevons.footprint(used(1), site).best("climate"))


def test_a_client_that_breaks_its_promise_leaves_the_site_its_own_mean():
    class Broken:
        kind = ("location", "average", "lifecycle")

        def latest(self, zone):
            return None

        def history(self, zone, start_s, end_s):
            return None

    watching = live(jevons.site("France"), Broken(), "FR")
    watching.ask()
    assert "AttributeError" in watching.trouble or "TypeError" in watching.trouble
