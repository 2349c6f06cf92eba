"""Not only the final run: data, trials, training, fine-tuning and storage of a project, stage by stage."""

import jevons
from jevons.core.uncertain import best

data = jevons.estimate.data_preparation(hours="30 days", core_power="8 W", cores=2000, memory="8 TB")
final = jevons.estimate.training("olmo-1b", tokens="2T", on="a100", n=128)
trials = jevons.estimate.experimentation(final)
tuned = jevons.estimate.fine_tuning("olmo-1b", tokens="20B", on="a100", n=8, method="full")
kept = jevons.estimate.storage("40 TB", "24 months", medium="hdd", replicas=3)

footprint = jevons.footprint(data + trials + final + tuned + kept, at=jevons.site("us-west-2", pue=1.15))
whole = footprint.best("climate")
print(footprint, "\n")
for stage, amount in footprint.by("stage").items():
    print(f"{stage:18} {best(amount) / 1000:8.2f} t  {best(amount) / whole:5.1%}")
