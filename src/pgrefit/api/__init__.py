"""What the verbs are together: each function composes rooms that do not know each other."""
