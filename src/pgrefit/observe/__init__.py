"""Reads a database, or DDL and workload files, into nouns: read-only, bounded, in bulk."""
