"""Errors say what, where and the mend, and survive the way back from a worker."""

from __future__ import annotations

import pickle

import pytest

from jevons.core import errors
from jevons.core.errors import (
    BadInput,
    DoesNotFit,
    JevonsError,
    MissingExtra,
    MissingFactor,
    TableError,
    UnknownName,
)

EVERY = [
    BadInput("pue", 0.9, "give at least 1"),
    UnknownName("zone", "FRR", ["FR", "FI"], "or add a row"),
    TableError("models.csv", 7, "layers", "x", "give a whole number"),
    errors.Contradiction("energy_kwh", 5.0, "hours × power give 7 kWh"),
    DoesNotFit("tp=1 pp=1", 12.34, "tp=2 pp=1"),
    MissingFactor("electricity", "climate", "XX", ("XX", "world")),
    errors.StudyMismatch("accounting: 'location' against 'market'"),
    errors.OverlappingMeters("the facility meter and the server meter count the same energy"),
    MissingExtra("duckdb", "ledger", "the ledger"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda e: type(e).__name__)
def test_an_error_survives_pickling_with_its_words_and_its_fields(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("error", EVERY, ids=lambda e: type(e).__name__)
def test_every_error_is_caught_as_a_jevons_error(error):
    assert isinstance(error, JevonsError)


def test_every_class_of_the_family_stands_in_the_tree_at_the_top():
    family = [n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, JevonsError)]
    assert len(family) >= 10
    assert [n for n in family if n not in (errors.__doc__ or "")] == []


def test_bad_input_names_the_field_the_value_and_the_mend():
    assert str(BadInput("pue", 0.9, "give at least 1")) == "pue: 0.9 will not do; give at least 1"


def test_bad_input_is_a_value_error_and_an_unknown_name_a_lookup_error_too():
    assert isinstance(EVERY[0], ValueError)
    assert isinstance(EVERY[1], LookupError)


def test_an_unknown_name_offers_the_nearest():
    assert str(EVERY[1]) == "zone: 'FRR' will not do; no zone of that name; nearest: FR, FI; or add a row"


def test_an_unknown_name_with_no_neighbours_says_so():
    assert "nothing comes near" in str(UnknownName("zone", "qqq"))


def test_a_table_error_names_file_row_and_column():
    assert str(EVERY[2]).startswith("models.csv, row 7, column layers: 'x' will not do")


def test_a_layout_that_does_not_fit_says_by_how_much_and_what_would():
    assert "it lacks 12.3 GB a device; the nearest that fits: tp=2 pp=1" in str(EVERY[4])
    assert "add devices" in str(DoesNotFit("tp=1", 1.0, None))


def test_a_missing_factor_shows_the_chain_it_tried_and_how_to_cut_it_off():
    assert "no climate factor for electricity at XX (tried XX → world)" in str(EVERY[5])
    assert "name 'electricity/climate' among the study's cutoffs" in str(EVERY[5])


def test_a_missing_extra_says_which_command_brings_it():
    assert str(EVERY[8]) == "the ledger needs duckdb; install it with: pip install 'jevons[ledger]'"


def test_a_long_value_is_cut_short_in_the_message():
    assert len(str(BadInput("x", "y" * 500, "shorten"))) < 120
