"""A tracker with no work of its own: measures the machine, or a job on it, until it is told to stop (SIGTERM).

    python -m jevons.integrations.agent --listen 127.0.0.1:9877
    python -m jevons.integrations.agent --cgroup 4711 --wait 60 --label job=4711

The Slurm scripts, the systemd unit and the Kubernetes DaemonSet in ``deploy/`` start it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, JevonsError

if TYPE_CHECKING:
    from jevons.measure import Run


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options, read from the command line."""
    parser = argparse.ArgumentParser(prog="python -m jevons.integrations.agent", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cgroup", default="", help="the job or container to measure: its id or path (default: the machine)")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for how long the group may take to appear")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=WORD", help="kept with the run; may be repeated")
    parser.add_argument("--listen", default="", metavar="HOST:PORT", help="serve Prometheus metrics there, priced as time goes")
    parser.add_argument("--site", default="", help="where this machine stands (default: the settings' site)")
    parser.add_argument("--period", type=float, default=1.0, metavar="SECONDS", help="between samples")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the host's file system is mounted")
    return parser.parse_args(words)


def begin(options: argparse.Namespace) -> Run:
    """Start to measure what the options name; BadInput where they cannot be met."""
    from jevons import measure
    from jevons.measure.discover import sensors_found

    wrong = [label for label in options.label if "=" not in label]
    if wrong:
        raise BadInput("--label", wrong[0], "write it as name=word")
    chosen: dict[str, Any] = {"scope": "cgroup", "cgroup": options.cgroup} if options.cgroup else {}
    if options.listen:
        chosen["live"] = {"site": options.site} if options.site else True
    labels = dict(label.split("=", 1) for label in options.label)
    until = time.monotonic() + options.wait
    while True:
        try:
            return measure.start(sensors=sensors_found(options.root), period_s=options.period, labels=labels, **chosen)
        except BadInput as trouble:
            if trouble.field not in ("container", "cgroup") or time.monotonic() >= until:
                raise
        time.sleep(0.5)


def told(words: Sequence[str] | None = None) -> None:
    """As ``main``, for a service's log: what cannot be met is one line, with its mend, and exit code 2."""
    try:
        main(words)
    except (JevonsError, OSError) as trouble:
        print(f"jevons: {trouble}", file=sys.stderr)
        raise SystemExit(2) from None


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and serve if asked, until SIGTERM or Ctrl-C; the journal is closed then."""
    options = arguments(words)
    host, _, port = options.listen.rpartition(":")
    if options.listen and not port.isdigit():
        raise BadInput("--listen", options.listen, "write it as host:port, e.g. 127.0.0.1:9877")
    run = begin(options)
    if options.listen:
        from jevons.measure.served import serve

        serve(run, port=int(port), host=host or "127.0.0.1")
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        run.stop()


if __name__ == "__main__":
    told()
