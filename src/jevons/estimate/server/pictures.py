"""What images and video add to a request: the tokens that they become, and the work of the encoder that sees them.

    tokens    counted by the model's tower (`jevons.world.vision`), a video as one image for each frames merged
    encoder   a pass of the tower over the patches of each piece, at the pace of `one_pass`, shared by the replica's devices

No encoder was measured apart: its interval is that of a single pass, and batches of many images go faster.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.estimate.server.deployment import Deployment, Encoder
from jevons.world.hardware import Device
from jevons.world.picture_rules import PictureRule
from jevons.world.vision import Tower

SIDE = 1024
"""Pixels of the sides of an image whose size was not given: a judgement, told as an assumption."""
FRAMES = 32
"""Frames taken of a video where their number was not given: as above."""
_SIZE = re.compile(r"^\s*(\d+)\s*[x×,]\s*(\d+)\s*$")


@dataclass(frozen=True)
class Pictures:
    """Of one request: ``tokens`` added to its prompt, and how often the ``tower`` sees ``pieces`` of ``patches`` together."""

    tokens: Any = 0.0
    passes: Any = 0.0
    pieces: int = 0
    patches: int = 0
    tower: Tower | None = None
    notes: tuple[Assumption, ...] = ()

    def cost(self, device: Device) -> tuple[Any, Any, bool]:
        """Seconds and joules of encoding on one device, and whether another's pace stands in; zeros where unknown."""
        if self.tower is None or not np.any(np.asarray(self.passes) > 0):
            return 0.0, 0.0, False
        from jevons.estimate.one_pass import pass_cost

        found, stands_in = pass_cost(self.tower.architecture(), self.pieces, self.patches, device)
        return float(found.total_s) * self.passes, float(found.total_j) * self.passes, stands_in


def pictures(tower: Tower | None, images: Any = None, image_tokens: Any = None, image_size: Any = None, videos: Any = None,
             frames: Any = None, rule: PictureRule | None = None) -> Pictures:  # fmt: skip
    """What ``images`` and ``videos`` of a request add, counted by the model's tower or the provider's ``rule``.

    Errors: BadInput, Contradiction naming the field.
    """
    for name, value, needs in (("image_tokens", image_tokens, images), ("frames", frames, videos)):
        if value is not None and needs is None:
            raise Contradiction(name, value, "say too how many a request has: images=1 or videos=1")
    if images is None and videos is None:
        if image_size is not None:
            raise Contradiction("image_size", image_size, "say too how many images a request has: images=1")
        return Pictures()
    width, height, notes = _size(image_size, image_tokens)
    counts = [np.asarray(0.0 if v is None else units.read(v, "", n), float) for n, v in (("images", images), ("videos", videos))]
    each, pieces, patches = _of_one(tower, width, height, image_tokens, rule)
    in_video = _frames(frames, notes) if videos is not None else 0
    moments = math.ceil(in_video / _frames_merged(tower, rule))
    if image_tokens is None:
        _tell_size(each, image_size, tower, rule, notes)
    shown = counts[0] + counts[1] * moments
    frame = rule.frame_tokens if rule and not tower and rule.frame_tokens and image_tokens is None else each
    return Pictures(counts[0] * each + counts[1] * moments * frame, shown, pieces, patches, tower, tuple(notes))


def seeing(d: Deployment, seen: Pictures) -> Deployment:
    """The deployment with the encoder's work of one request, shared by the devices of a replica, and its notes."""
    d.notes.extend(seen.notes)
    if seen.tower is None and np.any(np.asarray(seen.passes) > 0):
        d.notes.append(Assumption("encoder of images", "not counted", "its shape is not known: only the tokens that images become "
                                  "are, the language model's share", "jevons-rule"))  # fmt: skip
    seconds, joules, stands_in = seen.cost(d.device)
    if not np.any(np.asarray(joules) > 0):
        return d
    from jevons.estimate.diffusion.cost import generation_pack
    from jevons.estimate.one_pass import half_width

    d.notes.append(Assumption("encoder of images", f"{seen.patches} patches a piece, at the pace of a single pass", "no encoder was "
                              "measured in a server", generation_pack()["name"]))  # fmt: skip
    return replace(d, encoder=Encoder(seconds / d.machine.devices, joules, float(half_width(stands_in))))


def _frames_merged(tower: Tower | None, rule: PictureRule | None) -> int:
    if tower is not None:
        return tower.frames_merged
    return 2 if rule is None else 1


def _tell_size(each: Any, size: Any, tower: Tower | None, rule: PictureRule | None, notes: list[Assumption]) -> None:
    """What an image was taken for, and by whose rule its tokens were counted."""
    how = "" if tower else f"; counted by the rule {rule.id}" if rule else "; counted as Qwen2-VL does"
    source = "jevons-rule" if tower or rule is None else rule.source
    if size is None:
        notes.append(Assumption("tokens of an image", f"{each:.0f} ({SIDE} × {SIDE} pixels)",
                                f"neither image_tokens nor image_size was given{how}", source))  # fmt: skip
    elif how:
        notes.append(Assumption("tokens of an image", f"{each:.0f}", how.removeprefix("; "), source))


def _of_one(tower: Tower | None, width: int, height: int, image_tokens: Any, rule: PictureRule | None) -> tuple[Any, int, int]:
    """Tokens, pieces and patches a piece of one image."""
    if tower is None and rule is not None and image_tokens is None:
        return rule.tokens(height, width), 0, 0
    if tower is None:
        from jevons.estimate.one_pass import image_tokens as tokens_of

        known = float(tokens_of(height, width)) if image_tokens is None else units.read(image_tokens, "", "image_tokens", minimum=1.0)
        return known, 0, 0
    if image_tokens is None:
        return tower.tokens(height, width), tower.pieces(height, width), tower.patches(height, width)
    told = units.read(image_tokens, "", "image_tokens", minimum=1.0)
    return told, 1, int(np.max(np.ceil(told))) * tower.merge**2


def _frames(frames: Any, notes: list[Assumption]) -> int:
    if frames is None:
        notes.append(Assumption("frames of a video", f"{FRAMES}", "frames was not given", "jevons-rule"))
        return FRAMES
    return math.ceil(float(units.read(frames, "", "frames", minimum=1.0)))


def _size(given: Any, image_tokens: Any) -> tuple[int, int, list[Assumption]]:
    """Width and height in pixels of "1024x768" or a pair; BadInput for anything else."""
    if given is None:
        return SIDE, SIDE, []
    if image_tokens is not None:
        raise Contradiction("image_size", given, "image_tokens says already what an image becomes: give one of the two")
    parts = _SIZE.match(given) if isinstance(given, str) else None
    sides = parts.groups() if parts else given
    try:
        width, height = (int(side) for side in sides)
    except (TypeError, ValueError):
        raise BadInput("image_size", given, "give width and height in pixels: '1024x768'") from None
    if width < 1 or height < 1:
        raise BadInput("image_size", given, "give pixels above 0")
    return width, height, []
