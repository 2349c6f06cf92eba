"""One run in six places, least carbon first, and the surest difference between the two ends."""

import jevons
from jevons.core.footprint import paired_interval

PLACES = ("Sweden", "France", "Germany", "us-central1", "ERCT", "India")

run = jevons.estimate.training("olmo-2-7b", tokens="4T", on="h100", n=512)
priced = {name: jevons.footprint(run, at=jevons.site(name, pue=1.2)) for name in PLACES}
ranked = sorted(priced, key=lambda name: priced[name].best("climate"))

for name in ranked:
    water = priced[name].best("water_on_site") + priced[name].best("water_off_site")
    print(f"{name:12} {priced[name].say('climate'):24} {water / 1000:6,.0f} m3 of water")

best, low, high = paired_interval(priced[ranked[-1]] - priced[ranked[0]], "climate")
print(f"\n{ranked[-1]} emits {best / 1000:,.0f} t more than {ranked[0]} [{low / 1000:,.0f} to {high / 1000:,.0f}]")
