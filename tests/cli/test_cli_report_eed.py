"""``jevons report eed``: from readings and contracts to the figures for the European database of data centres."""

from __future__ import annotations

import pytest

HEAD = "kind,id,mwh,zone,vintage,fuel,retirement,start,end,site,used_mwh,intensity\n"
READINGS = "time,Grid import [kWh],Grid import/UPS [kWh],PV [kWh],Waste heat [kWh]\n" + "".join(
    f"2025-06-01T{hour:02}:00Z,1000,800,{100 if 9 < hour < 15 else 0},200\n" for hour in range(24))  # fmt: skip


@pytest.fixture
def centre(jevons, tmp_path):
    (tmp_path / "meters.csv").write_text(READINGS)
    (tmp_path / "c.csv").write_text(HEAD + "certificate,lot,3,France,2025,wind,GO-1,,,,,\nppa,park,2,France,2025,solar,PPA-7,,,,,\n"
                                    "ppa,bare,1,France,2025,solar,,,,,,\nsupplier,green,1,France,2025,wind,,,,,,\n")  # fmt: skip
    return jevons


def test_the_figures_of_a_day_are_told_with_its_contracts(centre):
    told = centre("report eed meters.csv --it 'Grid import/UPS' --reused 'Waste heat' --water 20 --contracts c.csv --at France").json
    assert told["indicators"]["PUE"] == pytest.approx(24_500 / 19_200)
    assert told["indicators"]["ERF"] == pytest.approx(4_800 / 24_500)
    assert told["indicators"]["WUE"] == pytest.approx(20 / 19.2)
    assert told["indicators"]["REF"] == pytest.approx((3_000 + 2_000 + 500) / 24_500)
    said = " ".join(told["assumptions"])
    assert "bare, green" in said
    assert "of the year" in said


def test_without_a_ledger_what_contracts_prove_is_left_out_and_said(centre):
    told = centre("report eed meters.csv --it 'Grid import/UPS'").json
    assert told["indicators"]["REF"] == pytest.approx(500 / 24_500)
    assert told["indicators"]["WUE"] is None
    assert any("no contract ledger" in said for said in told["assumptions"])


@pytest.mark.parametrize(("line", "words"), [
    ("report eed absent.csv --it UPS", "existing file"), ("report eed meters.csv --it UPS", "Grid import/UPS"),
    ("report eed meters.csv --it 'Grid import/UPS' --contracts c.csv", "where the data centre stands"),
    ("report eed meters.csv --it 'Grid import/UPS' --year 2024", "2025"), ("report eed meters.csv --it 'Grid import/UPS' --water -1", "at least 0"),
    ("report eed meters.csv --it 'Grid import/UPS' --out meters.csv", "name another"),
])  # fmt: skip
def test_what_cannot_be_reported_is_refused_in_one_line(centre, line, words):
    said = centre(line)
    assert said.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1
