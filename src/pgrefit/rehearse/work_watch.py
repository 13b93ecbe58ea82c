"""How much data a step touched: files written anew, indexes built, tables read from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgrefit.model.change import Batches, Step, Work
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch, fetch_dicts


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFile:
    """A row of relation_files.sql; `of` is an index's table."""

    oid: int
    schema: str
    name: str
    of: int | None
    file: int
    bytes: int  # 0 of an index

    @property
    def relation(self) -> Relation:
        """Its name."""
        return Relation(self.schema, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone:
    """What a step did, on which tables that were there before and not empty."""

    work: Work
    rewritten: tuple[Relation, ...] = ()
    built: tuple[Relation, ...] = ()  # the tables of the indexes
    scanned: tuple[Relation, ...] = ()

    @property
    def on(self) -> tuple[Relation, ...]:
        """The tables on which the work depends."""
        return self.rewritten or self.built or self.scanned


@dataclass(slots=True)
class WorkWatch:
    """From the beginning of a step to its end."""

    before: dict[int, RelationFile]
    scanned: set[int] = field(default_factory=set[int])

    def at_commit(self, conn: Session) -> None:
        """Ask the step's own session, within its transaction, what it has read."""
        self.scanned |= {int(row["oid"]) for row in fetch_dicts(conn, "own_scans")}

    def done(self, step: Step, after: dict[int, RelationFile]) -> WorkDone:
        """Compare with how things were before."""
        rewritten = [table for table in self._tables() if _file(after, table.oid, table.file) != table.file]
        built = [self.before[of] for of in self._built(after) if of in self.before]
        scanned = [table for table in self._tables() if table.oid in self.scanned and table.bytes > 0]
        work = _heaviest(step, bool(rewritten), bool(built), bool(scanned))
        return WorkDone(work=work, rewritten=_names(rewritten), built=_names(built), scanned=_names(scanned))

    def _tables(self) -> Iterator[RelationFile]:
        return (found for found in self.before.values() if found.of is None)

    def _built(self, after: dict[int, RelationFile]) -> Iterator[int]:
        """The tables of indexes that are new, or in another file."""
        for index in after.values():
            known = self.before.get(index.oid)
            if index.of is not None and (known is None or known.file != index.file):
                yield index.of


def files(conn: Session) -> dict[int, RelationFile]:
    """Tables and indexes as they are now."""
    return {found.oid: found for found in fetch(conn, "relation_files", RelationFile)}


def forget_counts(conn: Session) -> None:
    """Have the session report what it counted so far, so that its next transaction begins at zero."""
    fetch_dicts(conn, "report_counts")


def lies(step: Step, done: WorkDone, held: dict[Relation, LockMode]) -> Iterator[str]:
    """Where a step did more to tables than it declares, under locks that make others wait."""
    said = f"declares: {step.work.value}"
    if step.work is not Work.REWRITE:
        yield from (f"writes {table} anew, {said}" for table in done.rewritten)
    if step.work not in {Work.REWRITE, Work.BUILD}:
        # To build the indexes again belongs to writing a table anew, which was told.
        yield from (f"builds an index of {table}, {said}" for table in done.built if table not in done.rewritten)
    if step.work is Work.INSTANT:
        for table in done.scanned:
            mode = held.get(table)
            if mode is not None and mode.blocks_writes and table not in (*done.rewritten, *done.built):
                yield f"reads all of {table} under {mode.sql}, {said}"


def _file(after: dict[int, RelationFile], oid: int, otherwise: int) -> int:
    """The file of a table now; where it is gone it was not written anew."""
    return after[oid].file if oid in after else otherwise


def _heaviest(step: Step, rewritten: bool, built: bool, scanned: bool) -> Work:  # noqa: FBT001
    if isinstance(step.do, Batches):
        return Work.BATCHES
    if rewritten:
        return Work.REWRITE
    if built:
        return Work.BUILD
    return Work.SCAN if scanned else Work.INSTANT


def _names(tables: list[RelationFile]) -> tuple[Relation, ...]:
    return tuple(sorted({table.relation for table in tables}))
