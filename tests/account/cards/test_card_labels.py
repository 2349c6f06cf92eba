"""The mining study's two classifications, its quirks included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.account.cards import mined
from jevons.account.cards.classes import CLASSES, reporting, reporting_class, tags_of
from jevons.account.cards.labels import METRICS, borders, class_of, labels, weighted_mean
from jevons.core.errors import BadInput, TableError

WEIGHTS = np.array([m.weight for m in METRICS])


def row(name, grams, size="", data="", downloads="", score="", **more):
    return {"modelId": name, "co2_eq_emissions": grams, "size": size, "datasets_size": data, "downloads": downloads,
            "performance_score": score, **more}  # fmt: skip


def table(*rows):
    return mined.read([row("distilgpt2", "149200", "352833716", "39769494896", "1172830"), *rows])


MANY = [row(f"m{i}", str(10.0 * i + 1), str(1e8 + i), "", str(i), "0.8") for i in range(1, 40)]


def test_the_labels_of_1_085_models_are_those_of_the_study(shared):
    found = labels(mined.read(shared / "data/hf_carbon/hf_co2_models.csv"))
    assert found.counts == {"A": 30, "B": 371, "C": 634, "D": 38, "E": 12}
    assert found.reference["performance_score"] == pytest.approx(0.8294, abs=1e-4)


def test_a_missing_score_is_made_of_the_measures_as_the_table_makes_it(shared):
    whole = mined.read(shared / "data/hf_carbon/hf_co2_models.csv")
    bare = mined.Mined("bare", tuple({k: v for k, v in r.items() if k != "performance_score"} for r in whole.rows))
    made, given_ = bare.performance(), whole.performance()
    both = np.isfinite(made) & np.isfinite(given_)
    assert both.sum() == np.isfinite(given_).sum()
    assert made[both] == pytest.approx(given_[both])


def test_edges_are_percentiles_of_the_table_given():
    few, more = labels(table(*MANY)), labels(table(*MANY, *[row(f"x{i}", "1e6") for i in range(20)]))
    assert few.edges["co2_eq_emissions"] != more.edges["co2_eq_emissions"]
    grams = np.array([149_200, *(10.0 * i + 1 for i in range(1, 40))])
    assert few.edges["co2_eq_emissions"] == pytest.approx(np.percentile(np.sqrt(149_200 / grams), [80, 60, 40, 20]))


def test_a_class_begins_strictly_above_its_edge_and_nothing_known_has_no_class():
    edges = np.array([4.0, 3.0, 2.0, 1.0])
    assert class_of(np.array([5, 4, 3.5, 2, 1, 0]), edges).tolist() == [0, 1, 1, 3, 4, 4]
    assert np.isnan(class_of(np.array([np.nan]), edges)[0])


def test_an_edge_that_is_no_number_closes_the_classes_on_both_its_sides():
    edges = np.array([np.nan, 3.0, 2.0, 1.0])
    assert class_of(np.array([np.inf, 5, 3, 2.5, 0.5]), edges).tolist() == [4, 4, 2, 2, 4]


def class_row_by_row(value, edges):
    """The class of one index as the study walks it: from the best interval to the worst, open below, closed above."""
    for number, (upper, lower) in enumerate(zip([float("inf"), *edges], [*edges, 0.0], strict=True)):
        if lower < value <= upper:
            return number
    return 4


@given(st.lists(st.floats(0, 10) | st.sampled_from([float("inf"), float("nan"), 1.0, 2.0]), min_size=1, max_size=30))
def test_classes_are_those_of_the_study_walked_row_by_row_ties_zeros_and_infinities_too(indices):
    for metric in METRICS:
        with np.errstate(invalid="ignore"):
            edges = borders(np.array(indices), metric)
            found = class_of(np.array(indices), edges)
        wanted = [float("nan") if v != v else class_row_by_row(v, edges) for v in indices]
        assert np.array_equal(found, wanted, equal_nan=True)


def test_the_mean_of_classes_is_rounded_half_to_even():
    halves = weighted_mean(np.array([[1, np.nan, np.nan, np.nan, 2.0], [2, 2, 2, 2, 2.0]]), np.array([1, 0, 0, 0, 1.0]))
    assert halves.tolist() == [1.5, 2.0]
    assert [int(round(x)) for x in (0.5, 1.5, 2.5)] == [0, 2, 2]  # noqa: RUF046


@given(st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=5, max_size=5))
def test_a_mean_lies_between_the_best_and_the_worst_class_and_is_absent_where_all_are(classes):
    values = np.array([[np.nan if c is None else float(c) for c in classes]])
    mean = weighted_mean(values, WEIGHTS)[0]
    known = [c for c in classes if c is not None]
    assert np.isnan(mean) if not known else min(known) - 1e-9 <= mean <= max(known) + 1e-9


def test_zero_grams_count_among_the_best_and_nothing_at_all_gets_no_letter():
    found = labels(table(*MANY, row("zero", "0", "1e8", "", "1e6"), row("blank", "")))
    letter = dict(zip(found.names, found.letters, strict=True))
    assert letter["zero"] == "A"
    assert letter["blank"] == ""
    assert sum(found.counts.values()) == len(found.names) - 1


def test_a_metric_the_table_lacks_is_named():
    rows = [{"modelId": n, "co2_eq_emissions": g} for n, g in (("distilgpt2", "149200"), ("a", "3"), ("b", "70"))]
    assert labels(mined.read(rows)).not_given == ("size_efficiency", "datasets_size_efficiency", "downloads",
                                                  "performance_score")  # fmt: skip


def test_where_the_table_lacks_the_reference_its_medians_stand_in_and_it_is_told():
    found = labels(mined.read(MANY))
    assert found.model == ""
    assert found.reference["co2_eq_emissions"] == pytest.approx(201.0)
    assert sum(found.counts.values()) == len(MANY)
    assert labels(table(*MANY)).model == "distilgpt2"
    assert labels(mined.read(MANY), "m3").model == "m3"


def test_bad_tables_are_refused(tmp_path):
    with pytest.raises(BadInput, match="name a model of the table"):
        labels(mined.read([row("a", "1")]), "gpt-9")
    with pytest.raises(TableError, match="row 3, column co2_eq_emissions: '-1'"):
        labels(table(row("a", "-1")))
    with pytest.raises(TableError, match="row 3, column size: 'big'"):
        labels(table(row("a", "1", "big")))
    with pytest.raises(TableError, match="co2_eq_emissions"):
        mined.read([{"modelId": "a"}])
    with pytest.raises(BadInput, match="that is there"):
        mined.read(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("modelId,co2_eq_emissions\n")
    with pytest.raises(TableError, match="no rows"):
        mined.read(tmp_path / "empty.csv")


# ---- reporting classes


@pytest.mark.parametrize(
    ("emissions", "hardware", "tags", "name"),
    [(True, True, ["EcoCard"], "Certified"), (True, True, ["pruned", "EcoCard"], "Certified"),
     (True, True, ["Distilled"], "Optimisation"), (True, True, [], "Awareness"), (False, True, ["EcoCard"], "Context reporting"),
     (True, False, ["pruned"], "Basic reporting"), (False, False, [], "Unreported")],
)  # fmt: skip
def test_the_strictest_class_is_tested_first(emissions, hardware, tags, name):
    assert reporting_class(emissions, hardware, tags) == name


def test_all_six_classes_can_be_reached_in_a_table():
    rows = [row("distilgpt2", "1", environment="1 V100", tags="['EcoCard']"), row("b", "1", environment="T4", tags="pruned,x"),
            row("c", "1", environment="T4"), row("d", "", environment="T4"), row("e", "1", environment="Not Specified"),
            row("f", "nan")]  # fmt: skip
    assert reporting(mined.read(rows)) == dict.fromkeys((name for name, _ in CLASSES), 1)


@pytest.mark.parametrize(("text", "tags"), [("['a', 'b']", ["a", "b"]), ("a, b", ["a", " b"]), ("[" * 5000, []), ("", [])])
def test_tags_are_read_from_a_list_or_from_words(text, tags):
    assert tags_of(text) == tags


@pytest.mark.parametrize("more", [{"accuracy": "abc"}, {"performance_metrics": "{'accuracy': e}"}, {"f1": "-0.5"}])
def test_a_measure_that_is_no_number_is_refused_with_its_row(more):
    table = mined.read([row("distilgpt2", "1"), row("b", "1", **more)])
    table = mined.Mined("hub.csv", tuple({k: v for k, v in r.items() if k != "performance_score"} for r in table.rows))
    with pytest.raises(TableError, match=r"hub\.csv, row 3"):
        labels(table)
