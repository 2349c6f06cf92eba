"""EcoLogits' own functions, installed from the package index into a throw-away environment: joules a token."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from benchmarks.rivals.codecarbon_cli import run

SCRIPT = """
import json, sys, time
from importlib.metadata import version
from ecologits.impacts import llm

def joules(active_b, total_b):
    token = llm.gpu_energy(active_b, 1.0, llm.BATCH_SIZE, llm.GPU_ENERGY_ALPHA, llm.GPU_ENERGY_BETA, llm.GPU_ENERGY_GAMMA)
    memory = llm.model_required_memory(total_b, llm.MODEL_QUANTIZATION_BITS)
    return float(token * llm.gpu_required_count(memory, llm.GPU_MEMORY)) * 3.6e6

print(json.dumps({"version": version("ecologits"), "joules": [joules(*pair) for pair in json.load(sys.stdin)]}))
"""


def joules_a_token(parameters: Sequence[tuple[float, float]], package: str = "ecologits") -> tuple[np.ndarray, str]:
    """Joules of all accelerators an output token for models of (active, total) billions of parameters, and its version.

    Errors: RuntimeError where the package cannot be installed or run.
    """
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        run(python, "-m", "pip", "install", "--quiet", package)
        done = subprocess.run([str(python), "-c", SCRIPT], input=json.dumps(list(parameters)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"EcoLogits failed: {done.stderr[-500:]}")
        found = json.loads(done.stdout.splitlines()[-1])
    return np.array(found["joules"]), str(found["version"])
