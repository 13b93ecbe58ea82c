-- Which object belongs to which extension.
SELECT d.classid::regclass::text AS class, d.objid AS oid, x.extname AS extension
FROM pg_depend AS d
JOIN pg_extension AS x ON x.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
