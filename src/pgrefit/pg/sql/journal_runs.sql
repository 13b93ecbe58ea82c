-- Runs in the journal, newest first. Read as JSON, for a journal made by an older release lacks the newer columns.
SELECT r.id::text AS id, r.plan, r.plan_hash, r.state, r.started_at, r.finished_at,
       coalesce(j.run ->> 'control', 'go') AS "order", coalesce(j.run ->> 'control_by', '') AS ordered_by,
       (j.run ->> 'control_at')::timestamptz AS ordered_at, coalesce(j.run ->> 'waits', '') AS waits,
       (j.run ->> 'waits_since')::timestamptz AS waits_since
FROM pgrefit.run AS r, LATERAL (SELECT to_jsonb(r) AS run) AS j
ORDER BY r.started_at DESC, r.id
