"""A million plans at once: how many stay within a carbon budget, and what tells them apart."""

import time

import numpy as np

import jevons

BUDGET_KG = 50_000
SCENARIOS = 1_000_000

rng = np.random.default_rng(7)
tokens = rng.uniform(0.2e12, 4e12, SCENARIOS)
intensity = rng.uniform(0.02, 0.8, SCENARIOS)
began = time.process_time()
totals = jevons.estimate.sweep("llama-2-7b", tokens=tokens, on="a100", n=rng.integers(64, 4096, SCENARIOS),
                               at="Germany", intensity=intensity, pue=rng.uniform(1.05, 1.6, SCENARIOS))  # fmt: skip
seconds = time.process_time() - began

carbon = totals["climate_operation_kg"] + totals["climate_manufacture_kg"]
within = carbon <= BUDGET_KG
print(f"{SCENARIOS:,} scenarios in {seconds:.2f} CPU s")
print(f"{within.mean():.0%} stay within {BUDGET_KG / 1000:.0f} t")
print(f"mean tokens      within {tokens[within].mean():.2e}   beyond {tokens[~within].mean():.2e}")
print(f"mean intensity   within {intensity[within].mean():.3f}     beyond {intensity[~within].mean():.3f} kg/kWh")
