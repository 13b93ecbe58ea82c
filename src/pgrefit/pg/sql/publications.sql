-- Publications, as CREATE PUBLICATION would say them, with the tables that each names itself or by their schema.
SELECT
    p.pubname AS name,
    p.puballtables AS all_tables,
    ARRAY(
        SELECT n.nspname
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = ANY(member.tables) ORDER BY n.nspname, c.relname
    ) AS table_schemas,
    ARRAY(
        SELECT c.relname
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = ANY(member.tables) ORDER BY n.nspname, c.relname
    ) AS table_names,
    coalesce(
        CASE WHEN p.puballtables THEN 'FOR ALL TABLES ' END,
        'FOR ' || array_to_string(part.tables || part.schemas, ', ') || ' ',
        ''
    ) || format(
        'WITH (publish = %%L, publish_via_partition_root = %%s%%s)',
        concat_ws(
            ', ',
            CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
            CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END
        ),
        p.pubviaroot::text,
        CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN ', publish_generated_columns = stored' END
    ) AS definition
FROM pg_publication AS p
CROSS JOIN LATERAL (
    SELECT
        ARRAY(SELECT r.prrelid FROM pg_publication_rel AS r WHERE r.prpubid = p.oid)
        || ARRAY(
            SELECT c.oid
            FROM pg_publication_namespace AS s JOIN pg_class AS c ON c.relnamespace = s.pnnspid
            WHERE s.pnpubid = p.oid AND c.relkind IN ('r', 'p')
        ) AS tables
) AS member
CROSS JOIN LATERAL (
    SELECT
        (
            SELECT
                array_agg(
                    format('TABLE %%I.%%I', n.nspname, c.relname)
                    || coalesce(' (' || (
                        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                        FROM pg_attribute AS a
                        WHERE a.attrelid = r.prrelid AND a.attnum = ANY(r.prattrs)
                    ) || ')', '')
                    || coalesce(' WHERE (' || CASE
                        WHEN r.prrelid <> ALL(%(locked)s::oid[]) THEN pg_get_expr(r.prqual, r.prrelid)
                    END || ')', '')
                    ORDER BY n.nspname, c.relname
                )
            FROM pg_publication_rel AS r
            JOIN pg_class AS c ON c.oid = r.prrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE r.prpubid = p.oid
        ) AS tables,
        (
            SELECT array_agg('TABLES IN SCHEMA ' || quote_ident(n.nspname) ORDER BY n.nspname)
            FROM pg_publication_namespace AS s
            JOIN pg_namespace AS n ON n.oid = s.pnnspid
            WHERE s.pnpubid = p.oid
        ) AS schemas
) AS part
ORDER BY p.pubname
