"""How Slurm writes amounts: durations, abbreviated numbers, trackable resources, memory a node or a core, node lists."""

from __future__ import annotations

import re

from jevons.account.readers.lines import Line

THOUSANDS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6, "Z": 7}
GIB_IN_GB = 1.073741824
NUMBER = re.compile(r"([\d.]+)([KMGTPEZ]?)$")
MEMORY = re.compile(r"([\d.]+)([KMGTPE]?)B?([nc]?)$")
SPAN = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$")
BRACKETS = re.compile(r"\[([^\]]*)\]")
LISTED = re.compile(r"(\d+)(?:-(\d+))?$")


def amount(word: str) -> float:
    """A number as sacct abbreviates it, thousands between K, M, G ...; ValueError where it is none."""
    found = NUMBER.match(word)
    if not found:
        raise ValueError(word)
    return float(found[1]) * 1000.0 ** THOUSANDS[found[2]]


def duration_s(word: str) -> float:
    """Seconds of a span such as ``1-02:03:04.5`` (days, hours, minutes, seconds) or ``03:04``; ValueError where it is none."""
    found = SPAN.match(word)
    if not found:
        raise ValueError(word)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def gigabytes(word: str) -> tuple[float, str]:
    """(GB, "n" a node, "c" a core or "" in all) of "64G", "6760Mc", "250Gn"; a bare number is in MiB."""
    found = MEMORY.match(word)
    if not found:
        raise ValueError(word)
    return float(found[1]) * 1024.0 ** (THOUSANDS[found[2] or "M"] - 3) * GIB_IN_GB, found[3]


def allocated(line: Line, column: str) -> dict[str, float]:
    """Trackable resources, "cpu=8,energy=1200,gres/gpu:a100=2,mem=64G" → amount by name, memory in GB."""
    held = {}
    for pair in filter(None, line.text(column).split(",")):
        name, _, word = pair.partition("=")
        if name in ("cpu", "node", "energy", "mem", "gres/gpu") or name.startswith("gres/gpu:"):
            try:
                held[name] = gigabytes(word)[0] if name == "mem" else _plain(word)
            except ValueError:
                raise line.trouble(column, f"give {name}=<number>") from None
    return held


def _plain(word: str) -> float:
    """A number of resources; processor time of TRESUsageInTot is a duration, in seconds."""
    return duration_s(word) if ":" in word else amount(word)


def memory_gb(line: Line, column: str, nodes: float, cores: float) -> float:
    """GB asked for in all: ReqMem says it a node (n), a core (c), or in all."""
    word = line.text(column)
    if not word or word == "0":
        return 0.0
    try:
        gb, each = gigabytes(word)
    except ValueError:
        raise line.trouble(column, "give memory as 64G, 250Gn or 6760Mc") from None
    return gb * {"n": nodes, "c": cores, "": 1.0}[each]


def node_count(words: str) -> int:
    """How many nodes "gpu[01-03,07],login1" names, without spelling them out; ValueError where it is no list."""
    outside = BRACKETS.sub(lambda found: f"\0{_listed(found[1])}\0", words)
    total = 0
    for part in filter(None, outside.split(",")):
        counts = [int(n) for n in part.split("\0")[1::2]]
        if "[" in part or "]" in part:
            raise ValueError(words)
        product = 1
        for n in counts:
            product *= n
        total += product
    return total


def _listed(words: str) -> int:
    total = 0
    for part in words.split(","):
        found = LISTED.match(part)
        if not found:
            raise ValueError(words)
        total += int(found[2]) - int(found[1]) + 1 if found[2] else 1
    return total
