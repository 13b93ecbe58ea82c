"""The only door to a PostgreSQL server: sessions, queries, embedded servers, dumps and clones."""
