-- Settings of the connected database, and of roles in it, one a row; without those that name files of its server.
SELECT
    r.rolname::text AS role,
    split_part(c.setting, '=', 1) AS name,
    substr(c.setting, strpos(c.setting, '=') + 1) AS value
FROM pg_db_role_setting AS s
INNER JOIN pg_database AS d ON s.setdatabase = d.oid
LEFT JOIN pg_roles AS r ON s.setrole = r.oid
CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
WHERE
    d.datname = current_database()
    AND split_part(c.setting, '=', 1) NOT IN (
        'default_tablespace', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries'
    )
ORDER BY 1 NULLS FIRST, 2
