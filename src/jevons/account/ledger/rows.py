"""An Activity as the ledger keeps it, and back: best estimates exactly, draws by the multipliers they share.

An amount is best × (1, m₁ … mₙ). The multipliers m are kept once for all rows and runs that have the same, under the hash of
their bytes (float32: an interval comes back to 1e-7); a meter's error is one row of ``spread`` however long it measures.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jevons.core.activity import Activity
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

Spreads = dict[str, bytes]  # hash → multipliers, float32
CERTAIN = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of runs shows of one window."""

    energy_kwh: float
    started_s: float | None
    ended_s: float | None


def body_of(activity: Activity, spreads: Spreads) -> dict[str, Any]:
    """The activity as plain values; the multipliers it names are put into ``spreads``. Errors: BadInput for scenarios."""
    if activity.amount.ndim > 2 and math.prod(activity.amount.shape[1:-1]) > 1:
        raise BadInput("activity", activity.amount.shape, "keep one scenario at a time: choose one before it is appended")
    amounts = activity.amount.reshape(len(activity), -1)
    draws = amounts.shape[1] - 1
    body: dict[str, Any] = {
        "start_s": _times(activity.start_s), "end_s": _times(activity.end_s), "amount": amounts[:, 0].tolist(),
        "text": {name: compact(column.tolist()) for name, column in activity.text.items()},
    }  # fmt: skip
    if draws:
        body |= {"draws": draws, "spread": compact(_spread(amounts, spreads)), "seed": activity.seed}
    if activity.served:
        body["served"] = {unit: _served(count.reshape(-1), spreads) for unit, count in activity.served.items()}
    if activity.assumptions:
        body["assumptions"] = [[a.what, a.value, a.why, a.source] for a in activity.assumptions]
    if activity.sources:
        body["sources"] = list(activity.sources)
    if names := _drivers(activity, draws):
        body["drivers"] = names
    return body


def activity_of(body: Mapping[str, Any], spreads: Mapping[str, bytes]) -> Activity:
    """The activity a body describes; KeyError or ValueError where it does not hold together."""
    import numpy as np

    best = np.array(body["amount"], float)
    n, draws, seed = len(best), body.get("draws", 0), body.get("seed", 0)
    amount = np.empty((n, 1 + draws))
    amount[:, 0] = best
    if draws:
        for i, mark in enumerate(every(body["spread"], n)):
            amount[i, 1:] = _unfolded(best[i], mark, draws, spreads)
    sampler = Draws(draws, seed)
    for name in body.get("drivers", ()):
        sampler.score(name)
    return Activity(
        _times_back(body["start_s"], n), _times_back(body["end_s"], n),
        {name: np.array([*every(words, n), None], dtype=object)[:-1] for name, words in body["text"].items()}, amount,
        {unit: _served_back(kept, draws, spreads) for unit, kept in body.get("served", {}).items()},
        tuple(Assumption(*a) for a in body.get("assumptions", ())), tuple(body.get("sources", ())), sampler.drivers, seed,
    )  # fmt: skip


def summary_of(body: Mapping[str, Any]) -> Summary:
    """Electricity (best estimate) and span of a body."""
    flows = every(body["text"]["flow"], len(body["amount"]))
    energy = sum(kwh for kwh, flow in zip(body["amount"], flows, strict=True) if flow.partition("/")[0] == "electricity")
    starts, ends = (_known(body[name]) for name in ("start_s", "end_s"))
    return Summary(float(energy), min(starts, default=None), max(ends, default=None))


def marks_of(body: Mapping[str, Any]) -> set[str]:
    """The hashes of the multipliers a body names."""
    spread = body.get("spread", CERTAIN)
    named = {spread} if isinstance(spread, str) else set(spread)
    named |= {kept[1] for kept in body.get("served", {}).values() if isinstance(kept, list)}
    return named - {CERTAIN}


def bounds_of(data: bytes) -> tuple[float, float]:
    """5 and 95 % of multipliers, their number as they lie."""
    import numpy as np

    from jevons.core.uncertain import interval

    drawn = np.concatenate(([1.0], np.frombuffer(data, "<f4").astype(float)))
    low, high = interval(drawn)
    return float(low), float(high)


def _spread(amounts: Amount, spreads: Spreads) -> list[str]:
    import numpy as np

    scale = np.where(amounts[:, :1] == 0, 1.0, amounts[:, :1])
    with np.errstate(over="ignore"):
        folded = (amounts[:, 1:] / scale).astype("<f4")
    certain = (amounts[:, 1:] == amounts[:, :1]).all(axis=1).tolist()
    return [CERTAIN if sure else _marked(row.tobytes(), spreads) for row, sure in zip(folded, certain, strict=True)]


def _marked(data: bytes, spreads: Spreads) -> str:
    mark = hashlib.sha256(data).hexdigest()
    spreads.setdefault(mark, data)
    return mark


def _unfolded(best: float, mark: str, draws: int, spreads: Mapping[str, bytes]) -> Any:
    import numpy as np

    if mark == CERTAIN:
        return best
    multipliers = np.frombuffer(spreads[mark], "<f4").astype(float)
    if len(multipliers) != draws:
        raise ValueError(f"spread {mark[:12]} holds {len(multipliers)} draws, the activity {draws}")
    return multipliers * (best or 1.0)


def _served(count: Amount, spreads: Spreads) -> Any:
    best = float(count[0])
    if len(count) == 1 or (count == best).all():
        return best
    return [best, *_spread(count[None], spreads)]


def _served_back(kept: Any, draws: int, spreads: Mapping[str, bytes]) -> Amount:
    import numpy as np

    if not isinstance(kept, list):
        return np.array([kept], float)
    best, mark = kept
    return np.concatenate(([best], np.broadcast_to(_unfolded(best, mark, draws, spreads), draws)))


def _drivers(activity: Activity, draws: int) -> list[str]:
    """The drivers whose scores follow from their name and the seed, so that the name is enough."""
    sampler = Draws(draws, activity.seed)
    return [name for name, scores in activity.drivers.items() if scores.shape == (draws,) and bool((sampler.score(name) == scores).all())]


def _times(times: Amount) -> Any:
    return compact([None if t != t else t for t in times.tolist()])


def _times_back(kept: Any, n: int) -> Amount:
    import numpy as np

    return np.array([math.nan if t is None else t for t in every(kept, n)], float)


def _known(kept: Any) -> list[float]:
    return [t for t in (kept if isinstance(kept, list) else [kept]) if t is not None]


def compact(values: list[Any]) -> Any:
    """A column that says the same in every row as that one value."""
    return values[0] if values and values.count(values[0]) == len(values) else values


def every(kept: Any, n: int) -> list[Any]:
    """A kept column as ``n`` values: one that stands for all is repeated. Errors: ValueError for another number of them."""
    if not isinstance(kept, list):
        return [kept] * n
    if len(kept) != n:
        raise ValueError(f"a column of {len(kept)} values in an activity of {n} rows")
    return kept
