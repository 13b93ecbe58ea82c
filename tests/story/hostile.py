"""A database shaped like the video page's, with its defects, in which every name is hard to write in SQL."""

from __future__ import annotations

from textwrap import dedent

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression
from pgrefit.model.intent import (
    CheckColumn,
    Compatibility,
    ComputedTable,
    Indexes,
    Intent,
    ReadModelIntent,
    Reference,
    Refit,
    Required,
    RowSecurity,
    Storage,
    TextColumn,
)
from pgrefit.model.names import Relation

IDENTITY, PAGE = "au$$th; --", 'we.ird "Schema" %s'
USERS = Relation(IDENTITY, "user")
WHO = Relation(IDENTITY, "who's\\ {there}?")
COURSES = Relation(PAGE, "Co\"ur'ses {x}")
VIDEOS = Relation(PAGE, "é" * 31 + "x")  # 63 bytes
ATTEMPTS = Relation(PAGE, "%s; DROP TABLE quiz; -- /*")
NOTES = Relation(PAGE, "$$note$$ \\ {0}.b")
MOOD = Relation(PAGE, "select %(m)s")
SCORED = Relation(PAGE, "scored \"'$$\\ %s")
TOUCH = Relation(PAGE, "fn %s '\"")
ACTIVITY = Relation(PAGE, "{activity} -- \"'")
BEFORE = "be.fore; \"' %s"

ID, OWNER, COURSE, VIDEO = 'I"D %s', "table", "co.urse;", "Vidé\"o '{v}'"
TASKS, ANSWERS, SCORE, FEELS = "$1 ta$$ks", "an\\swers --", 'sco"re %', "{mood}"
BODY, FILE, SECONDS, KIND = "bo'dy /* */", 'Pièce "URL"', "Länge.s", "order"
RIGHT = 'it\'s {right} "%s" \\ $$'
EMAIL = "E" * 60 + "é"

ROLE = "ro\"le '%s {x}' $$ \\"
KINDS = ("it's", 'a "b" %s', "{x}; --", "$$ \\")
OLDER = ("o'ld \\", "%s $$", '"', "/* {y}")
CHECK, INDEX, KEY, TRIGGER = 'ch"eck; %s', "in.dex '\"' {x} %", "k\"ey '%s' $$", 'tr$$igger -- "'
SETTING = "request.jwt.claims"


def start(kinds: tuple[str, ...] = KINDS) -> Statement:
    """The schema and its rows."""
    return ddl(
        _SCHEMA + _POLICIES + _ROWS,
        identity=IDENTITY, page=PAGE, users=USERS, who=WHO, courses=COURSES, videos=VIDEOS, attempts=ATTEMPTS,
        notes=NOTES, mood=MOOD, id=ID, owner=OWNER, course=COURSE, video=VIDEO, tasks=TASKS, answers=ANSWERS,
        score=SCORE, feels=FEELS, body=BODY, file=FILE, seconds=SECONDS, kind=KIND, right=Literal(RIGHT), email=EMAIL,
        role=ROLE, check=CHECK, index=INDEX, key=KEY, trigger=TRIGGER, setting=Literal(SETTING),
        k1=Literal(kinds[0]), k2=Literal(kinds[1]), k3=Literal(kinds[2]), k4=Literal(kinds[3]), touch=TOUCH,
        policy="po\"licy 's' %s {x} $$ \\", teachers="te.achers; --", remark=Literal("it's $$ \\ %s {x} --"),
    )  # fmt: skip


def settings(database: str) -> Statement:
    """What belongs to the database and not to what is in it."""
    return ddl("ALTER DATABASE {database} SET search_path TO {page}", database=database, page=PAGE)


def workload() -> str:
    """What the application asks, before and after; it finds its tables by the search path."""
    queries = ddl(
        _QUERIES, attempts=ATTEMPTS.name, notes=NOTES.name, owner=OWNER, video=VIDEO, id=ID, course=COURSE, body=BODY
    )  # fmt: skip
    return dedent(queries)


def intent(folder_file: str) -> Intent:
    """What a person decides, with names as refit.toml says them."""
    return Intent(
        refit=Refit(name="hostile", workload=folder_file),
        reference={ATTEMPTS.column(column): Reference(on_delete="cascade") for column in (VIDEO, COURSE)},
        required={NOTES.column(COURSE): Required()},
        computed={str(ATTEMPTS): ComputedTable(view=str(SCORED), drop=(SCORE,))},
        text={NOTES.column(BODY): TextColumn(columns={"Pièce (URL)": FILE, "Länge": SECONDS})},
        check={NOTES.column(KIND): CheckColumn(values=KINDS, mapping=dict.fromkeys(OLDER, KINDS[0]))},
        read_model=(_read_model(),),
        indexes=Indexes(advise=True, drop_unused=True),
        compatibility=Compatibility(schema=BEFORE, by_default=True),
        row_security=RowSecurity(roles=(ROLE,), identities=_identities(), setting=SETTING, sample=3),
        storage=Storage(rewrite=(str(ATTEMPTS),)),
    )


def _identities() -> str:
    return expression("SELECT {id}::text FROM {users} ORDER BY 1", id=ID, users=USERS)


def _read_model() -> ReadModelIntent:
    select: Expression = expression(
        "SELECT {label}::text AS {kind}, n.{id}, n.{owner} FROM {notes} AS n WHERE n.{kind} = {label}",
        label=Literal(KINDS[0]), kind=KIND, id=ID, owner=OWNER, notes=NOTES,
    )  # fmt: skip
    return ReadModelIntent(name=str(ACTIVITY), select=select, key=(ID,), reads=(str(NOTES),), readers=(ROLE,))


_SCHEMA = """
    CREATE SCHEMA {identity};
    CREATE SCHEMA {page};
    CREATE TABLE {users} ({id} uuid PRIMARY KEY, {email} text UNIQUE);
    CREATE FUNCTION {who}() RETURNS uuid LANGUAGE sql STABLE
        AS $f$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $f$;
    CREATE TYPE {mood} AS ENUM ({k1}, {k2}, {k3});
    CREATE TABLE {courses} ({id} uuid PRIMARY KEY, {owner} uuid REFERENCES {users} ON DELETE SET NULL, {body} text);
    CREATE TABLE {videos} ({id} uuid PRIMARY KEY, {course} uuid NOT NULL CONSTRAINT {key} REFERENCES {courses}
                           ON DELETE CASCADE);
    CREATE TABLE {attempts} (
        {id} uuid PRIMARY KEY, {owner} uuid REFERENCES {users} ON DELETE CASCADE, {video} text NOT NULL,
        {course} text NOT NULL, {tasks} jsonb NOT NULL, {answers} jsonb NOT NULL, {score} integer NOT NULL,
        {feels} {mood} DEFAULT {k1});
    CREATE TABLE {notes} (
        {id} uuid PRIMARY KEY, {owner} uuid NOT NULL REFERENCES {users} ON DELETE CASCADE,
        {course} uuid CONSTRAINT {key} REFERENCES {courses} ON DELETE CASCADE,
        {video} uuid REFERENCES {videos} ON DELETE CASCADE, {body} text NOT NULL, {file} text, {seconds} numeric(10, 2),
        {kind} text CONSTRAINT {check} CHECK ({kind} IN ({k1}, {k2}, {k3}, {k4})));
    CREATE INDEX {index} ON {notes} ({file}) WHERE {kind} <> {k4};
    CREATE FUNCTION {touch}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
    CREATE TRIGGER {trigger} BEFORE UPDATE ON {attempts} FOR EACH ROW EXECUTE FUNCTION {touch}();
    COMMENT ON TABLE {attempts} IS {remark};
    COMMENT ON COLUMN {attempts}.{video} IS {remark};
    COMMENT ON CONSTRAINT {check} ON {notes} IS {remark};
    COMMENT ON INDEX {page}.{index} IS {remark};
"""
_POLICIES = """
    GRANT USAGE ON SCHEMA {identity}, {page} TO {role};
    GRANT SELECT, INSERT, UPDATE ON {courses}, {videos}, {attempts}, {notes} TO {role};
    ALTER TABLE {attempts} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {notes} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY {policy} ON {attempts} USING ({owner} = {who}());
    CREATE POLICY {teachers} ON {attempts} FOR SELECT TO {role} USING (EXISTS (
        SELECT FROM {courses} AS c WHERE c.{id}::text = {attempts}.{course} AND c.{owner} = {who}()));
    CREATE POLICY {policy} ON {notes} TO {role} USING ({owner} = {who}()) WITH CHECK ({owner} = {who}());
    COMMENT ON POLICY {policy} ON {notes} IS {remark};
"""
_ROWS = r"""
    INSERT INTO {users} SELECT md5('u' || n)::uuid, n || '@example.org' FROM generate_series(1, 30) AS n;
    INSERT INTO {courses} SELECT md5('c' || n)::uuid, md5('u' || n)::uuid, 'said' FROM generate_series(1, 5) AS n;
    INSERT INTO {videos} SELECT md5('v' || n)::uuid, md5('c' || n % 5 + 1)::uuid FROM generate_series(1, 40) AS n;
    INSERT INTO {attempts}
    SELECT md5('a' || n)::uuid, md5('u' || n % 30 + 1)::uuid,
           CASE n WHEN 7 THEN 'undefined' WHEN 8 THEN md5('gone')::uuid::text WHEN 9 THEN upper(md5('v1')::uuid::text)
                  WHEN 10 THEN ' ' || md5('v2')::uuid ELSE md5('v' || n % 40 + 1)::uuid::text END,
           md5('c' || (n % 40 + 1) % 5 + 1)::uuid::text,
           jsonb_build_array(jsonb_build_object({right}::text, n % 3), jsonb_build_object({right}::text, n % 2),
                             jsonb_build_object({right}::text, 1)),
           jsonb_build_array(n % 2, 1, 1),
           (n % 3 = n % 2)::int + (n % 2 = 1)::int + 1 + (n = 11)::int
    FROM generate_series(1, 600) AS n;
    INSERT INTO {notes}
    SELECT md5('n' || n)::uuid, md5('u' || n % 30 + 1)::uuid,
           CASE WHEN n % 20 > 0 THEN md5('c' || (n % 40 + 1) % 5 + 1)::uuid END,
           CASE WHEN n NOT IN (20, 40) THEN md5('v' || n % 40 + 1)::uuid END,
           CASE WHEN n % 4 = 0 THEN E'I said.\nPièce (URL): https://example.org/' || n || E'\nLänge: ' || n || '.5s'
                ELSE 'Only $$ words; -- here.' END,
           CASE WHEN n % 4 > 0 THEN 'https://example.org/' || n END, CASE WHEN n % 4 > 0 THEN n END,
           (ARRAY[{k1}, {k2}, {k3}, {k4}])[n % 4 + 1]
    FROM generate_series(1, 400) AS n;
    ANALYZE {users}, {courses}, {videos}, {attempts}, {notes};
"""
_QUERIES = """
    -- name: attempts%s{{x}}
    -- weight: 10
    -- version: before
    -- parameters: SELECT {owner}::text, lower(trim({video})) FROM {attempts} ORDER BY {id} LIMIT 50
    SELECT {id} FROM {attempts} WHERE {owner} = $1::uuid AND lower(trim({video})) = $2;

    -- name: attempts_typed%s
    -- weight: 10
    -- version: after
    -- replaces: attempts%s{{x}}
    -- parameters: SELECT {owner}::text, lower(trim({video}::text)) FROM {attempts} ORDER BY {id} LIMIT 50
    SELECT {id} FROM {attempts} WHERE {owner} = $1::uuid AND {video}::text = $2;

    -- name: no'tes"
    -- weight: 5
    -- version: both
    -- parameters: SELECT {owner}::text FROM {notes} ORDER BY {id} LIMIT 50
    SELECT {id}, {body} FROM {notes} WHERE {owner} = $1::uuid ORDER BY {id};

    -- name: change;note
    -- weight: 1
    -- version: both
    -- parameters: SELECT {id}::text FROM {notes} ORDER BY {id} LIMIT 50
    UPDATE {notes} SET {body} = {body} || '.' WHERE {id} = $1::uuid;
"""
