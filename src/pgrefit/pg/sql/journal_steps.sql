-- What became of the steps of a run, in the plan's order.
SELECT id, title, phase, state, started_at, finished_at, tries, rows, total_rows, batches,
       coalesce(cursor, '{}') AS cursor, coalesce(undo_cursor, '{}') AS undo_cursor, message
FROM pgrefit.step
WHERE run = %(run)s::uuid
ORDER BY length(id), id
