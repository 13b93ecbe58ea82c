-- Digests of the keys of rows that are in quarantine, with the table that they came from.
SELECT source, pg_catalog.array_agg(DISTINCT pg_catalog.hashtextextended(key::pg_catalog.text, 0)) AS keys
FROM pgrefit.quarantine
GROUP BY source
