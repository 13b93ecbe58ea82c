"""Every name in every position may be anything that the server takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from changes.lawful import state
from conftest import fresh_database
from pgrefit.changes.add_check import AddCheck
from pgrefit.changes.add_column import AddColumn
from pgrefit.changes.add_exclusion import AddExclusion, Excluded
from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.changes.add_unique import AddUnique
from pgrefit.changes.change_collation import ChangeCollation
from pgrefit.changes.change_foreign_key_actions import ChangeForeignKeyActions
from pgrefit.changes.change_type_in_place import ChangeTypeInPlace
from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.changes.drop_column import DropColumn
from pgrefit.changes.drop_constraint import DropConstraint
from pgrefit.changes.drop_index import DropIndex
from pgrefit.changes.drop_not_null import DropNotNull
from pgrefit.changes.fill_required import FillRequired, Path
from pgrefit.changes.identity_from_serial import IdentityFromSerial
from pgrefit.changes.quarantine_rows import QuarantineRows
from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.changes.rename_column import RenameColumn
from pgrefit.changes.rewrite_policy import RewritePolicy
from pgrefit.changes.set_default import SetDefault
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.change import Change, Way
from pgrefit.model.ddl import Literal, ddl, expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster
from step_runner import Runner

NAMES = ['we"ird Tablé', "select", "x" * 63, "é" * 31, "%s{x}", "it's \\ $$ a.b", "pgrefit_key"]


class Names:
    """A parent and a child table whose names, and those of their columns, all begin with the same hostile one."""

    def __init__(self, name: str) -> None:
        self.parent = Relation(name, name)
        self.child = Relation(name, _other(name, "c"))
        self.keyless = Relation(name, _other(name, "k"))
        self.column, self.other, self.plain = name, _other(name, "o"), _other(name, "p")
        self.last = _other(name, "l")

    def start(self) -> str:
        return ddl(
            """
            CREATE SCHEMA {schema};
            CREATE TABLE {parent} ({column} text PRIMARY KEY, {other} text);
            INSERT INTO {parent} SELECT 'p' || n, 'v' || n % 3 FROM generate_series(1, 9) AS n;
            CREATE TABLE {child} ({column} int PRIMARY KEY, {other} text, {plain} text CONSTRAINT {other}
                                  CHECK ({plain} IN ('v0', 'v1', 'v2', 'v3')),
                                  {last} serial);
            CREATE TABLE {keyless} ({column} text NOT NULL, {last} int4range, CONSTRAINT {plain} UNIQUE ({column}),
                                    CONSTRAINT {other} FOREIGN KEY ({column}) REFERENCES {parent});
            INSERT INTO {keyless} SELECT 'p' || n, int4range(n, n + 1) FROM generate_series(1, 9) AS n;
            CREATE INDEX {index} ON {child} ({plain}) WHERE {other} IS NOT NULL;
            COMMENT ON CONSTRAINT {other} ON {child} IS {text};
            COMMENT ON INDEX {schema}.{index} IS {text};
            CREATE POLICY {column} ON {child} USING ({plain} = CURRENT_USER);
            INSERT INTO {child} SELECT n, CASE WHEN n % 5 > 0 THEN 'p' || 1 + n % 9 END,
                                       CASE WHEN n % 3 = 0 THEN 'v' || n % 4 END FROM generate_series(1, 40) AS n;
            """,
            schema=self.parent.schema, parent=self.parent, child=self.child, column=self.column, other=self.other,
            plain=self.plain, index=_other(self.column, "i"), text=Literal(self.column), last=self.last,
            keyless=self.keyless,
        )  # fmt: skip


def _other(name: str, suffix: str) -> str:
    return name.encode()[: 63 - len(suffix)].decode(errors="ignore") + suffix


def fill_required(n: Names, _: Snapshot) -> Change:
    path = Path(through=n.other, parent=n.parent, parent_key=n.column, parent_column=n.other)
    return FillRequired(table=n.child, column=n.plain, source=path)


def create_index(n: Names, _: Snapshot) -> Change:
    lower = IndexColumn(expression=expression("pg_catalog.lower({c})", c=n.other))
    where = expression("{c} IS NOT NULL AND {c} <> {v}", c=n.plain, v=Literal(n.column))
    keys = (IndexColumn(column=n.plain, descending=True, nulls_first=False), lower)
    return CreateIndex(table=n.child, keys=keys, include=(n.column,), where=where)


def drop_index(n: Names, db: Snapshot) -> Change:
    return DropIndex(table=n.child, index=next(i for i in db.table(n.child).indexes if not i.primary))


def add_foreign_key(n: Names, _: Snapshot) -> Change:
    return AddForeignKey(table=n.child, columns=(n.other,), parent=n.parent, parent_columns=(n.column,))


def quarantine_rows(n: Names, _: Snapshot) -> Change:
    return QuarantineRows(table=n.child, condition=expression("t.{c} IS NULL", c=n.other), reason=n.column)


def reconcile_check(n: Names, _: Snapshot) -> Change:
    mapping = (("v1", n.column), ("v2", "v0"))
    return ReconcileCheck(table=n.child, column=n.plain, name=n.other, values=("v0", n.column), mapping=mapping)


def rewrite_policy(n: Names, db: Snapshot) -> Change:
    using = expression("{c} = {v}", c=n.plain, v=Literal(n.column))
    return RewritePolicy(table=n.child, policy=db.table(n.child).policies[0], using=using)


def add_check(n: Names, _: Snapshot) -> Change:
    return AddCheck(table=n.child, name=n.column, condition=expression("{c} <> {v}", c=n.plain, v=Literal(n.column)))


def set_not_null(n: Names, _: Snapshot) -> Change:
    return SetNotNull(table=n.parent, column=n.other)


def drop_column(n: Names, _: Snapshot) -> Change:
    return DropColumn(table=n.parent, column=n.other)


def add_column(n: Names, _: Snapshot) -> Change:
    new, value = _other(n.column, "n"), expression("{v} || random()", v=Literal(n.column))
    return AddColumn(table=n.child, column=new, type="text", value=value, required=True, comment=n.column)


def rename_column(n: Names, _: Snapshot) -> Change:
    return RenameColumn(table=n.child, column=n.plain, to=_other(n.column, "n"))


def change_type_in_place(n: Names, _: Snapshot) -> Change:
    return ChangeTypeInPlace(table=n.keyless, column=n.column, to_type="character varying")


def change_collation(n: Names, _: Snapshot) -> Change:
    return ChangeCollation(table=n.parent, column=n.other, collation=Relation("pg_catalog", "C"))


def drop_not_null(n: Names, _: Snapshot) -> Change:
    return DropNotNull(table=n.child, column=n.last)


def set_default(n: Names, _: Snapshot) -> Change:
    return SetDefault(table=n.child, column=n.plain, default=expression("{v}", v=Literal(n.column)))


def identity_from_serial(n: Names, _: Snapshot) -> Change:
    return IdentityFromSerial(table=n.child, column=n.last)


def add_foreign_key_emptying(n: Names, _: Snapshot) -> Change:
    return AddForeignKey(table=n.child, columns=(n.plain,), parent=n.parent, parent_columns=(n.column,), orphans="null")


def add_unique(n: Names, _: Snapshot) -> Change:
    return AddUnique(table=n.child, columns=(n.other,), duplicates="quarantine", order=(n.column,))


def change_foreign_key_actions(n: Names, _: Snapshot) -> Change:
    return ChangeForeignKeyActions(table=n.keyless, name=n.other, on_delete="cascade")


def drop_constraint(n: Names, _: Snapshot) -> Change:
    return DropConstraint(table=n.child, name=n.other)


def drop_key(n: Names, _: Snapshot) -> Change:
    return DropConstraint(table=n.keyless, name=n.plain)


def add_exclusion(n: Names, _: Snapshot) -> Change:
    elements = (Excluded(column=n.last, operator="&&"),)
    return AddExclusion(table=n.keyless, name=_other(n.column, "e"), elements=elements)


MAKERS: list[Callable[[Names, Snapshot], Change]] = [
    fill_required, create_index, drop_index, add_foreign_key, quarantine_rows, reconcile_check, rewrite_policy,
    add_check, set_not_null, drop_column, add_column, rename_column, change_type_in_place, change_collation,
    drop_not_null, set_default, identity_from_serial, add_foreign_key_emptying, add_unique,
    change_foreign_key_actions, drop_constraint, drop_key, add_exclusion,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back_with_hostile_names(cluster18: Cluster, subtests: pytest.Subtests, name: str) -> None:
    """Those that can be undone one after another, each of them where the last one's undo has led to."""
    names = Names(name)
    with _started(cluster18, names) as shared:
        before = state(shared)
        for make in MAKERS:
            with subtests.test(make.__name__):
                change = make(names, take_snapshot(shared))
                if has_a_way_back(change, shared):
                    there(shared, change, back=True)
                    assert state(shared) == before
                else:
                    with _started(cluster18, names) as own:
                        there(own, change, back=False)


@contextmanager
def _started(cluster: Cluster, names: Names) -> Iterator[psycopg.Connection]:
    with fresh_database(cluster) as conn:
        conn.execute(names.start().encode())
        Runner(conn)
        yield conn


def has_a_way_back(change: Change, conn: psycopg.Connection) -> bool:
    return all(step.undo is not Way.NO_RETURN for step in change.steps(take_snapshot(conn)))


def there(conn: psycopg.Connection, change: Change, *, back: bool) -> None:
    assert not list(change.obstacles(take_snapshot(conn)))
    runner = Runner(conn)
    steps = runner.steps(change)
    assert steps
    for step in steps:
        assert not runner.proven(step), step.title
        runner.do(step)
        assert runner.proven(step), step.title
    if back:
        runner.back(steps)
