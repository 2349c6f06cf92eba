"""The board controller's power of the whole server: IPMI (ipmitool, FreeIPMI, ipmiutil) and Redfish.

Asked in a thread every five seconds, for an answer takes up to seconds. A board controller is no truth: on one DGX-1
it read 0.88 to 0.92 of the wall. Used where asked for by name, never found by itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from jevons.core.errors import BadInput
from jevons.measure.counter import Integrator
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Channel, Channels, Polled

IPMI = (("ipmitool", "dcmi", "power", "reading"), ("ipmi-dcmi", "--get-system-power-statistics"), ("ipmiutil", "dcmi", "power"))
CURRENT = re.compile(r"^\s*(?:Instantaneous power reading|Current Power)\s*:\s*(\d+(?:\.\d+)?)\s*[Ww]atts", re.MULTILINE)
STATE = re.compile(r"^\s*(?:Power reading state is|Power Measurement)\s*:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
BAND = (0.95, 1.15)
"""True wall over read: 1.09 to 1.14 on that DGX-1 (Jay et al., CCGrid 2023, data); other boards were not tried."""
Fetch = Callable[[str], Mapping[str, Any]]


def dcmi_power_w(answer: str) -> float | None:
    """Watts now from what any of the three IPMI tools prints; None where power reading is off or not there."""
    state, current = STATE.search(answer), CURRENT.search(answer)
    if current is None or (state is not None and state[1].lower() not in ("active", "activated")):
        return None
    return float(current[1]) or None


def redfish_power_w(fetch: Fetch) -> float | None:
    """Watts now over all chassis of a Redfish service; ``fetch(path)`` answers the JSON at a path."""
    total, found = 0.0, False
    for member in fetch("/redfish/v1/Chassis").get("Members", []):
        watts = chassis_power_w(fetch(member["@odata.id"] + "/Power"))
        if watts is not None:
            total, found = total + watts, True
    return total if found else None


def chassis_power_w(power: Mapping[str, Any]) -> float | None:
    """Watts of a chassis: its first PowerControl, which is the whole; the others (processors, memory) lie inside it."""
    controls = power.get("PowerControl") or []
    watts = controls[0].get("PowerConsumedWatts") if controls else None
    return float(watts) if isinstance(watts, (int, float)) and watts > 0 else None


def ipmi(command: tuple[str, ...] | None = None, period_s: float = 5.0) -> Channels:
    """A sensor by IPMI; BadInput with the mend where no tool answers."""
    tried = []
    for words in [command] if command else IPMI:
        try:
            if _run(words) is not None:
                return _sensor(lambda words=words: _run(words), "bmc ipmi", period_s)  # type: ignore[misc]
            tried.append(f"{words[0]} gave no reading")
        except (OSError, subprocess.SubprocessError) as trouble:
            tried.append(f"{words[0]}: {trouble}")
    raise BadInput("ipmi", "; ".join(tried), "try: sudo ipmitool dcmi power reading")


def redfish(url: str, user: str = "", password: str = "", period_s: float = 5.0) -> Channels:
    """A sensor by Redfish at ``url`` (https://bmc-of-this-node); BadInput where it answers no power."""
    fetch = _fetcher(url, user, password)
    try:
        if redfish_power_w(fetch) is None:
            raise BadInput("redfish", url, "name a service whose chassis has PowerControl")
    except (OSError, ValueError, KeyError) as trouble:
        raise BadInput("redfish", url, f"name a service that answers ({trouble})") from None
    return _sensor(lambda: redfish_power_w(fetch), "bmc redfish", period_s)


def _sensor(ask: Callable[[], float | None], kind: str, period_s: float) -> Channels:
    polled = Polled(ask, period_s)
    meter = Meter("bmc", "system", "server", "integrated", kind, "", "board controller", *BAND)
    return Channels([Channel(meter, polled, Integrator())], polled.close)


def _run(words: tuple[str, ...]) -> float | None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    return dcmi_power_w(done.stdout)


def _fetcher(url: str, user: str, password: str) -> Fetch:
    import base64
    import urllib.request

    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Accept": "application/json"} | ({"Authorization": f"Basic {token}"} if user else {})

    def fetch(path: str) -> Mapping[str, Any]:
        request = urllib.request.Request(url.rstrip("/") + path, headers=headers)
        with urllib.request.urlopen(request, timeout=2) as reply:
            answer: Mapping[str, Any] = json.load(reply)
            return answer

    return fetch
