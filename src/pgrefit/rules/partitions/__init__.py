"""Tables that are, or should be, in partitions."""
