"""The verb lint: migration SQL, ours or others', → what it would lock, break or lose, and the safe way."""
