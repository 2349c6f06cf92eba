"""Life cycle inventory exports: amounts are kept, every link resolves, spreads follow the formats' conventions."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile

import numpy as np
import pytest
from report_sample import STUDY, sample

from jevons.report import inventory, openlca


def test_the_exchanges_hold_what_the_inventory_holds():
    footprint = sample()
    found = inventory.exchanges(footprint)
    electricity = sum(e.amount for e in found if e.flow == "electricity")
    assert electricity == pytest.approx(footprint.inventory.total("electricity")[0])
    assert all(e.unit == "kWh" for e in found if e.flow == "electricity")


def test_a_lognormal_spread_is_given_as_log_and_standard_deviation_of_logs():
    draws = 5.0 * np.exp(0.3 * np.random.default_rng(0).standard_normal(20_000))
    spread = inventory.uncertainty(np.concatenate(([5.0], draws)))
    assert spread["uncertainty type"] == 2
    assert spread["loc"] == pytest.approx(math.log(5.0))
    assert spread["scale"] == pytest.approx(0.3, rel=0.03)


def test_draws_under_zero_are_called_normal_and_no_draws_undefined():
    assert inventory.uncertainty(np.array([1.0, -1.0, 3.0]))["uncertainty type"] == 3
    assert inventory.uncertainty(np.array([1.0])) == {"uncertainty type": 0, "loc": 1.0}


def test_every_brightway_link_leads_to_a_process_of_the_same_unit_and_place():
    processes = {(p["database"], p["code"]): p for p in inventory.brightway(sample(), "mine")}
    for process in processes.values():
        assert sum(e["type"] == "production" for e in process["exchanges"]) == 1
        for exchange in process["exchanges"]:
            target = processes[exchange["input"]]
            assert (target["unit"], target["location"]) == (exchange["unit"], exchange["location"])


def test_a_comment_says_how_the_amount_is_known_and_what_jevons_prices_it_at():
    training = next(p for p in inventory.brightway(sample()) if p["name"] == "stage: training")
    comments = [e.get("comment", "") for e in training["exchanges"]]
    assert any("accelerator, server boundary, counter" in c and "grid-test" in c for c in comments)


def test_the_sheet_has_the_layout_that_bw2io_reads():
    rows = list(csv.reader(io.StringIO(inventory.brightway_csv(sample(), "mine"))))
    assert rows[0] == ["Database", "mine"]
    heads = [i for i, row in enumerate(rows) if row[:1] == ["Exchanges"]]
    assert len(heads) == sum(row[:1] == ["Activity"] for row in rows) == 7
    assert all(rows[i + 1] == list(inventory.COLUMNS) for i in heads)


def test_every_openlca_reference_leads_to_an_entity_of_the_package():
    with zipfile.ZipFile(io.BytesIO(openlca.archive(sample()))) as package:
        held = {name: json.loads(package.read(name)) for name in package.namelist()}
    assert held["olca-schema.json"] == {"version": 2}
    units = {u["@id"] for e in held.values() if e.get("@type") == "UnitGroup" for u in e["units"]}
    for entity in held.values():
        for exchange in entity.get("exchanges", []):
            assert f"flows/{exchange['flow']['@id']}.json" in held
            assert f"flow_properties/{exchange['flowProperty']['@id']}.json" in held
            assert exchange["unit"]["@id"] in units


def test_an_openlca_process_has_one_quantitative_reference_and_geometric_spreads():
    entities = openlca.json_ld(sample()).values()
    training = next(e for e in entities if e.get("name") == "stage: training" and e["@type"] == "Process")
    assert [e["isQuantitativeReference"] for e in training["exchanges"]].count(True) == 1
    spreads = [e["uncertainty"] for e in training["exchanges"] if "uncertainty" in e]
    assert spreads
    assert all(s["geomSd"] > 1 for s in spreads)


def test_the_same_footprint_gives_the_same_package():
    assert openlca.archive(sample()) == openlca.archive(sample())


def test_no_cell_of_the_sheet_is_run_by_a_spreadsheet():
    footprint = sample(study=STUDY.with_(functional_unit="=1+1"))
    cells = [cell for row in csv.reader(io.StringIO(inventory.brightway_csv(footprint))) for cell in row]
    assert "'=1+1" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "@"))]
