-- Settings of this transaction on which printed definitions, the speed of catalog queries and what is counted depend: a
-- table of which policies would hide rows is refused, not counted in part.
SELECT pg_catalog.set_config(name, value, true)
FROM (
    VALUES
    ('search_path', 'pg_catalog, pg_temp'),
    ('client_encoding', 'UTF8'),
    ('quote_all_identifiers', 'off'),
    ('DateStyle', 'ISO, MDY'),
    ('IntervalStyle', 'postgres'),
    ('TimeZone', 'UTC'),
    ('extra_float_digits', '1'),
    ('bytea_output', 'hex'),
    ('xmloption', 'content'),
    ('jit', 'off'),
    ('row_security', 'off')
) AS setting (name, value)
