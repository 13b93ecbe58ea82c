-- The plan with a hash, as it was when it was begun to be applied.
SELECT to_jsonb(r) ->> 'document' AS document
FROM pgrefit.run AS r
WHERE r.plan_hash = %(hash)s AND to_jsonb(r) ->> 'document' IS NOT NULL
LIMIT 1
