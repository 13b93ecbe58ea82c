"""The same fact stored twice, or in the wrong place."""
