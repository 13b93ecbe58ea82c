"""References between tables: as they should be declared, and what is wrong with the rows."""
