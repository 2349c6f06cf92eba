"""Placeholder until the equations land."""


def accelerator_rule_kg(hbm_gb: float, die_cm2: float) -> float:
    """E = 0.861 HBM + 5.04 die + 54.1."""
    return 0.861 * hbm_gb + 5.04 * die_cm2 + 54.1
