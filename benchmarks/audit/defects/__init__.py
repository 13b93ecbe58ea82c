"""Defects that people really make in a schema, and what looks like them: planted at random, written down as planted."""
