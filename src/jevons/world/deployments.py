"""How the models behind an API are thought to be served: rows of api_deployments, or one that a user states.

A provider tells little, so a row holds spans (5 %, best, 95 %): parameters, accelerators, how many work together, how
many sequences they decode at once, how much of the time they work.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.core.uncertain import Uncertain
from jevons.world import catalog
from jevons.world.lookup import nearest, normalise, spellings
from jevons.world.vision import tower_of

ANY = "*"
SPANS = ("params_b", "active_b", "together", "batch", "expert_spread", "scale", "context",
         "utilisation")
MEND = ("pass deployment={'on': 'h100', 'batch': 64, 'together': 8, 'params': '70B'}, or add a row to "
        "api_deployments in a settings overlay")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deployment:
    """One model behind one API. Spans are in 1e9 parameters, accelerators, sequences, replicas, tokens and shares
    of time.

    ``model``: the name of an open model, whose architecture then stands for ``params_b``. ``devices`` and
    ``precisions``: the likeliest first. ``scale``: published device time over the law's. ``prompt_tokens`` and ``output_tokens``: of a
    request of the whole traffic. ``tower``: of an open model that sees, the row of vision_towers.
    """

    provider: str
    name: str
    model: str
    devices: tuple[str, ...]
    precisions: tuple[str, ...]
    together: Uncertain
    batch: Uncertain
    expert_spread: Uncertain
    scale: Uncertain
    context: Uncertain
    utilisation: Uncertain
    params_b: Uncertain | None = None
    active_b: Uncertain | None = None
    prompt_tokens: float = 500.0
    output_tokens: float = 300.0
    tier: str = "guess"
    sources: tuple[str, ...] = ()
    note: str = ""
    assumptions: tuple[Assumption, ...] = ()
    tower: str = ""


@functools.lru_cache(maxsize=1024)
def deployment(provider: str, model: str) -> Deployment:
    """The deployment that answers ``model`` at ``provider``.

    Dates and variants of a name are left out where the whole name is unknown, and said. Errors: UnknownName with the
    nearest names and how to state a deployment.
    """
    for field, value in (("provider", provider), ("model", model)):
        if not isinstance(value, str) or not value.strip():
            raise BadInput(field, value, f"name the {field}, as in provider='openai', model='gpt-4o'")
    who = provider_id(provider)
    rows: dict[str, catalog.Row] = {}
    for row in catalog.table("api_deployments").where(provider=who):
        rows.setdefault(_key(row["model"]), row)  # an overlay's row goes first
    for name in spellings(model):
        if _key(name) in rows:
            return _noted(from_row(rows[_key(name)]), model, name)
    if ANY in {row["model"] for row in rows.values()}:
        open_row = next(row for row in rows.values() if row["model"] == ANY)
        for name in spellings(model):
            if (known := _open_model(name)) is not None:
                return _noted(replace(from_row(open_row), name=name, model=known[0], tower=known[1]), model, name)
        maker, _, bare = model.partition("/")
        if bare and maker in catalog.table("api_providers").index and maker != who:
            return _noted(deployment(maker, bare), model, bare)  # a router passes the request on
    offered = [row["model"] for row in rows.values() if row["model"] != ANY] or list(catalog.table("models").index)
    raise UnknownName(f"model of {who}", model, nearest(model, offered), MEND)


def stated(given: Mapping[str, Any], model: str) -> Deployment:
    """The deployment that a user describes; a value may be a number or its (5 %, best, 95 %).

    Keys: ``on`` (accelerator), and as known ``precision``, ``together``, ``batch``, ``expert_spread``, ``context``,
    ``utilisation``, ``params``, ``active``, ``model`` (an open model's name). Errors: BadInput naming the key.
    """
    known = {"on", "precision", "together", "batch", "expert_spread", "context", "utilisation", "params", "active", "model"}
    for key in set(given) - known:
        raise BadInput("deployment", key, f"say some of {', '.join(sorted(known))}")
    if not given.get("on"):
        raise BadInput("deployment", dict(given), "name its accelerator, e.g. {'on': 'h100', 'batch': 16}")
    spans: dict[str, Any] = {name: _span(given.get(name), name, span) for name, span in USUAL.items()}
    counts: dict[str, Any] = {name: None if given.get(key) is None else _count(given[key], key)
              for name, key in (("params_b", "params"), ("active_b", "active"))}  # fmt: skip
    missing = [name for name in USUAL if given.get(name) is None and name not in ("expert_spread", "scale")]
    notes = tuple(Assumption(f"{name} of the deployment", _shown(spans[name]), "not stated", "jevons-rule") for name in missing)
    precisions = (given["precision"],) if given.get("precision") else ("bf16", "fp8")
    open_name, tower = tower_of(given.get("model") or model)
    return Deployment("stated", model, "" if counts["params_b"] else open_name, (given["on"],), precisions, **spans,
                      **counts, tier="physics" if not missing else "guess", assumptions=notes,
                      tower=tower.id if tower else "")  # fmt: skip


USUAL = {"together": (1.0, 2.0, 8.0), "batch": (4.0, 48.0, 384.0), "expert_spread": (1.0, 1.0, 1.0), "scale": (1.0, 1.0, 1.0),
         "context": (600.0, 2000.0, 10000.0), "utilisation": (0.4, 0.7, 0.95)}  # fmt: skip
"""Spans where a user says nothing: those of the table's row for open models on cloud GPUs."""


def from_row(row: Mapping[str, str]) -> Deployment:
    """A row of api_deployments as a Deployment."""
    spans: dict[str, Any] = {name: _row_span(row, name) for name in SPANS}
    note = Assumption("deployment", _described(row), row["note"] or "as the provider's row has it", row["source"].split(";")[0])
    return Deployment(
        row["provider"], row["model"], "" if row["open_model"] in ("", ANY) else row["open_model"],
        tuple(row["devices"].split(";")), tuple(row["precisions"].split(";")), **spans,
        prompt_tokens=catalog.number(row, "prompt_tokens") or 1.0, output_tokens=catalog.number(row, "output_tokens") or 1.0,
        tier=row["tier"], sources=tuple(row["source"].split(";")), note=row["note"], assumptions=(note,),
    )  # fmt: skip


def provider_id(name: str) -> str:
    """The id of a provider by one of its names; UnknownName with the three nearest."""
    try:
        return str(catalog.table("api_providers").find(name)[0]["id"])
    except UnknownName as trouble:
        raise UnknownName("provider", name, trouble.nearest, MEND) from None


@functools.lru_cache(maxsize=1024)
def _open_model(name: str) -> tuple[str, str] | None:
    """The id of an open model that bears this name beyond doubt, and of the tower it sees by ("" none); None for a mere
    likeness."""
    language, tower = tower_of(name)
    try:
        row, match = catalog.table("models").find(language)
    except UnknownName:
        return None
    return (row["id"], tower.id if tower else "") if match.score >= 0.9 else None


def _key(name: str) -> str:
    """A name without case, points and signs: ``claude-sonnet-4-5`` and ``claude-sonnet-4.5`` are one."""
    return ANY if name == ANY else normalise(name).replace(".", "")


def _noted(found: Deployment, asked: str, name: str) -> Deployment:
    if _key(asked) == _key(found.name):
        return found
    note = Assumption("model", found.model or found.name, f"{asked!r} is taken for {name!r}", "jevons-rule")
    return replace(found, assumptions=(note, *found.assumptions))


def _row_span(row: Mapping[str, str], name: str) -> Uncertain | None:
    low, best, high = (catalog.number(row, name + end) for end in ("_low", "", "_high"))
    if low is None or best is None or high is None:
        return None
    return Uncertain(low, best, high, f"{name} of {row['id']}", f"{name} of {row['provider']}")


def _span(value: Any, name: str, usual: tuple[float, float, float]) -> Uncertain:
    if value is None:
        return Uncertain(*usual, f"{name} of a stated deployment")
    parts = value if isinstance(value, (tuple, list)) else (value,) * 3
    if len(parts) != 3:
        raise BadInput(f"deployment {name}", value, "give a number, or (5 %, best, 95 %)")
    least = 0.0 if name in ("utilisation", "scale") else 1.0
    low, best, high = (float(units.read(part, "", f"deployment {name}", minimum=least)) for part in parts)
    if name == "utilisation" and not 0 < low <= high <= 1:
        raise BadInput(f"deployment {name}", value, "give the share of time with work, above 0 and at most 1")
    return Uncertain(low, best, high, f"{name} of a stated deployment")


def _count(value: Any, name: str) -> Uncertain:
    parts = value if isinstance(value, (tuple, list)) else (value,) * 3
    low, best, high = (float(units.read(part, "", f"deployment {name}")) / 1e9 for part in parts)
    if low <= 0:
        raise BadInput(f"deployment {name}", value, "give a positive count, e.g. '70B'")
    return Uncertain(low, best, high, f"{name} of a stated deployment")


def _described(row: Mapping[str, str]) -> str:
    size = f"{row['params_b']}B parameters, {row['active_b']}B active" if row["params_b"] else "open weights"
    return (f"{size}; {row['together']} x {row['devices'].split(';')[0]}, {row['batch']} sequences at once, at work "
            f"{row['utilisation']} of the time; each with its span")  # fmt: skip


def _shown(span: Uncertain) -> str:
    return f"{span.best:g} ({span.low:g} to {span.high:g})"


for _cache in (deployment, _open_model):
    catalog.on_overlay(_cache.cache_clear)
