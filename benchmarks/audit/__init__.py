"""How right and how quick the audit is: `python -m benchmarks.audit`, or `make bench-audit`."""
