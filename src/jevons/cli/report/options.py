"""The options of ``jevons report``, each once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def flag(help: str, *names: str, metavar: str | None = None) -> Any:
    """An option whose default says nothing worth showing."""
    return typer.Option(*names, help=help, metavar=metavar, show_default=False)


def given(help: str, metavar: str) -> Any:
    """An argument."""
    return typer.Argument(help=help, metavar=metavar, show_default=False)


SOURCES = ("Kept results, specs, files that account.read knows, or 'ledger:project=search'. "
           "'service:' or 'leased:' before one says how its machines are held.")  # fmt: skip
Results = Annotated[list[str], given(SOURCES, "RESULT...")]
Result = Annotated[str, given("A kept result, a spec, a file that account.read knows, or ledger:RUN.", "RESULT")]
Pack = Annotated[Path, given("A pack of 'jevons report assurance'.", "PACK.zip")]

Out = Annotated[Path | None, flag("Write here.", "--out", metavar="FILE")]
At = Annotated[str, flag("Where it ran: fills in a spec that names no site, replaces what rows of a file name.", "--at", metavar="SITE")]
Year = Annotated[int | None, flag("When they ran, where they do not say.", "--year", metavar="YEAR")]

Contracts = Annotated[Path | None, flag("Contract ledger (.csv, .toml), for the market side.", "--contracts", metavar="FILE")]
Ledger = Annotated[Path, flag("Contract ledger (.csv, .toml).", "--contracts", metavar="FILE")]
Strict = Annotated[bool, flag("Refuse to stand in for a residual mix that is not given.", "--strict")]

Approach = Annotated[str, typer.Option("--approach", metavar="HOW", help="operational control, financial control, equity share.")]
Share = Annotated[str, typer.Option("--share", metavar="SHARE", help="Equity in the machines, 0 to 1 or '40 %'; with equity share.")]
Tenure = Annotated[str, typer.Option("--tenure", metavar="WORD", help="How the machines are held: owned, leased, service.")]
Organisation = Annotated[str, flag("Who reports.", "--organisation", metavar="NAME")]
Period = Annotated[str, flag("What is reported: 2025; by default the period the ledger is asked for.", "--period", metavar="TEXT")]
Credits = Annotated[float, flag("Carbon credits cancelled: shown apart, never netted.", "--credits", metavar="TONNES")]
Removals = Annotated[float, flag("Removals: told in E1-7, never netted.", "--removals", metavar="TONNES")]
Revenue = Annotated[float | None, flag("Net revenue, for the intensities.", "--revenue", metavar="AMOUNT")]
Currency = Annotated[str, typer.Option("--currency", metavar="CODE", help="Of the revenue.")]

Per = Annotated[str, flag("Functional unit R: '1k tokens'; without it the rate is null.", "--per", metavar="UNIT")]
Model = Annotated[str, flag("The model, where the result does not name it.", "--model", metavar="NAME")]
Flop = Annotated[float | None, flag("Operations of the training: 3.8e25.", "--flop", metavar="FLOP")]
Days = Annotated[float | None, flag("How long it trained.", "--days", metavar="DAYS")]
Country = Annotated[str, flag("Where it ran; by default the site's country.", "--country", metavar="NAME")]
Family = Annotated[str, flag("What the task is: 'text generation'.", "--task", metavar="FAMILY")]
Stage = Annotated[str, flag("training, finetuning, inference; by default the result's.", "--stage", metavar="STAGE")]
Infrastructure = Annotated[str, typer.Option("--infrastructure", metavar="KIND", help="publicCloud, privateCloud, onPremise, other.")]
Devices = Annotated[int | None, flag("How many accelerators or machines.", "--devices", metavar="COUNT")]
Publisher = Annotated[str, flag("Who publishes it.", "--publisher", metavar="NAME")]
Hardware = Annotated[str, flag("By default the result's.", "--hardware", metavar="NAME")]
Training = Annotated[str, flag("pre-training or fine-tuning; by default the result's.", "--training-type", metavar="TYPE")]
Section = Annotated[bool, flag("The section on environmental impact too.", "--section")]
Task = Annotated[str, typer.Option("--task", metavar="TASK", help="One of the project's tasks.")]
Params = Annotated[float | None, flag("Parameters, for the class.", "--params", metavar="BILLION")]
Batch = Annotated[float | None, flag("By default the result's.", "--batch", metavar="COUNT")]
Bill = Annotated[Path | None, flag("A FOCUS bill to stand beside.", "--bill", metavar="FILE.csv")]
By = Annotated[str, flag("chromium or typst; by default the first that is there.", "--by", metavar="MAKER")]

Readings = Annotated[Path, given("Readings of the building's meters: a CSV, or a folder with a file a meter.", "METERS")]
Computers = Annotated[list[str], flag("A meter of IT equipment, at the output of the UPS; may be given again.", "--it", metavar="METER")]
Reused = Annotated[list[str] | None, flag("A heat meter of what others use; may be given again.", "--reused", metavar="METER")]
Zone = Annotated[str, typer.Option("--zone", metavar="ZONE", help="Time zone of stamps that name none.")]
Name = Annotated[str, flag("The data centre.", "--name", metavar="NAME")]
Water = Annotated[float | None, flag("Water that came in.", "--water", metavar="M3")]
Potable = Annotated[float | None, flag("Of it potable.", "--potable", metavar="M3")]
Backup = Annotated[float | None, flag("Energy of back-up generators.", "--backup", metavar="KWH")]
Installed = Annotated[float | None, flag("Installed IT power demand.", "--installed", metavar="KW")]
