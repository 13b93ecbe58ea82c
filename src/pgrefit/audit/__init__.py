"""Observation → findings: runs the rules, isolates one that crashes, ranks by severity and by what a defect costs, and
leaves out what is known or not wanted."""

from __future__ import annotations

from pgrefit.audit.runner import questions, run

__all__ = ["questions", "run"]
