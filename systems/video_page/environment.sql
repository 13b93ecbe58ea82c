-- Turns a database made by legacy.sql, still empty, into the environment that was left behind: same constraint name,
-- older values. Run between legacy.sql and generate.sql; generate.sql reads the constraint and keeps to its values.
--   psql -v ON_ERROR_STOP=1 -f legacy.sql -f environment.sql -v scale=0.02 -f generate.sql

ALTER TABLE public.reflections
    DROP CONSTRAINT reflections_reflection_type_check,
    ADD CONSTRAINT reflections_reflection_type_check
        CHECK (reflection_type IN ('understanding', 'application', 'confusion', 'insight', 'feedback'));
