"""Every format is recognised by its first lines, and what cannot be read is named by file, row and column."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import jevons
from jevons import account
from jevons.core.errors import BadInput, TableError, UnknownName

RECORDED = Path(__file__).parent / "recorded"
FILES = {
    "codecarbon_2.3.5.csv": "codecarbon",
    "codecarbon_2.8.4.csv": "codecarbon",
    "codecarbon_3.0.8.csv": "codecarbon",
    "codecarbon_3.3.2.csv": "codecarbon",
    "codecarbon_3.3.2_tasks.csv": "codecarbon",
    "carbontracker_2.4.7.log": "carbontracker",
    "carbontracker_2.4.7_output.log": "carbontracker",
    "eco2ai_0.3.12.csv": "eco2ai",
}


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_a_file_as_the_package_wrote_it_is_recognised(name, kind):
    assert account.recognise(RECORDED / name) == kind


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_the_package_wrote_it_becomes_dated_energy(name):
    activity = account.read(RECORDED / name)
    assert float(activity.total()[0]) > 0
    assert (activity.end_s >= activity.start_s).all()
    assert len(activity.served) == 1


@pytest.mark.parametrize("name", FILES)
def test_what_was_read_can_be_priced(name):
    footprint = jevons.footprint(account.read(RECORDED / name).label(site=""), jevons.site("France"))
    assert footprint.best("climate") > 0


def test_every_format_has_a_reader():
    for kind in account.FORMATS:
        with pytest.raises((TableError, BadInput)):
            account.read(__file__, kind)


def test_a_zip_of_a_file_is_read_like_the_file(tmp_path):
    packed = tmp_path / "emissions.csv.gz"
    packed.write_bytes(gzip.compress((RECORDED / "codecarbon_3.3.2.csv").read_bytes()))
    assert float(account.read(packed).total()[0]) == float(account.read(RECORDED / "codecarbon_3.3.2.csv").total()[0])


def test_a_file_saved_by_powershell_is_read(tmp_path):
    wide = tmp_path / "power.csv"
    wide.write_text("timestamp, power.draw [W]\n2026/01/01 00:00:00, 10 W\n2026/01/01 00:00:01, 10 W\n", encoding="utf-16")
    assert float(account.read(wide).total()[0]) * 3.6e6 == pytest.approx(10)


def test_a_file_of_no_known_format_is_refused_with_the_formats(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="x.csv, row 1: 'a,b' will not do; this is none of codecarbon, carbontracker"):
        account.read(tmp_path / "x.csv")


def test_a_format_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="nearest: codecarbon"):
        account.read(RECORDED / "codecarbon_3.3.2.csv", "codecarbn")


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="name an existing file"):
        account.read("nowhere.csv")


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(BadInput, match="Europe/Paris"):
        account.read(RECORDED / "codecarbon_3.3.2.csv", zone="Mars/Base")


def test_stamps_without_a_zone_are_those_of_the_zone_named():
    utc, paris = (account.read(RECORDED / "codecarbon_3.3.2.csv", zone=z) for z in ("UTC", "Europe/Paris"))
    assert (utc.end_s - paris.end_s == 3600).all()


def test_a_word_the_door_does_not_have_is_refused():
    with pytest.raises(AttributeError, match="it has FORMATS, .*read, recognise"):
        _ = account.raed
