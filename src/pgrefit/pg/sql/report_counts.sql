-- Has this session report what it counted so far when the statement ends.
SELECT pg_catalog.pg_stat_force_next_flush() IS NULL AS asked
