"""How many tokens an API counts for an image, a frame or a second of sound: each provider's documented rule.

    tiles      base + each · ⌈W/s⌉ · ⌈H/s⌉      W × H scaled to fit first
    patches    base + each · ⌈W/s⌉ · ⌈H/s⌉      no more than the most
    area       base + each · W · H / s²         likewise

What the encoder behind it is, no provider tells: `unknown_work` is the span of the towers of open models.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from jevons.core.errors import UnknownName
from jevons.core.uncertain import Uncertain
from jevons.world import catalog
from jevons.world.architecture import active_parameters
from jevons.world.lookup import spellings
from jevons.world.vision import Tower, tower_of

GIGA = 1e9
NUMBERS = ("base", "each", "side", "small", "longest", "shortest", "most", "frame_tokens", "sound_tokens_per_s")


@dataclass(frozen=True, slots=True)
class PictureRule:
    """A row of api_pictures; lengths in pixels, 0 where there is no such limit."""

    id: str
    kind: str
    base: float
    each: float
    side: float
    small: float = 0.0
    longest: float = 0.0
    shortest: float = 0.0
    most: float = 0.0
    frame_tokens: float = 0.0
    sound_tokens_per_s: float = 0.0
    source: str = ""

    def tokens(self, height: float, width: float) -> float:
        """Tokens of an image of that many pixels."""
        high, wide = self._scaled(height, width)
        if self.small and max(high, wide) <= self.small:
            return self.base + self.each
        cells = (high * wide / self.side**2) if self.kind == "area" else math.ceil(high / self.side) * math.ceil(wide / self.side)
        counted = self.each * cells
        return self.base + (min(counted, self.most) if self.most else counted)

    def _scaled(self, height: float, width: float) -> tuple[float, float]:
        """The image as it is seen: within the longest side, then its shorter side within the shortest."""
        down = min(1.0, self.longest / max(height, width)) if self.longest else 1.0
        if self.shortest:
            down *= min(1.0, self.shortest / (min(height, width) * down))
        return height * down, width * down


@functools.lru_cache(maxsize=512)
def rule_of(provider: str, model: str) -> PictureRule | None:
    """The rule by which a provider counts for a model, or the maker whom a router names; None where none is documented."""
    try:
        who = catalog.table("api_providers").find(provider)[0]["id"]
    except UnknownName:
        return None
    rows = catalog.table("api_pictures").where(provider=who)
    names = set(spellings(model))
    for row in rows:
        if names & set(row["models"].split()):
            return _of_row(row)
    maker, _, bare = model.partition("/")
    if not rows and bare:
        return rule_of(maker, bare)
    return next((_of_row(row) for row in rows if row["models"] == "*"), None)


def work_of(tower: Tower) -> float:
    """What encoding a token takes: 1e9 parameters of the tower, times the patches that become one token."""
    return active_parameters(tower.architecture()) * tower.merge**2 / GIGA


@functools.lru_cache(maxsize=1)
def unknown_work() -> Uncertain:
    """The same of a tower that nobody has told of: least, middle and most over the towers of open models."""
    towers = {}
    for row in catalog.table("vision_towers"):
        tower = tower_of(row["id"])[1]
        if tower is not None:
            towers[tower.layers, tower.hidden, tower.ffn_hidden, tower.patch, tower.merge] = work_of(tower)
    found = sorted(towers.values())
    return Uncertain(found[0], found[len(found) // 2], found[-1], "encoder of a closed model", "encoder of images")


def _of_row(row: catalog.Row) -> PictureRule:
    numbers = {name: catalog.number(row, name) or 0.0 for name in NUMBERS}
    return PictureRule(row["id"], row["kind"], **numbers, source=row["source"].split(";")[0])


for _cache in (rule_of, unknown_work):
    catalog.on_overlay(_cache.cache_clear)
