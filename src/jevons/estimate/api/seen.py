"""What a request shows or plays to a model: images, video and sound as the tokens that its provider counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.estimate.server.pictures import pictures
from jevons.world.picture_rules import rule_of
from jevons.world.vision import tower_of


@dataclass(frozen=True)
class Seen:
    """Of one request: tokens ``added`` to its prompt, and those of it ``counted`` already."""

    added: Any = 0.0
    counted: Any = 0.0
    notes: tuple[Assumption, ...] = ()

    def within(self, prompt: Any) -> Any:
        """All tokens seen of a prompt of so many. Errors: Contradiction where they are more."""
        every = np.asarray(self.added + self.counted, float)
        if np.any(every > prompt):
            raise Contradiction("seen_tokens", self.counted, "they are part of input_tokens: at most as many")
        return every


def seen_of(provider: str, model: str, images: Any, image_tokens: Any, image_size: Any, videos: Any, frames: Any, sound: Any,
            seen_tokens: Any) -> Seen:  # fmt: skip
    """What was said of images, videos, ``sound`` (s) and tokens counted already. Errors: BadInput, Contradiction."""
    rule = rule_of(provider, model)
    shown = pictures(tower_of(model)[1], images, image_tokens, image_size, videos, frames, rule)
    counted = 0.0 if seen_tokens is None else np.asarray(units.read(seen_tokens, "", "seen_tokens"), float)
    if sound is None:
        return Seen(shown.tokens, counted, shown.notes)
    if rule is None or not rule.sound_tokens_per_s:
        raise BadInput("sound", sound, f"how {provider} counts sound is in no table: give its tokens as input_tokens and seen_tokens")
    heard = np.asarray(units.read(sound, "s", "sound"), float) * rule.sound_tokens_per_s
    note = Assumption("tokens of a second of sound", f"{rule.sound_tokens_per_s:g}", f"counted by the rule {rule.id}", rule.source)
    return Seen(shown.tokens + heard, counted, (*shown.notes, note))
