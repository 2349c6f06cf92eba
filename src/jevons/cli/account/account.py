"""``jevons account``: what a file of another tool recorded, and a meter shared out over those who used it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import show
from jevons.cli.options import FORM, number_or_text, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.activity import Activity

app = typer.Typer(no_args_is_help=True, help="What others recorded, read as energy and hours; a meter shared out over its users.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="What another tool wrote; .gz and .zip are unpacked.", show_default=False)]
Kind = Annotated[str, typer.Option(metavar="FORMAT", help="Its format, where it is not recognised: slurm, prometheus, ...")]
Zone = Annotated[str, typer.Option(metavar="ZONE", help="Where the clock stood that wrote stamps without a zone: Europe/Paris.")]
Given = Annotated[list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of the format's reader: scope=pod, "
                                                 "gpu=a100, unit=kWh.", show_default=False)]  # fmt: skip
At = Annotated[str, typer.Option(metavar="SITE", help="Price it here; 'each': where each row says that it ran.")]
Power = Annotated[list[str] | None, typer.Option("--power", metavar="DEVICE=WATTS", help="Model hours without a meter: core=10, gpu=300, "
                                                 "an accelerator's id.", show_default=False)]  # fmt: skip
Cpu = Annotated[str, typer.Option(metavar="NAME", help="Model core hours as this processor's: 'epyc 7763'.")]
Model = Annotated[bool, typer.Option("--model", help="Model accelerators' hours at the table's power.")]
By = Annotated[str, typer.Option(metavar="COLUMN", help="Whose parts are told: owner, job, model, tenant, request, node.")]
Key = Annotated[str | None, typer.Option(metavar="KEY", help="'busy hours', 'owned hours', energy, tokens, requests, equal, "
                                         "'allotted energy', unallocated.", show_default=False)]  # fmt: skip


Pods = Annotated[Path | None, typer.Option(metavar="PODS.json", help="kubectl get pods -A -o json: whose the metered pods are.",
                                           show_default=False)]  # fmt: skip


@app.command()
@taking(FORM)
def read(file: File, kind: Kind = "", zone: Zone = "UTC", option: Given = None, at: At = "", power: Power = None, cpu: Cpu = "",
         model: Model = False, pods: Pods = None, by: By = "owner", **given: Any) -> None:  # fmt: skip
    """Show what a file recorded: totals, components, owners, and everything that was assumed."""
    from jevons import account

    kind = kind or account.recognise(file)
    found = account.read(file, kind, zone=zone, **pairs("--option", option))
    if pods is not None:
        from jevons.account.readers import kubernetes

        found = kubernetes.labelled(found, kubernetes.pods(pods))
    told(f"{file.name}: {kind}", modelled(found, power, cpu, model), by, at, given)


@app.command()
@taking(FORM)
def allocate(
    metered: File,
    used: Annotated[Path, typer.Argument(metavar="USAGE", help="A CSV of owner, start, end, busy hours, ..., or any file that read "
                                         "knows.", show_default=False)],
    by: By = "owner", active: Key = "", idle: Key = "", shared: Key = "", overhead: Key = "",
    idle_power: Annotated[list[str] | None, typer.Option(metavar="COMPONENT=WATTS", help="What a device draws when nothing runs: "
                                                         "accelerator=60.", show_default=False)] = None,
    kind: Kind = "", zone: Zone = "UTC", option: Given = None,
    usage_option: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the usage's reader: scope=pod.",
                                                           show_default=False)] = None,
    at: At = "", **given: Any,
) -> None:  # fmt: skip
    """Share a meter out: its parts by stated keys, and what nobody had as "unallocated"."""
    from jevons import account

    found = account.read(metered, kind or None, zone=zone, **pairs("--option", option))
    parts = account.allocate(found, account.usage(used, zone, **pairs("--usage-option", usage_option)), by, active=active, idle=idle, shared=shared, overhead=overhead,
                             idle_w=pairs("--idle-power", idle_power))  # fmt: skip
    told(f"{metered.name} shared out over {used.name}", parts, by, at, given)


def pairs(field: str, words: Sequence[str] | None) -> dict[str, Any]:
    """ "name=value" as a mapping, numbers as numbers."""
    found = {}
    for word in words or ():
        name, is_there, value = word.partition("=")
        if not is_there:
            raise BadInput(field, word, "give NAME=VALUE")
        found[name.strip()] = number_or_text(value.strip())
    return found


def modelled(found: Activity, power: Sequence[str] | None, cpu: str, model: bool) -> Activity:
    """With electricity for hours without a meter, where one of the three was given."""
    from jevons import account

    return account.modelled(found, pairs("--power", power), cpu or None) if power or cpu or model else found


def told(title: str, found: Activity, by: str, at: str, given: dict[str, Any]) -> None:
    """The answer as JSON or tables, priced where a site was named."""
    from jevons.cli.account import account_tables

    footprint, left = account_tables.priced(found, at) if at else (None, {})
    if show.wants_json(given):
        show.out_json(account_tables.record(title, found, by, footprint, left))
    else:
        account_tables.tell(title, found, by, footprint, left)
