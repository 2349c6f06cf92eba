"""A user's own tables are checked before they count."""

from __future__ import annotations

import pytest

import jevons
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


def test_a_row_without_its_key_or_value_is_refused(tmp_path):
    assert _refused(tmp_path, ",2025,300,consumption,lifecycle,1.1,ours,21111,").column == "place"
    assert _refused(tmp_path, "DEU,2025,,consumption,lifecycle,1.1,ours,21111,").column == "ci_g_per_kwh"
    assert _refused(tmp_path, "DEU,,300,consumption,lifecycle,1.1,ours,21111,").column == "year"


def test_a_place_of_no_known_code_names_the_nearest(tmp_path):
    trouble = _refused(tmp_path, "DEUX,2025,300,consumption,lifecycle,1.1,ours,21111,")
    assert trouble.column == "place"
    assert "DEU" in str(trouble)


def test_a_kind_of_intensity_that_nobody_asks_for_is_refused(tmp_path):
    trouble = _refused(tmp_path, "DEU,2025,300,consumption,life-cycle,1.1,ours,21111,")
    assert trouble.column == "scope"
    assert "direct, lifecycle" in str(trouble)


@pytest.fixture
def mine(tmp_path):
    """A folder that is put before all tables by the function returned, and taken away after the test."""
    yield lambda: catalog.overlay(tmp_path)
    catalog.overlay(None)


def test_columns_that_a_users_table_leaves_out_are_empty(tmp_path, mine):
    (tmp_path / "accelerators.csv").write_text("id,name,generation,tdp_w,peak_bf16_tflops,memory_gb,memory_bw_gb_s,source\n"
                                               "acme-x1,ACME X1,hopper,900,1500,192,6000,our lab\n")  # fmt: skip
    (tmp_path / "grid_annual.csv").write_text("place,year,ci_g_per_kwh,source\nDEU,2025,111,our utility\n")
    mine()
    run = jevons.estimate.training("mistral-7b", tokens="1T", on="acme-x1", n=64, batch=512)
    footprint = jevons.footprint(run, at=jevons.site("Germany", year=2025, pue=1.1))
    lines = [line for line in footprint.explain().lines if line.place == "DEU"]
    assert lines
    assert {line.source.title for line in lines} == {"our utility"}


@pytest.mark.parametrize(("scope", "other"), [("direct", "lifecycle"), ("lifecycle", "direct")])
def test_a_users_intensity_counts_for_its_own_scope_alone(tmp_path, mine, scope, other):
    (tmp_path / "grid_annual.csv").write_text(HEADER + f"DEU,2025,1,consumption,{scope},1.1,ours,21111,\n")
    mine()
    run = jevons.estimate.recorded(energy="100 kWh")
    at = jevons.site("Germany", year=2025, pue=1.0)
    kg = {each: jevons.footprint(run, at=at, study=jevons.Study(scope=each)).best("climate") for each in (scope, other)}
    assert kg[scope] == pytest.approx(0.1)
    assert kg[other] > 10


def test_the_version_changes_with_what_an_overlay_holds_and_not_with_where_it_lies(tmp_path):
    found = []
    for folder, value in (("one", 300), ("two", 300), ("three", 301)):
        (tmp_path / folder / "mine").mkdir(parents=True)
        (tmp_path / folder / "mine" / "grid_annual.csv").write_text(f"place,year,ci_g_per_kwh,source\nDEU,2025,{value},ours\n")
        catalog.overlay(tmp_path / folder / "mine")
        found.append(catalog.version())
        catalog.overlay(None)
    assert found[0] == found[1] != found[2]
    assert found[0].startswith(f"{catalog.version()}+mine.")
