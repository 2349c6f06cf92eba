"""A footprint on a model card: the Markdown section and the metadata block of Hugging Face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.footprint import Footprint
from jevons.report import figures

TRAINING_TYPES = ("pre-training", "fine-tuning")
DIGITS = 4


def co2_eq_emissions(footprint: Footprint, training_type: str, hardware_used: str, geographical_location: str = "",
                     version: str = "") -> dict[str, Any]:  # fmt: skip
    """The fields of a Hub model card's ``co2_eq_emissions``; ``emissions`` in GRAMS (Hub documentation, model cards).

    ``training_type``: pre-training or fine-tuning. ``geographical_location``: as fine as known, else the sites of the
    rows. Errors: BadInput for another training type, no hardware named, or no place known.
    """
    figures.single(footprint)
    location = geographical_location or ", ".join(figures.places(footprint))
    for name, value in (("hardware_used", hardware_used), ("geographical_location", location)):
        if not value:
            raise BadInput(name, value, "name it: readers of the card compare by it")
    if training_type not in TRAINING_TYPES:
        mend = f"use one of {', '.join(TRAINING_TYPES)}: the Hub's block tells of a training, other results go into the section alone"
        raise BadInput("training_type", training_type, mend)
    return {
        "emissions": _grams(footprint.best("climate")),
        "source": _source(footprint, version),
        "training_type": training_type,
        "geographical_location": location,
        "hardware_used": hardware_used,
    }


def metadata(footprint: Footprint, training_type: str, hardware_used: str, geographical_location: str = "",
             version: str = "") -> str:  # fmt: skip
    """The same as YAML, to stand between the ``---`` lines at the head of a README."""
    block = co2_eq_emissions(footprint, training_type, hardware_used, geographical_location, version)
    return yaml.safe_dump({"co2_eq_emissions": block}, sort_keys=False, allow_unicode=True, width=1000)


def section(footprint: Footprint, hardware: str = "", hours: float | None = None, cloud_provider: str = "",
            cloud_region: str = "", version: str = "", factor_set: str = "") -> str:  # fmt: skip
    """The section "Environmental Impact" of a model card, in Markdown.

    ``hours``: device-hours; by default the sum of the footprint's own. Fields not known say so.
    """
    figures.single(footprint)
    climate = figures.figure(footprint, "climate")
    facts = {
        "Hardware Type": hardware, "Hours used": _hours(footprint, hours), "Cloud Provider": cloud_provider,
        "Compute Region": cloud_region or ", ".join(figures.places(footprint)), "Carbon Emitted": str(climate),
    }  # fmt: skip
    parts = ["## Environmental Impact", _paragraph(footprint, version, factor_set)]
    parts.append("\n".join(f"- **{name}:** {_plain(value) or 'not stated'}" for name, value in facts.items()))
    rows = [(f.label, f.value, f.bounds or "–", f.shown_unit) for f in figures.figures(footprint)]
    parts.append(_table(("Indicator", "Best estimate", "5–95 %", "Unit"), rows, "lrrl"))
    parts.append(_table(("Stage", "Climate", "Share"), _stages(footprint), "lrr"))
    if footprint.assumptions:
        parts.append("Assumed:\n\n" + "\n".join(f"- {_plain(str(a))}" for a in footprint.assumptions))
    parts.append("Sources:\n\n" + "\n".join(f"- {_plain(s.cite())}" for s in footprint.sources))
    return "\n\n".join(parts) + "\n"


def _paragraph(footprint: Footprint, version: str, factor_set: str) -> str:
    study, by = figures.study_words(footprint), f"jevons {version}".strip()
    return (f"Computed by {by}{f' with factor set {factor_set}' if factor_set else ''} for {study['Functional unit']}: "
            f"{study['Grid factors']} grid factors, {study['Impact method']}. Energy: {figures.said_methods(footprint)}. "
            f"Left out: {study['Left out']}. Ranges hold nine in ten of the draws.")  # fmt: skip


def _source(footprint: Footprint, version: str) -> str:
    figure, study = figures.figure(footprint), figures.study_words(footprint)
    embodied = figures.embodied_share(footprint)
    held = f"{figures.percent(embodied)} of it hardware" if embodied else "hardware not included"
    spread = f"; 5-95 %: {_grams(figure.low)} to {_grams(figure.high)} g" if figure.bounds else ""
    return f"{f'jevons {version}'.strip()} ({study['Grid factors']} grid factors; {held}{spread})"


def _grams(kg: float) -> int | float:
    rounded = float(f"{kg * units.G_PER_KG:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def _hours(footprint: Footprint, hours: float | None) -> str:
    if hours is None:
        hours = figures.device_hours(footprint)
    return f"{units.significant(hours, DIGITS)} device-hours" if hours else ""


def _stages(footprint: Footprint) -> list[tuple[str, str, str]]:
    stages, whole = figures.cells(footprint, "climate", "stage"), figures.figure(footprint)
    portion = figures.shares(stages)
    return [(figures.named(key[0]), f"{whole.say(v)} {whole.shown_unit}", figures.percent(portion.get(key, 0.0)))
            for key, v in stages.items()]  # fmt: skip


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]], sides: str) -> str:
    rule = "|".join("---:" if side == "r" else ":---" for side in sides)
    lines = [f"| {' | '.join(names)} |", f"|{rule}|"]
    return "\n".join(lines + [f"| {' | '.join(map(_plain, row))} |" for row in rows])


def _plain(text: str) -> str:
    """Text that no Markdown table or tag can be broken by."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
