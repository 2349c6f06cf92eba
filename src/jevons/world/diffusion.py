"""A model that makes images or video by denoising a latent: the facts its work is counted from.

A prompt is read once by the text encoders. Then, ``steps`` times, a transformer (or a U-Net) denoises a grid of tokens: the
output's pixels over the autoencoder's ``downsample``, over ``patch``. At last the autoencoder's decoder makes pixels.
Peebles and Xie 2023 (arXiv 2212.09748); streams of text beside image: Esser et al. 2024 (arXiv 2403.03206).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from jevons.core.errors import BadInput, UnknownName
from jevons.core.source import Assumption
from jevons.world import catalog

OUTPUTS = ("image", "video")
CONDITIONING = ("joint", "cross")
OWN_ROW = "say its parameters (params='8B'), or pass your own row: model={'id': ..., 'layers': ..., ...} with the columns of diffusion_models.csv"


@dataclass(frozen=True, slots=True)
class DiffusionModel:
    """The shape of one diffusion transformer (or U-Net) with its text encoders, decoder and usual settings.

    Of a U-Net ``layers``, ``hidden`` and ``heads`` are those of its deepest transformers. Widths in elements, parameters in units, ``downsample`` and ``patch`` in pixels and latent cells a side. Raises
    BadInput for a shape that cannot exist.
    """

    id: str
    name: str
    output: str  # image or video
    parameters: float  # of the transformer, as published
    layers: int  # blocks
    hidden: int
    heads: int
    ffn_hidden: int
    conditioning: str  # joint: text tokens run beside the image's; cross: keys and values only
    text_tokens: int
    text_encoder_parameters: float
    downsample: int  # pixels a latent cell, a side
    decoder_channels: tuple[int, ...]  # of the decoder, finest resolution first
    height: int
    width: int
    steps: int
    passes: int  # evaluations a step: 2 with classifier-free guidance, 1 where guidance is distilled
    family: str = ""
    double_layers: int = 0  # joint blocks whose text has weights of its own
    parallel: bool = False  # the other joint blocks run attention and FFN side by side
    gated: bool = False  # FFN of three matrices
    dual_layers: int = 0  # blocks with a second attention among image tokens
    skip_layers: int = 0  # blocks that read an earlier block beside the last
    linear_attention: bool = False
    qk_norm: bool = False
    rotary: bool = False
    frames: int = 1
    downsample_time: int = 1
    patch: int = 1
    patch_time: int = 1
    unet_channels: tuple[int, ...] = ()  # of a U-Net, finest level first; empty for a transformer
    unet_transformers: tuple[int, ...] = ()  # transformer blocks behind each residual block, by level
    unet_resnets: int = 2  # residual blocks a level on the way down
    decoder_resnets: int = 3  # residual blocks a level
    decoder_kernel_time: int = 1  # 3 where the decoder convolves over frames
    decoder_patch: int = 1  # pixels a side that its last level gives at once
    decode_everywhere: bool = False  # the usual pipeline decodes on every GPU, else on one while others wait
    separate_passes: bool = False  # guidance by two calls, not by a doubled batch
    supposed: bool = False  # a shape made from the parameters alone
    source: str = "stated"

    def __post_init__(self) -> None:
        for name, choices in (("output", OUTPUTS), ("conditioning", CONDITIONING)):
            if getattr(self, name) not in choices:
                raise BadInput(name, getattr(self, name), f"{self.id}: use one of {', '.join(choices)}")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise BadInput(name, getattr(self, name), f"{self.id}: give a number above 0")
        if self.hidden % self.heads:
            raise BadInput("heads", self.heads, f"{self.id}: it must divide hidden = {self.hidden}")
        if len(self.unet_channels) != len(self.unet_transformers) or (self.unet_channels and not any(self.unet_transformers)):
            raise BadInput("unet_transformers", self.unet_transformers, f"{self.id}: give one for each of unet_channels")
        if not self.decoder_channels or self.double_layers > self.layers:
            raise BadInput("decoder_channels", self.decoder_channels, f"{self.id}: name each level's channels, "
                           "and no more double_layers than layers")  # fmt: skip

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> DiffusionModel:
        """The model of a row of ``diffusion_models`` (text cells) or of a mapping with numbers; empty takes the default.

        Errors: BadInput naming an absent column or a cell that is no number.
        """
        given: dict[str, Any] = {}
        for f in fields(cls):
            cell = row.get(f.name)
            if cell not in (None, ""):
                given[f.name] = _parsed(f.name, str(f.type), cell)
            elif f.default is MISSING:
                raise BadInput(f.name, cell, f"fill this column of diffusion model {row.get('id', '?')!r}")
        return cls(**given)


_POSITIVE = ("parameters", "layers", "hidden", "heads", "ffn_hidden", "downsample", "height", "width", "steps",
             "passes", "frames", "downsample_time", "patch", "patch_time", "decoder_resnets", "decoder_kernel_time",
             "decoder_patch", "unet_resnets")  # fmt: skip


WEIGHTS_A_WIDTH, HEAD = 25.0, 64
"""Weights of a block over h², and elements a head. Between 18 (4 of attention, 8 of FFN, 6 of the adaptive norm: Peebles
and Xie 2023) and 36 where text has weights of its own (Esser et al. 2024)."""
FINEST, TEXT_TOKENS, T5_XXL = (128, 256, 512, 512), 256, 4.76e9


def of_size(name: str, output: str, parameters: float) -> tuple[DiffusionModel, Assumption]:
    """A transformer of which the number of parameters alone is known: h = (64 N / 25)^(1/3), as many heads as blocks.

    An autoencoder of 8 pixels a cell (4 frames a cell in video), patches of 2, T5-XXL as text encoder, guidance by two
    evaluations a step. Errors: BadInput where the parameters are too few to be one.
    """
    hidden = HEAD * max(1, round((HEAD * parameters / WEIGHTS_A_WIDTH) ** (1 / 3) / HEAD))
    layers = max(1, round(parameters / (WEIGHTS_A_WIDTH * hidden**2)))
    video = output == "video"
    found = DiffusionModel(
        name, name, output, parameters, layers, hidden, hidden // HEAD, 4 * hidden, "cross", TEXT_TOKENS, T5_XXL, 8, FINEST,
        *((480, 832) if video else (1024, 1024)), steps=50, passes=2, family=name, qk_norm=True, rotary=True,
        frames=81 if video else 1, downsample_time=4 if video else 1, patch=2, decoder_kernel_time=3 if video else 1,
        supposed=True, source="jevons-rule",
    )  # fmt: skip
    return found, Assumption(f"shape of {name}", f"{layers} blocks of width {hidden}, two evaluations a step",
                             f"of its {parameters / 1e9:g} billion parameters alone; not in the tables", "jevons-rule")  # fmt: skip


def find(model: Any) -> tuple[DiffusionModel, tuple[Assumption, ...]]:
    """The model meant by a table name (the hub's organisation may stand before it), a row of one's own, or itself.

    Errors: UnknownName with the three nearest and how to pass a row; BadInput for anything else.
    """
    if isinstance(model, DiffusionModel):
        return model, ()
    if isinstance(model, Mapping):
        return DiffusionModel.from_row({"name": model.get("id", "unnamed"), "id": "unnamed", **model}), ()
    if not isinstance(model, str) or not model.strip():
        raise BadInput("model", model, f"name a diffusion model, {OWN_ROW}")
    return _named(model)


@functools.lru_cache(maxsize=512)
def _named(model: str) -> tuple[DiffusionModel, tuple[Assumption, ...]]:
    bare = model.rsplit("/", 1)[-1].lower()
    for ending in ("-diffusers", "_diffusers"):
        bare = bare.removesuffix(ending)
    try:
        row, match = catalog.table("diffusion_models").find(bare)
    except UnknownName as unknown:
        raise UnknownName("diffusion model", model, unknown.nearest, OWN_ROW) from None
    note = () if match.score == 1.0 else (Assumption("model", row["name"], match.how, row["source"]),)
    return DiffusionModel.from_row(row), note


def _parsed(name: str, kind: str, cell: Any) -> Any:
    if kind == "str":
        return str(cell)
    try:
        if kind.startswith("tuple"):
            return tuple(int(c) for c in (cell.split() if isinstance(cell, str) else cell))
        value = float(cell)
        if kind != "float" and value != int(value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise BadInput(name, cell, "give a number (decoder_channels: whole numbers)") from None
    return value if kind == "float" else bool(value) if kind == "bool" else int(value)


catalog.on_overlay(_named.cache_clear)
