"""A language model as a user names it: a row of the table, a config.json, a mapping, or bare parameter counts."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world.architecture import Architecture, active_parameters, parameters
from jevons.world.lookup import Match, spellings

EXACT = 0.99  # of a match by name: no mere likeness


@dataclass(frozen=True, slots=True)
class Model:
    """What training and serving need to know. ``params`` and ``active`` may be arrays of scenarios.

    ``architecture`` is None where only parameter counts are known. ``tokens``: published training tokens.
    """

    name: str
    params: Any
    active: Any
    architecture: Architecture | None = None
    tokens: float | None = None
    source: str = "stated"
    assumptions: tuple[Assumption, ...] = ()

    @property
    def encoder_decoder(self) -> bool:
        """Whether each token passes about half of the parameters."""
        return self.architecture is not None and self.architecture.kind == "encoder-decoder"


def find(model: Any = None, params: Any = None, active: Any = None) -> Model:
    """The model meant by a table name, a path to a config.json, a mapping of one, an Architecture, or counts.

    ``params`` and ``active`` (numbers or text such as "70B") replace the counts of a named model. Errors:
    UnknownName with the three nearest models; BadInput where neither a name nor ``params`` is given, or where
    more parameters are active than there are.
    """
    base = _base(model, params)
    total = units.read(params, "", "params") if params is not None else base.params
    used = units.read(active, "", "active") if active is not None else base.active if params is None else total
    _check(total, used)
    return Model(base.name, total, used, base.architecture, base.tokens, base.source, base.assumptions)


def _base(model: Any, params: Any) -> Model:
    if model is None:
        if params is None:
            raise BadInput("model", None, "name a model, or give params, e.g. params='7B'")
        return Model("unnamed", None, None)
    if isinstance(model, Model):
        return model
    if isinstance(model, Architecture):
        return _described(model, "stated", None)
    if isinstance(model, Mapping) or _is_config(model):
        from jevons.world.model_config import FAMILIES, from_config

        found = _described(shape := from_config(model), "stated", None)
        known = shape.family in FAMILIES
        return found if known else replace(found, assumptions=(Assumption(
            "parameters", f"{found.params:,.0f}", f"its family {shape.family!r} is not known: read as a decoder like Llama's; "
            "if the maker counts others, give params (and active)", "jevons-rule"),))  # fmt: skip
    if not isinstance(model, str):
        raise BadInput("model", model, "give a model's name, a config.json, or params")
    return _named(model, params is not None)


def _is_config(model: Any) -> bool:
    return isinstance(model, Path) or (isinstance(model, str) and model.endswith(".json"))


@functools.lru_cache(maxsize=512)
def _named(name: str, counted: bool) -> Model:
    try:
        row, match = _row(name)
    except UnknownName as unknown:
        if counted:
            return Model(name, None, None)
        raise UnknownName("model", name, unknown.nearest, "or give the path of its config.json, or params='7B'") from None
    notes = () if match.score == 1.0 else (Assumption("model", row["name"], match.how, row["source"]),)
    found = _described(Architecture.from_row(row), row["source"], catalog.number(row, "tokens"))
    return Model(row["name"], found.params, found.active, found.architecture, found.tokens, row["source"], notes)


def _row(name: str) -> tuple[catalog.Row, Match]:
    """The row of a name; of a repository's (``meta-llama/Llama-3.1-70B-Instruct``) without maker and variant where that is one."""
    table = catalog.table("models")
    bare = name.rsplit("/", 1)[-1].lower()
    for shorter in (name, bare.replace("-instruct", "").replace("-chat", ""), *list(spellings(name))[1:]):
        with contextlib.suppress(UnknownName):
            row, match = table.find(shorter)
            if match.score >= EXACT:
                return row, match if shorter == name else Match(match.id, EXACT, f"{name!r} without its maker and variant")
    return table.find(name)


def _described(architecture: Architecture, source: str, tokens: float | None) -> Model:
    return Model(architecture.name or architecture.id, float(parameters(architecture)),
                 float(active_parameters(architecture)), architecture, tokens, source)  # fmt: skip


def _check(total: Any, used: Any) -> None:
    import numpy as np

    if not np.all(np.asarray(total) > 0) or not np.all(np.asarray(used) > 0):
        raise BadInput("params", total, "give a positive count, e.g. '7B'")
    if np.any(np.asarray(used) > np.asarray(total) * 1.000001):
        raise BadInput("active", used, f"at most the total of {total}")


catalog.on_overlay(_named.cache_clear)
