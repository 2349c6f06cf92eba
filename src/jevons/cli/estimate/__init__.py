"""Commands before it runs: estimate, calibrate, validate, compare-methods, demo."""
