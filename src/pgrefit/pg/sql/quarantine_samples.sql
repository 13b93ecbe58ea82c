-- One row of each table and reason in quarantine, as an example for people.
SELECT DISTINCT ON (source, reason) source, reason, row
FROM pgrefit.quarantine
ORDER BY source, reason, id
