"""What ``jevons run`` and ``jevons watch`` share: whose energy, for how long, and what is told meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.measure import grid_choice
from jevons.cli.measure.command import progress, refuse_absent, tell
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.cli.measure.command import Command
    from jevons.measure import Run

LISTEN = "127.0.0.1:9877"
TOLD_EVERY_S = 10.0
LOOK_S = 0.2
QUIET_S = 60.0


def refuse_both(command: Sequence[str], given: Mapping[str, Any]) -> None:
    """One thing is measured at a time: a command, a process or a container."""
    asked = [f"--{name}" for name in ("pid", "container") if given.get(name) is not None]
    if command and asked:
        raise BadInput("command", " ".join(command), f"leave it out, or leave out {asked[0]}")
    if not command and not asked:
        raise BadInput("command", "", "say what to run: jevons run -- python train.py; or --pid, --container")
    if asked and (given.get("progress") or given.get("total")):
        raise BadInput("--progress", given.get("progress"), "it reads what a command writes that is started here")
    if len(asked) > 1:
        raise BadInput("--pid", given["pid"], "choose one of --pid and --container")


def begin(given: Mapping[str, Any], command: Sequence[str]) -> Run:
    """Start to measure what was asked for, its page served where wanted. Errors: BadInput for what cannot be had."""
    import jevons
    from jevons.measure import start

    if command:
        refuse_absent(command)
        progress(given)
    if given.get("at"):
        jevons.site(given["at"])  # said now, not when the work is done
    if given.get("json"):
        logging.getLogger("jevons").setLevel(logging.CRITICAL)  # stderr is the record's alone
    scope = given.get("scope") or ("process" if given.get("pid") else "cgroup" if given.get("container") else "machine")
    job = Path(command[0]).name if command else str(given.get("container") or given.get("pid") or "watch")
    whose = {name: value for name, value in (("pid", given.get("pid")), ("cgroup", given.get("container"))) if value}
    address = split(given["listen"]) if given.get("listen") else None
    also = given["also"].split(",") if given.get("also") else None
    period_s = 1.0 if given.get("period") is None else given["period"]
    run = start(period_s=period_s, labels={"job": job}, scope=scope, live=live(given), also=also, **whose)
    if address is not None:
        _serve(run, *address, quiet=bool(given.get("json")))
    return run


def live(given: Mapping[str, Any]) -> bool | dict[str, Any]:
    """Options of the live report: whether, where, within which budget."""
    if given.get("stop") and not given.get("budget"):
        raise BadInput("--stop", True, "say what may be used: --budget '5 kg'")
    if given.get("stop") and given.get("container"):
        raise BadInput("--stop", True, "a container is its runtime's to stop: leave it out and take the warning")
    if not any(given.get(name) for name in ("live", "listen", "budget", "grid", "zone", "progress")):
        return False
    place = grid_choice.place(given)
    options: dict[str, Any] = {"site": place, "study": grid_choice.study(place)}
    if options["study"].scope == "direct" and not given.get("json"):
        tell(f"jevons: carbon of generation alone (direct), as {given['grid']} publishes it; life cycles add to it")
    if given.get("budget"):
        options["budget"] = budget(given["budget"], bool(given.get("stop")))
    return options


def budget(text: str, stop: bool) -> Any:
    """``5 kg``, ``2 kWh`` or ``100 L`` as a budget of the indicator that the unit tells."""
    from jevons.measure.live_report import Budget

    unit = text.strip().lstrip("0123456789.eE+-_ ").lower()
    indicator = "energy" if unit.endswith(("wh", "j")) else "water" if unit in ("l", "ml", "m3", "m³") else "climate"
    return Budget(text, indicator, "stop" if stop else "warn")


def launched(run: Run, words: Sequence[str], given: Mapping[str, Any]) -> int:
    """Run a command to its end; its exit code. A spent budget ends it where asked, signals are passed on to it."""
    from jevons.cli.measure.command import Command

    command = Command(run, words, given)
    try:
        if run.report is None:
            command.wait()
        _until(lambda: not command.look(), run, given, command)
        return command.close()
    except KeyboardInterrupt:
        return command.end()


def follow(run: Run, given: Mapping[str, Any]) -> int:
    """Measure until the process or container has ended, or until Ctrl-C; a spent budget ends a process where asked."""
    who = run.who
    try:
        _until(lambda: who is not None and who.consumer.gone, run, given)
    except KeyboardInterrupt:
        spent = run.report is not None and any(excess.kind == "spent" for excess in run.report.told)
        if spent and given.get("stop") and given.get("pid"):
            from jevons.cli.measure.command import CUT_SHORT, GRACE_S
            from jevons.measure.ending import end

            end(given["pid"], GRACE_S)
            return CUT_SHORT
    return 0


def _until(over: Callable[[], bool], run: Run, given: Mapping[str, Any], command: Command | None = None) -> None:
    """Wait; with ``--live`` or ``--progress`` say every few seconds how it stands."""
    began = told = time.monotonic()
    says = (given.get("live") or given.get("progress")) and not given.get("json") and run.report is not None
    while not over():
        time.sleep(LOOK_S)
        if says and time.monotonic() - told >= TOLD_EVERY_S:
            told = time.monotonic()
            tell(f"jevons: {run.report}{_why_no_end(command, told - began)}")


def _why_no_end(command: Command | None, ran_s: float) -> str:
    """Why no end is foreseen, where it was asked for."""
    progress = command.following.progress if command is not None and command.following is not None else None
    if progress is None or progress.now is not None:
        return ""
    if progress.again:
        return f"; the bar of {progress.of:g} began again, so it tells of a part: say the whole with --total"
    return "; no progress was read so far" if ran_s >= QUIET_S else ""


def split(listen: str) -> tuple[str, int]:
    """host:port as typed."""
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise BadInput("--listen", listen, f"write it as host:port, e.g. {LISTEN}")
    return host or "127.0.0.1", int(port)


def _serve(run: Run, host: str, port: int, quiet: bool) -> None:
    from jevons.measure.served import serve

    try:
        served = serve(run, port, host)
    except BadInput:
        run.drop()
        raise
    if not quiet:
        show.say(f"jevons: as it goes at {served.page}, for Prometheus at {served.url}")
