"""A package whose words are functions of its files, each imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def words(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package: a word is the thing of that name in the file ``where`` says, below the package.

    A file or folder of a word's own name never stands in its place, as the import system would have it.
    """
    module = sys.modules[package]

    class Door(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            is_room = isinstance(value, ModuleType) and name in where
            super().__setattr__(name, getattr(value, name, value) if is_room else value)

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(sorted(where))}")
        value = getattr(import_module(f"{package}.{where[name]}"), name)
        setattr(module, name, value)
        return value

    module.__class__ = Door
    return find
