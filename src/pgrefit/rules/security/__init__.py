"""Row security, and functions that run with the rights of their owner."""
