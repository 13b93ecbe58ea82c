-- Prints all that is printed of some relations, and tells nothing: it fails where the server cannot print it.
SELECT count(text) FROM (
    SELECT pg_get_viewdef(c.oid) AS text FROM pg_class AS c
    WHERE c.oid = ANY(%(oids)s::oid[]) AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c WHERE c.oid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_partkeydef(p.partrelid) FROM pg_partitioned_table AS p WHERE p.partrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d WHERE d.adrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_constraintdef(k.oid) FROM pg_constraint AS k WHERE k.conrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_triggerdef(g.oid) FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid
    WHERE g.tgrelid = ANY(%(oids)s::oid[]) AND NOT g.tgisinternal
    UNION ALL
    SELECT concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy AS p WHERE p.polrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext AS s WHERE s.stxrelid = ANY(%(oids)s::oid[])
    UNION ALL
    SELECT pg_get_expr(r.prqual, r.prrelid) FROM pg_publication_rel AS r WHERE r.prrelid = ANY(%(oids)s::oid[])
) AS printed
