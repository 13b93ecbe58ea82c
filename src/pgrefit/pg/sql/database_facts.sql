-- The size of this database and the server's version, for a measurement.
SELECT current_setting('server_version') AS server,
       pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes
