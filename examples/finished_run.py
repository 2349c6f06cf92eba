"""A run that is over: hours and power are known, so what it cost is arithmetic; then the section of its model card."""

import jevons
from jevons.report import card

run = jevons.estimate.recorded(on="a100", n=8, hours=216, power="330 W", boundary="chip", tokens="57B",
                               model="a small model", start="2026-02-01")  # fmt: skip
footprint = jevons.footprint(run, at=jevons.site("Singapore", pue=1.3))

print(card.metadata(footprint, "pre-training", hardware_used="8 x NVIDIA A100 80GB", version=jevons.__version__))
print(card.section(footprint, hardware="8 x NVIDIA A100 80GB", version=jevons.__version__))
