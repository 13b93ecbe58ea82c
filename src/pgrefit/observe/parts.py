"""What hangs on tables: constraints, indexes, triggers and policies, each by the oid of its table."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Index, IndexKey, Policy, Trigger
from pgrefit.observe.columns import Columns
from pgrefit.observe.reader import Reader, Row, take_relation

Parents = dict[int, tuple[Relation, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Constraints of tables and of domains."""

    of_tables: dict[int, tuple[Constraint, ...]]
    of_domains: dict[int, tuple[Constraint, ...]]


def read_parents(reader: Reader) -> Parents:
    """Parents of tables and indexes by the child's oid."""
    return reader.grouped("inheritance", lambda row: Relation(row["schema"], row["name"]), by="child")


def read_constraints(reader: Reader, columns: Columns) -> Constraints:
    """Read all constraints, by name."""
    unenforced = {row["oid"] for row in reader.rows("unenforced_constraints")}
    of_tables: dict[int, list[Constraint]] = {}
    of_domains: dict[int, list[Constraint]] = {}
    for row in reader.rows("constraints"):
        table, domain = row.pop("relation"), row.pop("domain")
        constraint = _constraint(reader, columns, row, table, enforced=row["oid"] not in unenforced)
        (of_tables if table else of_domains).setdefault(table or domain, []).append(constraint)
    return Constraints(
        of_tables={oid: tuple(together) for oid, together in of_tables.items()},
        of_domains={oid: tuple(together) for oid, together in of_domains.items()},
    )


def _constraint(reader: Reader, columns: Columns, row: Row, table: int, *, enforced: bool) -> Constraint:
    parent = row.pop("parent")
    return Constraint(
        columns=columns.named(table, row.pop("columns")),
        parent=take_relation(row, "parent_"),
        parent_columns=columns.named(parent, row.pop("parent_columns")),
        index=take_relation(row, "index_"),
        enforced=enforced,
        comment=reader.comment("pg_constraint", row.pop("oid")),
        **row,
    )


def read_indexes(reader: Reader, columns: Columns, parents: Parents) -> dict[int, tuple[Index, ...]]:
    """Read all indexes, by name."""
    keys = reader.grouped("index_keys", _index_key, by="index")
    found: dict[int, list[Index]] = {}
    for row in reader.rows("indexes"):
        table, oid = row.pop("relation"), row.pop("oid")
        numbers, key_count = row.pop("numbers"), row.pop("key_count")
        index = Index(
            name=Relation(row.pop("schema"), row.pop("name")),
            keys=keys.get(oid, ()),
            include=columns.named(table, numbers[key_count:]),
            options=tuple(row.pop("options") or ()),
            partition_of=next(iter(parents.get(oid, ())), None),
            comment=reader.comment("pg_class", oid),
            **row,
        )
        found.setdefault(table, []).append(index)
    return {oid: tuple(together) for oid, together in found.items()}


def _index_key(row: Row) -> IndexKey:
    row["opclass"] = intern(row["opclass"])
    return IndexKey(**row)


def read_triggers(reader: Reader, columns: Columns) -> dict[int, tuple[Trigger, ...]]:
    """Read all triggers that users made, by name."""
    found: dict[int, list[Trigger]] = {}
    for row in reader.rows("triggers"):
        table = row.pop("relation")
        trigger = Trigger(
            function=Relation(row.pop("function_schema"), row.pop("function_name")),
            events=tuple(row.pop("events")),
            update_columns=columns.named(table, row.pop("update_columns")),
            comment=reader.comment("pg_trigger", row.pop("oid")),
            **row,
        )
        found.setdefault(table, []).append(trigger)
    return {oid: tuple(together) for oid, together in found.items()}


def read_policies(reader: Reader) -> dict[int, tuple[Policy, ...]]:
    """Read all row security policies, by name."""

    def policy(row: Row) -> Policy:
        comment = reader.comment("pg_policy", row.pop("oid"))
        return Policy(roles=tuple(row.pop("roles")), comment=comment, **row)

    return reader.grouped("policies", policy)
