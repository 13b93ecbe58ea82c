-- Relations and functions that were made or altered, or a part of them, since a transaction.
WITH touched AS (
    SELECT 'pg_class' AS kind, c.oid, c.xmin FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
    UNION ALL
    SELECT 'pg_class', i.indrelid, i.xmin FROM pg_index AS i
    UNION ALL
    SELECT 'pg_class', k.conrelid, k.xmin FROM pg_constraint AS k WHERE k.conrelid <> 0
    UNION ALL
    SELECT 'pg_class', d.adrelid, d.xmin FROM pg_attrdef AS d
    UNION ALL
    SELECT 'pg_class', p.polrelid, p.xmin FROM pg_policy AS p
    UNION ALL
    SELECT 'pg_class', g.tgrelid, g.xmin FROM pg_trigger AS g
    UNION ALL
    SELECT 'pg_class', r.ev_class, r.xmin FROM pg_rewrite AS r
    UNION ALL
    SELECT 'pg_class', s.stxrelid, s.xmin FROM pg_statistic_ext AS s
    UNION ALL
    SELECT 'pg_proc', f.oid, f.xmin FROM pg_proc AS f
)
SELECT DISTINCT t.kind, t.oid
FROM touched AS t
WHERE age(t.xmin) BETWEEN 0 AND age(%(since)s::xid)
