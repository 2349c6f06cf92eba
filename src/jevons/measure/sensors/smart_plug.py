"""Smart plugs that answer by HTTP on the local network: Shelly (first and second generation) and Tasmota.

What the plug feeds is the whole machine, supplies and fans included: the truth that the other sensors lack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jevons.core.errors import BadInput
from jevons.measure.counter import Integrator
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Channel, Channels, Polled

BAND = (0.97, 1.03)
"""No plug's accuracy was checked here: a rule, of the order that makers state."""


def shelly_2_w(answer: Mapping[str, Any]) -> float:
    """Watts from ``/rpc/Switch.GetStatus?id=0``."""
    return float(answer["apower"])


def shelly_1_w(answer: Mapping[str, Any]) -> float:
    """Watts from ``/meter/0``."""
    return float(answer["power"])


def tasmota_w(answer: Mapping[str, Any]) -> float:
    """Watts from ``/cm?cmnd=Status%208``."""
    return float(answer["StatusSNS"]["ENERGY"]["Power"])


KINDS: dict[str, tuple[str, Callable[[Mapping[str, Any]], float]]] = {
    "shelly-2": ("/rpc/Switch.GetStatus?id=0", shelly_2_w),
    "shelly-1": ("/meter/0", shelly_1_w),
    "tasmota": ("/cm?cmnd=Status%208", tasmota_w),
}


def plug(kind: str, url: str, period_s: float = 1.0) -> Channels:
    """A sensor over the plug at ``url``; BadInput for an unknown kind or a plug that does not answer."""
    if kind not in KINDS:
        raise BadInput("plug", kind, f"choose one of {', '.join(KINDS)}")
    path, watts = KINDS[kind]
    try:
        polled = Polled(lambda: watts(_fetch(url.rstrip("/") + path)), period_s)
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise BadInput("plug", url, f"give the address of a {kind} plug that answers ({trouble})") from None
    meter = Meter("wall-plug", "system", "server", "integrated", f"plug {kind}", "", "at the wall", *BAND)
    return Channels([Channel(meter, polled, Integrator())], polled.close)


def _fetch(url: str) -> Mapping[str, Any]:
    import urllib.request

    with urllib.request.urlopen(url, timeout=2) as reply:
        answer: Mapping[str, Any] = json.load(reply)
        return answer
