"""What the database does not enforce."""
