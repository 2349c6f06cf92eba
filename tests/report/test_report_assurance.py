"""The assurance pack: every line with its evidence, the same bytes each time, and a changed byte is found."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from report_sample import sample
from standards_sample import priced, sides

from jevons.core.errors import BadInput
from jevons.report import assurance
from jevons.report.standards import ghg_statement

INPUTS = {"a.json": b'{"spec": 1}', "contracts.csv": b"kind,id\n"}


def made(**more):
    return assurance.pack({"run": priced()}, ghg_statement([sides()]), inputs=INPUTS, version="1", factor_set="2026.01", **more)


def files(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {n: opened.read(n) for n in opened.namelist()}


def test_the_same_content_gives_the_same_bytes():
    assert made() == made()
    assert made() != made(contracts={"uses": []})


def test_no_clock_no_folder_of_this_machine_stands_in_it():
    with zipfile.ZipFile(io.BytesIO(made())) as opened:
        assert {i.date_time for i in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {i.compress_type for i in opened.infolist()} == {zipfile.ZIP_STORED}


def test_every_line_bears_its_evidence_and_they_sum_to_the_total():
    lines = list(csv.DictReader(io.StringIO(files(made())["lines.csv"].decode(), newline="")))
    for x in lines:
        assert float(x["amount"]) * float(x["rate"]) == pytest.approx(float(x["impact"]))
        assert x["source"]
        assert x["method"]
        assert x["factor_set"] == "2026.01"
    climate = sum(float(x["impact"]) for x in lines if x["indicator"] == "climate")
    assert climate == pytest.approx(priced().best())


def test_the_inputs_are_kept_and_hashed():
    held = files(made())
    listed = {r["file"]: r["sha256"] for r in csv.DictReader(io.StringIO(held["inputs.csv"].decode()))}
    assert listed == {name: assurance.sha256(data) for name, data in INPUTS.items()}
    assert held["inputs/a.json"] == INPUTS["a.json"]


def test_completeness_says_how_much_rests_on_an_estimate():
    told = json.loads(files(made())["completeness.json"])
    one = told["footprints"]["run"]
    assert one["measured_share_of_energy"] == pytest.approx(priced().measured_share())
    assert one["lines_recompute_totals"] is True
    assert one["left_out"] == list(priced().study.cutoffs)
    measured = sum(x for m, x in _climate_by_method(priced()).items() if m in ("counter", "integrated"))
    assert told["together"]["estimated_share"] == pytest.approx(1 - measured / priced().best())


def test_a_footprint_without_a_meter_is_an_estimate_wholly():
    told = assurance.completeness({"run": sample(metered=False)})
    assert told["together"]["estimated_share"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["lines.csv", "statement.json", "inputs/a.json", "completeness.json"])
def test_a_changed_file_is_found(name):
    held = files(made())
    held[name] = held[name].replace(b"1", b"2", 1) if b"1" in held[name] else held[name] + b" "
    assert assurance.check(zipped(held)) == [f"{name}: not the bytes the manifest states"]


def test_a_missing_or_added_file_is_found():
    held = files(made())
    del held["sources.csv"]
    held["extra.txt"] = b"hello"
    assert assurance.check(zipped(held)) == ["extra.txt: not the bytes the manifest states", "sources.csv: missing"]
    assert assurance.check(made()) == []


@pytest.mark.parametrize("wrong", [b"", b"PK", b"not a zip", made()[:200], made()[:-5]])
def test_what_is_no_pack_is_refused(wrong):
    with pytest.raises(BadInput, match="pack"):
        assurance.check(wrong)


def test_a_zip_without_a_manifest_is_refused():
    with pytest.raises(BadInput, match="pack"):
        assurance.check(zipped({"lines.csv": b""}))


def test_a_pack_too_large_to_unpack_is_refused(monkeypatch):
    monkeypatch.setattr(assurance, "LARGEST_BYTES", 100)
    with pytest.raises(BadInput, match="500 MB"):
        assurance.check(made())


@pytest.mark.parametrize("name", ["../a.json", "/etc/passwd", "..", "", "a/b.json"])
def test_an_input_that_leaves_the_folder_is_refused(name):
    with pytest.raises(BadInput, match="bare file name"):
        assurance.pack({"run": priced()}, {}, inputs={name: b""})


def test_a_pack_of_nothing_is_refused():
    with pytest.raises(BadInput, match="at least one result"):
        assurance.pack({}, {})


def _climate_by_method(footprint):
    return {m: float(a[..., 0]) for m, a in footprint.by("method", "climate").items()}


def zipped(held):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name, data in held.items():
            opened.writestr(name, data)
    return made.getvalue()


def rehashed(held):
    manifest = json.loads(held["manifest.json"])
    manifest["sha256"] = {name: assurance.sha256(data) for name, data in held.items() if name != "manifest.json"}
    return zipped({**held, "manifest.json": json.dumps(manifest).encode()})


def test_a_line_that_does_not_multiply_is_found_though_its_hash_was_made_anew():
    held = files(made())
    first, rest = held["lines.csv"].split(b"\n", 1)
    at = first.decode().split(",").index("impact")
    cells = rest.split(b"\n", 1)[0].split(b",")
    cells[at] = b"0.5"
    held["lines.csv"] = first + b"\n" + b",".join(cells) + b"\n" + rest.split(b"\n", 1)[1]
    assert "is not 0.5" in assurance.check(rehashed(held))[0]
    assert assurance.check(rehashed(files(made()))) == []


def test_a_file_that_stands_twice_in_a_pack_is_found():
    packed = io.BytesIO(made())
    with zipfile.ZipFile(packed, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("lines.csv", files(made())["lines.csv"])
    assert any("stands 2 times" in said for said in assurance.check(packed.getvalue()))
