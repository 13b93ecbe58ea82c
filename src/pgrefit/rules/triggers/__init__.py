"""Triggers that do not do what they are there for."""
