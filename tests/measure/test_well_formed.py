"""A journal that was edited, damaged or put there by others is told, and never ends in a crash or a number out of nothing."""

from __future__ import annotations

import json

import pytest

from jevons.core.errors import TableError
from jevons.measure import journal
from jevons.measure.merge import merged

METER = {"device": "p0", "component": "processor", "boundary": "chip", "method": "counter", "sensor": "rapl"}
HEADER = {"kind": "header", "run": "r", "pid": 1, "t": 0.0, "meters": [METER], "labels": {"job": "a"}}
LAST = {"kind": "closed", "t": 60.0, "e": {"p0": 7}, "d": [[0, "p0", "", 7]]}


def written(folder, header=HEADER, *records):
    path = folder / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *records)))
    return path


@pytest.mark.parametrize(
    "wrong",
    [{"meters": [{k: v for k, v in METER.items() if k != "component"}]}, {"meters": [{**METER, "low": "x"}]}, {"meters": ["p0"]},
     {"meters": [{**METER, "device": 3}]}, {"labels": ["a"]}, {"labels": {"job": 3}}, {"run": 3}, {"t": "now"}],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(tmp_path, wrong):
    path = written(tmp_path, {**HEADER, **wrong}, LAST)
    for read in (journal.read, lambda file: merged([file])):
        with pytest.raises(TableError, match="no journal of jevons"):
            read(path)
    assert journal.recover(tmp_path) == []


@pytest.mark.parametrize(
    "wrong",
    [{"d": [[0, "ghost", "", 5]]}, {"e": {"ghost": 5}}, {"d": [[0, "p0", "", 10**400]]}, {"d": [[0, "p0", "", 0.5]]}, {"d": 3}, {"e": {"p0": "x"}}],
)  # fmt: skip
def test_a_record_that_is_none_is_counted_as_broken_and_the_next_stands(tmp_path, wrong):
    found = journal.read(written(tmp_path, HEADER, {**LAST, "kind": "flush", **wrong}, LAST))
    assert (found.broken, found.cells) == (1, {(0, "p0", ""): 7})
    assert float(found.activity.total()[0]) == pytest.approx(7 / 3.6e12)
