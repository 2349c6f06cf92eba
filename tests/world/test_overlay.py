"""A user's own tables are checked before they count."""

from __future__ import annotations

import pytest

from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.world import catalog, overlay

SCHEMA = catalog.table("schema")
HEADER = "place,year,ci_g_per_kwh,basis,scope,gsd,source,quality,note\n"


def _refused(folder, row: str, file: str = "grid_annual.csv", header: str = HEADER) -> TableError:
    (folder / file).write_text(header + row + "\n")
    with pytest.raises(TableError) as trouble:
        overlay.check(folder, SCHEMA)
    return trouble.value


@pytest.mark.parametrize("cell", ["abc", "-30", "nan", "inf"])
def test_a_cell_that_is_no_number_is_named_by_file_row_and_column(tmp_path, cell):
    trouble = _refused(tmp_path, f"DEU,2025,{cell},consumption,lifecycle,1.1,ours,21111,")
    assert (trouble.file, trouble.row, trouble.column) == ("grid_annual.csv", 2, "ci_g_per_kwh")
    assert cell in str(trouble)


def test_a_year_in_words_is_refused(tmp_path):
    assert _refused(tmp_path, "DEU,twenty,300,consumption,lifecycle,1.1,ours,21111,").column == "year"


def test_a_spread_under_one_is_refused(tmp_path):
    assert _refused(tmp_path, "DEU,2025,300,consumption,lifecycle,0.5,ours,21111,").column == "gsd"


def test_a_row_without_a_source_is_refused(tmp_path):
    assert "where the value comes from" in str(_refused(tmp_path, "DEU,2025,300,consumption,lifecycle,1.1,,21111,"))


def test_a_column_nobody_reads_suggests_the_nearest(tmp_path):
    trouble = _refused(tmp_path, "DEU,2025,300,ours", header="place,yeer,ci_g_per_kwh,source\n")
    assert "did you mean 'year'?" in str(trouble)


def test_a_table_nobody_reads_names_the_nearest(tmp_path):
    (tmp_path / "grid_anual.csv").write_text(HEADER + "DEU,2025,300,consumption,lifecycle,1.1,ours,21111,\n")
    with pytest.raises(UnknownName, match="grid_annual"):
        overlay.check(tmp_path, SCHEMA)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(BadInput, match="existing folder"):
        overlay.check(tmp_path / "nowhere", SCHEMA)


def test_toml_that_is_no_list_of_rows_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text("grid_annual = 3\n")
    with pytest.raises(TableError, match=r"\[\[table\]\]"):
        overlay.check(tmp_path, SCHEMA)


def test_good_rows_pass_with_windows_line_ends_and_a_byte_order_mark(tmp_path):
    text = HEADER + "DEU,2025,300,consumption,lifecycle,1.1,ours,21111,\n"
    (tmp_path / "grid_annual.csv").write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    assert overlay.check(tmp_path, SCHEMA) is None
    (tmp_path / "grid_annual.csv").write_text(text.replace("300", "-1"))
    with pytest.raises(TableError):
        overlay.check(tmp_path, SCHEMA)
