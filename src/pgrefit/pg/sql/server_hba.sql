-- Who may enter, as the server read pg_hba.conf; for superusers and whom they let.
SELECT
    h.line_number AS line,
    coalesce(h.type, '') AS kind,
    coalesce(h.database, '{}') AS databases,
    coalesce(h.user_name, '{}') AS users,
    coalesce(h.address, '') AS address,
    coalesce(h.netmask, '') AS netmask,
    coalesce(h.auth_method, '') AS method,
    coalesce(h.error, '') AS error
FROM pg_hba_file_rules AS h
ORDER BY h.line_number
