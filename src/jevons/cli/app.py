"""The root command: every room below it is imported only when it is entered."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from jevons.cli import exits
from jevons.core.errors import JevonsError

PANELS = {  # what a command is for -> command -> the module of jevons.cli that holds it
    "Before it runs": {"demo": "estimate.demo", "estimate": "estimate.estimate", "validate": "estimate.validate", "calibrate": "estimate.calibrate"},
    "While it runs": {"run": "measure.track", "watch": "measure.track", "recover": "measure.track", "bench": "measure.bench", "proxy": "measure.proxy",
                      "doctor": "measure.doctor"},
    "After it ran": {"ledger": "ledger.ledger", "budget": "ledger.budget", "sql": "ledger.sql", "fleet": "account.fleet", "account": "account.account",
                     "traces": "account.traces", "lifecycle": "account.lifecycle", "travel": "account.travel"},
    "Told and checked": {"report": "report.report", "card": "cards.card", "registry": "cards.registry", "audit": "cards.audit",
                         "explain": "results", "compare": "results", "compare-methods": "estimate.methods", "rerun": "results",
                         "reproduce": "ledger.reproduce"},
    "What exists": {"world": "world"},
}  # fmt: skip
ROOMS = {command: module for panel in PANELS.values() for command, module in panel.items()}
COMPLETION = {"install_completion", "show_completion"}  # the root's, not of each group again


class Rooms(TyperGroup):
    """Commands by name, each built when it is asked for; our errors become one line and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of the help page."""
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, from its own module."""
        if cmd_name not in ROOMS:
            return None
        room = import_module(f"jevons.cli.{ROOMS[cmd_name]}")
        command = named(getattr(room, cmd_name.replace("-", "_") + "_app", None) or room.app, cmd_name)
        command.rich_help_panel = next(panel for panel, held in PANELS.items() if cmd_name in held)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run; print an error as one line, never a traceback unless --debug asks for it."""
        try:
            return super().invoke(ctx)
        except JevonsError as error:
            if ctx.params.get("debug"):
                raise
            raise refused(str(error), exits.code_of(error)) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug") or type(error).__name__ == "NoArgsIsHelpError":
                raise
            if is_usage(error):
                raise refused(usage(error), exits.BAD_INPUT) from None
            if isinstance(error, OSError):
                raise refused(f"{error.filename or 'output'}: {error.strerror}", exits.BAD_INPUT) from None
            raise refused(internal(error), exits.INTERNAL) from None


def named(app: typer.Typer, name: str) -> Any:
    """The command (or group) of an app, under the name it is listed by."""
    command = typer.main.get_command(app)
    command.name = name
    command.params = [option for option in command.params if option.name not in COMPLETION]
    return command


def refused(message: str, code: int) -> typer.Exit:
    """Say why on stderr, in one line; the exit that follows."""
    print("jevons: " + " ".join(message.split()), file=sys.stderr)
    return typer.Exit(code)


def is_usage(error: Exception) -> bool:
    """Whether an error is about how the command was typed."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def usage(error: Any) -> str:
    """What was typed wrongly, and where help is."""
    where = error.ctx.command_path if getattr(error, "ctx", None) else "jevons"
    return f"{error.format_message()} Help: {where} --help"


def internal(error: Exception) -> str:
    """What to say of a fault of our own."""
    return f"internal fault, {type(error).__name__}: {error}; run again with --debug before the command to see where"


def version(asked: bool) -> None:
    """Print the versions of program and tables, then stop."""
    if asked:
        import jevons
        from jevons.world import catalog

        print(f"jevons {jevons.__version__}, factor set {catalog.version()}")
        raise typer.Exit(exits.OK)


app = typer.Typer(cls=Rooms, no_args_is_help=True, pretty_exceptions_enable=False, epilog=exits.epilog(),
                  context_settings={"help_option_names": ["-h", "--help"]})  # fmt: skip


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=version, is_eager=True, help="Say which version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something goes wrong.")] = False,
) -> None:
    """What AI work costs the planet: energy, carbon, water and money, before, while and after it runs.

    Tables on a terminal; JSON when piped, or with --json. Nothing is sent unasked.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # small arrays: threads cost more than they give
