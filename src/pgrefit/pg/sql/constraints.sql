-- Constraints of tables and of domains; no definition where it waits for a lock, or may be dropped meanwhile.
SELECT
    k.oid,
    k.conrelid AS relation,
    k.contypid AS domain,
    k.conname AS name,
    CASE k.contype
        WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key'
        WHEN 'x' THEN 'exclusion' WHEN 'n' THEN 'not null' ELSE 'trigger'
    END AS kind,
    k.conkey AS columns,
    CASE
        WHEN k.conrelid = ANY(%(restless)s::oid[]) THEN NULL
        WHEN k.contype NOT IN ('c', 'x') OR k.conrelid <> ALL(%(locked)s::oid[]) THEN pg_get_constraintdef(k.oid)
    END AS definition,
    CASE
        WHEN k.contype = 'c' AND k.conrelid <> ALL(%(locked)s::oid[]) THEN pg_get_expr(k.conbin, k.conrelid)
    END AS expression,
    k.convalidated AS validated,
    k.oid NOT IN (SELECT g.tgconstraint FROM pg_trigger AS g WHERE g.tgisinternal AND g.tgenabled = 'D') AS checked,
    k.condeferrable AS deferrable,
    k.condeferred AS deferred,
    NOT k.conislocal AS inherited,
    k.confrelid AS parent,
    pn.nspname AS parent_schema,
    p.relname AS parent_name,
    k.confkey AS parent_columns,
    CASE k.confdeltype
        WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default'
        ELSE 'no action'
    END AS on_delete,
    CASE k.confupdtype
        WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default'
        ELSE 'no action'
    END AS on_update,
    CASE k.confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' ELSE 'simple' END AS match,
    xn.nspname AS index_schema,
    x.relname AS index_name
FROM pg_constraint AS k
JOIN pg_namespace AS n ON n.oid = k.connamespace
LEFT JOIN pg_class AS p ON p.oid = k.confrelid
LEFT JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
LEFT JOIN pg_class AS x ON x.oid = k.conindid
LEFT JOIN pg_namespace AS xn ON xn.oid = x.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY k.conrelid, k.contypid, k.conname
