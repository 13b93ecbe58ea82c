"""Columns of a main table that are, or become, the columns of a table beside it: one row to one row.

Only one of the two is ever written by applications; the other is a copy, written by triggers, or a view. So two writers
of the same row meet in the main table alone, and wait for each other there: with triggers between two tables that are
both written, each would hold its row and wait for the other's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Table

from . import _proof as proof
from ._batches import key_range, row_key
from ._sync import create_function, function, trigger_name

Pairs = tuple[tuple[str, str], ...]
TRIGGERS = ("rows", "changes", "all")  # suffixes of names


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """`key` and `columns` pair names of the main table with those at the side.

    `required` are columns of the main table without which a row has nothing at the side.
    """

    main: Relation
    key: Pairs
    columns: Pairs
    required: tuple[str, ...] = ()

    @property
    def all(self) -> Pairs:
        """Key and columns."""
        return (*self.key, *self.columns)

    @property
    def same_row(self) -> Expression:
        """Whether m and s belong together."""
        return joined([expression("m.{m} = s.{s}", m=m, s=s) for m, s in self.key], " AND ")

    @property
    def differ(self) -> Expression:
        """Whether m and s hold different values; byte by byte, for not every type has an equality."""
        return _differ("m", [m for m, _ in self.columns], "s", [s for _, s in self.columns])

    @property
    def present(self) -> Expression:
        """Whether m has something at the side."""
        return self.present_in("m")

    def present_in(self, row: str) -> Expression:
        """The same for a row of the main table under another alias."""
        given = [expression("{row}.{c} IS NOT NULL", row=raw(Expression(row)), c=name) for name in self.required]
        return joined(given, " AND ") if given else Expression("true")

    def main_of(self, row: str, *, side: bool) -> Expression:
        """Whether m has the key of NEW or OLD, a row of the table at the side or of the main one."""
        return joined([_equal("m", m, row, s if side else m) for m, s in self.key], " AND ")

    def side_of(self, row: str, *, side: bool) -> Expression:
        """Whether s has that key."""
        return joined([_equal("s", s, row, s if side else m) for m, s in self.key], " AND ")

    def values(self, alias: str, *, side: bool) -> Expression:
        """Key and columns of an alias, as a select list."""
        return _list(alias, [s if side else m for m, s in self.all])


def equal(pairing: Pairing, side: Relation) -> Statement:
    """Whether what the main table has for the side is there, byte by byte, and nothing else is."""
    return ddl(
        "SELECT NOT EXISTS (SELECT FROM {main} AS m LEFT JOIN {side} AS s ON {same}"
        " WHERE {present} AND (s.{k} IS NULL OR {differ}))"
        " AND NOT EXISTS (SELECT FROM {side} AS s LEFT JOIN {main} AS m ON {same} AND {present} WHERE m.{mk} IS NULL)",
        main=pairing.main, side=side, same=raw(pairing.same_row), present=raw(pairing.present),
        k=pairing.key[0][1], mk=pairing.key[0][0], differ=raw(pairing.differ),
    )  # fmt: skip


def copy_to_side(pairing: Pairing, side: Relation, purpose: str) -> tuple[Statement, ...]:
    """Triggers on the main table that keep a table at the side true, which has a unique key and no other writer.

    They copy the row as it is when they run: a trigger of the user's may have changed it again. In REPEATABLE READ a
    row that came to the side after the snapshot is not seen; inserting it makes the server say so (40001).
    """
    body = ddl(
        "BEGIN IF TG_OP = 'TRUNCATE' THEN TRUNCATE {side}; RETURN NULL; END IF;"
        " IF {leaves} THEN {delete};"
        " IF NOT FOUND AND pg_catalog.current_setting('transaction_isolation') NOT LIKE 'read%' AND {was} THEN"
        " INSERT INTO {side} ({names}) VALUES ({old}) ON CONFLICT DO NOTHING; {delete}; END IF; END IF;"
        " IF TG_OP <> 'DELETE' THEN INSERT INTO {side} AS s ({names}) SELECT {values} FROM {main} AS m"
        " WHERE {new} AND {present} ON CONFLICT ({key}) DO UPDATE SET {sets}; END IF; RETURN NULL; END",
        side=side, leaves=raw(_leaves(pairing)), delete=raw(_delete_left(pairing, side)),
        was=raw(pairing.present_in("OLD")), names=tuple(s for _, s in pairing.all),
        old=raw(pairing.values("OLD", side=False)), values=raw(pairing.values("m", side=False)), main=pairing.main,
        new=raw(pairing.main_of("NEW", side=False)), present=raw(pairing.present),
        key=tuple(s for _, s in pairing.key),
        sets=raw(joined([expression("{s} = excluded.{s}", s=s) for _, s in pairing.columns])),
    )  # fmt: skip
    return _follow(pairing.main, purpose, body, [m for m, _ in pairing.all])


def _leaves(pairing: Pairing) -> Expression:
    keys = [m for m, _ in pairing.key]
    return expression(
        "(CASE TG_OP WHEN 'INSERT' THEN false WHEN 'DELETE' THEN true ELSE {moved} OR NOT ({present}) END)",
        moved=raw(_differ("OLD", keys, "NEW", keys)), present=raw(pairing.present_in("NEW")),
    )  # fmt: skip


def _delete_left(pairing: Pairing, side: Relation) -> Statement:
    return ddl(
        "DELETE FROM {side} AS s WHERE {old} AND NOT EXISTS (SELECT FROM {main} AS m WHERE {same} AND {present})",
        side=side, old=raw(pairing.side_of("OLD", side=False)), main=pairing.main, same=raw(pairing.same_row),
        present=raw(pairing.present),
    )  # fmt: skip


def copy_to_main(pairing: Pairing, side: Relation, purpose: str) -> tuple[Statement, ...]:
    """Triggers on the table at the side that keep the main table's columns true, as long as nobody writes those."""
    sets = raw(joined([expression("{m} = s.{s}", m=m, s=s) for m, s in pairing.columns]))
    empty = raw(joined([expression("{m} = NULL", m=m) for m, _ in pairing.columns]))
    keys = [s for _, s in pairing.key]
    body = ddl(
        "BEGIN IF TG_OP = 'TRUNCATE' THEN UPDATE {main} AS m SET {empty} WHERE {present}; RETURN NULL; END IF;"
        " IF (CASE TG_OP WHEN 'INSERT' THEN false WHEN 'DELETE' THEN true ELSE {moved} END) THEN"
        " UPDATE {main} AS m SET {empty} WHERE {old} AND NOT EXISTS (SELECT FROM {side} AS s WHERE {same}); END IF;"
        " IF TG_OP <> 'DELETE' THEN UPDATE {main} AS m SET {sets} FROM {side} AS s WHERE {new} AND {same} AND {differ};"
        " END IF; RETURN NULL; END",
        main=pairing.main, side=side, empty=empty, sets=sets, present=raw(pairing.present),
        moved=raw(_differ("OLD", keys, "NEW", keys)), old=raw(pairing.main_of("OLD", side=True)),
        new=raw(pairing.side_of("NEW", side=True)), same=raw(pairing.same_row), differ=raw(pairing.differ),
    )  # fmt: skip
    return _follow(side, purpose, body, [s for _, s in pairing.all])


def _follow(table: Relation, purpose: str, body: Statement, columns: list[str]) -> tuple[Statement, ...]:
    rows, changes, all_ = (trigger_name(table, f"{purpose}_{suffix}") for suffix in TRIGGERS)
    behind = function(table, purpose)
    return (
        create_function(table, purpose, body, definer=True),
        ddl("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC", function=behind),
        ddl("CREATE TRIGGER {name} AFTER INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
            name=rows, table=table, function=behind),
        ddl("CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW WHEN ({changed})"
            " EXECUTE FUNCTION {function}()", name=changes, table=table, function=behind,
            changed=raw(_differ("OLD", columns, "NEW", columns))),
        ddl("CREATE TRIGGER {name} AFTER TRUNCATE ON {table} EXECUTE FUNCTION {function}()",
            name=all_, table=table, function=behind),
    )  # fmt: skip


def stop_copying(table: Relation, purpose: str) -> tuple[Statement, ...]:
    """Drop the triggers on that table and their function."""
    names = (trigger_name(table, f"{purpose}_{suffix}") for suffix in TRIGGERS)
    return (
        *(ddl("DROP TRIGGER IF EXISTS {name} ON {table}", name=name, table=table) for name in names),
        ddl("DROP FUNCTION IF EXISTS {function}()", function=function(table, purpose)),
    )


def copying(table: Relation, purpose: str) -> Statement:
    """Proof: the triggers are there."""
    return proof.every(*(proof.trigger_exists(table, trigger_name(table, f"{purpose}_{s}")) for s in TRIGGERS))


def fill_side(pairing: Pairing, side: Relation, main: Table) -> Batches:
    """Copy what is there. The share locks let no writer pass whose trigger would not see what was copied."""
    key, types = row_key(main)
    statement = ddl(
        "WITH kept AS MATERIALIZED (SELECT {values} FROM {main} AS t WHERE {range} AND {present}"
        " AND NOT EXISTS (SELECT FROM {side} AS s WHERE {there}) FOR SHARE OF t)"
        " INSERT INTO {side} ({names}) SELECT * FROM kept ON CONFLICT DO NOTHING",
        values=raw(pairing.values("t", side=False)), main=pairing.main, range=raw(key_range(key, types)),
        present=raw(pairing.present_in("t")), side=side, there=raw(pairing.side_of("t", side=False)),
        names=tuple(s for _, s in pairing.all),
    )  # fmt: skip
    return Batches(table=pairing.main, key=key, types=types, statement=statement)


def fill_main(pairing: Pairing, side: Table) -> Batches:
    """Copy what is there from the side. The share locks come first: what is copied is what was last committed."""
    key, types = row_key(side)
    statement = ddl(
        "WITH s AS MATERIALIZED (SELECT {values} FROM {side} AS t WHERE {range} FOR SHARE)"
        " UPDATE {main} AS m SET {sets} FROM s WHERE {same} AND {differ}",
        values=raw(pairing.values("t", side=True)), side=side.name, range=raw(key_range(key, types)),
        main=pairing.main, sets=raw(joined([expression("{m} = s.{s}", m=m, s=s) for m, s in pairing.columns])),
        same=raw(pairing.same_row), differ=raw(pairing.differ),
    )  # fmt: skip
    return Batches(table=side.name, key=key, types=types, statement=statement)


def _differ(one: str, ours: Iterable[str], other: str, theirs: Iterable[str]) -> Expression:
    return expression("ROW({one})::record OPERATOR(pg_catalog.*<>) ROW({other})::record",
                      one=raw(_list(one, ours)), other=raw(_list(other, theirs)))  # fmt: skip


def _equal(alias: str, column: str, row: str, of_row: str) -> Expression:
    return expression("{a}.{c} = {row}.{r}", a=raw(Expression(alias)), c=column, row=raw(Expression(row)), r=of_row)


def _list(alias: str, columns: Iterable[str]) -> Expression:
    return joined([expression("{a}.{c}", a=raw(Expression(alias)), c=name) for name in columns])
