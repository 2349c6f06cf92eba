"""Measurements of one's own machines sharpen an estimate: steps of a cluster, points of a deployment, prompts on a board."""

from jevons.estimate.board.calibrate import calibrate_edge
from jevons.estimate.cluster.calibrate import calibrate_training
from jevons.estimate.server.calibrate import calibrate_serving

__all__ = ["calibrate_edge", "calibrate_serving", "calibrate_training"]
