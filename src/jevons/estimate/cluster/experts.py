"""Mixture of experts spread over devices: which weights a device holds, and the all-to-all between experts.

    bytes a token, block and exchange    in a node   2 · h · k · (e − 1)/e
                                         between     2 · h · u · (g − 1)/g      u = g · (1 − (1 − 1/g)^k)

Four exchanges: dispatch and combine, and back. e devices of the group in g nodes, k active experts, h hidden width, u the
nodes a token is sent to: once to each, and on to its experts inside (Lepikhin et al. 2020, arXiv 2006.16668; DeepSeek-AI
2024, arXiv 2412.19437, section 3.2.2). The exchange hides behind the work as far as the data-parallel traffic does, unless
``expert_overlap`` says otherwise; no measured MoE step is in the fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jevons.estimate.cluster.communication import exposed_s
from jevons.estimate.cluster.parallelism import Array, Block, Layout, Machine, floats
from jevons.estimate.cluster.step_time import Coefficients
from jevons.world.architecture import Architecture, ffn_weights, moe_layers, parameters

ACTIVATION_BYTES = 2
EXCHANGES = 4
GB = 1e9


@dataclass(frozen=True, slots=True)
class Experts:
    """The routed experts of a model: how many, how many a token meets, in how many blocks, and their weights."""

    experts: int
    active: int
    layers: int
    expert_params: float
    other_params: float

    @classmethod
    def of(cls, arch: Architecture) -> Experts | None:
        """The experts of an architecture, None where it is dense."""
        if not arch.experts:
            return None
        routed = float(moe_layers(arch) * arch.experts * ffn_weights(arch, arch.expert_ffn_hidden))
        return cls(arch.experts, arch.active_experts, moe_layers(arch), routed, parameters(arch) - routed)

    def spread(self, block: Block, group: Any) -> Block:
        """The model as a device of a group of ``group`` sees it: its share of the experts, all else whole."""
        return replace(block, params=self.other_params + self.expert_params / floats(group))

    def exchange_s(self, block: Block, layout: Layout, machine: Machine, group: Any, work_s: Any, c: Coefficients,
                   overlap: Any = None) -> Array:  # fmt: skip
        """Seconds a step spends in exchanges that the work does not hide; ``overlap``: share of it that could."""
        import numpy as np

        e = floats(group)
        nodes = np.maximum(e * layout.tensor / machine.node_size, 1)
        token = ACTIVATION_BYTES * floats(layout.micro_batch) * block.seq_len / layout.tensor * block.hidden
        inside = token * self.active * (e - 1) / e / (c.link_share_in_node * floats(machine.link_in_node_gb_s) * GB)
        sent = token * nodes_met(self.active, nodes) * (nodes - 1) / nodes
        across = sent / (c.link_share_between * floats(machine.link_between_gb_s) * GB)
        transfer = EXCHANGES * layout.micro_batches * self.layers / floats(layout.pipeline) * np.maximum(inside, across)
        return floats(exposed_s(transfer, work_s, c.data_overlap if overlap is None else overlap))


def nodes_met(active: Any, nodes: Any) -> Any:
    """Nodes that k experts drawn at random lie in: u = g · (1 − (1 − 1/g)^k)."""
    return nodes * (1 - (1 - 1 / nodes) ** active)
