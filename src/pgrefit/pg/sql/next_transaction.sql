-- The number that the next transaction will have; it is the same on a standby, which has none of its own.
SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text AS number
