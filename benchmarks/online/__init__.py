"""What a refit costs the clients of a database that stays in use, each claim beside what people do today."""
