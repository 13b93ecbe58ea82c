"""Change the type of a key together with everything that refers to it, online and with one short switch.

The recipe: on every table of the graph a second column of the new type, kept in step by guarded triggers; batched
backfills; twins of indexes, checks and foreign keys over the new columns, built while the old ones serve; then one
transaction over all tables in which names, keys, defaults, sequences, policies, triggers, publications and views pass
to the new columns. The old columns stay, in step, until they are dropped, so that going back loses no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._bodies import named_in_bodies
from ._guard import drop_sync, refuse_unknown
from ._key_graph import KeyGraph, Member, key_graph
from ._key_obstacles import obstacles_of
from ._key_switch import Switch, Unfit, add_both_or_neither, both_or_neither, not_null_names
from ._key_sync import drop_all, keep_in_step
from ._key_twin_parts import Printer
from ._key_twins import left_behind, twin_checks, twin_indexes, twin_reference
from ._key_unfit import guards, look_and_begin, put_unfit_aside, refuse_unfit
from ._preconditions import fired_by_updating, missing
from ._two_shapes import add_columns, describe_new, fill, keep_spelling
from .add_check import AddCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class RetypeKey(Change):
    """Convert columns of a key, and all columns that foreign keys tie to them, to `to_type`.

    `unfit`: what becomes of rows whose value does not convert, and on the way back of rows whose value the old type
    cannot hold. `refuse` stops, before anything was done, and says how many there are; `quarantine` puts them aside,
    with the rows that refer to them by the same value. A row that refers to one of these by another key is never
    touched: there the step stops. `reviewed`: functions that name one of the columns in their bodies, which nobody
    rewrites, and run with either type.
    """

    table: Relation
    columns: tuple[str, ...]
    to_type: str
    unfit: Unfit = "refuse"
    reviewed: tuple[Relation, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"convert key {self.table} ({', '.join(self.columns)}) and what refers to it to {self.to_type}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is not carried along, or cannot be converted."""
        gone = tuple(missing(db, self.table, *self.columns))
        if gone:
            yield from gone
            return
        graph = self._graph(db)
        yield from obstacles_of(graph, db, quarantine=self.unfit == "quarantine")
        for member in graph.changing:
            for c in member.conversions:
                yield from named_in_bodies(db, member.name, c.column, self.reviewed)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand, migrate, switch, contract."""
        graph = self._graph(db)
        yield look_and_begin(graph, db, refuse=self.unfit == "refuse")
        for member in graph.changing:
            yield _add_columns(member)
        for member in graph.changing:
            yield keep_in_step(member)
        yield from self._migrate(graph, db)
        yield from Switch(graph=graph, db=db, unfit=self.unfit).steps()
        yield from self._contract(graph, db)

    def _graph(self, db: Snapshot) -> KeyGraph:
        return key_graph(db, self.table, self.columns, self.to_type)

    def _migrate(self, graph: KeyGraph, db: Snapshot) -> Iterator[Step]:
        for member in graph.changing:
            hazard = fired_by_updating(member.table, tuple(member.new_names.values()))
            yield replace(fill(member.table, member.conversions), hazard=hazard)
        if self.unfit == "quarantine":
            yield from put_unfit_aside(graph, db)
        for member in graph.changing:
            yield from self._require(member)
        printers = [Printer(graph=graph, db=db, member=member) for member in graph.changing]
        for printer in printers:
            yield from twin_indexes(printer)
        for printer in printers:
            yield from twin_checks(printer)
        for reference in graph.references:
            yield from twin_reference(reference)

    def _require(self, member: Member) -> Iterator[Step]:
        """Both shapes or neither, for new rows and then for those that are there; from then on NOT NULL is known."""
        table, name = member.name, both_or_neither(member)
        yield Step(
            title=f"refuse rows of {table} that are not there in both shapes", phase=Phase.MIGRATE,
            do=(add_both_or_neither(member, switched=False),),
            undo=(ddl("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {c}", t=table, c=name),),
            locks=member.lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.constraint_exists(table, name),
            hazard="statements that write a value that does not convert fail from here on" if member.from_text else "",
        )  # fmt: skip
        yield Step(
            title=f"check that all rows of {table} are there in both shapes", phase=Phase.MIGRATE,
            do=(*refuse_unfit(member, filled=True), ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {c}", t=table, c=name)),
            undo=Way.NOTHING_LEFT, locks=member.lock(LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
            proof=proof.constraint_exists(table, name, valid=True),
            why="reads every row, and blocks neither reads nor writes",
        )  # fmt: skip
        required = [c.new for c in member.conversions if member.requires(c)]
        if required:
            yield Step(
                title=f"require the new columns of {table}", phase=Phase.MIGRATE,
                do=(_alter(table, [expression("ALTER COLUMN {c} SET NOT NULL", c=c) for c in required]),),
                undo=(_alter(table, [expression("ALTER COLUMN {c} DROP NOT NULL", c=c) for c in required]),),
                locks=member.lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
                proof=proof.every(*(proof.column_not_null(table, c) for c in required)),
                why="the server trusts the validated check and does not read the table again",
            )  # fmt: skip

    def _contract(self, graph: KeyGraph, db: Snapshot) -> Iterator[Step]:
        for member in graph.changing:
            if member.from_text:
                yield keep_spelling(member.table, member.from_text, member.after)
            for c in member.widened:
                condition = expression("{old} IS NULL OR {new} = {old}", old=c.old, new=c.column)
                yield from AddCheck(
                    table=member.name, name=_same(c.column), condition=condition, phase=Phase.CONTRACT
                ).steps(db)
        for member in reversed(graph.changing):  # whose triggers may look at the old columns of their parents
            yield self._drop_old(graph, db, member)

    def _drop_old(self, graph: KeyGraph, db: Snapshot, member: Member) -> Step:
        old = [c.old for c in member.conversions]
        known = [*left_behind(Printer(graph=graph, db=db, member=member)), both_or_neither(member)]
        known += [_same(c.column) for c in member.widened]
        unguarded = [s for name in guards(member).values() for s in drop_sync(member.name, name)]
        drops = [expression("DROP COLUMN IF EXISTS {c}", c=name) for name in old]
        return Step(
            title=f"drop the old columns of {member.name}", phase=Phase.CONTRACT,
            do=(*drop_all(member), *unguarded, refuse_unknown(member.name, old, known), _alter(member.name, drops),
                *not_null_names(member, db, {c.column: c.column for c in member.conversions})),
            undo=Way.NO_RETURN, locks=member.lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.negated(proof.column_exists(member.name, name)) for name in old)),
        )  # fmt: skip


def _add_columns(member: Member) -> Step:
    step = add_columns(member.table, member.conversions)
    assert isinstance(step.do, tuple)
    return replace(step, do=(*step.do, *describe_new(member.table, member.conversions)))


def _alter(table: Relation, actions: list[Expression]) -> Statement:
    return ddl("ALTER TABLE {t} {actions}", t=table, actions=raw(joined(actions)))


def _same(column: str) -> str:
    return fit(f"pgrefit_{column}", "_same")


EXAMPLE = Example(
    """
    CREATE TABLE shop.video (id text DEFAULT gen_random_uuid()::text PRIMARY KEY, title text);
    CREATE TABLE shop.comment (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, video_id text NOT NULL REFERENCES shop.video ON DELETE CASCADE,
        answers int REFERENCES shop.comment, body text);
    CREATE INDEX comment_video ON shop.comment (video_id, id) WHERE body IS NOT NULL;
    CREATE VIEW shop.discussed WITH (security_invoker = true) AS
        SELECT v.id, v.title, count(c.id) AS comments FROM shop.video AS v JOIN shop.comment AS c ON c.video_id = v.id
        GROUP BY v.id;
    INSERT INTO shop.video (title) SELECT 'video ' || n FROM generate_series(1, 20) AS n;
    INSERT INTO shop.video SELECT upper(md5(n::text)), 'VIDEO ' || n FROM generate_series(21, 30) AS n;
    INSERT INTO shop.comment (video_id, body)
        SELECT id, 'comment ' || n FROM shop.video, generate_series(1, 3) AS n;
    """,
    RetypeKey(table=Relation("shop", "video"), columns=("id",), to_type="uuid"),
    writes="INSERT INTO shop.comment (video_id, body) SELECT id, md5(random()::text) FROM shop.video"
    " WHERE title LIKE 'video%' ORDER BY random() LIMIT 1",
)
