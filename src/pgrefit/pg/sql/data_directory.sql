-- Where the server keeps its data; no row where the role may not know.
SELECT s.setting AS folder FROM pg_settings AS s
WHERE s.name = 'data_directory'
  AND (SELECT d.dattablespace FROM pg_database AS d WHERE d.datname = current_database())
      = (SELECT t.oid FROM pg_tablespace AS t WHERE t.spcname = 'pg_default')
