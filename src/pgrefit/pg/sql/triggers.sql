-- Triggers that users made, not those by which foreign keys work; no definition where it waits for a lock, or goes.
SELECT
    g.oid,
    g.tgrelid AS relation,
    g.tgname AS name,
    CASE
        WHEN g.tgrelid = ANY(%(restless)s::oid[]) THEN NULL
        WHEN g.tgqual IS NULL OR g.tgrelid <> ALL(%(locked)s::oid[]) THEN pg_get_triggerdef(g.oid)
    END AS definition,
    pn.nspname AS function_schema,
    p.proname AS function_name,
    CASE WHEN g.tgtype & 64 <> 0 THEN 'instead of' WHEN g.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END AS timing,
    array_remove(
        ARRAY[
            CASE WHEN g.tgtype & 4 <> 0 THEN 'insert' END,
            CASE WHEN g.tgtype & 16 <> 0 THEN 'update' END,
            CASE WHEN g.tgtype & 8 <> 0 THEN 'delete' END,
            CASE WHEN g.tgtype & 32 <> 0 THEN 'truncate' END
        ],
        NULL
    ) AS events,
    g.tgtype & 1 <> 0 AS row,
    CASE g.tgenabled WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' WHEN 'D' THEN 'disabled' ELSE 'origin' END AS enabled,
    g.tgattr::int2[] AS update_columns
FROM pg_trigger AS g
JOIN pg_class AS c ON c.oid = g.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_proc AS p ON p.oid = g.tgfoid
JOIN pg_namespace AS pn ON pn.oid = p.pronamespace
WHERE NOT g.tgisinternal AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY g.tgrelid, g.tgname
