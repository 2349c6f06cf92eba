"""Runs priced, priced anew beside the old result, and the difference explained."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ledger_sample import told, unguarded, window

import jevons
from jevons.account.ledger import canonical, difference, pricing, query
from jevons.account.ledger.append import Window
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, MissingFactor
from jevons.core.study import Study
from jevons.world import catalog


@pytest.fixture
def other_tables(tmp_path):
    """Puts factors of one's own before the tables: what a new factor set is like."""
    folder = tmp_path / "mine"

    def put(grams: float) -> None:
        folder.mkdir(exist_ok=True)
        row = {**dict.fromkeys(HEAD, ""), "id": "fra-own", "place": "FRA", "year": "2026", "ci_g_per_kwh": str(grams),
               "accounting": "average", "scope": "lifecycle", "source": "my meter", "quality": "11111"}  # fmt: skip
        (folder / "grid_annual.csv").write_text(",".join(HEAD) + "\n" + ",".join(row[h] for h in HEAD) + "\n")
        catalog.overlay(None)
        catalog.overlay(folder)

    yield put
    catalog.overlay(None)


HEAD = (catalog.DATA / "grid_annual.csv").read_text().splitlines()[0].split(",")


def test_a_price_is_that_of_the_activity_itself(book):
    book.append("run-1", 1, window())
    found, direct = book.price("run-1", at="France"), jevons.footprint(window(), at="France", draws=1000)
    for name in direct.indicators:
        assert found.best(name) == direct.best(name)
        np.testing.assert_allclose(found.interval(name), direct.interval(name), rtol=1e-6)
    kept = book.footprints("run-1")[0].record
    assert kept["indicators"]["climate"]["best"] == direct.best("climate")
    assert kept["factor_set"] == catalog.version()
    assert sum(line["impact"] for line in kept["lines"] if line["indicator"] == "climate") == pytest.approx(direct.best("climate"), rel=1e-12)
    assert book.run("run-1").climate_kg == direct.best("climate")
    assert told(book) == []


def test_the_same_price_again_is_kept_once(file_book):
    file_book.append("run-1", 1, window())
    file_book.price("run-1", at="France")
    file_book.price("run-1", at="France")
    assert len(file_book.footprints("run-1")) == 1
    file_book.price("run-1", at={"name": "France", "pue": 1.5})
    assert len(file_book.footprints("run-1")) == 2


def test_rows_are_priced_at_the_sites_they_name(file_book):
    both = Activity.of([{"amount": 1.0, "site": "France"}, {"amount": 1.0, "site": "Poland"}])
    file_book.append("run-1", 1, both)
    found = file_book.price("run-1", draws=50)
    apart = [jevons.footprint(Activity.of([{"amount": 1.0}]), at=place, draws=50).best() for place in ("France", "Poland")]
    assert found.best() == pytest.approx(sum(apart), rel=1e-12)


@pytest.mark.parametrize("at", [7, ["France"], {"name": "France", "pue": [1.1]}, {"name": "France", "colour": "green"}])
def test_a_place_that_could_not_be_priced_again_is_refused(file_book, at):
    file_book.append("run-1", 1, window())
    with pytest.raises((BadInput, TypeError)):
        file_book.price("run-1", at=at)
    assert file_book.footprints("run-1") == []


def test_a_missing_factor_keeps_nothing(file_book):
    file_book.append("run-1", 1, window())
    with pytest.raises(MissingFactor):
        file_book.price("run-1", at="France", study=Study(accounting="market"))
    assert [e.kind for e in file_book.history("run-1")] == ["open", "activity"]


def test_when_factors_change_the_new_price_stands_beside_the_old_and_the_difference_is_explained(book, other_tables):
    book.append("run-1", 1, window(3.0))
    book.price("run-1", at="France")
    other_tables(123.0)
    with book.writing() as connection:
        assert pricing.out_of_date(connection, query.Filter()) == ["run-1"]
        assert pricing.reprice(connection, ["run-1"]) == {"run-1": True}
    old, new = book.footprints("run-1")
    assert old.record["factor_hash"] != new.record["factor_hash"]
    totals = difference.totals(old.record, new.record)["climate"]
    assert totals["by_activity"] == 0
    assert totals["by_factor"] == pytest.approx(new.record["indicators"]["climate"]["best"] - old.record["indicators"]["climate"]["best"])
    moved = [line for line in difference.moved(old.record, new.record) if line.key[0] == "climate"]
    assert moved
    assert all("factor" in line.because and "→ 0.123" in line.because and "→ my meter" in line.because for line in moved)
    assert book.run("run-1").climate_kg == new.record["indicators"]["climate"]["best"]
    assert told(book) == []


def test_a_corrected_activity_makes_the_price_out_of_date_and_the_difference_says_so(file_book):
    file_book.append("run-1", 1, window(1.0))
    file_book.price("run-1", at="France")
    file_book.append("run-1", 1, window(1.5), why="a rank was missing")
    assert file_book.run("run-1").stale
    assert file_book.sums()[0].stale == 1
    with file_book.writing() as connection:
        pricing.reprice(connection, pricing.out_of_date(connection, query.Filter()))
    assert not file_book.run("run-1").stale
    old, new = (kept.record for kept in file_book.footprints("run-1"))
    totals = difference.totals(old, new)["energy"]
    assert totals["by_factor"] == pytest.approx(0, abs=1e-12)
    assert totals["by_activity"] == pytest.approx(totals["after"]["best"] - totals["before"]["best"])


def test_the_parts_of_a_difference_sum_to_it(file_book):
    file_book.append_all([Window("a", 1, window(1.0)), Window("b", 1, window(2.0, hour=5))])
    file_book.price("a", at="France")
    file_book.price("b", at="Poland")
    a, b = (file_book.footprints(name)[0].record for name in "ab")
    for name, totals in difference.totals(a, b).items():
        change = b["indicators"][name]["best"] - a["indicators"][name]["best"]
        assert totals["by_activity"] + totals["by_factor"] == pytest.approx(change, rel=1e-9, abs=1e-15)
    assert "place: France → Poland" in difference.circumstances(a, b)
    assert difference.moved(a, a) == []


def test_a_price_of_a_closed_run_is_sealed_at_once(book):
    book.append("run-1", 1, window())
    book.close("run-1")
    book.price("run-1", at="France")
    report = book.verify()
    assert (report.sound, report.sealed, report.unsealed) == (True, 2, 0)
    assert book.run("run-1").closed


def test_what_is_written_down_is_the_same_text_whoever_writes_it():
    value = {"b": [1.0, 0.1, 1e300, 5e-324, -0.0, None, True], "a": "ü\x00\ud800'\"", "ä": {"z": 1, "y": 2**63}}
    text = canonical.text(value)
    assert text == ('{"a":"\\u00fc\\u0000\\ud800\'\\"","b":[1.0,0.1,1e+300,5e-324,-0.0,null,true],"\\u00e4":{"y":9223372036854775808,"z":1}}')
    assert canonical.text(json.loads(text)) == text
    assert canonical.digest("a", 1, None) == "c59d25f551c918caedead16f0a7a41b30ec53a548d9fa4deb617e24297e94475"
    with pytest.raises(BadInput):
        canonical.text({"a": float("nan")})
    with pytest.raises(ValueError, match="NaN"):
        canonical.read('{"a":NaN}')


def test_draws_that_were_altered_are_not_priced(file_book):
    file_book.append("run-1", 1, window())
    unguarded(file_book, "UPDATE spread SET data = x'00000000'")
    with pytest.raises(BadInput, match="jevons ledger verify"):
        file_book.price("run-1", at="France")
