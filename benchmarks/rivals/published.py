"""What rivals say of themselves where their rows are not public: a figure to stand beside, never a paired one."""

from __future__ import annotations

VTRAIN = {"single": 0.0837, "multi": 0.1473}
"""vTrain's step time MAPE with kernels profiled on a GPU: up to 8 A100, up to 512 A100 (arXiv 2312.12391, KAIST's
announcement of 2025-03). Its points are public, its predictions of them are not."""
