"""A copy of a database on which statements run as one role or another, each rolled back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pgrefit.model.access import Persona
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.access import counted
from pgrefit.observe.personas import become
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

LOCK_WAIT_MS = 500
# What these do on a copy is not undone with it.
FAR_REACHING = frozenset({"dblink", "http", "pg_cron", "pg_net", "postgres_fdw"})

Row = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a statement that counts rows, and the tables of which it changed rows besides."""

    outcome: Outcome
    writes: tuple[str, ...] = ()

    @property
    def rows(self) -> int | None:
        """What it counted; None where it failed."""
        return counted(self.outcome)


@dataclass(frozen=True, slots=True)
class Stage:
    """The copy; `conn` is a superuser's. Each statement is bounded by `runtime_ms`."""

    conn: Session
    db: Snapshot
    runtime_ms: int

    @property
    def reaches_far(self) -> bool:
        """Whether functions and triggers may do what no rollback undoes: they are not run then."""
        foreign = any(table.kind == "foreign table" for table in self.db.tables)
        return foreign or not FAR_REACHING.isdisjoint(extension.name for extension in self.db.extensions)

    def run(
        self, persona: Persona, statement: Statement, *, triggers: bool = False, aimed: Collection[str] = ()
    ) -> Tried:
        """Run a statement that counts rows, as a persona; `aimed`: names of the tables whose rows it is to change."""
        with self.conn.transaction(force_rollback=True):
            if refused := self._enter(persona, triggers=triggers):
                return Tried(Outcome(error=refused))
            before = self._changed()
            with self.conn.transaction(force_rollback=True):
                outcome = attempt(self.conn, statement)
                if outcome.error:
                    return Tried(outcome)
                self.conn.execute("SET LOCAL ROLE NONE")
                after = self._changed()
        besides = (name for name in after if after[name] > before.get(name, 0) and name not in aimed)
        return Tried(outcome, tuple(besides))

    def add(self, persona: Persona, statement: Statement, rows: Sequence[Row]) -> list[Outcome]:
        """Run a statement with each of these rows as its parameters, each by itself."""
        with self.conn.transaction(force_rollback=True):
            if refused := self._enter(persona, triggers=True):
                return [Outcome(error=refused) for _ in rows]
            return [self._alone(statement, row) for row in rows]

    def _alone(self, statement: Statement, row: Row) -> Outcome:
        with self.conn.transaction(force_rollback=True):
            return attempt(self.conn, statement, row)

    def _enter(self, persona: Persona, *, triggers: bool) -> str:
        """Be the persona for the rest of the transaction; why not."""
        fetch_dicts(self.conn, "bound_statement", runtime_ms=self.runtime_ms, lock_wait_ms=LOCK_WAIT_MS)
        if not triggers or self.reaches_far:
            self.conn.execute("SET LOCAL session_replication_role = replica")
        return become(self.conn, persona)

    def _changed(self) -> dict[str, int]:
        rows = fetch_dicts(self.conn, "changed_rows")
        return {str(Relation(row["schema"], row["name"])): row["rows"] for row in rows}
