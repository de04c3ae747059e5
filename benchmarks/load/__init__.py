"""The load test: `python -m benchmarks.load` drives a running streamsum, or one of its own, and says how it bore it."""
