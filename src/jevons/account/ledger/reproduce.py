"""A bundle computed again: bit for bit the same, or why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jevons.account.ledger import canonical, difference, pricing, rows
from jevons.account.ledger.bundle import Bundle, made_by
from jevons.core.activity import joined
from jevons.core.errors import JevonsError

if TYPE_CHECKING:
    from jevons.core.activity import Activity

Estimate = Callable[[Mapping[str, Any]], "Activity"]
ABOUT = ("jevons", "factor_set", "factor_hash", "stands", "of")  # who computed and how it was kept: told apart, not compared


@dataclass
class Verdict:
    """One result: of which run, at which position; ``why``: what differs where it is not identical."""

    run: str
    position: int
    what: str
    identical: bool = True
    why: list[str] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)


def circumstances(bundle: Bundle) -> list[str]:
    """What is not as it was when the bundle was made: code, factor set, numpy, Python, machine."""
    now = made_by()
    return [f"{name}: {bundle.manifest.get(name)} then, {now[name]} now" for name in now if bundle.manifest.get(name) != now[name]]


def reproduced(bundle: Bundle, estimate: Estimate | None = None) -> list[Verdict]:
    """Every footprint priced again from the activity it was of; with ``estimate``, every estimate made again from its spec."""
    found = []
    for name, entries in bundle.runs.items():
        spec, standing = None, {}
        for row in entries:
            body = canonical.read(row["body"])
            if row["kind"] == "open":
                spec = body.get("spec")
            elif row["kind"] == "activity":
                standing[row["sequence"]] = body
                if spec is not None and estimate is not None:
                    found.append(_estimated(Verdict(name, row["position"], "estimate"), body, spec, estimate))
            elif row["kind"] == "footprint":
                found.append(_priced(Verdict(name, row["position"], "footprint"), body, standing, bundle))
    return found


def _priced(verdict: Verdict, kept: Mapping[str, Any], standing: Mapping[int, Any], bundle: Bundle) -> Verdict:
    try:
        activity = joined([rows.activity_of(body, bundle.spreads) for _, body in sorted(standing.items())])
        again = pricing.record(pricing.computed(activity, kept["at"], pricing.study_of(kept), kept["draws"]), kept["draws"])
    except JevonsError as trouble:
        return _failed(verdict, f"it can no longer be priced: {trouble}")
    except (KeyError, ValueError, TypeError) as trouble:
        return _failed(verdict, f"its record cannot be read: {trouble!r}")
    again = canonical.read(canonical.text({**again, "at": kept["at"]}))
    if _bare(again) != _bare(kept):
        verdict.identical = False
        verdict.why = difference.circumstances(kept, again) or ["the same code and tables, yet other numbers: another machine or library"]
        verdict.moved = [line.record() for line in difference.moved(kept, again)]
    return verdict


def _estimated(verdict: Verdict, kept: Mapping[str, Any], spec: Mapping[str, Any], estimate: Estimate) -> Verdict:
    try:
        again = rows.body_of(estimate(spec), {})
    except JevonsError as trouble:
        return _failed(verdict, f"it can no longer be estimated: {trouble}")
    if canonical.text(again) != canonical.text(kept):
        verdict.identical = False
        verdict.why = [f"{name} differs" for name in dict.fromkeys((*kept, *again)) if kept.get(name) != again.get(name)]
    return verdict


def _failed(verdict: Verdict, why: str) -> Verdict:
    verdict.identical, verdict.why = False, [why]
    return verdict


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ABOUT}
