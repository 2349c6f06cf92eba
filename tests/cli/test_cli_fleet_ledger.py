"""A fleet's closed days in the ledger, from the command line: imported, priced site by site, superseded, limited."""

from __future__ import annotations

import pytest

from means import needs


@pytest.fixture
def cluster(jevons, tmp_path, monkeypatch):
    """Two devices at 360 W for a day, in two sites; a day closed."""
    needs("sqlalchemy")
    needs("duckdb")
    import duckdb

    monkeypatch.setenv("JEVONS_LEDGER", str(tmp_path / "ledger.db"))
    (tmp_path / "power").mkdir()
    (tmp_path / "jobs.csv").write_text("job,device,start,end,owner\n1,gpu-0,2026-01-01T00:00Z,2026-01-01T10:00Z,ann\n2,gpu-1,2026-01-01T00:00Z,2026-01-01T01:00Z,bob\n")
    (tmp_path / "placement.csv").write_text("device,site\ngpu-0,fr\ngpu-1,no\ngpu-2,fr\n")

    def shut(*devices):
        for d in devices:
            duckdb.sql(f"""COPY (SELECT 'gpu-{d}' AS device, TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(60 * i) AS time, 360.0::DOUBLE AS power_w
                FROM range(1441) b(i)) TO '{tmp_path}/power/{d}.parquet' (FORMAT parquet)""")
        done = jevons("fleet close power --state closed --jobs jobs.csv --placement placement.csv --day 2026-01-01 --json")
        assert done.code == 0, done.err
        return done.json[0]["energy_kwh"]

    return jevons, shut


def test_closed_days_become_priced_runs_of_their_owners(cluster):
    jevons, shut = cluster
    whole = shut(0, 1)
    told = jevons("ledger import closed --project gpu --at fr=France,no=Norway --json").json[0]
    assert (told["what"], told["new"], told["refused"]) == ("closed days", 3, {})
    sums = {one["group"]: one for one in jevons("ledger ls --by owner --json").json["sums"]}
    assert sums["ann"]["energy_kwh"] == pytest.approx(3.6)
    assert sum(one["energy_kwh"] for one in sums.values()) == pytest.approx(whole, rel=1e-12)
    assert sums["ann"]["climate_kg"] / sums["ann"]["energy_kwh"] > sums["bob"]["climate_kg"] / sums["bob"]["energy_kwh"]  # France, Norway
    assert jevons("ledger import closed --project gpu --json").json[0]["same"] == 3


def test_a_day_closed_again_supersedes_and_is_priced_again_where_it_was(cluster):
    jevons, shut = cluster
    shut(0, 1)
    jevons("ledger import closed --at fr=France,no=Norway --json")
    whole = shut(2)
    assert jevons("ledger import closed --json").json[0]["corrected"] == 3
    assert "changed since they were priced" in jevons("ledger ls --table").out
    jevons("ledger price --again --json")
    sums = jevons("ledger ls --by owner --json").json["sums"]
    assert sum(one["energy_kwh"] for one in sums) == pytest.approx(whole, rel=1e-12)
    assert jevons("ledger verify --json").json["sound"]
    assert any("1 new: 2.parquet" in e["why"] for e in jevons("ledger show unallocated:2026 --json").json["entries"])
    lines = jevons("report ghg ledger:owner=unallocated").json["lines"]
    assert {line["entry"].rpartition(" at ")[2] for line in lines} == {"fr", "no"}


@pytest.mark.parametrize(("at", "told"), [("fr=France", "say where no is too"), ("fr=", "par=France,osl=Norway"), ("fr=Atlantis", "Atlantis")])
def test_a_site_without_a_place_is_told(cluster, at, told):
    jevons, shut = cluster
    shut(0, 1)
    done = jevons(f"ledger import closed --at {at} --table")
    assert done.code in (1, 2)
    assert told in done.err


def test_the_greatest_owners_are_shown_and_the_others_are_summed():
    from jevons.cli.account.fleet import MOST_SHOWN, greatest

    cells = greatest({f"o{i:02d}": [float(i)] for i in range(1, 21)})
    assert len(cells) == MOST_SHOWN + 1
    assert cells[0] == ("o20", "20.00 kWh", "9.5 %")
    assert cells[-1] == ("8 others", "36.00 kWh", "17.1 %")
    assert len(greatest({f"o{i}": [1.0] for i in range(MOST_SHOWN + 1)})) == MOST_SHOWN + 1
