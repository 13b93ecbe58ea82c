-- Indexes of tables and materialized views; no definition where the table is locked.
SELECT
    c.oid,
    i.indrelid AS relation,
    n.nspname AS schema,
    c.relname AS name,
    m.amname AS method,
    i.indkey::int2[] AS numbers,
    i.indnkeyatts AS key_count,
    CASE WHEN i.indrelid <> ALL(%(locked)s::oid[]) THEN pg_get_expr(i.indpred, i.indrelid) END AS predicate,
    i.indisunique AS "unique",
    i.indisprimary AS "primary",
    i.indnullsnotdistinct AS nulls_not_distinct,
    i.indisvalid AS valid,
    i.indisready AS ready,
    i.indisclustered AS clustered,
    i.indisreplident AS replica_identity,
    c.reloptions AS options,
    k.conname AS "constraint",
    CASE WHEN i.indrelid <> ALL(%(locked)s::oid[]) THEN pg_get_indexdef(c.oid) END AS definition
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
WHERE i.indislive AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
