"""pgrefit takes a PostgreSQL database through a refit: audit, design, rehearse, apply, verify."""

__version__ = "0.1.0"
