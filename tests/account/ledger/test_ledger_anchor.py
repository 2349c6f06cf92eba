"""The head kept outside: in a file, signed by an SSH key, stamped by an authority, in a git tag."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ledger_sample import window

from jevons.account.ledger import anchor
from jevons.core.errors import BadInput
from means import means_missing


def needing(program: str) -> None:
    """Skip, saying so, where a program is not there."""
    if shutil.which(program) is None:
        means_missing(f"no {program}")


@pytest.fixture
def kept(file_book, tmp_path) -> Path:
    """An anchor of a closed and an open run, in a file."""
    file_book.append("a", 1, window())
    file_book.append("b", 1, window())
    file_book.close("a")
    with file_book.reading() as connection:
        anchor.save(anchor.taken(connection), tmp_path / "anchor.json")
    return tmp_path / "anchor.json"


def test_an_anchor_holds_the_head_of_the_closed_and_the_heads_of_the_open(kept, file_book):
    found = anchor.load(str(kept))
    assert (found["position"], set(found["open"])) == (1, {"b"})
    assert found["open"]["b"] == [2, file_book.history("b")[-1].hash]
    report = file_book.verify(found)
    assert report.sound
    assert report.head == found["head"]
    assert report.anchored.startswith("1 seals and 1 open runs")


def test_a_ledger_that_went_on_still_holds_to_an_older_anchor(kept, file_book):
    file_book.append("b", 2, window(hour=1))
    file_book.close("b")
    assert file_book.verify(anchor.load(str(kept))).sound


def test_an_anchor_is_never_overwritten(kept, file_book):
    with file_book.reading() as connection, pytest.raises(BadInput, match="will not be overwritten"):
        anchor.save(anchor.taken(connection), kept)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": "jevons.ledger.anchor/1"}',
                                  '{"schema":"jevons.ledger.anchor/1","head":"00","open":{},"position":1,"at":""}',
                                  '{"schema":"jevons.ledger.anchor/1","head":"' + "0" * 64 + '","open":{"a":[1]},"position":1,"at":""}',
                                  "[" * 100_000])  # fmt: skip
def test_what_is_no_anchor_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(BadInput, match="anchor"):
        anchor.load(str(tmp_path / "x"))


def test_an_empty_ledger_has_an_anchor_too(file_book, tmp_path):
    with file_book.reading() as connection:
        found = anchor.taken(connection)
    assert (found["position"], found["open"]) == (0, {})
    assert file_book.verify(found).sound


def test_a_signature_holds_until_the_anchor_is_changed(kept, tmp_path):
    needing("ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text("ana@example.org " + Path(f"{key}.pub").read_text())
    with pytest.raises(BadInput, match="--sign"):
        anchor.check_signature(kept, signers)
    anchor.sign(kept, key)
    assert anchor.check_signature(kept, signers) == "ana@example.org"
    text = kept.read_text()
    kept.write_text(text.replace('"position": 1', '"position": 0'))
    with pytest.raises(BadInput, match="ssh-keygen"):
        anchor.check_signature(kept, signers)
    kept.write_text(text)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    signers.write_text("eve@example.org " + (tmp_path / "other.pub").read_text())
    with pytest.raises(BadInput, match="ssh-keygen"):
        anchor.check_signature(kept, signers)


AUTHORITY = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
tsa_name = yes
"""


def authority(folder: Path) -> list[str]:
    """A time-stamping authority of our own; the command that answers a request."""
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(AUTHORITY.format(folder=folder))
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=test authority", "-keyout",
            str(folder / "tsa.key"), "-out", str(folder / "tsa.pem"), "-addext", "extendedKeyUsage=critical,timeStamping"]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    return ["openssl", "ts", "-reply", "-config", str(folder / "tsa.cnf"), "-section", "tsa", "-signer", str(folder / "tsa.pem"),
            "-inkey", str(folder / "tsa.key")]  # fmt: skip


def test_a_time_stamp_holds_until_the_anchor_is_changed(kept, tmp_path):
    needing("openssl")
    folder = tmp_path / "tsa"
    folder.mkdir()
    answer = authority(folder)
    asked = anchor.request(kept)
    with pytest.raises(BadInput, match="keep its answer under this name"):
        anchor.check_stamp(kept, folder / "tsa.pem")
    subprocess.run([*answer, "-queryfile", str(asked), "-out", f"{kept}.tsr"], check=True, capture_output=True)
    assert "GMT" in anchor.check_stamp(kept, folder / "tsa.pem")
    other = tmp_path / "other"
    other.mkdir()
    authority(other)
    with pytest.raises(BadInput, match="openssl ts"):
        anchor.check_stamp(kept, other / "tsa.pem")
    kept.write_text(kept.read_text() + " ")
    with pytest.raises(BadInput, match="openssl ts"):
        anchor.check_stamp(kept, folder / "tsa.pem")


def test_a_git_tag_keeps_an_anchor(kept, tmp_path, monkeypatch):
    needing("git")
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "ana")
        monkeypatch.setenv(f"{name}_EMAIL", "ana@example.org")
    folder = tmp_path / "repository"
    folder.mkdir()
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    found = anchor.load(str(kept))
    anchor.tag(found, "ledger/2026", folder)
    monkeypatch.chdir(folder)
    assert anchor.load("git:ledger/2026") == found
    with pytest.raises(BadInput, match="git tag"):
        anchor.tag(found, "ledger/2026", folder)
    with pytest.raises(BadInput):
        anchor.tag(found, "--delete", folder)
    with pytest.raises(BadInput, match="git:TAG"):
        anchor.load("git:none")


def test_a_tool_that_is_not_there_is_named(kept, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="install OpenSSH"):
        anchor.sign(kept, Path("key"))
    with pytest.raises(BadInput, match="install OpenSSL"):
        anchor.request(kept)
