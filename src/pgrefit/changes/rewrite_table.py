"""Write a table anew so that the space of dropped columns and dead rows goes back to the system.

VACUUM FULL holds ACCESS EXCLUSIVE while it writes: this is a step for a maintenance window, and it says so. It is the
one form that needs no extension; where pg_repack is installed, prefer that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Phase, Step, Way, Work
from pgrefit.model.ddl import Literal, Statement, ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteTable(Change):
    """VACUUM FULL of one table, last of all."""

    table: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"write {self.table} anew"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step outside of a transaction."""
        del db
        yield Step(
            title=self.title, phase=Phase.CONTRACT, do=(ddl("VACUUM (FULL, ANALYZE) {table}", table=self.table),),
            undo=Way.NOTHING_LEFT, locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.REWRITE,
            proof=_compact(self.table), in_transaction=False,
            why="dropped columns and dead rows keep their space until then",
            hazard="readers and writers of the table wait until it is written: run it in a maintenance window",
        )  # fmt: skip


def _compact(table: Relation) -> Statement:
    """Whether the file is at most a fifth larger than its live rows can need, by the server's own statistics.

    A row needs its average width, up to 32 bytes of header, 7 of padding and 4 of line pointer; a page holds 8,168.
    """
    return ddl(
        "SELECT c.relpages <= 2 + 1.2 * c.reltuples * (43 + (SELECT coalesce(sum(s.avg_width * (1 - s.null_frac)), 0)"
        " FROM pg_catalog.pg_stats AS s WHERE s.schemaname = {schema} AND s.tablename = {name})) / 8168"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = {schema} AND c.relname = {name}",
        schema=Literal(table.schema), name=Literal(table.name),
    )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.note (id int PRIMARY KEY, body text);
    INSERT INTO shop.note SELECT n, repeat('x', 500) FROM generate_series(1, 500) AS n;
    DELETE FROM shop.note WHERE id % 5 > 0;
    ANALYZE shop.note;
    """,
    RewriteTable(table=Relation("shop", "note")),
    writes="INSERT INTO shop.note SELECT max(id) + 1, 'new' FROM shop.note",
)
