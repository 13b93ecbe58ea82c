-- Comments on objects of the user; 16384 is the first oid that is not the server's own.
SELECT d.classoid::regclass::text AS class, d.objoid AS oid, d.objsubid AS number, d.description AS comment
FROM pg_description AS d
WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass
