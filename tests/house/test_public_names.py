"""The public words are exactly those listed, each resolves, and everything public says what it is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType

import pytest

import jevons
import jevons.core

MODULES = ["jevons.core", *(f"jevons.core.{m.name}" for m in pkgutil.iter_modules(jevons.core.__path__))]
METHODS = (FunctionType, property, classmethod, staticmethod)


def public(module_name: str) -> Iterator[tuple[str, object]]:
    """The functions and classes that a module defines, and their public methods and properties."""
    module = importlib.import_module(module_name)
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module_name:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing) or hasattr(thing, "cache_info"):
            yield f"{module_name}.{name}", thing
        for member_name, member in vars(thing).items() if inspect.isclass(thing) else ():
            if isinstance(member, METHODS) and not member_name.startswith("_"):
                yield f"{module_name}.{name}.{member_name}", member


PUBLIC = dict(entry for module in MODULES for entry in public(module))


@pytest.mark.parametrize("name", jevons.__all__)
def test_every_public_word_resolves(name):
    assert getattr(jevons, name) is not None


@pytest.mark.parametrize("name", jevons.__all__)
def test_every_public_word_says_what_it_is(name):
    assert inspect.getdoc(getattr(jevons, name))


def test_the_public_words_are_exactly_those_that_can_be_found():
    assert sorted(jevons.__all__) == sorted(jevons._WHERE) == dir(jevons)


def test_a_word_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(AttributeError, match="module 'jevons' has no attribute 'asses'; it has Activity, Footprint"):
        _ = jevons.asses


@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_the_core_says_what_it_holds(module):
    assert importlib.import_module(module).__doc__


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_and_class_of_the_core_has_a_docstring(name):
    assert (getattr(PUBLIC[name], "__doc__", "") or "").strip()


@pytest.mark.parametrize("name", [n for n, thing in PUBLIC.items() if inspect.isfunction(thing)])
def test_every_public_function_of_the_core_is_typed(name):
    signature = inspect.signature(PUBLIC[name])
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
    assert untyped == []
    assert signature.return_annotation is not signature.empty


def test_the_core_has_public_names_to_check():
    assert len(PUBLIC) > 60
