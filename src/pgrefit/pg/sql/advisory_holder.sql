-- Which session holds an advisory lock (one bigint key, in two halves) on this database.
SELECT a.pid, coalesce(a.usename::text, '') AS "user", a.application_name AS application, a.backend_start::text AS since
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND l.classid::bigint = %(high)s AND l.objid::bigint = %(low)s
