"""Indexes that are missing, broken or in the way."""
