-- Constraints declared NOT ENFORCED.
SELECT k.oid
FROM pg_constraint AS k
WHERE NOT k.conenforced
