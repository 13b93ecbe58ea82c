"""Indexes from the workload: candidates from the server's own plans, chosen by what they cost and save on a clone."""
