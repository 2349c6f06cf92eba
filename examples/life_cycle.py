"""A model's whole life: what each phase took, what is not counted, and what one request bears."""

import jevons

run = jevons.estimate.training("llama-2-7b", tokens="2T", on="a100", n=512, draws=0)
model = jevons.account.lifecycle({
    "lifecycle": "our 7B", "site": {"name": "France", "year": 2023},
    "phases": {
        "final training": {"what": "run", "activity": run},
        "experimentation": {"what": "trials", "activity": jevons.estimate.experimentation(run, 2)},
        "inference": {"what": "API", "energy": "3 MWh", "served": {"request": 1.2e6}},
        "travel": {"what": "workshop", "travel": {"rows": [{"people": 40, "distance_km": 900}]}},
    },
    "use": {"request": 1e9},
}, draws=0)  # fmt: skip

for phase, kg in model.footprint.by("stage").items():
    print(f"{phase:16}{kg[0] / 1000:8.2f} t CO2e")
print(f"{'together':16}{model.footprint.best() / 1000:8.2f} t CO2e")
print("not counted:", ", ".join(f"{phase} ({why})" for phase, why in model.not_counted.items()))
print(f"one request: {model.per('request')['climate']['together'] * 1000:.2f} g CO2e")
