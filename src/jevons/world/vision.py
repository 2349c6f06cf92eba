"""The encoder that lets a language model see: how many tokens an image becomes, and what encoding it takes.

    whole images    ⌈H/(p·m)⌉ · ⌈W/(p·m)⌉ tokens, p pixels a patch, m patches merged a side         (Qwen-VL, Pixtral)
    squares         each image is scaled to ``side``, or cut into at most ``tiles`` of it with one of the whole beside
    video           ``frames_merged`` frames become one image's tokens

The shape of a tower is read from a row of ``vision_towers`` or from the vision_config of a config.json.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jevons.core.errors import BadInput, UnknownName
from jevons.world import catalog
from jevons.world.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Tower:
    """A vision transformer before a language model. ``side`` 0: images keep their size. ``window`` in patches."""

    id: str
    layers: int
    hidden: int
    heads: int
    ffn_hidden: int
    patch: int
    merge: int = 1
    gated: bool = False
    frames_merged: int = 1
    side: int = 0
    tiles: int = 1
    window: int = 0
    window_every: int = 0
    language_model: str = ""
    source: str = "stated"

    def __post_init__(self) -> None:
        for name in ("layers", "hidden", "heads", "ffn_hidden", "patch", "merge", "frames_merged", "tiles"):
            if getattr(self, name) < 1:
                raise BadInput(name, getattr(self, name), f"{self.id}: give a whole number from 1")
        if self.hidden % self.heads:
            raise BadInput("heads", self.heads, f"{self.id}: it must divide hidden = {self.hidden}")

    def pieces(self, height: float, width: float) -> int:
        """Images that the tower sees of one: itself, or its tiles and the whole."""
        if self.tiles == 1:
            return 1
        cut = min(math.ceil(height / self.side) * math.ceil(width / self.side), self.tiles)
        return cut + (cut > 1)

    def patches(self, height: float, width: float) -> int:
        """Patches of one of those pieces."""
        if self.side:
            return (self.side // self.patch) ** 2
        return math.ceil(height / self.cell) * math.ceil(width / self.cell) * self.merge**2

    def tokens(self, height: float, width: float) -> int:
        """Tokens that an image of that many pixels becomes."""
        return self.pieces(height, width) * self.patches(height, width) // self.merge**2

    @property
    def cell(self) -> int:
        """Pixels a token, a side."""
        return self.patch * self.merge

    def architecture(self) -> Architecture:
        """The tower as an encoder, for whoever counts its work."""
        return Architecture(
            id=self.id, name=self.id, kind="encoder", layers=self.layers, hidden=self.hidden, heads=self.heads, vocab=1,
            kv_heads=self.heads, head_dim=self.hidden // self.heads, ffn_hidden=self.ffn_hidden, gated=self.gated,
            window=self.window, window_every=self.window_every, norm_vectors=2,
        )  # fmt: skip


def tower_of(model: Any) -> tuple[Any, Tower | None]:
    """The language model behind a model's name or configuration, and its tower; (model, None) where it has none known.

    Errors: BadInput naming a key of vision_config that is needed and absent.
    """
    from jevons.world import models
    from jevons.world.model_config import _load

    if isinstance(model, str) and not model.endswith(".json"):
        found = _named(model)
        return (model, None) if found is None else (found.language_model, found)
    if isinstance(model, Mapping) or models._is_config(model):
        from pathlib import Path

        where, config = ("the configuration", dict(model)) if isinstance(model, Mapping) else _load(Path(model))
        if isinstance(config.get("vision_config"), Mapping):
            return model, of_config(config, where)
    return model, None


@functools.lru_cache(maxsize=256)
def _named(name: str) -> Tower | None:
    plain = name.strip().lower().rsplit("/", 1)[-1]
    while (shorter := ENDING.sub("", plain)) != plain:
        plain = shorter
    try:
        row, match = catalog.table("vision_towers").find(plain)
    except UnknownName:
        return None
    return Tower(id=row["id"], language_model=row["language_model"], source=row["source"], gated=row["gated"] == "1",
                 **{n: int(row[n]) for n in NUMBERS if row[n]}) if match.score >= 0.99 else None  # fmt: skip


ENDING = re.compile(r"-(instruct|chat|it|hf|thinking|fp8|bf16|awq|gptq|int4|17b-16e|17b-128e)$")
NUMBERS = ("layers", "hidden", "heads", "ffn_hidden", "patch", "merge", "frames_merged", "side", "tiles", "window", "window_every")


def of_config(config: Mapping[str, Any], where: str = "the configuration") -> Tower:
    """The tower of a Hugging Face configuration with a ``vision_config``. Errors: BadInput naming an absent key."""
    v = config["vision_config"]

    def look(*names: str, default: Any = None) -> Any:
        for name in names:
            for holder in (v, config):
                if holder.get(name) is not None:
                    return holder[name]
        if default is None:
            raise BadInput(f"vision_config.{names[0]}", None, f"{where}: add this key (or {', '.join(names[1:]) or 'its value'})")
        return default

    def first(*names: str) -> int:
        found = next((v[name] for name in names if v.get(name) is not None), None)
        if found is None:
            raise BadInput(f"vision_config.{names[0]}", None, f"{where}: add this key")
        return int(found[0] if isinstance(found, (list, tuple)) else found)

    hidden, patch = first("embed_dim", "hidden_size", "width"), first("patch_size")
    dynamic = str(v.get("model_type", config.get("model_type", ""))).startswith(DYNAMIC)
    side = 0 if dynamic or v.get("image_size") is None else first("image_size")
    shuffle = look("pixel_shuffle_ratio", "downsample_ratio", default=1.0)
    merge = int(look("spatial_merge_size", default=0)) or round(1 / float(shuffle))
    if config.get("mm_tokens_per_image"):
        merge = round((side // patch) / math.sqrt(config["mm_tokens_per_image"]))
    tiles = int(look("max_patches", "max_dynamic_patch", default=1)) if side else 1
    full = v.get("fullatt_block_indexes") or ()
    window = (int(v["window_size"]) // patch) ** 2 if v.get("window_size") and full else 0
    ffn = v.get("intermediate_size") or round(hidden * float(look("mlp_ratio", default=4.0)))
    layers = first("depth", "num_hidden_layers", "layers")
    return Tower(
        f"vision of {config.get('_name_or_path') or config.get('model_type') or 'the model'}", layers, hidden, first("num_heads", "num_attention_heads", "heads"), int(ffn), patch,
        merge, str(v.get("hidden_act", "")) == "silu", int(v.get("temporal_patch_size") or 1), side, tiles,
        window, layers // len(full) if window else 0,
    )  # fmt: skip


DYNAMIC = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "pixtral")
"""Kinds whose images keep their size, whatever image_size says."""
catalog.on_overlay(_named.cache_clear)
