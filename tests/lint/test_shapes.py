"""Other shapes of the hazards, each beside a twin that looks alike and is fine."""

import pytest

from lint.linting import report, said

TABLES = """CREATE TABLE users (id bigint PRIMARY KEY, nick text, age int,
 twice int GENERATED ALWAYS AS (age * 2) STORED);
CREATE TABLE teams (id bigint PRIMARY KEY);"""
SHAPES = [  # rule, its hazard, the twin, and whether the tables are known
    ("required-column-without-default", "ALTER TABLE u ADD COLUMN a text DEFAULT NULL::text NOT NULL;",
     "ALTER TABLE u ADD COLUMN a text DEFAULT '' NOT NULL;"),
    ("generated-column-rewrites-table", "ALTER TABLE u ALTER g SET EXPRESSION AS (a * 2);",
     "ALTER TABLE u ALTER g DROP EXPRESSION;"),
    ("type-change-rewrites-table", "ALTER TABLE u ALTER a TYPE bigint;", "ALTER FOREIGN TABLE u ALTER a TYPE bigint;"),
    ("type-change-with-dependants", "ALTER TABLE users ALTER age TYPE bigint;",
     "ALTER TABLE users ALTER nick TYPE text;"),
    ("set-tablespace", "ALTER INDEX i SET TABLESPACE fast;", "ALTER INDEX i SET (fillfactor = 70);"),
    ("set-tablespace", "ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b;", "ALTER INDEX p ATTACH PARTITION i;"),
    ("unbatched-change-of-rows", "WITH d AS (DELETE FROM u RETURNING *) INSERT INTO o SELECT * FROM d;",
     "WITH d AS (SELECT 1) INSERT INTO o SELECT * FROM d;"),
    ("unbatched-change-of-rows", "MERGE INTO u USING d ON u.id = d.id WHEN MATCHED THEN DELETE;",
     "MERGE INTO u USING (VALUES (1)) AS d (id) ON u.id = d.id WHEN MATCHED THEN DELETE;"),
    ("unbatched-change-of-rows", "UPDATE u SET plan = 'a' WHERE plan IS NULL OR plan = '';",
     "UPDATE u SET plan = 'a' WHERE name = 'x' AND plan = '';"),
    ("unbatched-change-of-rows", "UPDATE u SET a = 1 WHERE active = true;",
     "UPDATE alembic_version SET version_num = 'b' WHERE alembic_version.version_num = 'a';"),
    ("unbatched-change-of-rows", "UPDATE u SET a = 1 FROM b WHERE b.id = u.id;",
     "WITH b AS (SELECT id FROM u LIMIT 9) UPDATE u SET a = 1 FROM b WHERE b.id = u.id;"),
    ("unbatched-change-of-rows", "DO $$ BEGIN LOOP UPDATE u SET a = 1 WHERE id > x; EXIT; END LOOP; END $$;",
     "DO $$ BEGIN LOOP UPDATE u SET a = 1 WHERE id > x; COMMIT; EXIT; END LOOP; END $$;"),
    ("renamed-column", "ALTER TYPE address RENAME ATTRIBUTE zip TO code;",
     "BEGIN; ALTER TABLE u RENAME a TO a_old; ALTER TABLE u RENAME a_new TO a; COMMIT;"),
    ("renamed-table", "ALTER TABLE u_new RENAME TO u;",
     "BEGIN; ALTER TABLE u RENAME TO u_old; ALTER TABLE u_new RENAME TO u; COMMIT;"),
    ("renamed-object", "ALTER FUNCTION f(int) RENAME TO g;", "ALTER SEQUENCE s RENAME TO s_id_seq;"),
    ("dropped-table", "DROP TABLE IF EXISTS u; CREATE TABLE u (id bigint PRIMARY KEY);",
     "CREATE TABLE u (id bigint PRIMARY KEY); DROP TABLE u;"),
    ("dropped-object", "DROP MATERIALIZED VIEW m;", "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS a;"),
    ("dropped-foreign-key", "ALTER TABLE u DROP CONSTRAINT u_team_id_fkey;",
     "ALTER TABLE u DROP CONSTRAINT u_t_fk; ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES teams NOT VALID;"),
    ("index-dropped-before-replacement", "DROP INDEX CONCURRENTLY i; CREATE INDEX CONCURRENTLY i ON u (a, b);",
     "DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON u (a);"),
    ("concurrently-under-lock-timeout", "SET statement_timeout = '30s'; CREATE INDEX CONCURRENTLY i ON u (a);",
     "SET statement_timeout = '4h'; CREATE INDEX CONCURRENTLY i ON u (a);"),
    ("no-lock-timeout",
     "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE u ADD a int; COMMIT; ALTER TABLE u ADD b int;",
     "SET lock_timeout = '2s'; ALTER TABLE u ADD a int; ALTER TABLE u ADD b int;"),
    ("no-lock-timeout", "LOCK TABLE u IN ACCESS EXCLUSIVE MODE;", "LOCK TABLE u IN ACCESS SHARE MODE;"),
    ("more-work-under-exclusive-lock", "BEGIN; ALTER TABLE u ADD a int; CREATE TABLE c AS SELECT * FROM u; COMMIT;",
     "BEGIN; ALTER TABLE u ADD a int; CREATE TABLE c (id bigint PRIMARY KEY); COMMIT;"),
    ("foreign-key-without-index", "ALTER TABLE users ADD COLUMN team_id bigint REFERENCES teams;",
     "ALTER TABLE users ADD COLUMN team_id bigint REFERENCES teams; CREATE INDEX CONCURRENTLY ON users (team_id);"),
    ("row-security-without-policies",
     "ALTER TABLE n ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
     "ALTER TABLE n ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON n USING (true);"),
    ("dropped-schema", "DROP OWNED BY somebody;", "REASSIGN OWNED BY somebody TO other;"),
    ("dropped-column", "ALTER TYPE address DROP ATTRIBUTE zip;", "ALTER TYPE address ADD ATTRIBUTE zip text;"),
    ("commit-without-begin", "BEGIN; SELECT 1; COMMIT; COMMIT;",
     "BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT;"),
    ("attach-without-check", "ALTER TABLE log ATTACH PARTITION rest DEFAULT;",
     "ALTER TABLE rest VALIDATE CONSTRAINT c; ALTER TABLE log ATTACH PARTITION rest DEFAULT;"),
    ("index-without-concurrently",
     "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE INDEX i ON u (a)'; DO $$ BEGIN PERFORM f(); END $$;",
     "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE INDEX i ON u (a)'; DO $$ BEGIN PERFORM g(); END $$;"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "bad", "good"), SHAPES, ids=lambda part: part[:50])
def test_a_hazard_is_told_from_its_twin(rule: str, bad: str, good: str) -> None:
    assert rule in said(bad, before=TABLES)
    assert rule not in said(good, before=TABLES)


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        ("foreign-key-without-index", "ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES teams NOT VALID;"),
        ("primary-key-on-nullable-columns",
         "CREATE UNIQUE INDEX CONCURRENTLY i ON u (a); ALTER TABLE u ADD PRIMARY KEY USING INDEX i;"),
        ("set-not-null-scans", "ALTER TABLE u VALIDATE CONSTRAINT c; ALTER TABLE u ALTER a SET NOT NULL;"),
        ("table-without-primary-key", "CREATE TABLE x (a int);"),
        ("enum-type", "CREATE TYPE mood AS ENUM ('ok');"),
        ("row-security-without-policies", "CREATE TABLE n (a int); ALTER TABLE n ENABLE ROW LEVEL SECURITY;"),
        ("changed-default", "ALTER TABLE u ALTER a DROP DEFAULT;"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_a_hint(rule: str, sql: str) -> None:
    assert [f.severity.value for f in report(sql, before=TABLES).of(rule)] == ["info"]


def test_an_unsafe_statement_is_not_offered_again() -> None:
    found = report("CREATE INDEX i ON users (nick);", before=TABLES)
    assert {f.rule for f in found.findings} >= {"index-without-concurrently", "no-lock-timeout"}
    assert all("CREATE INDEX i" not in finding.rewrite for finding in found.findings)


@pytest.mark.parametrize("sql", ["UPDATE users SET nick = 'x', age = 1;", "DELETE FROM users;"])
def test_a_change_of_every_row_is_offered_in_batches(sql: str) -> None:
    (found,) = report(sql, before=TABLES).of("unbatched-change-of-rows")
    assert "LIMIT 5000" in found.rewrite
    assert said(found.rewrite, before=TABLES) == {}
