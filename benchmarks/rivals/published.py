"""What rivals say of themselves where their rows are not public: a figure to stand beside, never a paired one."""

from __future__ import annotations

VTRAIN = {"single": 0.0837, "multi": 0.1473}
"""Step time MAPE with kernels profiled on one GPU (Bang et al., vTrain, MICRO 2024, arXiv 2312.12391)."""
