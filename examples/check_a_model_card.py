"""A published figure, checked: what its own numbers imply, and where they contradict each other."""

from jevons.estimate.audit import audit, implied

CARD = {"name": "a 70B model", "hardware": "H100", "params_b": 70, "tokens": "15T", "device_hours": "7.0M",
        "avg_power_w": 700, "tco2e": 12.9}  # fmt: skip

for line in implied(CARD):
    print("implied:", line)
for finding in audit(CARD):
    print(f"{finding.severity}: {finding}")
