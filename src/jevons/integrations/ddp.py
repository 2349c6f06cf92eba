"""Plain PyTorch DDP (torchrun, srun, mpirun): one sampler a node, and the whole job's Activity on every rank.

    with ddp.track() as run:          # a Run on the first process of each node, None on the others
        train()
    activity = ddp.gathered(run)      # all nodes, on every rank; torch.distributed must still be up
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.measure import Run

LOCAL_RANK = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "PMI_LOCAL_RANK")
JOB = ("TORCHELASTIC_RUN_ID", "SLURM_JOB_ID")


def is_sampler() -> bool:
    """Whether this process is the one that measures its node: local rank 0, or alone."""
    return next((os.environ[name] for name in LOCAL_RANK if name in os.environ), "0") == "0"


@contextmanager
def track(labels: dict[str, str] | None = None, **options: Any) -> Iterator[Run | None]:
    """Measure this node once, whatever its ranks; labels host and job are added. Options as ``jevons.measure.start``."""
    from jevons import measure

    if not is_sampler():
        yield None
        return
    job = next((os.environ[name] for name in JOB if name in os.environ), "")
    with measure.start(labels={"host": socket.gethostname(), "job": job, **(labels or {})}, **options) as run:
        yield run


def gathered(run: Run | None) -> Activity:
    """The Activity of every node's run, the same on all ranks; that of this node where no process group is up."""
    import torch.distributed as dist

    from jevons.core.activity import Activity, joined

    own = None if run is None else run.activity
    parts: list[Activity | None] = [own]
    if dist.is_available() and dist.is_initialized():
        parts = [None] * dist.get_world_size()
        dist.all_gather_object(parts, own)
    found = [part for part in parts if part is not None]
    return joined(found) if found else Activity.of([])
