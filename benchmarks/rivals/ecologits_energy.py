"""EcoLogits' own functions, installed from the package index into a throw-away environment: joules a token."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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

TIMED = """
import json, sys, time
from importlib.metadata import version
from ecologits.tracers.utils import llm_impacts

def call():
    assert llm_impacts("openai", "gpt-4o", 300, 3.0).energy is not None

call()
taken = []
for _ in range(int(sys.argv[1])):
    start = time.process_time()
    for _ in range(5):
        call()
    taken.append((time.process_time() - start) / 5)
print(json.dumps({"version": version("ecologits"), "seconds": taken}))
"""


def seconds_a_call(runs: int, package: str = "ecologits") -> tuple[np.ndarray, str]:
    """CPU seconds of one estimate of a request to GPT-4o, (runs,), and its version. Errors: as `joules_a_token`."""
    found = _told(package, TIMED, "", str(runs))
    return np.array(found["seconds"]), str(found["version"])


def joules_a_token(parameters: Sequence[tuple[float, float]], package: str = "ecologits") -> tuple[np.ndarray, str]:
    """Joules of all accelerators an output token for models of (active, total) billions of parameters, and its version.

    Errors: RuntimeError where the package cannot be installed or run.
    """
    found = _told(package, SCRIPT, json.dumps(list(parameters)))
    return np.array(found["joules"]), str(found["version"])


def _told(package: str, script: str, given: str, *words: str) -> dict[str, Any]:
    """What a script prints that runs where the package alone is installed."""
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        run(python, "-m", "pip", "install", "--quiet", package)
        done = subprocess.run([str(python), "-c", script, *words], input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"EcoLogits failed: {done.stderr[-500:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
