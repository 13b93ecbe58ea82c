-- How many rows a run has put aside, by table and reason; those that were put back are not counted.
SELECT source, reason, count(*) AS rows
FROM pgrefit.quarantine
WHERE run = %(run)s::uuid
GROUP BY source, reason
ORDER BY source, reason
