"""Findings, workload and intent become a plan."""
