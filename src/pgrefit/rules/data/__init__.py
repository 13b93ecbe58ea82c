"""What the rows of a single table say of the columns that hold them."""
