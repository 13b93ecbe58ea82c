"""Plants variants, audits once, and judges all that is said."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from benchmarks.audit.defects import (
    constraints,
    foreign_keys,
    functions,
    indexes,
    late_shapes,
    more_code,
    more_columns,
    more_keys,
    policies,
    references,
    sequences,
    tables,
    types,
)
from benchmarks.audit.defects.planting import Decoy, Plot, Truth, Variant
from benchmarks.audit.score import Score
from psycopg import sql

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.model.finding import Finding
from pgrefit.model.names import split_dotted
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

DATABASE = "catalog_defects"
FIRST = (foreign_keys, references, indexes, functions, sequences, policies, types, constraints, tables)
SECOND = (more_keys, more_code, more_columns)  # written down after the first
THIRD = (late_shapes,)  # and after those had been judged
SHORTENED = 29  # characters of a table that the name of its sequence keeps at least
A_SCHEMA = 12  # variants in one schema


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run: scores by rule, and one by one what was missed, what was false, and what other rules said beside."""

    scores: list[Score]
    missed: list[Truth]
    false: list[Finding]
    beside: list[Finding]
    crashed: list[str]


@dataclass
class Garden:
    """All plots of a run."""

    truths: list[Truth] = field(default_factory=list)
    decoys: list[Decoy] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


def judge(cluster: Cluster, variants: Sequence[Variant], *, copies: int, seed: int) -> Judged:
    """Plant each variant so many times, audit once with the rules that run by default, and judge all that is said."""
    with planted(cluster, variants, copies=copies, seed=seed) as (dsn, garden):
        return audited(dsn, garden)


@contextmanager
def planted(cluster: Cluster, variants: Sequence[Variant], *, copies: int, seed: int) -> Generator[tuple[str, Garden]]:
    """DSN of a database in which each variant is so many times, and what is true of it."""
    draw, garden = random.Random(seed), Garden()
    cluster.create_database(DATABASE)
    try:
        with psycopg.connect(cluster.dsn(DATABASE), autocommit=True) as conn:
            for plot in _plots(draw, list(variants) * copies):
                _plant(conn, plot, garden)
            conn.execute("ANALYZE")
        yield cluster.dsn(DATABASE), garden
    finally:
        cluster.drop_database(DATABASE)
        _drop_roles(cluster, garden.roles)


def holdable(cluster: Cluster, variants: Sequence[Variant]) -> list[Variant]:
    """Those that a server of this version can hold."""
    cluster.create_database(DATABASE)
    try:
        with psycopg.connect(cluster.dsn(DATABASE), autocommit=True) as conn:
            return [
                variant
                for number, variant in enumerate(variants)
                if _can_hold(conn, Plot(number, random.Random(number)), variant)
            ]
    finally:
        cluster.drop_database(DATABASE)


def _can_hold(conn: psycopg.Connection, plot: Plot, variant: Variant) -> bool:
    plot.plant(variant)
    try:
        with conn.transaction(force_rollback=True):
            _plant(conn, plot, Garden())
    except AssertionError:
        return False
    return True


def audited(dsn: str, garden: Garden) -> Judged:
    """Audit once with the rules that run by default, and judge all that is said."""
    rules = [rule for rule in all_rules() if rule.by_default]
    report = audit.run(observe_database(Target(dsn=dsn, source="a benchmark"), rules), rules)
    return _judged(garden, report.findings, [f"{crash.rule}: {crash.error}" for crash in report.crashed])


def first() -> list[Variant]:
    """Those that were thought of first."""
    return [variant for module in FIRST for variant in module.VARIANTS]


def second() -> list[Variant]:
    """Those of the second round."""
    return [variant for module in SECOND for variant in module.VARIANTS]


def third() -> list[Variant]:
    """Those of the third round."""
    return [variant for module in THIRD for variant in module.VARIANTS]


def _plots(draw: random.Random, variants: list[Variant]) -> Iterator[Plot]:
    draw.shuffle(variants)
    for number, start in enumerate(range(0, len(variants), A_SCHEMA)):
        plot = Plot(number, draw)
        for variant in variants[start : start + A_SCHEMA]:
            plot.plant(variant)
        yield plot


def _plant(conn: psycopg.Connection, plot: Plot, garden: Garden) -> None:
    with conn.transaction():
        conn.execute(sql.SQL("CREATE SCHEMA {s}").format(s=sql.Identifier(str(plot.schema))))
        conn.execute(sql.SQL("SET LOCAL search_path = {s}").format(s=sql.Identifier(str(plot.schema))))
        conn.execute("SET LOCAL check_function_bodies = off")
        for statement in plot.statements:
            try:
                conn.execute(statement.encode())
            except psycopg.Error as error:
                raise AssertionError(f"cannot be planted: {error}\n{statement}") from error
    garden.truths += plot.truths
    garden.decoys += plot.decoys
    garden.roles += plot.roles


def _drop_roles(cluster: Cluster, roles: Iterable[str]) -> None:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as conn:
        for role in roles:
            conn.execute(sql.SQL("DROP ROLE IF EXISTS {r}").format(r=sql.Identifier(role)))


def _judged(garden: Garden, findings: Sequence[Finding], crashed: list[str]) -> Judged:
    known = defaultdict[tuple[str, str], list[Truth]](list)
    for truth in garden.truths:
        for rule in truth.rules:
            known[rule, truth.schema].append(truth)
    measured = {truth.rules[0] for truth in garden.truths if truth.must} | {decoy.rule for decoy in garden.decoys}
    met, false, beside = set[Truth](), list[Finding](), list[Finding]()
    for finding in findings:
        about = [truth for truth in known[finding.rule, _schema(finding)] if is_about(finding, truth)]
        met.update(about)
        if not about:
            (false if finding.rule in measured else beside).append(finding)
    return Judged(
        scores=list(_scores(garden, met, false, measured)),
        missed=[truth for truth in garden.truths if truth.must and truth not in met],
        false=false, beside=beside, crashed=crashed,
    )  # fmt: skip


def _scores(garden: Garden, met: set[Truth], false: list[Finding], measured: set[str]) -> Iterator[Score]:
    defects = Counter(truth.rules[0] for truth in garden.truths if truth.must)
    found = Counter(truth.rules[0] for truth in met if truth.must)
    decoys, wrong = Counter(decoy.rule for decoy in garden.decoys), Counter(finding.rule for finding in false)
    for rule in sorted(measured):
        yield Score(rule=rule, defects=defects[rule], found=found[rule], decoys=decoys[rule], false=wrong[rule])


def is_about(finding: Finding, truth: Truth) -> bool:
    """Whether the finding, of the truth's rule and schema, names what the truth names."""
    parts = _parts(finding)[1:]
    if not parts:  # one of the schema, for many
        return truth.about == truth.schema or any(_names(finding, name) for name in truth.details or (truth.about,))
    if _is_serial_of(parts[0], truth):
        return True
    at = {*parts, *(part.split("(")[0] for part in parts)}
    if not {truth.about, *truth.details} & at:
        return False
    return not truth.details or any(name in at or _names(finding, name) for name in truth.details)


def _names(finding: Finding, name: str) -> bool:
    """Whether its message or its evidence has the name in it."""
    text = " ".join([finding.message, *(f"{e.measure} {e.value}" for e in finding.evidence)])
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _is_serial_of(name: str, truth: Truth) -> bool:
    """Whether it is a sequence that the server named after the table."""
    return name.endswith("_seq") and name.startswith(truth.about[:SHORTENED] + "_")


def _schema(finding: Finding) -> str:
    return _parts(finding)[0]


def _parts(finding: Finding) -> tuple[str, ...]:
    try:
        return split_dotted(finding.object)
    except ValueError:
        return (finding.object,)
