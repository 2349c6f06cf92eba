"""CodeCarbon's keywords, checked when a tracker is made: what it swallows is an error here, with its mend.

Given in the call, else as CODECARBON_<NAME> in the environment, else in ``.codecarbon.config`` of the working folder
or of the home. None means the default.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, UnknownName

log = logging.getLogger("codecarbon")
Check = Callable[[str, Any], Any]
LEVELS = ("debug", "info", "warning", "warn", "error", "critical", "fatal", "notset")
CONFIG = ".codecarbon.config"
OF_ITS_CLOUD = {"organization_id", "project_id"}


class OutputMethod(StrEnum):
    """Where a row goes. CSV and LOGGER are written here; the others send it elsewhere and are refused."""

    CSV = "csv"
    API = "api"
    LOGGER = "logger"
    PROMETHEUS = "prometheus"
    LOGFIRE = "logfire"
    BOAMPS = "boamps"


HERE = (OutputMethod.CSV, OutputMethod.LOGGER)
HAND_OVER = "jevons sends nothing: hand an object with out(total, delta) to output_handlers= and let it send"


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise BadInput(name, value, "give text")
    return value


def _number(low: float, high: float = 1e9) -> Check:
    def check(name: str, value: Any) -> float:
        try:
            found = float(value) if isinstance(value, str) else value
        except ValueError:
            raise BadInput(name, value, f"give a number from {low:g}") from None
        found = float(units.read(found, "", name, minimum=low))
        if found > high:
            raise BadInput(name, value, f"give a number from {low:g} to {high:g}")
        return found

    return check


def _flag(name: str, value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise BadInput(name, value, "give True or False")
    return words[str(value).lower()]


def _one_of(*allowed: str) -> Check:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise BadInput(name, value, f"choose one of {', '.join(allowed)}")
        return str(value)

    return check


def _folder(name: str, value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)) or not Path(value).is_dir():
        raise BadInput(name, value, "name an existing folder")
    if not os.access(value, os.W_OK | os.X_OK):
        raise BadInput(name, value, "name a folder that can be written")
    return os.fspath(value)


def _interval(name: str, value: Any) -> int:
    count = int(value) if str(value).lstrip("-").isdigit() else 0
    if isinstance(value, bool) or (count < 1 and count != -1):
        raise BadInput(name, value, "give a whole number from 1, or -1 for never")
    return count


def _level(name: str, value: Any) -> Any:
    known = value in range(0, 51, 10) if isinstance(value, int) else str(value).lower() in LEVELS
    if not known or isinstance(value, bool):
        raise BadInput(name, value, f"choose one of {', '.join(LEVELS[:6])}")
    return value


def _gpus(name: str, value: Any) -> str:
    """GPU numbers or beginnings of uuids, as CUDA_VISIBLE_DEVICES writes them."""
    parts = value.split(",") if isinstance(value, str) else value
    plain = isinstance(parts, (list, tuple)) and all(isinstance(p, (int, str)) and not isinstance(p, bool) for p in parts)
    words = [str(part).strip() for part in parts] if plain else []
    if not plain or not all(words) or any(w.startswith("-") for w in words):
        raise BadInput(name, value, 'give numbers or beginnings of uuids, e.g. [0, 2] or "GPU-8f3c"')
    return ",".join(words)


def _methods(name: str, value: Any) -> list[OutputMethod]:
    words = value.split(",") if isinstance(value, str) else value
    known = [m.value for m in OutputMethod]
    if not isinstance(words, (list, tuple)) or any(getattr(w, "value", w) not in known for w in words if w):
        raise BadInput(name, value, f"give a list of {', '.join(known)}")
    methods = [OutputMethod(getattr(w, "value", w)) for w in words if w]
    for method in methods:
        if method not in HERE:
            raise BadInput(name, method.value, HAND_OVER)
    return methods


def _never(name: str, value: Any) -> None:
    """A wish to send rows elsewhere."""
    if str(value).lower() not in ("false", "0", "no", "off", ""):
        raise BadInput(name, value, HAND_OVER)


def _handlers(name: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)) or not all(callable(getattr(h, "out", None)) for h in value):
        raise BadInput(name, value, "give a list of objects with out(total, delta)")
    return list(value)


def _writer(name: str, value: Any) -> Any:
    if not callable(getattr(value, "out", None)):
        raise BadInput(name, value, "give an object with out(total, delta), e.g. codecarbon's LoggerOutput")
    return value


def _country(name: str, value: Any) -> str:
    """An ISO 3166 alpha-3 code that the tables know; nothing else stands in for it."""
    from jevons.world.place import locate

    if not isinstance(value, str):
        raise BadInput(name, value, "give the three capital letters of a country, e.g. 'FRA'")
    try:
        found = locate(value).country
    except UnknownName as trouble:
        raise UnknownName(name, value, trouble.nearest, "give the three capital letters of a country") from None
    if found != value:
        raise BadInput(name, value, f"give the three capital letters of a country{f', {found!r}' if found else ''}")
    return value


def _country_2(name: str, value: Any) -> str:
    """An ISO 3166 alpha-2 code."""
    from jevons.world.place import locate

    if not isinstance(value, str) or len(value) != 2:
        raise BadInput(name, value, "give the two letters of a country, e.g. 'FR'")
    return locate(value.upper()).country


def _any(name: str, value: Any) -> Any:
    return value


OPTIONS: dict[str, tuple[Any, Check]] = {  # in the order in which CodeCarbon 3.3 takes them by position
    "project_name": ("codecarbon", _text),
    "measure_power_secs": (None, _number(0.01, 86400)),
    "api_call_interval": (8, _interval),
    "api_endpoint": (None, _any),
    "api_key": (None, _any),
    "output_dir": (".", _folder),
    "output_file": ("emissions.csv", _text),
    "output_methods": (None, _methods),
    "save_to_file": (True, _flag),
    "save_to_api": (None, _never),
    "save_to_logger": (False, _flag),
    "logging_logger": (None, _writer),
    "save_to_prometheus": (None, _never),
    "save_to_logfire": (None, _never),
    "prometheus_url": (None, _any),
    "output_handlers": ([], _handlers),
    "gpu_ids": (None, _gpus),
    "emissions_endpoint": (None, _never),
    "experiment_id": ("5b0fa12a-3dd7-45bb-9766-cc326314d9f1", _text),
    "experiment_name": ("base", _text),
    "electricitymaps_api_token": (None, _any),
    "co2_signal_api_token": (None, _any),
    "tracking_mode": ("machine", _one_of("machine", "process")),
    "log_level": ("info", _level),
    "on_csv_write": ("append", _one_of("append", "update")),
    "logger_preamble": ("", _any),
    "force_cpu_power": (None, _number(0, 1e6)),
    "force_ram_power": (None, _number(0, 1e6)),
    "pue": (1.0, _number(1, 10)),
    "wue": (0.0, _number(0, 1000)),
    "force_carbon_intensity_g_co2e_kwh": (None, _number(0, 1e5)),
    "force_mode_cpu_load": (False, _flag),
    "allow_multiple_runs": (True, _flag),
    "rapl_include_dram": (False, _flag),
    "rapl_prefer_psys": (False, _flag),
    "metadata": (None, _any),
    "country_iso_code": (None, _country),
    "region": (None, _text),
    "cloud_provider": (None, _text),
    "cloud_region": (None, _text),
    "country_2letter_iso_code": (None, _country_2),
}


def read(args: Sequence[Any] = (), named: Mapping[str, Any] | None = None) -> SimpleNamespace:
    """Every option by name, checked; UnknownName for a keyword CodeCarbon has not, BadInput for a bad value."""
    if len(args) > len(OPTIONS):
        raise BadInput("arguments", len(args), f"a tracker takes at most {len(OPTIONS)}")
    given = {**dict(zip(OPTIONS, args)), **(named or {})}
    for name in given:
        if name not in OPTIONS:
            raise UnknownName("keyword", name, get_close_matches(name, OPTIONS, 3))
    merged = {**configured(), **{k: v for k, v in given.items() if v is not None}}
    options = {name: check(name, merged[name]) if name in merged else default for name, (default, check) in OPTIONS.items()}
    if options["output_methods"] is None:
        wishes = {OutputMethod.CSV: options["save_to_file"], OutputMethod.LOGGER: options["save_to_logger"]}
        options["output_methods"] = [method for method, wished in wishes.items() if wished]
    if OutputMethod.LOGGER in options["output_methods"] and options["logging_logger"] is None:
        raise BadInput("logging_logger", None, "the method 'logger' needs an object with out(total, delta)")
    if bool(options["cloud_provider"]) != bool(options["cloud_region"]):
        raise BadInput("cloud_region", options["cloud_region"], "give cloud_provider and cloud_region together")
    return SimpleNamespace(**options)


def configured() -> dict[str, Any]:
    """Options of the two configuration files and of the environment, the later over the earlier."""
    found: dict[str, Any] = {}
    for file in (Path.home() / CONFIG, Path(CONFIG)):
        if file.is_file():
            found |= _section(file)
    prefix = "codecarbon_"
    found |= {k.lower().removeprefix(prefix): v for k, v in os.environ.items() if k.lower().startswith(prefix)}
    for name in set(found) - set(OPTIONS) - OF_ITS_CLOUD:
        log.warning("codecarbon's configuration names %r, which no tracker knows; it is left out", name)
    return {name: value for name, value in found.items() if name in OPTIONS and value != ""}


def _section(file: Path) -> dict[str, str]:
    from configparser import ConfigParser, Error

    parser = ConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except Error as trouble:
        raise BadInput(CONFIG, str(file), f"mend it: {trouble}") from None
    return dict(parser["codecarbon"]) if parser.has_section("codecarbon") else {}
