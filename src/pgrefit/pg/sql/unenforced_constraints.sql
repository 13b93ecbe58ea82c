-- Constraints declared NOT ENFORCED: before version 18 there are none.
SELECT k.oid
FROM pg_constraint AS k
WHERE false
