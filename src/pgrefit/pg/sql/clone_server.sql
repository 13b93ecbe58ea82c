-- Which running server this is (by the moment it started, which no two share), and how it would copy a database.
SELECT
    concat_ws(' ', pg_postmaster_start_time(), current_setting('port')) AS identity,
    current_setting('server_version_num')::integer / 10000 AS major,
    pg_database_size(%(source)s) AS bytes,
    EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = %(source)s AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    ) AS used,
    EXISTS (
        SELECT FROM pg_settings WHERE name = 'file_copy_method' AND 'clone' = ANY(enumvals)
    ) AS clones_files
