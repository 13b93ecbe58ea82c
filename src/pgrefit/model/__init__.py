"""The nouns: frozen, pure values that the verbs exchange and that are also files."""
