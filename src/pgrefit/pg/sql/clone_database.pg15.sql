-- How the connected database was created: encoding, locale, owner, size, for a clone on another server.
SELECT
    pg_encoding_to_char(d.encoding) AS encoding,
    d.datlocprovider::text AS provider,
    d.datcollate::text AS collate,
    d.datctype::text AS ctype,
    d.daticulocale::text AS locale,
    pg_get_userbyid(d.datdba)::text AS owner
FROM pg_database AS d
WHERE d.datname = current_database()
