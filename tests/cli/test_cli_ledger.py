"""The ledger on the command line: kept, listed, priced, explained, closed, checked, asked, handed on."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jevons.measure.sensor import Meter

RECORDED = Path(__file__).resolve().parents[1] / "account" / "readers" / "recorded"
START_S = 1_767_225_600.0


@pytest.fixture
def book(jevons, tmp_path, monkeypatch):
    """The command line with a home of its own."""
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JEVONS_LEDGER", raising=False)
    return jevons


def journal(folder: Path, hours: int, run: str = "00ff", closed: bool = False, joules: float = 3.6e6, **labels: str) -> Path:
    """A journal as a tracker leaves it: so many whole hours, then its last word."""
    from dataclasses import asdict

    meter = Meter("gpu0", "accelerator", "chip", "counter", "nvml", low=0.95, high=1.05)
    records = [{"kind": "header", "v": 1, "run": run, "host": "node", "boot": "b", "group": "g", "pid": 1, "t": START_S, "m": 0, "period_s": 1.0,
                "share": "whole", "labels": labels, "meters": [asdict(meter)], "python": "3.11"}]  # fmt: skip
    for hour in range(hours):
        records.append({"kind": "hour", "t": START_S + 3600 * (hour + 1), "d": [[int(START_S) + 3600 * hour, "gpu0", "train", int(joules * 1e6)]]})
    if closed:
        records.append({"kind": "closed", "t": START_S + 3600 * hours, "e": {"gpu0": int(joules * 1e6 * hours)}, "d": []})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run}.jsonl"
    path.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    return path


@pytest.fixture
def kept(book, tmp_path):
    """A ledger with one priced, closed run of two hours."""
    journal(tmp_path / "home" / "journal", 2, closed=True, owner="ana")
    said = book("ledger import --project search --tag nightly --at France")
    assert said.code == 0, said.err
    return book


def test_a_ledger_that_is_not_there_yet_is_empty_and_sound(book):
    said = book("ledger verify --table")
    assert (said.code, said.out) == (0, "the ledger is empty\n")
    piped = book("ledger verify")
    assert (piped.code, piped.err) == (0, "the ledger is empty\n")
    assert piped.json == {"sound": True, "entries": 0, "troubles": []}
    assert book("ledger ls --table").out == "the ledger is empty\n"
    assert book("ledger ls").json == {"runs": [], "sums": []}


def test_a_ledger_that_was_named_and_is_not_there_is_an_error(book):
    said = book("ledger verify --ledger typo.db")
    assert said.code == 2
    assert "no ledger yet" in said.err


def test_a_ledger_without_runs_is_empty_too(book):
    book("budget set x --carbon 1t")
    assert "2 entries of 0 runs checked" in book("ledger verify --table").out
    from jevons.account import ledger

    ledger("new.db")
    assert book("ledger verify --ledger new.db --table").out == "the ledger is empty\n"


def test_journals_are_kept_by_the_hour_with_their_owner_and_closed(kept):
    run = kept("ledger ls").json["runs"][0]
    assert (run["run"], run["project"], run["owner"], run["tags"], run["windows"], run["closed"]) == ("00ff", "search", "ana", ["nightly"], 2, True)
    assert run["energy_kwh"] == 2.0
    assert run["climate_kg"] > 0
    assert kept("ledger verify").code == 0


def test_a_live_journal_read_twice_as_it_grows_supersedes_and_never_doubles(book, tmp_path):
    path = journal(tmp_path / "home" / "journal", 1)
    assert book("ledger import").json[0]["new"] == 1
    again = book("ledger import").json[0]
    assert (again["new"], again["same"], again["corrected"]) == (0, 1, 0)
    lines = path.read_text().splitlines(keepends=True)
    flush = {"kind": "flush", "t": START_S + 3610, "d": [[int(START_S) + 3600, "gpu0", "train", 1_800_000_000_000]]}
    path.write_text("".join(lines) + json.dumps(flush) + "\n")
    assert book("ledger import").json[0]["new"] == 1
    path.write_text("".join(lines) + json.dumps(flush) + "\n" + json.dumps({**flush, "t": START_S + 3620}) + "\n")
    grown = book("ledger import").json[0]
    assert (grown["new"], grown["same"], grown["corrected"]) == (0, 1, 1)
    assert book("ledger ls").json["runs"][0]["energy_kwh"] == 2.0
    path.write_text("".join(lines))
    assert book("ledger import").json[0]["same"] == 1
    assert book("ledger ls").json["runs"][0]["energy_kwh"] == 2.0
    assert book("ledger verify").code == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_in_whatever_states_a_journal_is_read_its_longest_is_what_is_kept(book, tmp_path, seen):
    run = f"{abs(hash(tuple(seen))):016x}"
    for hours in seen:
        book(f"ledger import {journal(tmp_path / 'j', hours, run)}")
    found = {r["run"]: r for r in book("ledger ls --limit 0").json["runs"]}[run]
    assert (found["energy_kwh"], found["windows"]) == (max(seen), max(seen))


def test_what_was_tagged_since_is_not_taken_back_by_reading_the_journal_again(kept):
    kept("ledger tag 00ff --project vision --remove nightly sweep")
    kept("ledger import --project search --tag nightly")
    run = kept("ledger ls").json["runs"][0]
    assert (run["project"], run["tags"]) == ("vision", ["sweep"])


@pytest.mark.parametrize("name", ["codecarbon_3.3.2.csv", "codecarbon_2.3.5.csv", "eco2ai_0.3.12.csv", "carbontracker_2.4.7.log"])
def test_files_of_other_tools_are_kept_once(book, name):
    from jevons import account

    file = RECORDED / name
    first, again = (book(f"ledger import {file}").json[0] for _ in range(2))
    assert first["new"] == len(first["runs"]) > 0
    assert (again["new"], again["same"]) == (0, first["new"])
    whole = float(account.read(file).total()[0])
    assert sum(run["energy_kwh"] for run in book("ledger ls").json["runs"]) == pytest.approx(whole, rel=1e-12)


def test_an_estimate_that_was_saved_is_kept_apart_and_priced_where_it_was(book, llama):
    saved = llama("--at", "France", "--save", "e.json").json
    assert book("ledger import e.json").json[0]["new"] == 1
    assert book("ledger import e.json").json[0]["same"] == 1
    assert book("ledger ls").json["runs"] == []
    run = book("ledger ls --estimates").json["runs"][0]
    assert run["climate_kg"] == saved["footprint"]["indicators"]["climate"]["best"]


def test_a_saved_estimate_that_now_comes_out_otherwise_is_refused(book, llama, tmp_path):
    llama("--at", "France", "--save", "e.json")
    record = json.loads((tmp_path / "e.json").read_text())
    record["footprint"]["indicators"]["climate"]["best"] *= 1.001
    (tmp_path / "e.json").write_text(json.dumps(record))
    said = book("ledger import e.json")
    assert said.code == 2
    assert "jevons rerun" in said.err


@pytest.mark.parametrize("word", ["'; DROP TABLE entry; --", '" OR 1=1 --', "=cmd|' /C calc'!A0", "../../etc/passwd", "%s{0}:x$1"])
def test_whatever_a_foreign_file_says_in_its_fields_is_text(book, word, tmp_path):
    import csv

    columns = ("timestamp", "project_name", "run_id", "duration", "emissions", "energy_consumed", "country_iso_code")
    with (tmp_path / "emissions.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([columns, ("2026-03-02T10:00:00", word, word, "3600", "0.6", "1.5", word)])
    assert book("ledger import emissions.csv").json[0]["runs"] == [word]
    run = book("ledger ls --project", word).json["runs"][0]
    assert (run["run"], run["project"], run["energy_kwh"]) == (word, word, 1.5)
    assert book("ledger show", word).json["run"] == word
    assert book("ledger export x.csv").code == 0
    assert not any(line.startswith("=") for line in (tmp_path / "x.csv").read_text().splitlines())
    assert book("ledger verify").code == 0


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.csv", "x.jsonl", "x.zip"])
def test_a_file_that_is_none_we_read_is_refused_and_nothing_is_kept(book, tmp_path, name):
    (tmp_path / name).write_text("!!python/object/apply:os.system ['touch pwned']\n")
    said = book(f"ledger import {name}")
    assert said.code == 2
    assert "Traceback" not in said.err
    assert not (tmp_path / "pwned").exists()
    assert book("ledger ls").json["runs"] == []


def test_a_line_without_end_is_refused_before_it_is_read(book, tmp_path):
    with (tmp_path / "x.jsonl").open("wb") as handle:
        handle.truncate(1 << 30)  # a gigabyte in one line, of which none lies on the disk
    said = book("ledger import x.jsonl")
    assert said.code == 2
    assert "row 1" in said.err
    assert "16 MiB" in said.err


def test_a_price_again_is_told_apart_line_by_line(kept):
    kept("ledger price 00ff --at Poland")
    told = kept("ledger diff 00ff").json
    climate = told["totals"]["climate"]
    assert climate["by_activity"] == 0
    assert climate["by_factor"] == pytest.approx(climate["after"]["best"] - climate["before"]["best"])
    assert told["because"] == ["place: France → Poland"]
    table = kept("ledger diff 00ff --table").out
    assert "FRA" in table
    assert "POL" in table
    assert kept("ledger diff 00ff --from 5 --to 5").json["lines"] == []
    assert "footprints stand at" in kept("ledger diff 00ff --from 1").err


def test_a_run_is_shown_by_how_its_name_begins(kept):
    shown = kept("ledger show 00").json
    assert shown["run"] == "00ff"
    assert [e["kind"] for e in shown["entries"]] == ["open", "activity", "activity", "close", "footprint"]
    assert "project search, owner ana, nightly" in kept("ledger show 00ff --table").out
    assert "nearest: 00ff" in kept("ledger show 00fe").err


def test_what_was_altered_is_named_and_ends_in_exit_code_1(kept, tmp_path):
    connection = sqlite3.connect(tmp_path / "home" / "ledger.db")
    connection.execute("DROP TRIGGER entry_no_update")
    connection.execute("UPDATE entry SET why = 'x' WHERE position = 2")
    connection.commit()
    connection.close()
    said = kept("ledger verify")
    assert said.code == 1
    assert said.json["sound"] is False
    assert said.json["troubles"][0] == {"run": "00ff", "position": 2, "what": "altered: its content does not give its hash"}
    assert "NOT SOUND" in kept("ledger verify --table").out


def test_an_anchor_is_kept_and_held_against_the_ledger(kept, tmp_path):
    assert kept("ledger anchor a.json").code == 0
    said = kept("ledger verify --anchor a.json --table")
    assert said.code == 0
    assert "2 seals and 0 open runs held by the anchor" in said.out
    assert kept("ledger anchor a.json").code == 2
    anchor = json.loads((tmp_path / "a.json").read_text())
    (tmp_path / "b.json").write_text(json.dumps({**anchor, "head": "0" * 64}))
    said = kept("ledger verify --anchor b.json")
    assert said.code == 1
    assert said.json["troubles"][0]["what"].startswith("re-written")
    (tmp_path / "home" / "ledger.db").unlink()
    assert kept("ledger verify --anchor a.json").code == 2


def test_periods_are_locked_signed_and_opened_on_the_command_line(kept, tmp_path):
    assert kept("ledger lock 2026-01 --by ana").code == 0
    journal(tmp_path / "j", 3, "aa")
    said = kept("ledger import j/aa.jsonl")
    assert said.code == 2
    assert "locked period 2026-01" in said.err
    assert "2.00 kWh" in kept("ledger sign 2026-01 --by ana --statement complete").err
    assert kept("ledger unlock 2026-01").code == 2
    assert kept("ledger unlock 2026-01 --why late").code == 0
    assert [x["kind"] for x in kept("ledger periods").json] == ["lock", "sign-off", "unlock"]
    assert kept("ledger import j/aa.jsonl").code == 0


def test_the_base_year_ends_in_exit_code_1_when_it_is_to_be_recalculated(kept, tmp_path):
    assert kept("ledger base-year 2026").code == 0
    assert kept("ledger base-year").code == 0
    journal(tmp_path / "j", 3, "aa")
    kept("ledger import j/aa.jsonl --at France")
    said = kept("ledger base-year")
    assert said.code == 1
    assert said.json["change"] == pytest.approx(1.5)
    assert "recalculate it" in kept("ledger base-year --table").out


def test_a_budget_that_is_exceeded_ends_in_exit_code_1(kept):
    assert kept("budget check --table").out == "no budget is set\n"
    kept("budget set search --energy '3 kWh' --cost '100 USD' --project search --period 2026")
    assert kept("budget check").code == 0
    kept("budget set tight --carbon '1 g'")
    said = kept("budget check --table")
    assert said.code == 1
    assert "EXCEEDED" in said.out
    assert kept("budget check search").code == 0
    kept("budget set tight")
    assert kept("budget check").code == 0
    assert kept("budget set x --carbon '3 kWh'").code == 2


def test_the_ledger_is_asked_in_sql(kept):
    assert kept("sql 'SELECT run, energy_kwh FROM runs'").json == [{"run": "00ff", "energy_kwh": 2.0}]
    said = kept("sql 'SELECT run, energy_kwh FROM runs' --table")
    assert "00ff" in said.out
    assert "activity" in kept("sql").json
    for question in ("DROP TABLE runs", "SELECT * FROM read_csv('/etc/passwd')", "COPY runs TO 'x.csv'"):
        said = kept("sql", question)
        assert said.code == 2
        assert not Path("x.csv").exists()
    assert json.loads(kept("sql 'SELECT 1/0::DOUBLE AS x, current_date AS d, [1, 2] AS l'").out)[0]["l"] == [1, 2]


def test_a_bundle_goes_round_and_is_reproduced(kept, book, llama, tmp_path):
    llama("--at", "France", "--save", "e.json")
    kept("ledger import e.json")
    assert kept("ledger export b.zip").code == 0
    said = kept("reproduce b.zip")
    assert said.code == 0
    assert said.json["identical"] is True
    assert len(said.json["results"]) == 3
    assert "3 identical to the last bit" in kept("reproduce b.zip --table").out
    assert kept("ledger import b.zip --ledger other.db").json[0]["new"] > 0
    assert kept("ledger ls --ledger other.db").json["runs"] == kept("ledger ls").json["runs"]
    assert kept("ledger verify --ledger other.db").code == 0


def test_the_ledger_is_written_as_csv_lines_and_parquet(kept, tmp_path):
    for name in ("runs.csv", "runs.jsonl", "runs.parquet", "all"):
        assert kept(f"ledger export {name}").code == 0
    assert (tmp_path / "runs.csv").read_text().startswith("run,project,owner")
    assert kept("sql 'SELECT count(*) AS n FROM activity' --from all").json == [{"n": 2}]


def test_tables_fit_eighty_columns(kept, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    journal(tmp_path / "j", 3, "a" * 60, closed=True)
    kept(f"ledger import j/{'a' * 60}.jsonl --project {'p' * 40} --at France")
    for line in ("ls", "ls --by project", "price --again", "verify", "show 00ff", "periods"):
        shown = kept(f"ledger {line} --table").out
        assert max(map(len, shown.splitlines())) <= 80, line
    assert "aaaaaaaaaaaaaaaaa…  2026-01-01  ppppppp…" in kept("ledger ls --table").out


def test_the_place_is_named_by_option_or_environment(kept, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere.db"
    os.rename(tmp_path / "home" / "ledger.db", elsewhere)
    assert kept("ledger ls").json["runs"] == []
    assert len(kept(f"ledger ls --ledger {elsewhere}").json["runs"]) == 1
    monkeypatch.setenv("JEVONS_LEDGER", str(elsewhere))
    assert len(kept("ledger ls").json["runs"]) == 1
    said = kept("ledger ls --ledger postgresql://ana:secret@/x?host=/nowhere")
    assert said.code == 2
    assert "secret" not in said.err


def test_an_older_ledger_is_upgraded_by_its_command_and_the_list_drawn_again(kept):
    assert kept("ledger upgrade").code == 0
    assert "1 run drawn anew" in kept("ledger redraw").err
    assert kept("ledger verify").code == 0


SACCT = """JobID|JobIDRaw|User|Account|State|Start|End|ElapsedRaw|AllocTRES|ConsumedEnergyRaw
101|101|ada|vision|COMPLETED|2026-03-02T08:00:00|2026-03-02T16:00:00|28800|cpu=32,gres/gpu:a100=4,mem=256G,node=1|57600000
102_1|103|bob|speech|COMPLETED|2026-03-02T09:00:00|2026-03-02T12:00:00|10800|cpu=16,mem=64G,node=1|4294967294
"""


def test_a_journal_of_a_run_killed_before_its_first_reading_does_not_stop_the_others(book, tmp_path):
    folder = tmp_path / "home" / "journal"
    journal(folder, 0, run="0000", closed=True)
    journal(folder, 1, run="ffff", closed=True)
    said = book("ledger import")
    assert said.code == 0, said.err
    assert [one["runs"] for one in said.json] == [[], ["ffff"]]


def test_a_run_that_cannot_be_priced_is_named_and_the_others_are_priced(book, tmp_path):
    (tmp_path / "sacct.txt").write_text(SACCT)
    book(f"ledger import {tmp_path / 'sacct.txt'}")
    said = book("ledger price --at France")
    assert (said.code, said.json["priced"]) == (1, ["slurm-101"])
    assert list(said.json["refused"]) == ["slurm-103"]
    assert "slurm-103 is not priced" in said.err
    assert "--cpu" in said.err


def test_core_hours_are_modelled_as_they_are_imported_where_their_processor_is_told(book, tmp_path):
    (tmp_path / "sacct.txt").write_text(SACCT)
    said = book(f"ledger import {tmp_path / 'sacct.txt'} --cpu 'epyc 7763' --at Germany")
    assert (said.code, said.json[0]["refused"]) == (0, {})
    runs = {run["run"]: run for run in book("ledger ls").json["runs"]}
    assert runs["slurm-103"]["energy_kwh"] == pytest.approx(48 * 280 / 64 / 1000 + 3 * 64 * 2**30 / 1e9 * 0.3725 / 1000)
    assert runs["slurm-103"]["climate_kg"] > 0


def test_a_report_of_a_run_without_any_price_names_the_run(book, tmp_path):
    (tmp_path / "sacct.txt").write_text(SACCT)
    book(f"ledger import {tmp_path / 'sacct.txt'}")
    said = book("report ghg ledger: --at France")
    assert said.code == 2
    assert "slurm-103" in said.err
    assert "--cpu" in said.err


def test_a_place_that_is_none_is_refused_before_anything_is_imported(book, tmp_path):
    journal(tmp_path / "home" / "journal", 1)
    assert book("ledger import --at Atlantis").code == 2
    assert not (tmp_path / "home" / "ledger.db").exists()


def in_homes(tmp_path: Path) -> list[Path]:
    """Two containers with a home each, on one machine in the same two hours."""
    paths = [journal(tmp_path / name, 2, run=name, closed=True) for name in ("aaaa", "bbbb")]
    for path, group in zip(paths, "gh", strict=True):
        path.write_text(path.read_text().replace('"group":"g"', f'"group":"{group}"'))
    return paths


def test_two_homes_that_metered_one_machine_count_it_once(book, tmp_path):
    first, second = in_homes(tmp_path)
    said = book(f"ledger import {first} {second}")
    assert said.code == 0, said.err
    assert "left out" in said.err
    assert book("ledger ls").json["sums"][0]["energy_kwh"] == pytest.approx(2.0, rel=1e-9)  # one kWh an hour, not two
    again = book(f"ledger import {first} {second}").json
    assert [(one["new"], one["corrected"]) for one in again] == [(0, 0), (0, 0)]
    assert "each joule once" in book("sql 'SELECT DISTINCT value FROM assumptions'").out


def test_a_home_that_was_imported_alone_is_corrected_once_the_other_comes(book, tmp_path):
    first, second = in_homes(tmp_path)
    book(f"ledger import {first}")
    said = book(f"ledger import {first} {second}")
    assert [one["corrected"] for one in said.json] == [2, 0]
    assert book("ledger ls").json["sums"][0]["energy_kwh"] == pytest.approx(2.0, rel=1e-9)
    assert book("ledger verify").json["sound"]


def test_runs_of_one_home_already_share_their_devices_and_are_left_as_they_are(book, tmp_path):
    paths = [journal(tmp_path / "j", 2, run=name) for name in ("aaaa", "bbbb")]
    said = book(f"ledger import {paths[0]} {paths[1]}")
    assert "left out" not in said.err
    assert book("ledger ls").json["sums"][0]["energy_kwh"] == pytest.approx(4.0, rel=1e-9)


def test_energy_that_nothing_tells_is_a_dash_and_its_budget_is_not_known(book, tmp_path):
    (tmp_path / "sacct.txt").write_text(SACCT)
    book(f"ledger import {tmp_path / 'sacct.txt'}")
    line = next(line for line in book("ledger ls --table").out.splitlines() if line.startswith("slurm-103"))
    assert "0 kWh" not in line
    book("budget set e --energy 1MWh")
    said = book("budget check --table")
    assert said.code == 1
    assert "not known: 1 run without energy" in said.out


def test_a_budget_that_no_run_falls_under_says_so(kept):
    kept("budget set typo --carbon 1t --project serach")
    said = kept("budget check --table")
    assert (said.code, "no run is so" in said.out) == (0, True)


def test_a_new_price_in_a_locked_period_is_said_to_stand_beside(kept):
    kept("ledger lock 2026-01")
    before = kept("ledger ls").json["runs"][0]["climate_kg"]
    said = kept("ledger price 00ff --at Poland --table")
    assert "its period is locked" in said.out
    assert kept("ledger ls").json["runs"][0]["climate_kg"] == before


def test_a_folder_is_no_ledger(book, tmp_path):
    said = book(f"ledger ls --ledger {tmp_path}")
    assert (said.code, "this is a folder" in said.err) == (2, True)


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from jevons.cli import main
main()
"""


@pytest.mark.parametrize(("missing", "command"), [
    ("sqlalchemy", "ledger ls"), ("sqlalchemy", "ledger import FILE"), ("sqlalchemy", "sql 'SELECT 1 FROM runs'"), ("sqlalchemy", "sql"),
    ("sqlalchemy", "budget check"), ("sqlalchemy", "reproduce runs.zip"), ("sqlalchemy", "ledger export runs.csv"),
    ("sqlalchemy", "report ghg ledger: --at France"), ("duckdb", "sql 'SELECT 1 FROM runs'"), ("duckdb", "ledger export runs.parquet"),
])  # fmt: skip
def test_without_its_packages_every_command_names_the_extra(kept, tmp_path, missing, command):
    import shlex
    import subprocess
    import sys

    (tmp_path / "sacct.txt").write_text(SACCT)
    words = shlex.split(command.replace("FILE", str(tmp_path / "sacct.txt")))
    code = BLOCKED.replace("MISSING", repr(missing))
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2, done.stderr
    assert "pip install 'jevons[ledger]'" in done.stderr


def test_a_folder_of_another_tool_is_imported_as_a_file_is(book, tmp_path):
    (tmp_path / "hall").mkdir()
    (tmp_path / "hall" / "Main.csv").write_text("time,Main [kWh]\n2026-03-02T08:00Z,3.0\n2026-03-02T09:00Z,2.0\n")
    said = book(f"ledger import {tmp_path / 'hall'}")
    assert said.code == 0, said.err
    assert book("ledger ls").json["sums"][0]["energy_kwh"] == pytest.approx(5.0)
    assert [(one["new"], one["same"]) for one in book(f"ledger import {tmp_path / 'hall'}").json] == [(0, 1)]


@pytest.mark.parametrize("words", ["00ff '  '", "00ff 'a\nb'", "00ff --project 'a\x07b'", "00ff --owner 'a\nb'"])
def test_labels_that_no_list_could_show_are_refused(kept, words):
    said = kept(f"ledger tag {words}")
    assert (said.code, "will not do" in said.err) == (2, True)
    assert kept("ledger ls").json["runs"][0]["tags"] == ["nightly"]
