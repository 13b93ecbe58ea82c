"""Partitions attached and detached."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import AttachPartition, CreateTable, DetachPartition, ValidateConstraint
from pgrefit.lint.rewrites import ALONE, LATER, own_text, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.tools import OWN
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Severity
from pgrefit.model.names import fit


@lint_rule(
    title="Partition detached while nobody reads or writes",
    why="DETACH PARTITION takes ACCESS EXCLUSIVE on the whole partitioned table.",
    severity=Severity.ERROR,
    others_only=True,
    before="CREATE TABLE log (at date) PARTITION BY RANGE (at);"
    "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');",
    example="ALTER TABLE log DETACH PARTITION log_1;",
    clean="ALTER TABLE log DETACH PARTITION log_1 CONCURRENTLY;",
)
def detach_without_concurrently(site: Site) -> Iterator[Problem]:
    """DETACH PARTITION without CONCURRENTLY."""
    for action in site.on_old(DetachPartition):
        if not action.concurrently and not action.finalize:
            detach = ddl("ALTER TABLE {t} DETACH PARTITION {p} CONCURRENTLY", t=action.table, p=action.partition)
            yield Problem(
                message=f"nobody reads or writes {action.table}, all of it, at that moment",
                rewrite=script(ALONE, detach),
            )


@lint_rule(
    title="Partition attached without a CHECK that fits",
    why="Every row of the new partition is read under ACCESS EXCLUSIVE on it, unless a valid CHECK says that it is"
    " within the bounds.",
    severity=Severity.ERROR,
    before="CREATE TABLE log (at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE bare (at date NOT NULL);"
    "CREATE TABLE checked (at date NOT NULL, CHECK (at >= '2025-01-01' AND at < '2025-02-01'));",
    example="ALTER TABLE log ATTACH PARTITION bare FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');",
    clean="ALTER TABLE log ATTACH PARTITION checked FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');",
)
def attach_without_check(site: Site) -> Iterator[Problem]:
    """ATTACH PARTITION of a table with rows on which no valid CHECK is known."""
    for action in site.actions(AttachPartition):
        table = site.state.find(action.partition)
        checks = [c for c in table.key("check") if c.valid] if table else []
        unseen = any(
            isinstance(a, ValidateConstraint) and a.table == action.partition for s in site.earlier for a in s.actions
        )
        if checks or unseen or (action.default and site.migration.tool == OWN) or site.state.is_new(action.partition):
            continue
        name = fit(action.partition.name, "_bounds")
        yield Problem(
            message=f"every row of {action.partition} is read while nobody reads or writes it",
            rewrite=script(
                "-- with the partition's bounds as the condition, and IS NOT NULL:",
                f"-- ALTER TABLE {action.partition} ADD CONSTRAINT {name} CHECK (…) NOT VALID;",
                LATER, ddl("ALTER TABLE {p} VALIDATE CONSTRAINT {n}", p=action.partition, n=name),
                LATER, own_text(site.statement),
                ddl("ALTER TABLE {p} DROP CONSTRAINT {n}", p=action.partition, n=name),
            ),
            grows_with=action.partition,
        )  # fmt: skip


@lint_rule(
    title="Partition added beside a default partition with rows",
    why="Every row of the DEFAULT partition is read, under ACCESS EXCLUSIVE, for rows that belong to the new one; one"
    " such row makes the statement fail.",
    severity=Severity.ERROR,
    before="CREATE TABLE log (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF log DEFAULT;"
    "CREATE TABLE plain (at date) PARTITION BY RANGE (at);",
    example="CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');",
    clean="CREATE TABLE plain_1 PARTITION OF plain FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');",
    others_only=True,
)
def partition_beside_default(site: Site) -> Iterator[Problem]:
    """A partition is made or attached where the table has a DEFAULT partition that no CHECK bounds."""
    added = [(a.partition_of, a.table) for a in site.actions(CreateTable) if a.partition_of and not a.default_partition]
    added += [(a.table, a.partition) for a in site.actions(AttachPartition) if not a.default]
    for parent, partition in added:
        table = site.state.find(parent)
        rest = table.default_partition if table else None
        if rest is None or site.state.is_new(rest) or any(c.valid for c in site.state.made(rest).key("check")):
            continue
        yield Problem(
            message=f"every row of {rest} is read for rows that belong into {partition}",
            rewrite=script(
                f"-- ALTER TABLE {rest} ADD CHECK (NOT (…the new bounds…)) NOT VALID;",
                "-- its validation in a transaction of its own; then:", own_text(site.statement),
            ),
            grows_with=rest,
        )  # fmt: skip
