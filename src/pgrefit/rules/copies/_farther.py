"""References that no column alone makes: by way of the row in between, and to one of several tables by its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model import lookup
from pgrefit.model.ddl import Literal, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Constraint, Table
from pgrefit.rules._ask import WHOLE_TYPES, is_empty, is_text, key_columns, statistics_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import reference_name, stems
from pgrefit.rules.copies._through import Through

MOST_KINDS = 50
FEWEST_TOLD = 2  # kinds that are names of tables
MOSTLY = 0.6  # of the kinds
MOST_AT_ONCE = 200  # referring tables of one table, beyond which nothing is looked for behind them


def grandparents(observation: Observation, table: Table) -> Iterator[Through]:
    """Rows that the rows which its rows refer to refer to, over declared keys of one column each."""
    for own in _single(table):
        middle = observation.snapshot.find_table(own.parent) if own.parent and own.parent != table.name else None
        for far in _single(middle) if middle else ():
            if middle and far.parent and far.parent not in {table.name, middle.name}:
                yield _by_way_of(table, own, middle, far)


def grandchildren(observation: Observation, table: Table) -> Iterator[Through]:
    """The same, seen from above."""
    near = tuple(observation.snapshot.references_to(table.name))
    for middle, far in near if len(near) <= MOST_AT_ONCE else ():
        if len(far.columns) > 1 or middle.partition_of or middle.name == table.name:
            continue
        for child, own in observation.snapshot.references_to(middle.name):
            if len(own.columns) == 1 and not child.partition_of and child.name not in {table.name, middle.name}:
                yield _by_way_of(child, own, middle, far)


def of_kinds(observation: Observation, table: Table) -> Iterator[Through]:
    """References to the table among those whose kind tells which table is meant."""
    return iter(_of_kinds(observation).get(table.name, ()))


def _single(table: Table) -> Iterator[Constraint]:
    return (key for key in table.foreign_keys if len(key.columns) == 1)


def _by_way_of(child: Table, own: Constraint, middle: Table, far: Constraint) -> Through:
    key = expression(
        "(SELECT m.{f} FROM {middle} AS m WHERE m.{k} = t.{c})",
        f=far.columns[0], middle=middle.name, k=own.parent_columns[0], c=own.columns[0],
    )  # fmt: skip
    return Through(child, own.columns, far.parent or middle.name, far.parent_columns, by=key)


@lookup.remembered
def _of_kinds(observation: Observation) -> dict[Relation, list[Through]]:
    found: defaultdict[Relation, list[Through]] = defaultdict(list)
    named = _by_name(observation)
    for table in stored_tables(observation):
        for kind in () if is_empty(observation, table) else table.columns:
            meant = _tables_meant(observation, table, kind, named) if is_text(kind) else {}
            column = _beside(table, kind) if meant else None
            for value, parent in meant.items() if column else ():
                through = _of_kind(table, kind, value, column, parent) if column else None
                if through:
                    found[parent.name].append(through)
    return dict(found)


def _by_name(observation: Observation) -> dict[tuple[str, str], Table]:
    """Tables with a key of one column, by schema and name in the singular."""
    return {
        (t.name.schema, "".join(stems(t.name.name))): t for t in stored_tables(observation) if len(t.primary_key) == 1
    }


def _tables_meant(
    observation: Observation, table: Table, kind: Column, named: dict[tuple[str, str], Table]
) -> dict[str, Table]:
    """Of the few values of a column those that are names of tables, where most of them are."""
    seen = statistics_of(observation, table).column(kind.name)
    if seen is None or not 1 < seen.distinct <= MOST_KINDS:
        return {}
    last = {value: "".join(stems(value.rpartition("\\")[2].rpartition(".")[2])) for value in seen.values}
    meant = {v: named[table.name.schema, n] for v, n in last.items() if (table.name.schema, n) in named}
    return meant if FEWEST_TOLD <= len(meant) >= MOSTLY * len(seen.values) else {}


def _beside(table: Table, kind: Column) -> Column | None:
    """The only reference, to no table, that stands beside it or begins with the same words."""
    keys = key_columns(table)
    open_ = [c for c in table.columns if c.name not in keys and c != kind and (is_text(c) or c.type in WHOLE_TYPES)]
    begins = reference_name(kind.name).base or stems(kind.name)[:-1]
    alike = [c for c in open_ if stems(c.name)[:-1] == stems(kind.name)[:-1] != () or c.name in {*begins}]
    near = [c for c in open_ if abs(c.position - kind.position) == 1 and reference_name(c.name).marked]
    found = alike or near
    return found[0] if len(found) == 1 else None


def _of_kind(table: Table, kind: Column, value: str, column: Column, parent: Table) -> Through | None:
    """None where the one is a number and the other cannot be."""
    key = parent.column(parent.primary_key[0])
    own = expression("t.{c}", c=column.name)
    test = expression("t.{kind}::text = {value}", kind=kind.name, value=Literal(value))
    if is_text(column) and key.type in WHOLE_TYPES:
        own = expression("t.{c}::bigint", c=column.name)
        test = expression("{test} AND t.{c} ~ '^[0-9]{{1,18}}$'", test=raw(test), c=column.name)
    elif is_text(column) != is_text(key) or (column.type in WHOLE_TYPES) != (key.type in WHOLE_TYPES):
        return None
    by = expression("CASE WHEN {test} THEN {own} END", test=raw(test), own=raw(own))
    return Through(table, (column.name,), parent.name, parent.primary_key, by=by)
