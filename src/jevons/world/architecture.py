"""A transformer language model, described exactly: its shape in, its parameter counts out.

Every count is an integer derived from the shape alone, so it can be held against a published count.
Weight matrices of one block (h = hidden, H = heads, K = kv_heads, d = head_dim, f = ffn_hidden):

    attention   h·Hd + 2·h·Kd + Hd·h        (Vaswani et al. 2017; grouped keys: Ainslie et al. 2023)
    latent      DeepSeek-AI 2024 (arXiv 2405.04434), equations 9-19
    FFN         2·h·f, gated 3·h·f          (Shazeer 2020, arXiv 2002.05202)
    experts     router h·E and E (or, active, k) such FFNs beside the shared ones
    Mamba       Gu and Dao 2023 (arXiv 2312.00752), as laid out in Jamba (arXiv 2403.19887)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from jevons.core.errors import BadInput

KINDS = ("decoder", "encoder", "encoder-decoder")
HELD_IN_FP8 = ("", "rows", "expert-rows")


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of one language model. Widths are in elements; a zero switches a part off.

    Multi-token-prediction modules and vision or audio towers are outside this shape, unless a row's
    note says that `extra_parameters` holds them. Raises BadInput for a shape that cannot exist.
    """

    id: str
    name: str
    layers: int  # blocks of the decoder, or of the only stack
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn_hidden: int  # width of a dense FFN; 0 where every block is MoE
    vocab: int  # rows of the embedding as stored, padding included
    family: str = ""
    kind: str = "decoder"
    encoder_layers: int = 0  # encoder-decoder only
    context: int = 0  # longest sequence trained for, tokens; 0 = no fixed limit or not stated
    gated: bool = True
    tied: bool = False  # output head shares the embedding
    parallel: bool = False  # attention and FFN read the same input; changes time, not counts
    embedding_hidden: int = 0  # width of the token table where it differs from hidden (OPT-350M)
    positions: int = 0  # rows of learned positions, all stacks together
    relative_buckets: int = 0  # T5: buckets x heads, once a stack
    relative_projection: bool = False  # Transformer-XL: one more Hd x h matrix a block
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    norm_vectors: int = 1  # vectors in a norm: 0 none, 1 scale, 2 scale and shift
    block_norms: int = 2  # norms in a block (1 shared by parallel branches, 4 sandwich)
    final_norm: bool = True
    embedding_norm: bool = False
    qk_norm: str = ""  # "" none, "head" one vector of head_dim, "full" one of all heads
    sinks: bool = False  # one learned attention sink a head (gpt-oss)
    experts: int = 0
    active_experts: int = 0
    shared_experts: int = 0
    expert_ffn_hidden: int = 0
    dense_layers: int = 0  # first blocks that stay dense in an MoE model
    moe_every: int = 1  # then every k-th block is MoE
    router_bias: bool = False
    shared_gate: bool = False  # a gate of width hidden on the shared expert (Qwen MoE)
    q_lora_rank: int = 0
    kv_lora_rank: int = 0  # > 0 makes attention latent (MLA)
    qk_nope_head_dim: int = 0
    qk_rope_head_dim: int = 0
    v_head_dim: int = 0
    window: int = 0  # sliding window, tokens
    window_every: int = 0  # one block in k sees everything; 0 = every block is windowed
    attention_every: int = 0  # one block in k is attention, the others Mamba; 0 = all attention
    ssm_state: int = 0
    ssm_conv: int = 0
    ssm_expand: int = 0
    ssm_rank: int = 0  # rank of the step projection
    fp8: str = ""  # how its fp8 checkpoint is held: "" scaled by blocks, "rows", or "expert-rows": routed experts alone
    extra_parameters: int = 0  # token types, poolers and the like; the row's note says which

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput("kind", self.kind, f"use one of {', '.join(KINDS)}")
        if self.fp8 not in HELD_IN_FP8:
            raise BadInput("fp8", self.fp8, "use rows or expert-rows, or leave it empty for blocks")
        for field in _COUNTS:
            if getattr(self, field) < (field in _POSITIVE):
                raise BadInput(
                    field,
                    getattr(self, field),
                    f"{self.id}: give a whole number from {int(field in _POSITIVE)}",
                )
        for field, wrong, mend in _contradictions(self):
            if wrong:
                raise BadInput(field, getattr(self, field), f"{self.id}: {mend}")

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Architecture:
        """The Architecture of a row of models.csv (text cells; an empty cell takes the default)."""
        given: dict[str, Any] = {}
        for f in fields(cls):
            text = row.get(f.name, "")
            if text != "":
                given[f.name] = _parse(f.name, str(f.type), text)
            elif f.default is MISSING:
                raise BadInput(f.name, "", f"fill this column of model {row.get('id', '?')!r} in models.csv")
        return cls(**given)


_COUNTS = tuple(f.name for f in fields(Architecture) if f.type == "int" and f.name != "extra_parameters")
_POSITIVE = frozenset({"layers", "hidden", "heads", "kv_heads", "head_dim", "vocab", "moe_every"})


def _contradictions(arch: Architecture) -> tuple[tuple[str, bool, str], ...]:
    """Field, whether it contradicts the others, and the mend."""
    blocks = arch.layers + arch.encoder_layers
    return (
        ("kv_heads", arch.heads % arch.kv_heads > 0, f"it must divide heads = {arch.heads}"),
        ("encoder_layers", (arch.kind == "encoder-decoder") != (arch.encoder_layers > 0), "only an encoder-decoder has both"),
        ("active_experts", arch.active_experts > arch.experts, f"at most experts = {arch.experts}"),
        ("experts", arch.experts > 0 and not (arch.active_experts and arch.expert_ffn_hidden),
         "give active_experts and expert_ffn_hidden too"),
        ("ffn_hidden", not arch.ffn_hidden and moe_layers(arch) < blocks, "its dense blocks need a width"),
        ("attention_every", arch.attention_every > 0 and not (arch.ssm_state and arch.ssm_expand), "give the ssm columns too"),
    )  # fmt: skip


def _parse(name: str, kind: str, text: str) -> Any:
    """A cell as its field's type: flags are 0 or 1."""
    try:
        return text if kind == "str" else bool(int(text)) if kind == "bool" else int(text)
    except ValueError:
        raise BadInput(name, text, "write a whole number; flags are 0 or 1") from None


def moe_layers(arch: Architecture) -> int:
    """Blocks whose FFN is a mixture of experts, all stacks together."""
    if not arch.experts:
        return 0
    stacks = (arch.layers, arch.encoder_layers)
    return sum(max(0, n - arch.dense_layers) // arch.moe_every for n in stacks)


def attention_layers(arch: Architecture) -> int:
    """Blocks with self-attention, all stacks together (the others are Mamba)."""
    decoder = arch.layers // arch.attention_every if arch.attention_every else arch.layers
    return decoder + arch.encoder_layers


def attention_weights(arch: Architecture) -> int:
    """Elements of the projection matrices of one attention (query, key, value, output)."""
    h = arch.hidden
    if not arch.kv_lora_rank:
        matrices = 2 * arch.heads + 2 * arch.kv_heads + (arch.heads if arch.relative_projection else 0)
        return h * matrices * arch.head_dim
    query = arch.heads * (arch.qk_nope_head_dim + arch.qk_rope_head_dim)
    queries = (h + query) * arch.q_lora_rank if arch.q_lora_rank else h * query
    keys = h * (arch.kv_lora_rank + arch.qk_rope_head_dim)
    values = arch.kv_lora_rank * arch.heads * (arch.qk_nope_head_dim + arch.v_head_dim)
    return queries + keys + values + arch.heads * arch.v_head_dim * h


def ffn_weights(arch: Architecture, width: int) -> int:
    """Elements of the matrices of one feed-forward network of this width."""
    return (3 if arch.gated else 2) * arch.hidden * width


def mamba_weights(arch: Architecture) -> int:
    """Elements of the matrices of one Mamba mixer: in, step-and-state, step, out."""
    inner = arch.ssm_expand * arch.hidden
    return inner * (3 * arch.hidden + 2 * arch.ssm_rank + 2 * arch.ssm_state)


def parameter_table(arch: Architecture) -> dict[str, int]:
    """Exact parameter count by part; `experts` holds all routed experts, active or not."""
    moe, dense = moe_layers(arch), arch.layers + arch.encoder_layers - moe_layers(arch)
    cross = arch.layers if arch.kind == "encoder-decoder" else 0
    attentions = attention_layers(arch) + cross
    expert = ffn_weights(arch, arch.expert_ffn_hidden) + _ffn_bias(arch, arch.expert_ffn_hidden)
    return {
        "embedding": embedding_parameters(arch),
        "attention": attentions * (attention_weights(arch) + _attention_vectors(arch)),
        "mamba": (arch.layers + arch.encoder_layers - attention_layers(arch)) * _mamba_parameters(arch),
        "ffn": dense * (ffn_weights(arch, arch.ffn_hidden) + _ffn_bias(arch, arch.ffn_hidden)),
        "shared_experts": moe * arch.shared_experts * expert,
        "experts": moe * arch.experts * expert,
        "router": moe * (arch.hidden * (arch.experts + arch.shared_gate) + arch.experts * arch.router_bias),
        "norms": _norm_parameters(arch, cross),
        "extra": arch.extra_parameters,
    }


def parameters(arch: Architecture) -> int:
    """Exact total of trained parameters (a shared matrix counts once)."""
    return sum(parameter_table(arch).values())


def active_parameters(arch: Architecture) -> int:
    """Parameters that one token meets: the total less the routed experts it is not sent to."""
    table = parameter_table(arch)
    if not arch.experts:
        return sum(table.values())
    return sum(table.values()) - table["experts"] // arch.experts * (arch.experts - arch.active_experts)


def embedding_parameters(arch: Architecture) -> int:
    """Token and position tables, relative position biases, and the output head where it is not tied."""
    width = arch.embedding_hidden or arch.hidden
    stacks = 2 if arch.kind == "encoder-decoder" else 1
    projections = 2 * width * arch.hidden if arch.embedding_hidden else 0
    tables = arch.vocab * width * (1 if arch.tied else 2) + arch.vocab * arch.head_bias
    return tables + projections + arch.positions * arch.hidden + stacks * arch.relative_buckets * arch.heads


def kv_bytes_per_token(arch: Architecture, bytes_per_element: float = 2) -> float:
    """Bytes of key-value cache one token adds while no sliding window is full.

    2·K·d elements a block; a latent cache holds kv_lora_rank + qk_rope_head_dim. Mamba blocks keep a
    state of fixed size and add nothing; an encoder keeps no cache. Of an encoder-decoder this is the
    decoder's self-attention; the keys and values of its source are as many again, once a source token.
    """
    if arch.kind == "encoder":
        return 0.0
    latent = arch.kv_lora_rank + arch.qk_rope_head_dim
    elements = latent if arch.kv_lora_rank else 2 * arch.kv_heads * arch.head_dim
    return float(elements * (attention_layers(arch) - arch.encoder_layers) * bytes_per_element)


def windowed_share(arch: Architecture) -> float:
    """Share of the attention blocks that see a sliding window only (0 to 1)."""
    if not arch.window:
        return 0.0
    return 1 - (arch.layers // arch.window_every) / arch.layers if arch.window_every else 1.0


def _attention_vectors(arch: Architecture) -> int:
    """Biases, query-key norms, latent norms and sinks of one attention."""
    query, key = arch.heads * arch.head_dim, arch.kv_heads * arch.head_dim
    norms = {"": 0, "head": 2 * arch.head_dim, "full": query + key}
    if arch.qk_norm not in norms:
        raise BadInput("qk_norm", arch.qk_norm, "use head, full or leave it empty")
    biases = arch.qkv_bias * (query + 2 * key) + arch.output_bias * arch.hidden
    latent = arch.q_lora_rank + arch.kv_lora_rank
    relative = 2 * query * arch.relative_projection
    return biases + norms[arch.qk_norm] + latent + arch.sinks * arch.heads + relative


def _ffn_bias(arch: Architecture, width: int) -> int:
    return arch.mlp_bias * ((2 if arch.gated else 1) * width + arch.hidden)


def _mamba_parameters(arch: Architecture) -> int:
    """One mixer: its matrices, convolution with bias, step bias, A, D and the three inner norms of Jamba."""
    inner = arch.ssm_expand * arch.hidden
    vectors = inner * (arch.ssm_conv + 1) + inner + inner * arch.ssm_state + inner
    return mamba_weights(arch) + vectors + arch.ssm_rank + 2 * arch.ssm_state


def _norm_parameters(arch: Architecture, cross: int) -> int:
    stacks = 2 if arch.kind == "encoder-decoder" else 1
    blocks = arch.layers + arch.encoder_layers
    norms = blocks * arch.block_norms + cross + stacks * (arch.final_norm + arch.embedding_norm)
    return norms * arch.norm_vectors * arch.hidden
