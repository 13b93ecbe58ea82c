"""Every rule's defect and its look-alike, many times over in one database, under other names: what is found of them.

A defect is the rule's example, a decoy its clean counter-example, each in a schema of its own. Recall is the share of
defects in which the rule speaks; precision the share of its findings that are in its defects and not in its decoys.
Rules whose example needs circumstances (a workload, another environment, counters of a year) are left to their tests.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent

import psycopg
from benchmarks.audit.score import Score
from benchmarks.audit.styles import STYLES, restyled, schema_name
from psycopg import sql

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.model.finding import Rule, as_observed, no_questions
from pgrefit.model.names import dotted
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

DATABASE, PROBE = "seeded", "a_probe"
BY_SEARCH_PATH = ("function-names-missing-column",)  # which looks names up as a caller would, in public


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect of a rule, or a decoy, and the schema that it is in."""

    rule: str
    schema: str
    decoy: bool


def scores(cluster: Cluster, rules: Sequence[Rule], *, copies: int, seed: int = 1) -> list[Score]:
    """Plant, audit once, and count by rule; a rule that cannot be planted among others has no score."""
    cluster.create_database(DATABASE)
    try:
        with psycopg.connect(cluster.dsn(DATABASE), autocommit=True) as conn:
            planted = list(_plant(conn, rules, copies, random.Random(seed)))
            conn.execute("ANALYZE")
        observation = observe_database(Target(dsn=cluster.dsn(DATABASE), source="a benchmark"), rules)
    finally:
        cluster.drop_database(DATABASE)
    report = audit.run(observation, rules)
    for crash in report.crashed:
        print(f"crashed: {crash.rule}: {crash.error}")
    hits = Counter((f.rule, place.schema) for f in report.findings for place in planted if _is_in(f.object, place))
    return [_score(rule.name, planted, hits) for rule in rules if any(p.rule == rule.name for p in planted)]


def plantable() -> tuple[Rule, ...]:
    """Rules whose example is all that they need, in whatever schema it is."""
    alone = (
        r
        for r in all_rules()
        if not r.environment and not r.workload and r.given is as_observed and r.theme != "naming"
    )
    return tuple(r for r in alone if r.name not in BY_SEARCH_PATH and "public" not in (r.example + r.clean).lower())


def _score(rule: str, planted: list[Planted], hits: Counter[tuple[str, str]]) -> Score:
    defects = [p for p in planted if p.rule == rule and not p.decoy]
    decoys = [p for p in planted if p.rule == rule and p.decoy]
    return Score(
        rule=rule, defects=len(defects), found=sum(hits[rule, p.schema] > 0 for p in defects), decoys=len(decoys),
        false=sum(hits[rule, p.schema] for p in decoys),
    )  # fmt: skip


def _is_in(about: str, place: Planted) -> bool:
    schema = dotted(place.schema)
    return about == schema or about.startswith(f"{schema}.")


def _plant(conn: psycopg.Connection, rules: Sequence[Rule], copies: int, draw: random.Random) -> Iterator[Planted]:
    texts = [
        (rule.name, decoy, dedent(text))
        for rule in rules
        for decoy, text in ((False, rule.example), (True, rule.clean))
    ]
    names = [_own_names(conn, text) for _, _, text in texts]
    number = 0
    for copy in range(copies):
        style = STYLES[copy % len(STYLES)]
        for (rule, decoy, text), own in zip(texts, names, strict=True):
            for statements in dict.fromkeys((restyled(text, own, style), text)):
                number += 1
                schema = schema_name(draw, number)
                if _made(conn, schema, statements):
                    yield Planted(rule, schema, decoy)
                    break


def _made(conn: psycopg.Connection, schema: str, statements: str) -> bool:
    """Whether it could be made there: some speak of schema public, of roles, or of names within strings."""
    try:
        with conn.transaction():
            conn.execute(
                sql.SQL("CREATE SCHEMA {s}; GRANT USAGE ON SCHEMA {s} TO PUBLIC").format(s=sql.Identifier(schema))
            )
            conn.execute(sql.SQL("SET LOCAL search_path = {s}, public").format(s=sql.Identifier(schema)))
            conn.execute(statements.encode())
    except psycopg.Error:
        return False
    return True


def _own_names(conn: psycopg.Connection, statements: str) -> frozenset[str]:
    """Names of the tables that it makes, and of their columns; none where it cannot be run in a schema of its own."""
    with conn.transaction(force_rollback=True):
        if not _made(conn, PROBE, statements):
            return frozenset()
        tables = [table for table in take_snapshot(conn).tables if table.name.schema == PROBE]
    return frozenset({t.name.name for t in tables} | {c.name for t in tables for c in t.columns})


def asks(rule: str) -> bool:
    """Whether the rule of that name asks the data."""
    return next(r for r in all_rules() if r.name == rule).asks is not no_questions
