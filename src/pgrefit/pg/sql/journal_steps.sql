-- What became of the steps of a run, in the plan's order. Read as JSON where a journal of an older release lacks it.
SELECT s.id, s.title, s.phase, s.state, s.started_at, s.finished_at, s.tries, s.rows, s.total_rows, s.batches,
       coalesce((j.step ->> 'visited')::bigint, s.rows) AS visited, coalesce((j.step ->> 'rate')::float8, 0) AS rate,
       coalesce((j.step ->> 'mean_rate')::float8, 0) AS mean_rate,
       coalesce(s.cursor, '{}') AS cursor, coalesce(s.undo_cursor, '{}') AS undo_cursor, s.message
FROM pgrefit.step AS s, LATERAL (SELECT to_jsonb(s) AS step) AS j
WHERE s.run = %(run)s::uuid
ORDER BY length(s.id), s.id
