"""The contract ledger: no MWh twice, market and vintage must match, the rest is residual, and it is all said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jevons
from jevons.account.market import contract_file, matching
from jevons.account.market.contracts import Contract, Contracts
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingFactor, TableError, UnknownName
from jevons.core.study import Study

HEAD = ",".join(contract_file.COLUMNS)
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def ledger(tmp_path, *rows, head=HEAD, name="contracts.csv"):
    path = tmp_path / name
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return contract_file.contracts(path)


def row(kind="certificate", id="lot", mwh="10", zone="France", vintage="2024", fuel="wind", retirement="GO-1", start="",
        end="", site="", used_mwh="", intensity=""):  # fmt: skip
    return ",".join((kind, id, mwh, zone, vintage, fuel, retirement, start, end, site, used_mwh, intensity))


def used(kwh=50_000.0, site="France", year=2024, **more):
    stamp = [datetime(y, 1, 1, tzinfo=UTC).timestamp() for y in (year, year + 1)]
    return {"amount": kwh, "site": site, "start_s": stamp[0], "end_s": stamp[1], "boundary": "facility", **more}


def contract(kwh=10_000.0, zone="France", vintage=2024, rate=0.0, id="lot", **more):
    return Contract("certificate", id, kwh, zone, vintage, "wind", rate, more.pop("retirement", id), **more)


# ---- what is matched

PLACES = ("France", "Germany", "us-central1", "us-west-2")


@st.composite
def ledgers(draw):
    volume = st.floats(0, 1e7, allow_subnormal=False)
    held = [contract(draw(volume), draw(st.sampled_from(PLACES)), draw(st.integers(2022, 2024)), draw(st.floats(0, 1)), f"c{i}",
                     site=draw(st.sampled_from(("", "", *PLACES)))) for i in range(draw(st.integers(0, 12)))]  # fmt: skip
    markets = draw(st.sampled_from(({}, {"FRA": "europe", "DEU": "europe"})))
    residual = {("FRA", 2023): 0.05, ("DEU", 2024): 0.6}
    return Contracts(tuple(held), residual, markets, draw(st.integers(0, 1)))


DEMANDS = st.lists(st.tuples(st.floats(1e-3, 1e7), st.sampled_from(PLACES), st.integers(2022, 2024)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(held=ledgers(), demands=DEMANDS)
def test_matched_and_residual_are_the_consumption_and_no_contract_gives_more_than_it_holds(held, demands):
    found = matching.match(Activity.of(used(*d) for d in demands), held)
    whole = sum(d[0] for d in demands)
    assert sum(u.energy_kwh for u in found.uses) + sum(found.residual_kwh) == pytest.approx(whole, rel=1e-9)
    for demand, lacking in zip(found.demands, found.residual_kwh, strict=True):
        mine = sum(u.energy_kwh for u in found.uses if (u.site, u.year) == (demand.site, demand.year))
        assert mine + lacking == pytest.approx(demand.energy_kwh, rel=1e-9)
    for one in held.held:
        assert sum(u.energy_kwh for u in found.uses if u.contract.id == one.id) <= one.energy_kwh * (1 + 1e-9)
    for use in found.uses:
        assert held.market(use.contract.zone) == held.market(use.site)
        assert abs(use.contract.vintage - use.year) <= held.vintage_years
        assert use.contract.site in ("", use.site)


@settings(max_examples=30, deadline=None)
@given(held=ledgers(), demands=DEMANDS)
def test_the_market_based_impact_is_that_of_the_uses_and_the_residual(held, demands):
    found = matching.match(Activity.of(used(*d) for d in demands), held)
    sites = {site: sum(d.energy_kwh for d in found.demands if d.site == site) for site in found.sites}
    priced = sum(kwh * found.intensity(site) for site, kwh in sites.items())
    by_hand = sum(u.energy_kwh * u.contract.intensity_kg_per_kwh for u in found.uses)
    by_hand += sum(a * b for a, b in zip(found.residual_kwh, found.residual_kg_per_kwh, strict=True))
    assert priced == pytest.approx(by_hand, rel=1e-9, abs=1e-12)


def test_a_contract_is_shared_by_what_each_site_lacks():
    rows = [used(30_000.0, "us-central1"), used(10_000.0, "us-west-2")]
    found = matching.match(Activity.of(rows), Contracts((contract(20_000.0, "USA"),)))
    assert {u.site: u.energy_kwh for u in found.uses} == pytest.approx({"us-central1": 15_000.0, "us-west-2": 5_000.0})


def test_each_year_of_a_site_has_its_own_rate():
    held = Contracts((contract(10_000.0, vintage=2023),), {("FRA", 2023): 0.05, ("FRA", 2024): 0.05})
    found = matching.match(Activity.of([used(10_000.0, year=2023), used(10_000.0, year=2024)]), held)
    assert found.intensity("France", {2023: 1.0}) == 0.0
    assert found.intensity("France", {2024: 1.0}) == pytest.approx(0.05)
    assert found.intensity("France") == pytest.approx(0.025)
    with pytest.raises(BadInput, match="matched for France"):
        found.intensity("France", {2022: 1.0})
    with pytest.raises(BadInput, match="matched for France"):
        found.intensity("Germany")


def test_a_contract_bound_to_a_site_serves_no_other():
    rows = [used(30_000.0, "us-central1"), used(10_000.0, "us-west-2")]
    found = matching.match(Activity.of(rows), Contracts((contract(20_000.0, "USA", site="us-west-2"),)))
    assert [(u.site, u.energy_kwh) for u in found.uses] == [("us-west-2", 10_000.0)]
    assert found.record()["not_used"] == [{"contract": "lot", "kwh": 10_000.0, "why": "more than was consumed"}]


def test_another_market_or_vintage_covers_nothing_and_the_record_says_why(tmp_path):
    held = ledger(tmp_path, row(id="old", vintage="2022", retirement="A"), row(id="us", zone="USA", retirement="B"))
    told = matching.match(Activity.of([used()]), held).record()
    assert told["matched_kwh"] == 0
    assert {x["contract"]: x["why"] for x in told["not_used"]} == {
        "old": "another vintage than the consumption", "us": "no consumption in its market"}  # fmt: skip


def test_a_declared_market_crosses_a_border_and_a_rule_widens_the_vintage(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("""
        [markets]
        europe = ["France", "Germany"]
        [rules]
        vintage_years = 1
        [[contract]]
        kind = "certificate"
        id = "lot"
        mwh = 10
        zone = "Germany"
        vintage = 2023
        fuel = "wind"
        retirement = "GO-1"
        [[residual]]
        zone = "France"
        vintage = 2024
        intensity = "41 g/kWh"
        """)
    found = matching.match(Activity.of([used()]), contract_file.contracts(path))
    assert found.annual_score == pytest.approx(0.2)
    assert found.intensity("France") == pytest.approx(0.8 * 0.041)
    assert found.record()["rules"]["vintage"] == "within 1 years of the consumption"


# ---- what is left


def test_the_residual_mix_given_prices_the_rest(tmp_path):
    held = ledger(tmp_path, row(), row("residual", "", "", vintage="2024", fuel="", retirement="", intensity="41"))
    found = matching.match(Activity.of([used()]), held)
    assert found.intensity("France") == pytest.approx(0.8 * 0.041)
    assert found.assumptions == ()


def test_without_a_residual_mix_the_location_s_direct_factor_stands_in_and_that_is_said(tmp_path):
    found = matching.match(Activity.of([used()]), ledger(tmp_path, row()))
    direct = jevons.footprint(Activity.of([used()]), "France", Study(scope="direct", indicators=("climate",)), draws=0)
    assert found.residual_kg_per_kwh[0] == pytest.approx(direct.best() / 50_000)
    assert "no residual mix given" in str(found.assumptions[0])
    assert found.record()["assumptions"]


def test_strict_mode_refuses_to_stand_in(tmp_path):
    held = ledger(tmp_path, row())
    with pytest.raises(MissingFactor, match="residual mix"):
        matching.match(Activity.of([used()]), held, strict=True)
    assert matching.match(Activity.of([used(5_000.0)]), held, strict=True).annual_score == pytest.approx(1.0)


def test_the_intensity_prices_the_market_side_of_a_site(tmp_path):
    held = ledger(tmp_path, row(), row("residual", "", "", vintage="2024", fuel="", retirement="", intensity="41 g/kWh"))
    found = matching.match(Activity.of([used()]), held)
    place = jevons.site("France", year=2024, market_intensity=found.intensity("France"))
    study = Study(accounting="market", scope="direct", indicators=("energy", "climate"))
    priced = jevons.footprint(Activity.of([used()]), place, study, draws=0)
    assert priced.best() == pytest.approx(40_000 * 0.041)


def test_a_place_that_is_no_country_matches_nothing(tmp_path):
    with pytest.raises(MissingFactor):
        matching.match(Activity.of([used(site="world")]), ledger(tmp_path, row()))
    with pytest.raises(UnknownName):
        matching.match(Activity.of([used(site="Atlantis")]), ledger(tmp_path, row()))
    with pytest.raises(BadInput, match="named place"):
        matching.match(Activity.of([used(site="")]), ledger(tmp_path, row()))


def test_consumption_without_a_date_needs_a_year(tmp_path):
    undated = Activity.of([{"amount": 5.0, "site": "France"}])
    with pytest.raises(BadInput, match="year"):
        matching.match(undated, ledger(tmp_path, row()))
    assert matching.match(undated, ledger(tmp_path, row()), 2024).annual_score == 1.0


def test_a_row_across_new_year_is_split_by_time():
    start = datetime(2023, 12, 31, 18, tzinfo=UTC).timestamp()
    rows = Activity.of([{"amount": 24.0, "site": "France", "start_s": start, "end_s": start + 24 * HOUR}])
    found = matching.match(rows, Contracts((), {("FRA", 2023): 0.05, ("FRA", 2024): 0.05}))
    assert {d.year: d.energy_kwh for d in found.demands} == pytest.approx({2023: 6.0, 2024: 18.0})


def test_an_activity_without_electricity_is_refused():
    with pytest.raises(BadInput, match="electricity"):
        matching.match(Activity.of([{"flow": "travel", "amount": 5.0}]), Contracts())


def test_a_purchase_agreement_without_a_retirement_is_claimed_on_its_word_and_that_is_said(tmp_path):
    held = ledger(tmp_path, row("ppa", "park", retirement=""), row(), row("residual", "", "", fuel="", retirement="", intensity="41"))
    found = matching.match(Activity.of([used()]), held)
    assert [a.what for a in found.assumptions] == ["attributes of park"]


# ---- by the hour


def hours(kwh, site="France", count=24):
    start = datetime(2024, 6, 1, tzinfo=UTC).timestamp()
    return Activity.of({"amount": kwh, "site": site, "start_s": start + i * HOUR, "end_s": start + (i + 1) * HOUR} for i in range(count))


def test_a_year_fully_matched_may_be_half_matched_by_the_hour():
    noonish = [contract(200.0, start_s=NOON + i * HOUR, end_s=NOON + (i + 1) * HOUR) for i in range(12)]
    found = matching.match(hours(100.0), Contracts(tuple(noonish)))
    assert found.annual_score == pytest.approx(1.0)
    assert found.hourly_score == pytest.approx(0.5)


def test_volume_without_an_hour_matches_no_hour_and_that_is_said():
    held = Contracts((contract(1_000.0), contract(100.0, id="ppa", start_s=NOON, end_s=NOON + HOUR)))
    found = matching.match(hours(100.0), held)
    assert found.hourly_score == pytest.approx(1 / 24)
    assert found.hourly_note == "1 MWh of no known hour left out"


def test_quarter_hours_of_consumption_and_of_contracts_meet_in_their_hour():
    rows = [{"amount": 25.0, "site": "France", "start_s": NOON + i * HOUR / 4, "end_s": NOON + (i + 1) * HOUR / 4} for i in range(4)]
    held = [contract(20.0, start_s=NOON + i * HOUR / 4, end_s=NOON + (i + 1) * HOUR / 4) for i in range(4)]
    assert matching.match(Activity.of(rows), Contracts(tuple(held))).hourly_score == pytest.approx(0.8)


def test_an_hour_of_another_time_zone_is_parted_between_two_of_ours():
    held = Contracts((contract(200.0, start_s=NOON + HOUR / 2, end_s=NOON + 1.5 * HOUR),))
    rows = [{"amount": kwh, "site": "France", "start_s": NOON + i * HOUR, "end_s": NOON + (i + 1) * HOUR} for i, kwh in enumerate((150.0, 50.0))]
    assert matching.match(Activity.of(rows), held).hourly_score == pytest.approx(150 / 200)


def test_consumption_of_nothing_is_matched_by_nothing():
    held = Contracts((contract(200.0, start_s=NOON, end_s=NOON + HOUR),), {("FRA", 2024): 0.04})
    found = matching.match(hours(0.0), held)
    assert (found.annual_score, found.hourly_score) == (0.0, None)
    assert found.record()["matched_kwh"] == 0
    assert found.intensity("France") == 0.0


def test_consumption_of_a_year_has_no_hourly_score():
    found = matching.match(Activity.of([used()]), Contracts((contract(),)))
    assert found.hourly_score is None
    assert "not known by the hour" in found.hourly_note


# ---- what was claimed


@settings(max_examples=30, deadline=None)
@given(volumes=st.lists(st.floats(0, 1e3), min_size=1, max_size=6), used_kwh=st.floats(0, 3e6), earlier=st.floats(0, 1))
def test_a_ledger_after_its_claims_holds_what_is_left_and_no_more(tmp_path_factory, volumes, used_kwh, earlier):
    folder = tmp_path_factory.mktemp("claims")
    rows = [row(id=f"c{i}", retirement=f"r{i}", mwh=repr(v), used_mwh=repr(v * earlier)) for i, v in enumerate(volumes)]
    rows.append(row("residual", "", "", fuel="", retirement="", intensity="41"))
    held = ledger(folder, *rows)
    found = matching.match(Activity.of([used(used_kwh)]), held)
    (folder / "after.csv").write_text(contract_file.after(folder / "contracts.csv", found.uses))
    left = contract_file.contracts(folder / "after.csv")
    assert sum(c.energy_kwh for c in left.held) == pytest.approx(sum(c.energy_kwh for c in held.held) - sum(u.energy_kwh for u in found.uses),
                                                                 rel=1e-9, abs=1e-6)  # fmt: skip
    assert left.residual == held.residual


def test_hours_of_a_retirement_share_its_claim(tmp_path):
    ledger(tmp_path, *(row(mwh="10", start=f"2024-06-01T{h}:00Z", end=f"2024-06-01T{h + 1}:00Z") for h in (12, 13)))
    found = matching.match(Activity.of([used(5_000.0)]), contract_file.contracts(tmp_path / "contracts.csv"))
    text = contract_file.after(tmp_path / "contracts.csv", found.uses)
    assert text.count(",2.5,") == 2


def test_a_ledger_of_one_contract_holds_its_claim(tmp_path):
    found = matching.match(Activity.of([used(4_000.0)]), ledger(tmp_path, row(mwh="10")))
    text = contract_file.after(tmp_path / "contracts.csv", found.uses)
    assert text == f"{HEAD}\n{row(mwh='10', used_mwh='4.0')}\n"


def test_a_ledger_that_holds_nothing_yet_stays_as_it_is(tmp_path):
    (tmp_path / "contracts.csv").write_text(f"{HEAD}\n")
    assert contract_file.after(tmp_path / "contracts.csv", []) == f"{HEAD}\n"


def test_claims_on_another_ledger_are_refused(tmp_path):
    found = matching.match(Activity.of([used()]), ledger(tmp_path, row()))
    ledger(tmp_path, row(id="other"), name="other.csv")
    with pytest.raises(BadInput, match="another ledger"):
        contract_file.after(tmp_path / "other.csv", found.uses)
    with pytest.raises(BadInput, match="TOML"):
        contract_file.after(tmp_path / "c.toml", found.uses)


# ---- what is refused


@pytest.mark.parametrize(("rows", "column"), [
    ([row(), row(id="other")], "retirement"),
    ([row(mwh="-5")], "mwh"), ([row(mwh="nan")], "mwh"), ([row(mwh="inf")], "mwh"), ([row(mwh="")], "mwh"), ([row(mwh="ten")], "mwh"),
    ([row(retirement="")], "retirement"), ([row(id="")], "id"), ([row(kind="offset")], "kind"),
    ([row(zone="Atlantis")], "zone"), ([row(zone="world")], "zone"), ([row(zone="")], "zone"),
    ([row(vintage="24")], "vintage"), ([row(vintage="2024.5")], "vintage"), ([row(vintage="")], "vintage"),
    ([row(fuel="magic")], "fuel"), ([row(fuel="")], "fuel"), ([row(intensity="-3 g/kWh")], "intensity"), ([row(intensity="clean")], "intensity"),
    ([row(used_mwh="11")], "used_mwh"), ([row(used_mwh="-1")], "used_mwh"),
    ([row(start="2024-06-01T12:00Z", end="2024-06-01T14:00Z")], "end"),
    ([row(start="2024-06-01T12:00", end="2024-06-01T13:00")], "start"),
    ([row(start="2024-06-01T12:00Z")], "end"), ([row(start="2024-06-01T12:00Z", end="2024-06-01T11:00Z")], "end"),
    ([row(vintage="2023", start="2024-06-01T12:00Z", end="2024-06-01T13:00Z")], "vintage"),
    ([row(start="2024-06-01T12:00Z", end="2024-06-01T13:00Z"), row(start="2024-06-01T12:30Z", end="2024-06-01T13:30Z")], "retirement"),
    ([row(start="2024-06-01T12:00Z", end="2024-06-01T13:00Z"), row()], "retirement"),
    ([row("ppa", retirement=""), row("ppa", retirement="")], "id"),
    ([row("residual", intensity="41"), row("residual", intensity="42")], "zone"),
    ([row("residual")], "intensity"),
])  # fmt: skip
def test_a_row_that_would_not_hold_before_an_auditor_is_refused_by_row_and_column(tmp_path, rows, column):
    with pytest.raises(TableError) as caught:
        ledger(tmp_path, *rows)
    assert caught.value.column == column
    assert caught.value.row == len(rows) + 1


def test_a_retirement_may_run_on_hour_by_hour(tmp_path):
    rows = [row(start=f"2024-06-01T{h}:00Z", end=f"2024-06-01T{h + 1}:00Z") for h in (14, 12, 13)]
    assert len(ledger(tmp_path, *rows).held) == 3


def test_the_same_refusals_hold_for_contracts_made_in_python():
    with pytest.raises(BadInput, match="claimed once"):
        Contracts((contract(), contract(id="other", retirement="lot")))
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="energy_kwh"):
            contract(wrong)
    with pytest.raises(BadInput, match="intensity"):
        contract(rate=-0.1)
    with pytest.raises(BadInput, match="end after it starts"):
        contract(start_s=NOON, end_s=NOON)


def test_what_was_claimed_elsewhere_is_not_claimed_again(tmp_path):
    held = ledger(tmp_path, row(used_mwh="4"), row(id="gone", retirement="GO-2", used_mwh="10"))
    assert [c.energy_kwh for c in held.held] == [pytest.approx(6_000.0)]


def test_a_fuel_s_direct_emissions_come_from_the_table(tmp_path):
    held = ledger(tmp_path, row(fuel="gas"), row(id="b", retirement="2", fuel="nuclear"))
    assert [c.intensity_kg_per_kwh for c in held.held] == [pytest.approx(0.37), 0.0]


@pytest.mark.parametrize("text", ["", "\n", "kind,id,price\n", HEAD + "\ncertificate,lot\n", HEAD + '\n"certificate,lot\n', "\x00\x01"])
def test_a_file_that_is_no_ledger_is_refused(tmp_path, text):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(TableError):
        contract_file.contracts(path)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(BadInput, match="can be read"):
        contract_file.contracts(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"kind\xff\n")
    with pytest.raises(TableError, match="UTF-8"):
        contract_file.contracts(tmp_path / "latin.csv")
    (tmp_path / "c.xlsx").write_text("kind")
    with pytest.raises(BadInput, match=r"\.csv or \.toml"):
        contract_file.contracts(tmp_path / "c.xlsx")


def test_a_ledger_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(contract_file, "LARGEST_BYTES", 10)
    with pytest.raises(BadInput, match="split it by year"):
        ledger(tmp_path, row())


@pytest.mark.parametrize("text", ["[[contract]\n", "[[deals]]\nid=1\n", "[rules]\nvintage_years = -1\n", "[markets]\nx = ['Atlantis']\n",
                                  "[markets]\na = ['France']\nb = ['France']\n", "[[contract]]\nprice = 1\n", "contract = 5\n",
                                  "contract = [1]\n", "residual = ['x']\n", "markets = 1\n", "[markets]\na = 'France'\n", "rules = []\n"])  # fmt: skip
def test_a_toml_ledger_is_checked_too(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(TableError):
        contract_file.contracts(path)


def test_a_bare_intensity_that_looks_like_kilograms_is_refused(tmp_path):
    head = "kind,id,mwh,zone,vintage,fuel,retirement,start,end,site,used_mwh,intensity\n"
    path = tmp_path / "c.csv"
    for said, rate in (("45", 0.045), ("0.045 kg/kWh", 0.045), ("0", 0.0)):
        path.write_text(f"{head}residual,,,France,2023,,,,,,,{said}\n")
        assert contract_file.contracts(path).residual["FRA", 2023] == pytest.approx(rate)
    path.write_text(f"{head}residual,,,France,2023,,,,,,,0.045\n")
    with pytest.raises(TableError, match="write the unit"):
        contract_file.contracts(path)


def test_a_contract_bound_to_a_site_that_is_not_there_says_so():
    held = Contracts((contract(site="paris"),), {("FRA", 2024): 0.05})
    (unused,) = matching.match(Activity.of([used()]), held).record()["not_used"]
    assert unused["why"] == "bound to a site that consumed nothing here; these did: France"


@pytest.mark.parametrize(("one", "other"), [({"retirement": "GO-2023-1"}, {"retirement": "go 2023_1"}), ({"retirement": "R"}, {"retirement": " R."}),
                                            ({"kind": "ppa", "retirement": ""}, {"kind": "supplier", "retirement": ""})])  # fmt: skip
def test_a_retirement_or_contract_spelled_otherwise_is_still_the_same(tmp_path, one, other):
    with pytest.raises(TableError, match="claimed once"):
        ledger(tmp_path, row(**one), row(**other))


def test_ids_whose_words_differ_are_different(tmp_path):
    assert len(ledger(tmp_path, row(retirement="GO-1-1"), row(retirement="GO-11"), row(retirement="GO-1.10")).held) == 3
