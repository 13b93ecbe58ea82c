"""Row security, privileges, and functions that run with the rights of their owner."""
