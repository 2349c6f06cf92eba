"""A file is data: words are words, nothing it names is opened, and nothing it holds can exhaust the machine."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jevons import account
from jevons.account.readers import opening
from jevons.account.readers.opening import MOST_LINE, fingerprint, opened
from jevons.core.errors import JevonsError, TableError

SQL = "'; DROP TABLE runs; -- \" OR 1=1"
METERS = "time,Main [kWh]\n2026-01-01T00:00Z,1\n2026-01-01T00:15Z,1\n"


def test_sql_in_every_word_of_sacct_is_a_label(tmp_path):
    words = [SQL.replace("|", "")] * 6
    file = tmp_path / "sacct.txt"
    file.write_text("JobID|JobName|User|Account|Partition|NodeList|State|Start|ElapsedRaw|ConsumedEnergyRaw\n"
                    + "|".join(["1", *words, "2026-03-01T08:00:00", "3600", "3600000"]) + "\n")  # fmt: skip
    row = account.read(file).rows()[0]
    assert [row[k] for k in ("project", "owner", "account", "partition", "nodes", "state")] == words


def test_sql_in_every_label_of_a_series_is_a_label(tmp_path):
    labels = dict.fromkeys(("node_name", "path", "pod", "namespace", "model_name"), SQL)
    result = {"metric": {"__name__": "kepler_node_cpu_joules_total", "zone": "package", **labels}, "values": [[0, "0"], [60, "60"]]}
    file = tmp_path / "q.json"
    file.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [result]}}))
    row = account.read(file).rows()[0]
    assert [row[k] for k in ("node", "pod", "namespace", "model")] == [SQL] * 4


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "a/../../b"])
def test_an_archive_that_names_a_path_outside_itself_is_refused(tmp_path, name):
    packed = tmp_path / "meters.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), METERS)
    with pytest.raises(TableError, match="names a path outside itself"):
        account.read(packed)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["meters.zip"]


def test_an_archive_of_one_file_is_read_like_the_file(tmp_path):
    (tmp_path / "meters.csv").write_text(METERS)
    with zipfile.ZipFile(tmp_path / "meters.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "meters.csv", "folder/meters.csv")
    packed, plain = account.read(tmp_path / "meters.zip"), account.read(tmp_path / "meters.csv")
    assert float(packed.total()[0]) == float(plain.total()[0])
    assert set(packed.text["run"]) == set(plain.text["run"])


def test_an_archive_of_several_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for name in "ab":
            archive.writestr(name, METERS)
    with pytest.raises(TableError, match="'2 files' will not do; give an archive of one file"):
        account.read(tmp_path / "many.zip")


def bomb(path, size):
    """A gzip file that unpacks to so many zeros, written without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as handle:
        for _ in range(size >> 20):
            handle.write(packer.compress(bytes(1 << 20)))
        handle.write(packer.flush())


def test_a_bomb_of_gzip_is_refused_before_it_is_held(tmp_path):
    file = tmp_path / "bomb.csv.gz"
    bomb(file, 256 << 20)
    with pytest.raises(TableError, match="that unpack to over 6[56],"), opened(file) as handle:
        handle.read()
    with pytest.raises(TableError):
        account.read(file, "codecarbon")


def test_a_bomb_of_zip_is_refused_before_it_is_held(tmp_path):
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.csv", "w", force_zip64=True) as inside:
        for _ in range(128):
            inside.write(bytes(1 << 20))
    with pytest.raises(TableError, match="unpack it yourself if you trust it"), opened(file) as handle:
        handle.read()
    with pytest.raises(TableError):
        account.read(file, "meters")


def test_a_line_of_a_gigabyte_is_refused_after_its_first_megabyte(tmp_path):
    file = tmp_path / "line.csv"
    with file.open("wb") as handle:
        handle.write(b"time,Main [kWh]\n")
        handle.truncate(1 << 30)
    with pytest.raises(TableError, match="line.csv, row 2: 'a line of over 1 MiB' will not do"):
        account.read(file)
    assert MOST_LINE == 1 << 20


def test_a_document_beyond_its_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MOST_DOCUMENT_BYTES", 1000)
    file = tmp_path / "q.json"
    file.write_text("{" + " " * 2000)
    with pytest.raises(TableError, match="split it into smaller files"):
        opening.bytes_of(file, 1000)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{}\n" + "[" * 100_000])
@pytest.mark.parametrize("kind", ["prometheus", "kubernetes", "mlflow", "wandb"])
def test_lists_within_lists_without_end_are_refused(tmp_path, kind, text):
    (tmp_path / "deep.json").write_text(text)
    with pytest.raises(JevonsError):
        account.read(tmp_path / "deep.json", kind)


@pytest.mark.parametrize("kind", account.FORMATS)
@pytest.mark.parametrize("raw", [b"", b"\x00" * 64, b"\xff\xfe\x00", b"a,b\n1,2\n", b"{}", b"[]", b"null", b'"x"', b"PAR1", b"SQLite format 3\x00",
                                 b"\xef\xbb\xbf", b"time\n", b"|||\n|||\n", b'"unclosed,\n1\n'], ids=repr)  # fmt: skip
def test_no_reader_answers_rubbish_with_a_number_or_a_traceback(tmp_path, kind, raw):
    file = tmp_path / "rubbish"
    file.write_bytes(raw)
    with pytest.raises(JevonsError):
        account.read(file, kind)


WHOLE = {
    "slurm": "JobID|User|Start|ElapsedRaw|AllocTRES|ConsumedEnergyRaw\n1|a|2026-03-01T08:00:00|3600|cpu=8,gres/gpu:a100=2,mem=64G,node=1|36000\n"
             "2|b|2026-03-01T08:00:00|60|cpu=8,mem=64G,node=1|\n",
    "prometheus": '# TYPE kepler_node_cpu_joules_total counter\nkepler_node_cpu_joules_total{node_name="n",zone="package"} 0 1772352000\n'
                  'kepler_node_cpu_joules_total{node_name="n",zone="package"} 3600000 1772353800\n',
    "meters": METERS,
    "wandb": "_timestamp,system.gpu.0.powerWatts\n1772352000,300\n1772352010,300\n",
    "melodi": "model_name,created_at,prompt_token_length,response_token_length,energy_consumption_llm_total\nm,2026-03-01T00:00:00Z,1,2,0.1\n",
    "kubernetes": '{"apiVersion":"v1","items":[{"kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":'
                  '{"startTime":"2026-03-01T00:00:00Z","containerStatuses":[{"state":{"terminated":{"finishedAt":"2026-03-01T01:00:00Z"}}}]}}]}',
    "focus": "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BillingCurrency,BilledCost,ConsumedQuantity,ConsumedUnit,x_UsageType\n"
             "2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,Usage,USD,7,24,Hours,BoxUsage:p4d.24xlarge\n",
}  # fmt: skip
PIECES = st.sampled_from([b"", b"-", b"NaN", b"inf", b"1e999", b"\x00", b'"', b",", b"|", b"\n", b"{", b"]", b"9" * 30, b"null", b"\xff", b"0",
                          b"2026-13-45", b"0001-01-01T00:00:00", b"9999-12-31T23:59:59", b"[1-", "\u0661".encode()])  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4))
def test_a_file_damaged_anywhere_is_refused_or_read_as_finite_amounts(tmp_path, kind, damage):
    raw = bytearray(WHOLE[kind].encode())
    for place, length, piece in damage:
        at = int(place * len(raw))
        raw[at : at + length] = piece
    file = tmp_path / "damaged"
    file.write_bytes(bytes(raw))
    try:
        activity = account.read(file, kind)
    except JevonsError:
        return
    assert np.isfinite(activity.amount).all()
    assert (activity.amount >= 0).all()


@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_damaged_above_is_read_while_it_is_whole(tmp_path, kind):
    (tmp_path / "whole").write_text(WHOLE[kind])
    assert float(account.read(tmp_path / "whole").amount.sum()) > 0


@pytest.mark.parametrize(("kind", "text"), [
    ("prometheus", WHOLE["prometheus"].replace("1772353800", "1e400")), ("prometheus", WHOLE["prometheus"].replace("1772352000", "1")),
    ("wandb", WHOLE["wandb"].replace("1772352010", "9e99")), ("meters", METERS.replace("2026-01-01T00:15Z", "9999-12-31T23:59Z")),
])  # fmt: skip
def test_a_stamp_that_would_make_millions_of_hours_is_refused(tmp_path, kind, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(JevonsError, match=r"one of them is wrong|give a date"):
        account.read(tmp_path / "x", kind)


def test_a_column_that_stands_twice_is_refused_and_not_lost(tmp_path):
    (tmp_path / "x.csv").write_text("time,Main [kWh],Main [kWh]\n2026-01-01T00:00Z,1,2\n2026-01-01T00:15Z,1,2\n")
    with pytest.raises(TableError, match="a column that stands twice"):
        account.read(tmp_path / "x.csv")


def test_a_cell_longer_than_csv_allows_is_refused_by_row(tmp_path):
    (tmp_path / "x.csv").write_text("time,Main [kWh]\n2026-01-01T00:00Z,1\n" + '"' + "9" * 200_000 + '",1\n')
    with pytest.raises(TableError, match="row 3.*mend the quoting"):
        account.read(tmp_path / "x.csv")


@pytest.mark.parametrize("raw", [b"not gzip", gzip.compress(METERS.encode())[:-9], b""])
def test_a_broken_gzip_is_refused(tmp_path, raw):
    (tmp_path / "m.csv.gz").write_bytes(raw)
    with pytest.raises(TableError):
        account.read(tmp_path / "m.csv.gz")


def test_a_broken_zip_is_refused(tmp_path):
    (tmp_path / "m.zip").write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(TableError, match="give a whole archive"):
        account.read(tmp_path / "m.zip")


def test_a_file_read_twice_has_the_same_runs_and_one_that_changed_has_not(tmp_path):
    first, same, other = (tmp_path / n for n in ("a.csv", "b.csv", "c.csv"))
    first.write_text(METERS)
    same.write_text(METERS)
    other.write_text(METERS.replace(",1\n", ",2\n"))
    runs = [set(account.read(f).text["run"]) for f in (first, same, other)]
    assert runs[0] == runs[1] == {f"meters-{fingerprint(first)}"}
    assert runs[2] != runs[0]


def test_a_zone_that_is_a_path_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text(METERS)
    with pytest.raises(JevonsError, match="name a time zone"):
        account.read(tmp_path / "m.csv", zone="../../etc/passwd")
