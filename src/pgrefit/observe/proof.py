"""What each role really reaches: its statements run, as that role, on a copy of the database, and are rolled back.

On tables they change rows without triggers, so that privileges and policies alone decide, and no deletion goes on to
other tables; on views, in functions and where a row is added triggers run, for that is how these work. A row is added
that is there already: where a key or another constraint is what refuses the copy, the policies have let it in before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pgrefit.model.access import COMMANDS, Command, Persona, Reach
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot, Table, View
from pgrefit.observe.access import no_reach, privileges, reach, relations, what_it_checks
from pgrefit.observe.attempts import Columns, added, blind, by_condition, columns_of, copied, locking, reading
from pgrefit.observe.personas import binding, effective_roles
from pgrefit.observe.side_effects import difference
from pgrefit.observe.stage import Stage, Tried
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

COPIES = 50  # rows that are added again
NOT_ALLOWED = "42501"
CONSTRAINT = "23"  # class of SQLSTATE

Asked = dict[tuple[str, Relation, Command], Reach]


def prove(conn: Session, db: Snapshot, who: Iterable[Persona], *, runtime_ms: int) -> tuple[Reach, ...]:
    """What these personas reach of tables and views, and by calling functions that have their owner's rights.

    `conn`: a superuser's session on a database of which nothing is lost if it is. Each statement is bounded by
    `runtime_ms`. Beside what happened each reach says where the answer of `access.reach`, asked of the same rows, was
    another.
    """
    personas = tuple(who)
    asked: Asked = {
        (each.persona, each.table, each.command): each for each in reach(conn, db, personas, runtime_ms=runtime_ms)
    }
    stage = Stage(conn, db, runtime_ms)
    return tuple(found for persona in personas for found in (*_of(stage, persona, asked), *_called(stage, persona)))


def _of(stage: Stage, persona: Persona, asked: Asked) -> Iterator[Reach]:
    may, roles = privileges(stage.conn, persona), effective_roles(stage.conn, persona)
    rights: defaultdict[Relation, dict[str, list[str]]] = defaultdict(dict)
    for row in fetch_dicts(stage.conn, "column_privileges", role=persona.role):
        rights[Relation(row["schema"], row["name"])][row["column"]] = row["may"]
    for thing in relations(stage.db):
        if thing.name not in may:
            continue
        columns, family = columns_of(stage.db, thing, rights[thing.name]), _family(stage.db, thing.name)
        there = asked[str(persona), thing.name, "select"].of
        for command in COMMANDS:
            bound = isinstance(thing, Table) and may[thing.name]["bound"]
            policies = binding(thing, roles, command) if isinstance(thing, Table) and bound else ()
            read = asked.get((str(persona), thing.name, command))
            known = read or replace(no_reach(persona, thing, command, may[thing.name]), of=there)
            if may[thing.name][command] == "none" or not may[thing.name]["enters"]:
                yield known
            else:
                tried = _Trial(stage, persona, thing, columns, policies, family).of(known)
                compared = read and command != "insert"
                yield replace(tried, differs=difference(stage.conn, known, tried, policies)) if compared else tried


@dataclass(frozen=True, slots=True)
class _Trial:
    """A persona and a table or view, on the stage."""

    stage: Stage
    persona: Persona
    thing: Table | View
    columns: Columns
    policies: tuple[Policy, ...]
    family: frozenset[str]  # names of the table, its partitions and heirs

    def of(self, known: Reach) -> Reach:
        """What becomes of a command."""
        start = replace(known, executed=True, rows=None, refused="")
        if known.command == "insert":
            return self._adds(start, known)
        if known.command == "select":
            return _told(start, self._run(reading(self.thing)))
        return self._changes(start)

    def _changes(self, start: Reach) -> Reach:
        tried = self._first(by_condition(self.thing, start.command, self.columns))
        if tried and start.command == "update" and tried.outcome.sqlstate == NOT_ALLOWED:
            found = self._run(locking(self.thing))  # a policy refuses rows as they are, or the role may not
            if found.rows is not None and self.policies:
                tried, start = found, replace(start, condition=str(what_it_checks(self.policies)))
        known = _told(start, tried) if tried else replace(start, refused="cannot be counted: it may not read the table")
        unseeing = self._first(blind(self.thing, start.command, self.columns))
        more = unseeing.rows if unseeing else None
        return replace(known, blind=more if more and more > (known.rows or 0) else None)

    def _adds(self, start: Reach, known: Reach) -> Reach:
        if not self.columns.addable:
            return known
        sample = attempt(self.stage.conn, copied(self.thing, self.columns, COPIES), as_text=True)
        if not sample.rows:
            return known  # there is nothing to copy, or it cannot be read as text
        outcomes = self.stage.add(self.persona, added(self.thing, self.columns), sample.rows)
        let_in = sum(map(_is_let_in, outcomes))
        refused = next((o.error for o in outcomes if not _is_let_in(o)), "") if not let_in else ""
        return replace(start, rows=let_in, of=len(outcomes), refused=refused)

    def _first(self, statements: Iterable[Statement]) -> Tried | None:
        """The first that succeeds, or else the first."""
        failed: Tried | None = None
        for statement in statements:
            tried = self._run(statement)
            if not tried.outcome.error:
                return tried
            failed = failed or tried
        return failed

    def _run(self, statement: Statement) -> Tried:
        return self.stage.run(self.persona, statement, triggers=isinstance(self.thing, View), aimed=self.family)


def _told(start: Reach, tried: Tried) -> Reach:
    return replace(start, rows=tried.rows, refused=tried.outcome.error, writes=tried.writes)


def _is_let_in(outcome: Outcome) -> bool:
    """Policies are asked before constraints are."""
    return not outcome.error or outcome.sqlstate.startswith(CONSTRAINT)


def _family(db: Snapshot, top: Relation) -> frozenset[str]:
    """A table with its partitions and heirs."""
    found, new = set[Relation](), {top}
    while new:
        found |= new
        new = {t.name for t in db.tables if (t.partition_of in new or new & {*t.inherits}) and t.name not in found}
    return frozenset(map(str, found))


def _called(stage: Stage, persona: Persona) -> Iterator[Reach]:
    """Functions with their owner's rights, called as they are."""
    for row in fetch_dicts(stage.conn, "definer_functions", role=persona.role):
        name = Relation(row["schema"], row["name"])
        start = Reach(persona=str(persona), table=name, command="call", privilege="table")
        if stage.reaches_far:
            yield replace(start, refused="not called: what it does may reach beyond the copy")
            continue
        tried = stage.run(persona, ddl("SELECT count(*) FROM {f}()", f=name), triggers=True)
        rows = tried.rows if row["returns_rows"] else None
        yield replace(_told(start, tried), executed=True, rows=rows)
