"""Ray: one sampler on every node of the cluster while a block runs, and the Activity of all of them.

    with jevons.integrations.ray.track() as cluster:
        ray.get([work.remote(i) for i in range(100)])
    jevons.footprint(cluster.activity)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jevons.core.errors import MissingExtra

if TYPE_CHECKING:
    from jevons.core.activity import Activity

try:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError:
    raise MissingExtra("ray", "ray", "tracking a Ray cluster") from None


class Cluster:
    """The samplers of a cluster; ``activity`` is there once the block has ended."""

    def __init__(self, options: dict[str, Any]):
        self.samplers = [_Sampler.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False))
                         .remote(node["NodeManagerHostname"], options) for node in ray.nodes() if node["Alive"]]  # fmt: skip
        self.activity: Activity | None = None


@contextmanager
def track(**options: Any) -> Iterator[Cluster]:
    """Measure every node that is alive now; options as ``jevons.measure.start``."""
    from jevons.core.activity import joined

    cluster = Cluster(options)
    ray.get([sampler.ready.remote() for sampler in cluster.samplers])
    try:
        yield cluster
    finally:
        cluster.activity = joined(ray.get([sampler.stop.remote() for sampler in cluster.samplers]))


@ray.remote(num_cpus=0)
class _Sampler:
    def __init__(self, host: str, options: dict[str, Any]):
        from jevons import measure

        self.run = measure.start(**{**options, "labels": {"host": host, **options.get("labels", {})}})

    def ready(self) -> str:
        return self.run.id

    def stop(self) -> Activity:
        return self.run.stop().activity
