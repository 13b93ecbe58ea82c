-- What the archiver of WAL has done.
SELECT
    a.archived_count AS archived,
    a.failed_count AS failed,
    a.last_archived_time AS last_archived_at,
    a.last_failed_time AS last_failed_at,
    coalesce(a.last_failed_wal, '') AS last_failed
FROM pg_stat_archiver AS a
