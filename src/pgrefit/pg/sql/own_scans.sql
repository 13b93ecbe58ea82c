-- Tables that this transaction has read from end to end; also earlier ones whose counts were not reported yet.
SELECT s.relid::int8 AS oid FROM pg_catalog.pg_stat_xact_user_tables AS s WHERE s.seq_scan > 0
