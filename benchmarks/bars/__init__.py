"""The bars of the benchmarks: what is measured, beside whom, and whether it holds."""
