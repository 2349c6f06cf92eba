"""Time of the collectives of a training step, inside a node and across nodes.

All functions are pure and broadcast; messages in bytes, rates in byte/s per device and direction, times in seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Number = Any


def ring_share(ranks: Number) -> Number:
    """(n - 1)/n: the part of a message each rank sends in a ring reduce-scatter or all-gather
    (Thakur, Rabenseifner and Gropp 2005). An all-reduce is both: twice that."""
    return (np.asarray(ranks) - 1) / ranks


def all_reduce_s(message_bytes: Number, ranks: Number, bandwidth: Number, latency_s: Number) -> Number:
    """2·(n - 1)/n · M/BW + latency, nothing for one rank."""
    busy = 2 * ring_share(ranks) * message_bytes / bandwidth + latency_s
    return np.where(np.asarray(ranks) > 1, busy, 0.0)


def tensor_bandwidth(tensor: Number, node_size: Number, in_node: Number, between: Number) -> Number:
    """Rate of a tensor-parallel all-reduce: the links in the node while the group fits, else all the network adapters
    of a node together, because one group then holds whole nodes (hierarchical all-reduce)."""
    return np.where(np.asarray(tensor) <= node_size, in_node, between * node_size)


def stage_bandwidth(tensor: Number, data: Number, node_size: Number, in_node: Number, between: Number) -> Number:
    """Rate between neighbouring pipeline stages: ranks are laid out tensor first, then data, then pipeline (Narayanan
    2021, arXiv 2104.04473), so a stage that fills a node speaks to the next over the network."""
    return np.where(np.asarray(tensor) * data < node_size, in_node, between)


def data_collective_s(
    message_bytes: Number, tensor: Number, data: Number, node_size: Number, in_node: Number, between: Number
) -> Number:
    """One reduce-scatter or all-gather of `message_bytes` over the data-parallel group, seconds.

    The slower of two floors: (d - 1)/d · M over the links of a device, and across the k = t·d/node nodes of the group
    (k - 1)/k · M for each of the min(t, node) groups that share a node's adapters.
    """
    nodes = np.maximum(np.ceil(np.asarray(tensor) * data / node_size), 1)
    groups = np.minimum(tensor, node_size)
    inside = ring_share(data) * message_bytes / in_node
    across = ring_share(nodes) * message_bytes * groups / (between * node_size)
    return np.maximum(inside, across)


def exposed_s(transfer_s: Number, work_s: Number, overlap: Number) -> Number:
    """What of a transfer is not hidden behind the work: all that outlasts it and (1 - overlap) of the rest."""
    hidden = np.minimum(transfer_s, work_s)
    return transfer_s - hidden + (1 - overlap) * hidden
