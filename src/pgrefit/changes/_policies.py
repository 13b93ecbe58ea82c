"""Row security policies after columns changed their types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot

from ._expressions import Retypes, retyped


def retyped_policy(policy: Policy, table: Relation, changes: Mapping[Relation, Retypes], db: Snapshot) -> Policy:
    """The policy of `table` after columns, of any tables, changed their types."""

    def over(part: Expression | None) -> Expression | None:
        return None if part is None else retyped(part, table, changes, db)

    return replace(policy, using=over(policy.using), check=over(policy.check))


def alter_policy(table: Relation, policy: Policy) -> Statement:
    """Give the policy of that name these conditions; the names in them are looked up anew."""
    parts: list[Expression] = []
    if policy.using is not None:
        parts.append(expression("USING ({e})", e=raw(policy.using)))
    if policy.check is not None:
        parts.append(expression("WITH CHECK ({e})", e=raw(policy.check)))
    return ddl("ALTER POLICY {name} ON {table} {parts}", name=policy.name, table=table, parts=raw(joined(parts, " ")))


def policy_reads(db: Snapshot, table: Relation, policy: str, of: Relation, columns: Collection[str]) -> bool:
    """Whether a policy of `table` depends on one of these columns of the table `of`."""
    return any(
        use.kind == "policy" and use.relation == table and use.member == policy and use.column in columns
        for use in db.uses
        if use.table == of
    )
