"""Bundles: handed on whole, taken in once, computed again bit for bit; and those an enemy made are refused."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile

import pytest
from ledger_sample import told, window

from jevons.account import ledger
from jevons.account.ledger import bundle, canonical, chain, periods, reproduce
from jevons.account.ledger.append import Window
from jevons.core.errors import BadInput


@pytest.fixture
def full(file_book):
    """A priced and closed run, one that is open, and a planned one with its spec."""
    file_book.append_all([Window("a", s, window(0.3 * s, hour=s), project="p", tags=["t"]) for s in (1, 2)])
    file_book.append("a", 2, window(7.0, hour=2), why="corrected")
    file_book.append("b", 1, window(2.0))
    file_book.append("plan", 1, window(9.0), estimate=True, spec={"kwh": 9.0})
    file_book.price("a", at="France")
    file_book.price("plan", at={"name": "Poland", "pue": 1.3}, draws=50)
    file_book.close("a")
    return file_book


@pytest.fixture
def packed(full, tmp_path):
    """The bundle of all three."""
    with full.reading() as connection:
        bundle.write(connection, ["a", "b", "plan"], tmp_path / "b.zip")
    return tmp_path / "b.zip"


def take_in(book, path):
    with book.writing() as connection:
        return bundle.take_in(connection, bundle.read(path))


def test_a_bundle_is_taken_in_whole_and_once(full, packed, book):
    assert take_in(book, packed) == {"a": 6, "b": 2, "plan": 3}
    assert take_in(book, packed) == {"a": 0, "b": 0, "plan": 0}
    assert [e.hash for e in book.history("a")] == [e.hash for e in full.history("a")]
    assert book.activity("a").total()[0] == full.activity("a").total()[0]
    assert (book.run("a").closed, book.run("a").tags, book.run("a").climate_kg) == (True, ("t",), full.run("a").climate_kg)
    assert [r.run for r in book.runs(estimates=True)] == ["plan"]
    assert told(book) == []
    assert book.verify().sealed == 1


def test_a_run_that_went_on_is_continued(full, packed, book, tmp_path):
    take_in(book, packed)
    full.append("b", 2, window(1.0, hour=1))
    with full.reading() as connection:
        bundle.write(connection, ["b"], tmp_path / "more.zip")
    assert take_in(book, tmp_path / "more.zip") == {"b": 1}
    assert take_in(book, packed)["b"] == 0
    assert book.run("b").windows == 2
    assert told(book) == []


def test_another_history_under_the_same_name_is_refused_and_nothing_is_taken(packed, book):
    book.append("b", 1, window(5.0))
    with pytest.raises(BadInput, match="another history"):
        take_in(book, packed)
    assert [r.run for r in book.runs()] == ["b"]
    assert book.runs(estimates=True) == []


def test_a_locked_period_takes_no_bundle(packed, book):
    with book.writing() as connection:
        periods.lock(connection, "2026")
    with pytest.raises(BadInput, match="locked period 2026"):
        take_in(book, packed)


def estimate(spec):
    return window(spec["kwh"])


def test_a_bundle_computed_again_is_the_same_to_the_last_bit(packed):
    found = bundle.read(packed)
    verdicts = reproduce.reproduced(found, estimate)
    assert [(v.run, v.what, v.identical) for v in verdicts] == [("a", "footprint", True), ("plan", "estimate", True), ("plan", "footprint", True)]
    assert reproduce.circumstances(found) == []
    assert found.manifest["seeds"] == [0]
    assert len(found.manifest["factor_hash"]) == 64


def test_a_bundle_that_comes_out_otherwise_says_why(packed, monkeypatch):
    from jevons.account.ledger import pricing
    from jevons.world import site

    found = bundle.read(packed)
    monkeypatch.setattr(pricing, "site", lambda **given: site.site(**{**given, "intensity": "500 g/kWh"}))
    verdicts = reproduce.reproduced(found, lambda spec: window(1 + spec["kwh"]))
    assert [v.identical for v in verdicts] == [False, False, False]
    assert any(line["indicator"] == "climate" and "factor" in line["because"] for line in verdicts[0].moved)
    assert verdicts[1].why == ["amount differs"]
    found.manifest["jevons"] = "0.0.1"
    assert reproduce.circumstances(found)[0].startswith("jevons: 0.0.1 then")


def test_a_price_that_can_no_longer_be_had_says_why(packed):
    found = bundle.read(packed)
    for row in found.runs["plan"]:
        row["body"] = row["body"].replace('"name":"Poland"', '"name":"Atlantis"')
    verdict = reproduce.reproduced(found)[-1]
    assert not verdict.identical
    assert "Atlantis" in verdict.why[0]


# ---- what an enemy might send


def remade(path, change=None, **members):
    """The bundle with members changed and the manifest's hashes set right again."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if change:
        rows = [json.loads(line) for line in content["entries.jsonl"].splitlines()]
        change(rows)
        content["entries.jsonl"] = "".join(canonical.text(row) + "\n" for row in rows).encode()
    content |= {name.replace("__", "."): data for name, data in members.items()}
    manifest = json.loads(content["manifest.json"])
    manifest["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in content.items() if name != "manifest.json"}
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "a/../../x", "..\\x", "C:\\x", "x.py", "manifest.json/", "entries.jsonl\x00.txt"])
def test_a_member_of_another_name_is_refused(packed, name, tmp_path):
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(BadInput):
        bundle.read(packed)
    assert {p.name for p in tmp_path.rglob("*")} <= {"b.zip", "ledger.db", "ledger.db-wal", "ledger.db-shm"}


def test_a_link_is_refused(packed):
    with zipfile.ZipFile(packed) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            if name == "entries.jsonl":
                info.external_attr, data = (stat.S_IFLNK | 0o777) << 16, b"/etc/passwd"
            archive.writestr(info, data)
    with pytest.raises(BadInput, match="a link"):
        bundle.read(packed)


def test_a_member_twice_or_absent_is_refused(packed):
    with zipfile.ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("entries.jsonl", "{}")
    with pytest.raises(BadInput, match="each once"):
        bundle.read(packed)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.json", "{}")
    with pytest.raises(BadInput, match="each once"):
        bundle.read(packed)


def test_a_bomb_is_refused_before_it_is_unpacked(packed):
    with pytest.raises(BadInput, match="would unpack to"):
        bundle.read(remade(packed, spreads__jsonl=b"0" * (64 << 20)))


def test_a_member_that_lies_about_its_size_is_refused(packed):
    remade(packed, spreads__jsonl=b"0" * (64 << 20))
    raw = packed.read_bytes()
    size = (64 << 20).to_bytes(4, "little")
    assert raw.count(size) >= 2
    packed.write_bytes(raw.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(BadInput):
        bundle.read(packed)


def test_a_line_without_end_is_refused(packed, monkeypatch):
    monkeypatch.setattr(bundle, "MOST_LINE", 1 << 16)
    with pytest.raises(BadInput, match="without end"):
        bundle.read(remade(packed, spreads__jsonl=bytes(range(33, 127)) * 2000 + b"\n"))


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"x" * 1000])
def test_what_is_no_zip_file_is_refused(tmp_path, raw):
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(BadInput, match="no zip file"):
        bundle.read(tmp_path / "x.zip")


def test_a_zip_cut_short_or_flipped_is_refused(packed):
    raw, whole = packed.read_bytes(), bundle.read(packed)
    packed.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(BadInput):
        bundle.read(packed)
    for at in range(40, len(raw) - 100, 997):
        packed.write_bytes(raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :])
        try:
            found = bundle.read(packed)
        except BadInput:
            continue
        assert found.runs == whole.runs, "a bit of the zip's own book-keeping, on which no content hangs"


@pytest.mark.parametrize("text", ["[]", "{}", "nope", '{"schema": "other/1"}', '{"schema": "jevons.bundle/1", "members": 3}', "[" * 100_000])
def test_a_manifest_that_is_none_is_refused(packed, text):
    with zipfile.ZipFile(packed) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {**content, "manifest.json": text}.items():
            archive.writestr(name, data)
    with pytest.raises(BadInput, match=r"manifest\.json"):
        bundle.read(packed)


def rehash(rows):
    previous, run = canonical.GENESIS, None
    for row in rows:
        previous = canonical.GENESIS if row["run"] != run else previous
        run, row["previous"] = row["run"], previous
        previous = row["hash"] = chain.hash_of(row)


def body(text):
    def change(rows):
        next(r for r in rows if r["kind"] == "activity")["body"] = text
        rehash(rows)

    return change


def changed(**values):
    def change(rows):
        rows[1].update(values)
        rehash(rows)

    return change


@pytest.mark.parametrize("change", [
    lambda rows: rows[1].update(body=rows[1]["body"].replace("0.3", "0.1")), lambda rows: rows.pop(1), lambda rows: rows.insert(1, rows[0]),
    lambda rows: rows.reverse(), lambda rows: rows[0].pop("hash"), lambda rows: rows[0].update(extra=1), lambda rows: rows[0].update(position="1"),
    lambda rows: rows[0].update(at_s=True), changed(run="@ledger"), changed(run="a\nb"), changed(sequence="1; DROP TABLE entry"),
    body("{}"), body("nope"), body("[]"), body('{"amount":[1],"text":{"flow":"electricity"},"start_s":null,"end_s":null,"draws":5,"spread":"00"}'),
    body("[" * 100_000), body('{"amount":[NaN],"text":{},"start_s":null,"end_s":null}'),
])  # fmt: skip
def test_an_entry_that_is_not_as_it_was_written_is_refused_and_nothing_is_taken(packed, book, change):
    with pytest.raises(BadInput):
        take_in(book, remade(packed, change))
    assert book.runs() == []
    assert told(book) == []


def test_draws_that_do_not_give_their_hash_are_refused(packed):
    with pytest.raises(BadInput, match="draws do not give their hash"):
        bundle.read(remade(packed, spreads__jsonl=b'{"data":"AAAAAA==","hash":"00"}\n'))


def test_a_file_that_is_absent_is_told(tmp_path):
    with pytest.raises(BadInput, match="can be read"):
        bundle.read(tmp_path / "absent.zip")
    with ledger(tmp_path / "l.db").reading() as connection, pytest.raises(BadInput, match="can be written"):
        bundle.write(connection, [], tmp_path / "no" / "b.zip")
