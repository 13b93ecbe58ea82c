"""Values that are kept twice, in two tables, and no longer agree."""
