"""Names that people stumble over: taste, so that these rules run only where they are asked for."""
