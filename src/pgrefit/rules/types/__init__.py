"""Column types that lose, hide or cost something."""
