-- Which database a name stands for.
SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = %(database)s
