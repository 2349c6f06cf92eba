"""What this machine runs in, which says why a counter is hidden: a hypervisor, a container."""

from __future__ import annotations

import re
from pathlib import Path

from jevons.measure.sensors.channel import text

SIGNS = (".dockerenv", "run/.containerenv", "run/secrets/kubernetes.io")
"""Files that Docker, Podman and Kubernetes leave in a container."""


def is_guest(root: Path = Path("/")) -> bool:
    """Whether the processor says that a hypervisor runs this machine (x86)."""
    flags = re.search(r"^flags\s*:(.*)", text(root / "proc/cpuinfo"), re.MULTILINE)
    return flags is not None and "hypervisor" in flags[1].split()


def is_container(root: Path = Path("/")) -> bool:
    """Whether this is a container's file system."""
    return any((root / sign).exists() for sign in SIGNS)
