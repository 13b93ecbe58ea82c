"""Two keys that people read as one."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, catalog, known, named, rows_of, scan
from pgrefit.rules.data._alike_keys import AlikeKey, alike_keys
from pgrefit.rules.data._sample import samples


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for key in alike_keys(observation):
        yield key.question()
        if key.collisions(observation):
            yield key.groups()


@rule(
    code="DAT006",
    title="Keys that differ only in case or blanks",
    why=(
        "Bob@example.org and bob@example.org are one person with two accounts: who logs in gets the one that the"
        " spelling hits, and what is kept under the other is lost to them."
    ),
    asks=_asks,
    example="""
        CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL UNIQUE);
        INSERT INTO person SELECT n, 'p' || n || '@example.org' FROM generate_series(1, 100) AS n;
        INSERT INTO person VALUES (101, 'P7@Example.org'), (102, 'p8@example.org ');
        ANALYZE person;
    """,
    clean="""
        CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL, slug text NOT NULL UNIQUE,
                             invite_code text UNIQUE);
        CREATE UNIQUE INDEX ON person (lower(email));
        INSERT INTO person SELECT n, 'P' || n || '@example.org', 'p-' || n, 'aB' || chr(65 + n % 26) || 'x' || n
        FROM generate_series(1, 100) AS n;
        INSERT INTO person VALUES (101, 'x@example.org', 'x', 'ABAX26');
        CREATE TABLE visit (id int PRIMARY KEY, email text NOT NULL);
        INSERT INTO visit SELECT n, CASE n % 2 WHEN 0 THEN 'P' ELSE 'p' END || n % 10 || '@example.org'
        FROM generate_series(1, 100) AS n;
        ANALYZE person, visit;
    """,
)
def key_alike_but_for_case(observation: Observation) -> Iterator[Finding]:
    """Emails, user names, slugs and the like that are another one in another spelling."""
    for key in alike_keys(observation):
        row = key.counts(observation)
        if row and key.collisions(observation):
            yield _finding(observation, key, row)


def _finding(observation: Observation, key: AlikeKey, row: Row) -> Finding:
    groups = rows_of(observation, key.groups()) or []
    collisions = row.count("different") - row.count("folded")
    return Finding(
        object=named(key.table, key.column.name),
        message="some of its values differ from another one "
        + (f"of one {', '.join(key.scope)} " if key.scope else "") + "only in case or in blanks around"
        + (", which its unique index does not see" if key.unique else ""),
        severity=Severity.ERROR,
        evidence=known((
            catalog("unique", key.unique), scan("rows", row.count("rows")), scan("different", row.count("different")),
            scan("values that are another one in another spelling", collisions),
            scan("for example", tuple(f"{group.text('value')} ({group.count('rows')} rows)" for group in groups)),
        )),
        advice=f"merge the rows, then add a unique index on {', '.join((*key.scope, 'lower(btrim(column))'))}, or give"
        " the column a collation that ignores case",
        cost=Cost(rows=collisions),
    )  # fmt: skip
