-- What an operator wants a run to do: go on, pause or stop; who said so, and when.
SELECT control AS "order", coalesce(control_by, '') AS "by", control_at AS at
FROM pgrefit.run
WHERE id = %(run)s::uuid
