"""What the application's own queries show."""
