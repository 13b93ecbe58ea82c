"""Views in the place of tables: who may use them, and one that stands for a table at the side of another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Table

from ._granted import given
from ._one_to_one import Pairing
from ._sync import create_function, function

AS_CALLER, AS_OWNER = Expression("security_invoker = true"), Expression("security_invoker = false")
VIEW_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


def checked_as(table: Table) -> Expression:
    """The option of a view over the table: it checks permissions as its caller does, so that row security holds.

    To read such a view one must be allowed to read all columns that it shows. Where somebody may only read some of the
    table's, it checks as its owner, and the view's own privileges (see `privileges`) stand for the table's.
    """
    return AS_OWNER if _partial_readers(table) else AS_CALLER


def torn(table: Table) -> Iterator[Obstacle]:
    """Rows that are secured, and somebody who may read some columns: no view keeps both."""
    for name in _partial_readers(table) if table.row_security else ():
        yield Obstacle(str(table.name), f"{name or 'PUBLIC'} may read only some of its columns, and row security"
                       " chooses the rows: a view cannot keep both")  # fmt: skip


def _partial_readers(table: Table) -> list[str]:
    whole = {grant.grantee for grant in table.grants if grant.privilege == "SELECT"}
    some = {grant.grantee for column in table.columns for grant in column.grants if grant.privilege == "SELECT"}
    return sorted(some - whole) if "" not in whole else []


def privileges(
    view: Relation, table: Table, names: Mapping[str, str], kinds: Collection[str] = VIEW_PRIVILEGES
) -> Iterator[Statement]:
    """The privileges that the table's users have on it, on the view; `names` maps the table's columns to the view's."""
    if table.owner:
        yield ddl("GRANT {kinds} ON {view} TO {role}", kinds=raw(Expression(", ".join(kinds))), view=view,
                  role=table.owner)  # fmt: skip
    for grant in table.grants:
        if grant.privilege in kinds:
            yield given(grant, view)
    for column in table.columns:
        for grant in column.grants:
            if grant.privilege in kinds and column.name in names:
                yield given(grant, view, column=names[column.name])


def side_view(
    view: Relation, pairing: Pairing, main: Table, columns: Collection[Column], purpose: str
) -> tuple[Statement, ...]:
    """A view over the main table that reads and is written like the table at the side, whose columns are given.

    The server updates through it by itself. An INSERT gives a main row its values, a DELETE takes them away: what the
    main table makes of that is in force at once, its row locks too.
    """
    named = joined([expression("m.{m} AS {s}", m=m, s=s) for m, s in pairing.all])
    where = expression("WHERE {present}", present=raw(pairing.present)) if pairing.required else Expression("")
    return (
        ddl("CREATE VIEW {view} WITH ({checked}) AS SELECT {columns} FROM {main} AS m {where}", view=view,
            checked=raw(checked_as(main)), columns=raw(named), main=pairing.main, where=raw(where)),
        *(ddl("ALTER VIEW {view} ALTER COLUMN {c} SET DEFAULT {value}", view=view, c=c.name, value=raw(c.default))
          for c in columns if c.default is not None and not c.generated),
        *(ddl("COMMENT ON COLUMN {view}.{c} IS {text}", view=view, c=c.name, text=Literal(c.comment))
          for c in columns if c.comment),
        create_function(view, purpose, _instead(pairing)),
        ddl("CREATE TRIGGER {name} INSTEAD OF INSERT OR DELETE ON {view} FOR EACH ROW EXECUTE FUNCTION {function}()",
            name=purpose, view=view, function=function(view, purpose)),
    )  # fmt: skip


def drop_side_view(view: Relation, purpose: str) -> tuple[Statement, ...]:
    """Drop the view and the function behind it."""
    return (
        ddl("DROP VIEW IF EXISTS {view}", view=view),
        ddl("DROP FUNCTION IF EXISTS {function}()", function=function(view, purpose)),
    )


def _instead(pairing: Pairing) -> Statement:
    given = joined([expression("{m} = NEW.{s}", m=m, s=s) for m, s in pairing.columns])
    gone = joined([expression("{m} = DEFAULT", m=m) for m, _ in pairing.columns])
    absent = expression("NOT ({present})", present=raw(pairing.present)) if pairing.required else Expression("true")
    return ddl(
        "BEGIN IF TG_OP = 'DELETE' THEN UPDATE {main} AS m SET {gone} WHERE {old};"
        " IF NOT FOUND THEN RETURN NULL; END IF; RETURN OLD; END IF;"
        " UPDATE {main} AS m SET {given} WHERE {new} AND {absent};"
        " IF NOT FOUND AND EXISTS (SELECT FROM {main} AS m WHERE {new}) THEN"
        " RAISE unique_violation USING MESSAGE = 'there is such a row already'; ELSIF NOT FOUND THEN"
        " RAISE foreign_key_violation USING MESSAGE = 'there is no such row in ' || {says}; END IF; RETURN NEW; END",
        main=pairing.main, gone=raw(gone), given=raw(given), old=raw(pairing.main_of("OLD", side=True)),
        new=raw(pairing.main_of("NEW", side=True)), absent=raw(absent), says=Literal(pairing.main),
    )  # fmt: skip
