"""Packs of tables: found where something installed announces one, looked for cheaply where nothing does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jevons.world import catalog


@pytest.fixture
def nothing_known():
    catalog._packs.cache_clear()
    yield
    catalog._packs.cache_clear()


def announce(folder, note):
    (folder / "my_tables" / "data").mkdir(parents=True)
    (folder / "my_tables" / "__init__.py").touch()
    info = folder / "my_tables-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-tables\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(note)


def test_an_installed_package_that_announces_a_pack_is_found(tmp_path, monkeypatch, nothing_known):
    announce(tmp_path, "[jevons.packs]\nmine = my_tables\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert tmp_path / "my_tables" / "data" in catalog._packs()


def test_a_package_that_announces_other_things_brings_no_tables(tmp_path, monkeypatch, nothing_known):
    announce(tmp_path, "[console_scripts]\nmine = my_tables:main\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert tmp_path / "my_tables" / "data" not in catalog._packs()


def test_a_look_that_finds_no_pack_does_not_load_the_reader_of_package_metadata():
    code = "import sys; from jevons.world import catalog; sys.exit(0 if catalog._packs() else 10 * ('importlib.metadata' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
