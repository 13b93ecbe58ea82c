-- Who may enter, as the server reads pg_hba.conf now; for superusers and whom they let.
SELECT
    h.line_number AS line,
    coalesce(h.type, '') AS kind,
    coalesce(h.database, '{}') AS databases,
    coalesce(h.user_name, '{}') AS users,
    coalesce(h.address, '') AS address,
    coalesce(h.netmask, '') AS netmask,
    coalesce(h.auth_method, '') AS method,
    coalesce(h.options, '{}') AS options,
    coalesce(h.error, '') AS error,
    coalesce(to_jsonb(h) ->> 'file_name', '') AS file
FROM pg_hba_file_rules AS h
ORDER BY (to_jsonb(h) ->> 'rule_number')::integer, h.line_number
