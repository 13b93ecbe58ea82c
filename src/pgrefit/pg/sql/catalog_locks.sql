-- Who holds, or is queued for, a lock on a system catalog of a database, the connected one where none is given, that lets
-- nobody look at it. No relation is opened to tell that.
SELECT
    coalesce(a.pid, 0) AS pid,
    coalesce(pg_catalog.pg_get_userbyid(a.usesysid)::text, '') AS "user",
    coalesce(nullif(a.application_name, ''), a.backend_type, '') AS application,
    coalesce(c.name, 'with oid ' || l.relation) AS catalog,
    l.granted,
    coalesce(
        extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.backend_start)), 0
    )::pg_catalog.float8 AS since_seconds
FROM pg_catalog.pg_lock_status() AS l
LEFT JOIN pg_catalog.pg_stat_get_activity(NULL) AS a ON a.pid = l.pid
LEFT JOIN (
    -- Their oids are the same on every server; to look them up is what the lock prevents.
    VALUES
    (1247, 'pg_type'), (1249, 'pg_attribute'), (1255, 'pg_proc'), (1259, 'pg_class'), (1260, 'pg_authid'),
    (1261, 'pg_auth_members'), (1262, 'pg_database'), (2604, 'pg_attrdef'), (2606, 'pg_constraint'),
    (2608, 'pg_depend'), (2609, 'pg_description'), (2610, 'pg_index'), (2611, 'pg_inherits'), (2615, 'pg_namespace'),
    (2618, 'pg_rewrite'), (2619, 'pg_statistic'), (2620, 'pg_trigger'), (3256, 'pg_policy')
) AS c (oid, name) ON c.oid = l.relation::pg_catalog.int8
WHERE
    l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
    AND l.relation::pg_catalog.int8 < 16384 AND l.relation::pg_catalog.int8 NOT IN (2613, 2995)  -- large objects
    AND l.database IN (0, coalesce(%(database)s::pg_catalog.oid, (
        SELECT o.datid FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS o
    )))
ORDER BY l.granted DESC, since_seconds DESC
