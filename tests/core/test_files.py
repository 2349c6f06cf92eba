"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jevons.core.files import put, replacing


def test_text_and_bytes_stand_as_they_were_given(tmp_path: Path) -> None:
    put(tmp_path / "a", "é\r\n\n")
    put(str(tmp_path / "b"), b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\r\n\n"
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"


def half(place: Path, trouble: type[BaseException]) -> None:
    with replacing(place) as beside:
        beside.write_text("half")
        raise trouble


def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "paper.md"
    put(place, "old")
    with pytest.raises(RuntimeError):
        half(place, RuntimeError)
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_an_interrupted_new_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        half(tmp_path / "new", KeyboardInterrupt)
    assert not list(tmp_path.iterdir())


def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    put(real, "1")
    real.chmod(0o640)
    link.symlink_to(real)
    put(link, "2")
    assert link.is_symlink()
    assert real.read_text() == "2"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_what_is_no_plain_file_is_written_itself(tmp_path: Path) -> None:
    put(os.devnull, "gone")
    assert not Path(os.devnull).is_file()
    assert Path(os.devnull).exists()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    put(pipe, "through")
    assert os.read(reading, 99) == b"through"
    os.close(reading)


def test_a_folder_and_a_file_without_leave_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IsADirectoryError):
        put(tmp_path, "x")
    held = tmp_path / "held"
    put(held, "kept")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError):
        put(held, "x")
    assert held.read_text() == "kept"


def test_no_room_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "held"
    put(place, "kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(place, "x")
    assert place.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [place]
