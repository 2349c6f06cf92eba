"""A source cites itself in one line; an assumption says what, its value, why and whence."""

from __future__ import annotations

import dataclasses

import pytest

from jevons.core.source import UNSOURCED, Assumption, Source


def test_a_source_cites_publisher_year_title_and_locator():
    source = Source("s", "Carbon intensity", "OWID", 2024, "https://example.org")
    assert source.cite() == "OWID (2024) Carbon intensity, https://example.org"


def test_a_source_cites_only_what_is_known():
    assert UNSOURCED.cite() == "stated by the user"


def test_an_assumption_reads_as_one_line():
    assert str(Assumption("PUE", "1.4", "none was given", "uptime-2024")) == "PUE = 1.4: none was given [uptime-2024]"


def test_a_source_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        UNSOURCED.title = "other"


def test_equal_assumptions_are_one():
    assert len({Assumption("a", "1", "x"), Assumption("a", "1", "x")}) == 1
