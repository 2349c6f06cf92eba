"""A training run that has not started: what it would consume, and what that would cost the planet."""

import jevons

run = jevons.estimate.training("llama-2-7b", tokens="2T", on="a100", n=512)
footprint = jevons.footprint(run, at=jevons.site("France", year=2023, pue=1.2))

print(footprint)
print("\nfor 1,000 tokens:", footprint.per("1k tokens").say("climate"))
print("\n" + str(footprint.explain("climate")))
