"""A spec: one estimate written down, so that it can be kept, shared and run again. YAML, TOML or JSON.

    estimate: training          what is asked; the keys below it are those of the function of that name
    model: llama-2-7b
    tokens: 2T                  numbers, or text with a unit
    on: a100
    n: 512
    site: {name: France, year: 2023, pue: 1.2}      or a bare name
    study: {accounting: location}

An ``experimentation`` holds the final run it is about under ``final``: a spec of its own, or the path of one. YAML is read as YAML 1.2: ``on`` and ``no`` are words, dates are text.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput, TableError
from jevons.core.study import Study

WORKLOADS = ("training", "recorded", "fine-tuning", "distillation", "generic", "data", "storage", "transfer",
             "experimentation", "serving", "request", "edge", "generation", "one-pass", "speech")  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """What to estimate (``kind``, one of WORKLOADS, and its ``arguments``), where (``site``), to answer what (``study``).

    Each mapping holds the arguments of one function: the estimate's, ``jevons.site``'s, ``Study``'s.
    """

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The spec as plain values; ``of`` reads it back."""
        record = {"estimate": self.kind, **self.arguments, "site": dict(self.site), "study": dict(self.study)}
        return {key: value for key, value in record.items() if value != {}}

    def over(self, other: Spec) -> Spec:
        """This spec with ``other`` filling in what it leaves open; the kind is this one's."""
        return Spec(self.kind, {**other.arguments, **self.arguments}, {**other.site, **self.site},
                    {**other.study, **self.study})  # fmt: skip

    def check(self, known: Collection[str]) -> Spec:
        """The spec itself, or BadInput naming the first argument not among ``known`` and the nearest that is."""
        require_known(self.arguments, known, "spec")
        return self


def read(path: Path | str, kind: str = "") -> Spec:
    """The spec in a file (.yaml, .yml, .toml, .json; a saved result holds its own). ``kind`` where the file says none.

    Errors: BadInput for a file that is not there, an unknown ending or key; TableError naming file and line.
    """
    return of(load(path), kind, Path(path).name)


def load(path: Path | str) -> Any:
    """The plain values in a file (.yaml, .yml, .toml, .json). Errors: as ``read``."""
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        raise BadInput("spec", str(path), f"name a file that ends in {', '.join(_READERS)}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as trouble:
        raise BadInput("spec", str(path), f"name a file that can be read ({trouble.strerror})") from None
    except UnicodeDecodeError:
        raise TableError(path.name, None, None, "bytes that are not UTF-8", "save it as UTF-8") from None
    return _READERS[path.suffix.lower()](path.name, text)


def of(given: Any, kind: str = "", where: str = "spec") -> Spec:
    """The spec a mapping holds; a saved result (``{"jevons": ..., "spec": {...}}``) gives the one it came from.

    Errors: BadInput naming an unknown key of site or study, a kind that does not exist or is not ``kind``.
    """
    if not isinstance(given, Mapping) or not given:
        raise BadInput(where, given, "write keys and values, e.g. 'model: llama-2-7b'")
    if isinstance(given.get("spec"), Mapping):
        return of(given["spec"], kind, where)
    rest = dict(given)
    named = rest.pop("estimate", kind)
    site, study = _site(rest.pop("site", {}), where), _mapping(rest.pop("study", {}), f"{where}: study")
    require_known(study, [f.name for f in fields(Study)], f"{where}: study")
    return Spec(_kind(named, kind, where), {str(k): v for k, v in rest.items() if v is not None}, site, study)


def require_known(given: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Raise BadInput for the first key not among ``known``, suggesting the nearest."""
    for key, value in given.items():
        if key not in known:
            near = get_close_matches(str(key), known, 1, 0.5)
            mend = f"did you mean {near[0]!r}?" if near else f"its keys are {', '.join(sorted(known))}"
            raise BadInput(f"{where}: {key}", value, f"no such key; {mend}")


def require_given(function: Callable[..., Any], given: Mapping[str, Any], what: str) -> None:
    """Raise BadInput for the first argument that ``function`` cannot do without; a model's ``params`` stand for its name."""
    from inspect import signature

    for name, parameter in signature(function).parameters.items():
        needed = parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        if needed and given.get(name) is None and not (name == "model" and given.get("params") is not None):
            raise BadInput(name, None, f"{what} needs it: say {name.replace('_', ' ')}, as an option or in the spec")


def _kind(named: Any, kind: str, where: str) -> str:
    family = {"recorded": "training", "distillation": "fine-tuning"}
    if named not in WORKLOADS:
        near = get_close_matches(str(named), WORKLOADS, 1)
        mend = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(WORKLOADS)}"
        raise BadInput(f"{where}: estimate", named or None, f"say what to estimate; {mend}")
    if kind and kind not in (named, family.get(named)):
        raise BadInput(f"{where}: estimate", named, f"this is no spec of {kind}; run: jevons estimate {named}")
    return str(named)


def _site(given: Any, where: str) -> Mapping[str, Any]:
    from inspect import signature

    from jevons.world.site import site

    chosen = {"name": given} if isinstance(given, str) else _mapping(given, f"{where}: site")
    require_known(chosen, list(signature(site).parameters), f"{where}: site")
    return chosen


def _mapping(given: Any, where: str) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise BadInput(where, given, "write keys and values below it")
    return {str(k): v for k, v in given.items() if v is not None}


def _yaml(name: str, text: str) -> Any:
    import yaml

    try:
        return yaml.load(text, _yaml_1_2())
    except yaml.MarkedYAMLError as trouble:
        line = trouble.problem_mark.line + 1 if trouble.problem_mark else None
        raise TableError(name, line, None, trouble.problem, "mend the YAML") from None
    except yaml.YAMLError as trouble:
        raise TableError(name, None, None, str(trouble), "mend the YAML") from None


TWICE = "stands twice in one map; keep one"
_CORE = {  # the scalars of YAML 1.2 that are not text
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "int": (r"^[-+]?(?:0|[1-9]\d*)$", "-+0123456789"),
    "float": (r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$", "-+.0123456789"),
}


@functools.lru_cache(maxsize=1)
def _yaml_1_2() -> Any:
    """A safe loader with the scalars of YAML 1.2: ``on`` and ``no`` are words, 1:30 and dates are text, 2e12 a number.

    A key that stands twice in one map is refused: the first would vanish.
    """
    import re

    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} {TWICE}", key.start_mark)
                seen.add(str(key.value))
            return super().construct_mapping(node, deep)

    dropped = {f"tag:yaml.org,2002:{name}" for name in (*_CORE, "timestamp")}
    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in found if tag not in dropped]
        for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for name, (pattern, letters) in _CORE.items():
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), list(letters))
    return Loader


def _toml(name: str, text: str) -> Any:
    import tomllib

    try:
        return _dates_as_text(tomllib.loads(text))
    except tomllib.TOMLDecodeError as trouble:
        raise TableError(name, None, None, str(trouble), "mend the TOML") from None


def _dates_as_text(value: Any) -> Any:
    from datetime import date, time

    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    return value.isoformat() if isinstance(value, (date, time)) else value


def _json(name: str, text: str) -> Any:
    import json

    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _distinct(name, pairs))
    except json.JSONDecodeError as trouble:
        raise TableError(name, trouble.lineno, None, trouble.msg, "mend the JSON") from None


def _distinct(name: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise TableError(name, None, None, key, f"it {TWICE}")
        found[key] = value
    return found


_READERS: dict[str, Callable[[str, str], Any]] = {".yaml": _yaml, ".yml": _yaml, ".toml": _toml, ".json": _json}
