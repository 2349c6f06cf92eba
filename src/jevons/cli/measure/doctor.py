"""``jevons doctor``: what is here, what is missing, and how to get it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import typer

from jevons.cli import exits, options, show
from jevons.cli.options import taking
from jevons.core.errors import JevonsError

app = typer.Typer()
EXTRAS = {"sweep": "joblib", "grid": "httpx", "scrape": "prometheus_client", "otel": "opentelemetry"}
OLDEST = (3, 11)


class Check(NamedTuple):
    """One finding. ``state``: ok, absent (fine without), or wrong (mend it)."""

    what: str
    state: str
    said: str


@app.command()
@taking(options.FORM)
def doctor(**given: Any) -> None:
    """Check the installation: versions, tables, settings, packs, extras, GPUs. Exit code 1 where something is wrong."""
    checks = [guarded(check) for check in CHECKS] + sensors()
    if show.wants_json(given):
        show.out_json([check._asdict() for check in checks])
    else:
        show.console().print(show.rows(("", "", ""), checks))
    raise typer.Exit(exits.FINDING if any(check.state == "wrong" for check in checks) else exits.OK)


def guarded(check: Callable[[], Check]) -> Check:
    """A check's finding; an error of ours is a finding too."""
    try:
        return check()
    except (JevonsError, OSError) as error:
        return Check(check.__name__, "wrong", str(error))


def python() -> Check:
    """The interpreter."""
    state = "ok" if sys.version_info >= OLDEST else "wrong"
    return Check("python", state, f"{sys.version.split()[0]} ({sys.executable})")


def version() -> Check:
    """The program."""
    import jevons

    return Check("jevons", "ok", jevons.__version__)


def factors() -> Check:
    """The tables."""
    from jevons.world import catalog

    files = sorted(catalog.DATA.glob("*.csv"))
    return Check("factor set", "ok", f"{catalog.version()}, {len(files)} tables in {catalog.DATA}")


def settings() -> Check:
    """The settings file."""
    from jevons.world.settings import settings as chosen

    found = chosen()
    if not found.file:
        return Check("settings", "absent", "none; jevons.toml here, or JEVONS_SETTINGS, would hold site, strict, overlay, also")
    said = ", ".join(f"{name} = {getattr(found, name)!r}" for name in ("site", "strict", "overlay", "also") if getattr(found, name))
    return Check("settings", "ok", f"{found.file}: {said or 'empty'}")


def packs() -> Check:
    """Overlays and packs of factors."""
    from jevons.world import catalog

    listed = [str(folder) for folder in catalog.folders() if folder != catalog.DATA]
    return Check("packs", "ok" if listed else "absent", ", ".join(listed) or "none; they are optional")


def extras() -> Check:
    """Optional packages."""
    from importlib.util import find_spec

    missing = {extra: package for extra, package in EXTRAS.items() if find_spec(package) is None}
    said = [f"{package}: pip install 'jevons[{extra}]'" for extra, package in missing.items()]
    return Check("extras", "absent" if missing else "ok", ", ".join(said) or ", ".join(EXTRAS.values()))


def gpus() -> Check:
    """GPUs that NVML sees."""
    try:
        import pynvml
    except ImportError:
        return Check("GPUs", "absent", "nvidia-ml-py is not installed: pip install nvidia-ml-py")
    try:
        pynvml.nvmlInit()
        names = [pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(i)) for i in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError as error:
        return Check("GPUs", "absent", f"none visible by NVML ({error}); estimates need none")
    return Check("GPUs", "ok", ", ".join(str(name) for name in names))


def folder() -> Check:
    """Whether results can be kept here."""
    from os import W_OK, access, getcwd

    place = getcwd()
    return Check("this folder", "ok" if access(place, W_OK) else "wrong", f"{place} " + (
        "can be written" if access(place, W_OK) else "cannot be written: keep results elsewhere with --save PATH"))  # fmt: skip


def sensors() -> list[Check]:
    """What can be measured here: each kind of sensor with its tier, why not, and the one command that mends it."""
    from jevons.measure.discover import look, sensors_found

    told = [sensor(found) for found in look()]
    try:
        used = sensors_found()
    except JevonsError:  # of the settings, whose own row says it
        used = sensors_found(also=())
    said = "; ".join(metered(meter) for one in used for meter in one.meters)
    for one in used:
        one.close()
    reads = Check("a run here reads", "ok" if said else "absent", said or "nothing")
    return [*told, reads, *unasked([meter for one in used for meter in one.meters]), *calibration(said)]


def unasked(used: Sequence[Any]) -> list[Check]:
    """What a run leaves out unless it is asked for, why, and how to have it; or why it cannot be had here."""
    from pathlib import Path

    from jevons.measure.discover import ALSO, WHY_NOT_UNASKED
    from jevons.measure.sensors import model

    covered = {meter.component for meter in used}
    beside = ["processor"] if any(meter.sensor == "model" and meter.boundary == "server" for meter in used) else []
    told = []
    for word, component in ALSO.items():
        if component not in covered and "system" not in covered:
            why_not = model.discover(Path("/"), [*beside, component]).why_not
            have = f"{WHY_NOT_UNASKED[word]}; to have it: --also {word}, or also = [\"{word}\"] in jevons.toml"
            told.append(Check(f"left out: {word}", "absent", why_not or have))
    return told


def sensor(found: Any) -> Check:
    """One kind of sensor."""
    names = [metered(meter) for one in found.sensors for meter in one.meters]
    for one in found.sensors:
        one.close()
    mend = f"; mend: {found.mend}" if found.mend else ""
    why = f"{found.why_not or 'none here'}{mend}"
    said = "; ".join([*names, *([why] if found.why_not else [])]) if names else why
    return Check(f"sensor {found.room}", "ok" if names else "absent", said)


def metered(meter: Any) -> str:
    """A device, how its energy is known, and how far that is to be trusted."""
    tier = f" ({meter.tier})" if meter.tier else ""
    band = f", true is {meter.low:g} to {meter.high:g} times it" if meter.low < meter.high else ""
    return f"{meter.device}: {meter.component}, {meter.boundary}, {meter.method}{tier}{band}"


def calibration(said: str) -> list[Check]:
    """Whether this host's own curve is known, where its processor is modelled."""
    from jevons.measure.sensors.surroundings import is_guest

    if "processor-model" not in said or "(calibrated)" in said or is_guest():
        return []
    return [Check("calibration", "absent", "the processor's power is modelled; three readings of a meter sharpen it; mend: "
                                           "jevons calibrate host")]  # fmt: skip


def journals() -> Check:
    """Where runs are kept, and what was cut short."""
    from os import W_OK, access

    from jevons.measure.home import home
    from jevons.measure.journal import left_open

    place, cut = home(), len(left_open())
    above = next(folder for folder in (place, *place.parents) if folder.exists())
    if not access(above, W_OK):
        return Check("journals", "wrong", f"{place} cannot be written; mend: export JEVONS_HOME=/a/folder/of/yours")
    left = f"; {cut} cut short; mend: jevons recover" if cut else ""
    return Check("journals", "ok", f"{place}{left}")


CHECKS = (python, version, factors, settings, packs, extras, gpus, folder, journals)
