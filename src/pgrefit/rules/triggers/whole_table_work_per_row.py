"""A trigger that does the work of a statement for each of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table, Trigger
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import called_name, calls, meant, named_tables, written_to
from pgrefit.rules._families import users_tables
from pgrefit.rules._trees import Tree

TOTALS = frozenset({"avg", "count", "max", "min", "sum"})
OF_ROW = frozenset({"new", "old"})
TELLING = frozenset({"pg_notify"})


@dataclass(frozen=True, slots=True)
class Done:
    """What a trigger function does whatever the row is; and its body, where it adds something up."""

    always: str = ""
    adding: Body | None = None


@rule(
    code="TRG004",
    title="Work for a whole table, done for each row",
    why=(
        "A statement that writes a thousand rows refreshes the view, or adds up the same total, a thousand times, each"
        " time over all rows, and holds its locks meanwhile. Once at its end is enough."
    ),
    example="""
        CREATE TABLE entry (id int PRIMARY KEY, account int, amount numeric);
        CREATE TABLE balance (account int PRIMARY KEY, amount numeric);
        CREATE FUNCTION summed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE balance SET amount = (SELECT sum(e.amount) FROM entry AS e WHERE e.account = NEW.account)
            WHERE account = NEW.account;
            RETURN NULL;
        END $$;
        CREATE TRIGGER summed AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION summed();
    """,
    clean="""
        CREATE TABLE entry (id int PRIMARY KEY, account int, amount numeric);
        CREATE TABLE balance (account int PRIMARY KEY, amount numeric);
        CREATE MATERIALIZED VIEW largest AS SELECT max(amount) AS amount FROM entry;
        CREATE FUNCTION added() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE balance SET amount = amount + NEW.amount WHERE account = NEW.account; RETURN NULL; END $$;
        CREATE FUNCTION bounded() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT count(*) FROM entry AS e WHERE e.account = NEW.account) > 9 THEN RAISE 'too many'; END IF;
            RETURN NEW;
        END $$;
        CREATE FUNCTION renewed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN REFRESH MATERIALIZED VIEW largest; RETURN NULL; END $$;
        CREATE TRIGGER added AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION added();
        CREATE TRIGGER bounded BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION bounded();
        CREATE TRIGGER renewed AFTER INSERT ON entry FOR EACH STATEMENT EXECUTE FUNCTION renewed();
    """,
)
def whole_table_work_per_row(observation: Observation) -> Iterator[Finding]:
    """AFTER triggers for each row whose function refreshes a view, or writes what does not hang on the row.

    So does one that writes a total over the table itself, unless WHEN keeps it to rare rows.
    """
    db = observation.snapshot
    known = _functions(db)
    for table in users_tables(db) if known else ():
        for trigger in table.triggers:
            done = known.get(trigger.function) if _is_after_row(trigger) else None
            said = _said(table, trigger, done) if done else ""
            if said:
                yield _finding(table, trigger, said)


def _finding(table: Table, trigger: Trigger, said: str) -> Finding:
    return Finding(
        object=table.name.column(trigger.name),
        message=f"{said} for each row that a statement writes",
        severity=Severity.WARNING if said.startswith("refreshes") else Severity.INFO,
        evidence=(catalog("trigger", str(trigger.definition)), catalog("function", str(trigger.function))),
        advice="do it once, FOR EACH STATEMENT, with REFERENCING NEW TABLE where it must know the rows",
    )


def _is_after_row(trigger: Trigger) -> bool:
    checks = trigger.definition.startswith("CREATE CONSTRAINT TRIGGER")  # may be deferred to the end
    return trigger.row and trigger.timing == "after" and trigger.enabled != "disabled" and not checks


@lookup.remembered
def _functions(db: Snapshot) -> dict[Relation, Done]:
    """The trigger functions of which something is to be said."""
    of_triggers = (body for body in bodies(db) if body.function.returns == "trigger")
    found = {body.function.name: _done(db, body) for body in of_triggers}
    return {name: done for name, done in found.items() if done.always or done.adding}


def _done(db: Snapshot, body: Body) -> Done:
    called = {f.name for tree in body.trees for call in calls(tree) for f in meant(db, call)}
    run = [body, *(one for name in sorted(called) if (one := _by_name(db).get(name)))]
    views = [v.relation.relname for one in run for tree in one.trees for v in tree.all(pb.RefreshMatViewStmt)]
    if views:
        return Done(always=f"refreshes {', '.join(dict.fromkeys(views))}")
    if not any(map(_looks_at_row, body.trees)) and any(map(_writes_alike, run)):
        return Done(always="does the same")
    adds = any(called_name(call) in TOTALS for tree in body.statements for call in calls(tree))
    return Done(adding=body if adds else None)


@lookup.remembered
def _by_name(db: Snapshot) -> dict[Relation, Body]:
    return {body.function.name: body for body in bodies(db)}


def _said(table: Table, trigger: Trigger, done: Done) -> str:
    """What it does that need not be done for each row; '' where there is nothing."""
    body = done.adding
    if done.always or body is None or " WHEN (" in trigger.definition:
        return done.always
    written = any(_adds_up(table, tree) for tree in body.statements if any(written_to(tree)))
    return f"adds up rows of {table.name}" if written or _keeps_total(table, body) else ""


def _looks_at_row(tree: Tree) -> bool:
    return any(ref.fields and ref.fields[0].string.sval.lower() in OF_ROW for ref in tree.all(pb.ColumnRef))


def _writes_alike(body: Body) -> bool:
    """Whether it changes rows, or tells listeners, again and again the same."""
    if body.executed:
        return False
    changed = any(tree.all(pb.UpdateStmt) or tree.all(pb.DeleteStmt) for tree in body.statements)
    return changed or any(called_name(call) in TELLING for tree in body.trees for call in calls(tree))


def _adds_up(table: Table, tree: Tree) -> bool:
    """Whether a query in it has a total of the table's own rows."""
    return any(_is_total_of(table, Tree(select)) for select in tree.all(pb.SelectStmt) if select.from_clause)


def _is_total_of(table: Table, select: Tree) -> bool:
    summed = any(called_name(call) in TOTALS for call in calls(select))
    return summed and any(named.relname == table.name.name for named in named_tables(select))


def _keeps_total(table: Table, body: Body) -> bool:
    """Whether a variable gets such a total, and something is written with it."""
    read = [tree for tree in body.statements if not any(written_to(tree))]
    return any(_adds_up(table, tree) for tree in read) and any(any(written_to(tree)) for tree in body.statements)
