"""The rules of the audit: each takes a claim and yields what cannot be true of it, with the arithmetic shown.

The bands are rules of this library: intensities from 5 (hydropower) to 1200 g/kWh (lignite and losses), an MFU
from 0.03 to 0.70 (the best published reach 0.57), an accelerator's power to 1.05 of its TDP, that of a whole
system to 2.5 of it, where it is not said which to 1.3. Products agree within 3 % or their rounding, counts
within 1 %, siblings within 5 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import log
from statistics import median

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.estimate.claims.claim import Claim, power_scope
from jevons.estimate.claims.finding import Finding, percent
from jevons.estimate.claims.pue import carbon, energy
from jevons.estimate.flops import encoder_decoder_flops, six_nd

INTENSITY_G_PER_KWH = (5.0, 1200.0)
MFU = (0.03, 0.70)
SYSTEM_OVER_TDP = 2.5
POWER_OVER_TDP = {"chip": 1.05, "": 1.3, "server": SYSTEM_OVER_TDP, "facility": SYSTEM_OVER_TDP}
IN_KG = (0.005, 1.2)
"""A declared intensity in this range was probably meant in kg/kWh, not g."""
COUNT_WITHIN = 0.01
FAMILY_WITHIN = 0.05


Rule = Callable[[Claim], Iterator[Finding]]


def restated(c: Claim) -> Iterator[Finding]:
    """One quantity stated twice must be one number, up to the rounding of both."""
    for name, statements in c.restated.items():
        low, high = min(statements, key=lambda s: s.value), max(statements, key=lambda s: s.value)
        if high.value - low.value > 1.001 * (low.half + high.half):
            yield Finding("restated", "contradiction", f"{name} is stated twice with different values",
                          f"{low.value:,.10g} against {high.value:,.10g}, {percent(low.value / high.value)}")  # fmt: skip


def impossible(c: Claim) -> Iterator[Finding]:
    """No facility uses less than its computers do, and no model activates more parameters than it has."""
    pue, active, params = c.value("pue"), c.value("active"), c.value("params")
    if pue is not None and pue < 1:
        yield Finding("impossible", "contradiction", "a PUE under 1 is impossible", f"PUE {pue:g}")
    if active and params and active > params * (1 + c.rounding("active", "params")):
        yield Finding("impossible", "contradiction", "more parameters are active than there are",
                      f"{active:.3g} of {params:.3g}")  # fmt: skip


def hardware(c: Claim) -> Iterator[Finding]:
    """Checks of power and MFU need a device that the tables know."""
    named = c.text.get("hardware")
    if named and c.device is None and c.tdp_w is None:
        yield Finding("hardware", "note", f"{named!r} is not in the tables, so power and MFU are not checked",
                      "state tdp_w and peak_tflops, or another spelling")  # fmt: skip


def intensity(c: Claim) -> Iterator[Finding]:
    """Emissions over energy must be an intensity that some grid has, where the record declares none."""
    low, high = INTENSITY_G_PER_KWH
    declared, kg = c.value("grid_kg_per_kwh"), c.value("kg")
    if declared and (IN_KG[0] <= declared * units.G_PER_KG <= IN_KG[1] or declared * units.G_PER_KG > high):
        yield Finding("intensity", "implausible", "no grid has the stated intensity; is it in kg/kWh, or g/MWh?",
                      f"{declared * units.G_PER_KG:g} g/kWh, expected {low:g} to {high:g}")  # fmt: skip
    basis = _energy_basis(c)
    if declared is not None or kg is None or basis is None:
        return
    implied = kg / basis[0] * units.G_PER_KG
    if not low <= implied <= high:
        yield Finding("intensity", "implausible", f"emissions over energy imply {implied:.3g} g/kWh, which no grid has",
                      f"{kg:,.6g} kg / ({basis[1]}) = {implied:.3g} g/kWh, outside {low:g} to {high:g}")  # fmt: skip


def power(c: Claim) -> Iterator[Finding]:
    """An accelerator draws at most its TDP, with its share of the host at most 2.5 times that."""
    stated, tdp, hours = c.value("power_w"), c.tdp_w, c.value("device_hours")
    if not tdp:
        return
    scope = c.text.get("power_boundary") or power_scope(c.text.get("scope_note", ""))
    limit = POWER_OVER_TDP.get(scope)
    if limit is None:
        raise BadInput("power_boundary", scope, "say chip, server or facility")
    if stated is not None and stated > limit * tdp * (1 + c.rounding("power_w")):
        say = "; if it includes the host, state power_boundary=server" if scope == "" else ""
        yield Finding("power", "implausible", f"the {scope or 'stated'} power exceeds what the device can draw{say}",
                      f"{stated:g} W / {tdp:g} W TDP = {stated / tdp:.2f} > {limit:g}")  # fmt: skip
    kwh = c.value("energy_kwh")
    if stated is None and kwh is not None and hours:
        implied, most = kwh / hours * units.W_PER_KW, SYSTEM_OVER_TDP * tdp * (c.value("pue") or 1.6)
        if not 0.1 * tdp <= implied <= most:
            yield Finding("power", "implausible", f"energy over device-hours imply {implied:.3g} W a device",
                          f"{kwh:,.6g} kWh / {hours:,.6g} h = {implied:.3g} W, TDP {tdp:g} W")  # fmt: skip


def mfu(c: Claim) -> Iterator[Finding]:
    """6ND over what the devices could do in the hours stated; an encoder-decoder passes half: 3ND."""
    shares = model_flops_utilisation(c)
    if shares is None:
        return
    (low, high), share = MFU, shares["3ND" if c.encoder_decoder else "6ND"]
    words = f"{'3ND' if c.encoder_decoder else '6ND'} / (hours × peak) = {share:.3g}"
    if share > high and not c.encoder_decoder and low <= shares["3ND"] <= high:
        yield Finding("mfu", "contradiction", "too good for 6ND and plausible for 3ND: an encoder-decoder (each token "
                      "passes half of the parameters), or tokens back-solved from it",
                      f"{words} > {high:g}, 3ND: {shares['3ND']:.3g}")  # fmt: skip
    elif share > high:
        yield Finding("mfu", "contradiction", "the work stated does not fit into the hours stated",
                      f"{words} > {high:g}")  # fmt: skip
    elif share < low:
        yield Finding("mfu", "implausible", "the hours stated are far more than the work stated needs",
                      f"{words} < {low:g}")  # fmt: skip


def devices(c: Claim) -> Iterator[Finding]:
    """device-hours = devices × wall-clock hours."""
    count, wall, hours = c.value("num_devices"), c.value("wall_hours"), c.value("device_hours")
    if not count or not wall or not hours:
        return
    within = max(COUNT_WITHIN, c.rounding("wall_hours", "device_hours"))
    if abs(count * wall / hours - 1) > within:
        yield Finding("devices", "contradiction", "devices × wall-clock hours are not the device-hours",
                      f"{count:,g} × {wall:,.6g} h = {count * wall:,.6g}, stated {hours:,.6g}, "
                      f"{percent(count * wall / hours)}")  # fmt: skip


def parts(c: Claim) -> Iterator[Finding]:
    """The parts make the total, up to half a unit of the last digit of each."""
    if not c.parts:
        return
    if "total" not in c.numbers:
        yield Finding("parts", "note", f"the {len(c.parts)} parts are not checked", "state their total")
        return
    made = sum(p.value for p in c.parts.values())
    for total in c.restated.get("total", (c.numbers["total"],)):
        slack = total.half + sum(p.half for p in c.parts.values())
        if abs(made - total.value) > 1.001 * slack:
            yield Finding("parts", "contradiction", f"the {len(c.parts)} parts do not make the total",
                          f"{' + '.join(f'{p.value:,.10g}' for p in c.parts.values())} = {made:,.10g}, stated "
                          f"{total.value:,.10g}, {percent(made / total.value)}")  # fmt: skip


def products(c: Claim) -> Iterator[Finding]:
    """A column said to be the product of others multiplies out, up to rounding."""
    for row in c.products:
        made, rounding = 1.0, row["product"].relative
        for factor in row["factors"]:
            made, rounding = made * factor.value, rounding + factor.relative
        if abs(made - row["product"].value) > 1.001 * rounding * abs(made):
            words = " × ".join(f"{f.value:g}" for f in row["factors"])
            yield Finding("products", "contradiction", f"{row['name']}: the columns do not multiply out",
                          f"{words} = {made:.6g}, stated {row['product'].value:g}, "
                          f"{percent(row['product'].value / made)}")  # fmt: skip


def meters(c: Claim) -> Iterator[Finding]:
    """A total over meters counts each joule once: a meter inside another is not added to it."""
    total = c.numbers.get("energy_kwh") or c.numbers.get("total")
    inside = {name for m in c.meters.values() for name in m["includes"]}
    if total is None or not inside:
        return
    once = sum(m["energy_kwh"].value for k, m in c.meters.items() if k not in inside)
    twice = sum(m["energy_kwh"].value for m in c.meters.values())
    slack = max(0.005, total.relative + max(m["energy_kwh"].relative for m in c.meters.values()))
    if abs(total.value / twice - 1) <= slack < abs(total.value / once - 1):
        words = " + ".join(f"{k} {m['energy_kwh'].value:,.6g}" for k, m in c.meters.items())
        yield Finding("meters", "contradiction", f"{', '.join(sorted(inside))} is counted twice",
                      f"{words} = {twice:,.6g} kWh = stated; without what lies inside another meter {once:,.6g} kWh")  # fmt: skip


def siblings(c: Claim) -> Iterator[Finding]:
    """Runs of one card on one kind of hardware emit alike per nominal kWh (stated intensity and PUE divided out)."""
    kin = [s for s in c.siblings if rate(s) is not None and _stated_factors(s) == _stated_factors(c)]
    if rate(c) is None or not kin:
        return
    nominal = _nominal_power([c, *kin])
    own, others = rate(c, nominal), [rate(s, nominal) or 0.0 for s in kin]
    usual = others[0] if len(kin) == 1 else median([own or 0.0, *others])
    within = max(FAMILY_WITHIN, c.rounding("kg", "device_hours") + max(s.rounding("kg", "device_hours") for s in kin))
    if own is None or not usual or abs(log(own / usual)) <= within:
        return
    fits = f"; it would fit at {nominal * own / usual:.0f} W" if nominal else ""
    yield Finding("siblings", "contradiction", f"emits {percent(own / usual)} per device kWh against its {len(kin)} "
                  f"sibling{'s' if len(kin) > 1 else ''} on the same hardware{fits}",
                  f"{own:.4g} against {usual:.4g} kg/kWh")  # fmt: skip


def rate(c: Claim, power_w: float | None = None) -> float | None:
    """kg per device kWh, stated intensity and PUE divided out."""
    kg, hours = c.value("kg"), c.value("device_hours")
    watts = power_w or c.value("power_w") or c.tdp_w
    if not kg or not hours or not watts:
        return None
    return kg / (hours * watts / units.W_PER_KW * (c.value("pue") or 1.0) * (c.value("grid_kg_per_kwh") or 1.0))


def model_flops_utilisation(c: Claim) -> Mapping[str, float] | None:
    """MFU under 6ND and under 3ND, by name; None where work, hours or peak are unknown."""
    active, tokens, hours = c.value("active") or c.value("params"), c.value("tokens"), c.value("device_hours")
    peak = c.value("peak_tflops")
    if peak is None and c.device is not None and c.device.peaks_tflops:
        peak = c.device.peak(c.text.get("precision", "bf16")).tflops
    if not active or not tokens or not hours or not peak:
        return None
    could = hours * units.SECONDS_PER_HOUR * peak * units.FLOP_PER_TFLOP
    return {"6ND": six_nd(active, tokens) / could, "3ND": encoder_decoder_flops(active, tokens) / could}


def _nominal_power(family: list[Claim]) -> float | None:
    """The power that most of a family state (a nominal one), the TDP where none state any, else None: measured."""
    stated = [s.value("power_w") for s in family if s.value("power_w") is not None]
    if not stated:
        return family[0].tdp_w
    common = max(stated, key=stated.count)
    return common if len(stated) == len(family) and 2 * stated.count(common) > len(family) else None


def _stated_factors(c: Claim) -> tuple[bool, bool]:
    return c.value("pue") is not None, c.value("grid_kg_per_kwh") is not None


def _energy_basis(c: Claim) -> tuple[float, str] | None:
    kwh = c.value("energy_kwh")
    return (kwh, f"{kwh:,.6g} kWh") if kwh else c.nominal_kwh


RULES: tuple[Rule, ...] = (restated, impossible, hardware, energy, carbon, intensity, power, mfu, devices, parts,
                           products, meters, siblings)  # fmt: skip
