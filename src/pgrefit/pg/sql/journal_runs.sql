-- Runs in the journal, newest first.
SELECT id::text AS id, plan, plan_hash, state, started_at, finished_at
FROM pgrefit.run
ORDER BY pgrefit.run.started_at DESC, id
