-- Limits of this transaction, in ms; a cursor's plan is made for all of its rows, not for the first few.
SELECT
    pg_catalog.set_config('statement_timeout', %(runtime_ms)s::text, true),
    pg_catalog.set_config('lock_timeout', %(lock_wait_ms)s::text, true),
    pg_catalog.set_config('cursor_tuple_fraction', '1', true)
