"""Numbers that sequences give out, and the columns that take them."""
