"""What vacuum and ANALYZE leave undone."""
