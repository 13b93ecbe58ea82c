-- Tables of every kind, with what is said of a table as a whole; of locked ones nothing that waits for the lock.
SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
    pg_get_userbyid(c.relowner) AS owner,
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
    CASE WHEN c.relkind = 'p' AND c.oid <> ALL(%(locked)s::oid[]) THEN pg_get_partkeydef(c.oid) END AS partition_key,
    CASE
        WHEN c.relispartition AND c.oid <> ALL(%(locked)s::oid[]) THEN pg_get_expr(c.relpartbound, c.oid)
    END AS partition_bound,
    c.relispartition AS is_partition,
    c.relrowsecurity AS row_security,
    c.relforcerowsecurity AS force_row_security,
    CASE c.relreplident
        WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' ELSE 'default'
    END AS replica_identity,
    coalesce(c.reloptions, '{}')
    || ARRAY(SELECT 'toast.' || o FROM unnest(x.reloptions) WITH ORDINALITY AS u (o, n) ORDER BY n)
    || CASE WHEN s.srvname IS NULL THEN '{}' ELSE ARRAY['server=' || s.srvname] END
    || coalesce(f.ftoptions, '{}') AS options
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS x ON x.oid = c.reltoastrelid
LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS s ON s.oid = f.ftserver
WHERE
    c.relkind IN ('r', 'p', 'f')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
