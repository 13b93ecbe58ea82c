"""Auditors that others publish, fetched when the benchmark runs, on the same databases as ours."""
