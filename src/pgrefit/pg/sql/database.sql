-- The database itself: its name, the server's version, its settings and its event triggers, and whether everybody may
-- create schemas in it.
SELECT
    current_database() AS database,
    current_setting('server_version_num')::int AS server_version,
    ARRAY(
        SELECT u.setting
        FROM pg_db_role_setting AS s
        JOIN pg_database AS d ON d.oid = s.setdatabase
        CROSS JOIN LATERAL unnest(s.setconfig) AS u (setting)
        WHERE s.setrole = 0 AND d.datname = current_database()
        ORDER BY u.setting COLLATE "C"
    ) AS database_settings,
    ARRAY(SELECT e.evtname FROM pg_event_trigger AS e ORDER BY e.evtname) AS event_triggers,
    ARRAY(
        SELECT e.evtname FROM pg_event_trigger AS e WHERE e.evtenabled = 'D' ORDER BY e.evtname
    ) AS disabled_event_triggers,
    EXISTS (
        SELECT 1
        FROM pg_database AS d
        CROSS JOIN LATERAL aclexplode(d.datacl) AS a
        WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'CREATE'
    ) AS open_to_all
