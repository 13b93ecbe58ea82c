"""Create a view, or give one another definition, with a way back to the one that it had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, View

from . import _proof as proof
from ._batches import literals
from ._view_made import create_view, made_again, options_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(Change):
    """A view over `reads`. One that is there keeps its privileges, comments and triggers, and what depends on it.

    Options that are not given are those of the view that is there; a new one checks permissions as its caller does
    (security_invoker). Columns may be added to a view that nothing depends on, and that has no triggers.
    """

    name: Relation
    select: Expression
    reads: tuple[Relation, ...]
    readers: tuple[str, ...] = ()
    security_invoker: bool | None = None
    security_barrier: bool | None = None
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create the view {self.name}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """The name of something else."""
        others = {*(table.name for table in db.tables), *(s.name for s in db.sequences)}
        if self.name in others | {view.name for view in db.views if view.materialized}:
            yield Obstacle(str(self.name), "is there, and is no view")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where a view of these very words and options is there."""
        was = next((view for view in db.views if view.name == self.name), None)
        if was is None:
            yield self._create()
        elif (was.definition, options_of(was)) != (self.select, self._options(was)):
            yield self._replace(db, was)

    def _options(self, was: View | None) -> dict[str, str]:
        given = {"security_invoker": self.security_invoker, "security_barrier": self.security_barrier}
        before = options_of(was) if was else {"security_invoker": "true"}
        return before | {name: str(value).lower() for name, value in given.items() if value is not None}

    @property
    def _grants(self) -> Iterator[Statement]:
        return (ddl("GRANT SELECT ON {name} TO {role}", name=self.name, role=role) for role in self.readers)

    @property
    def _locks(self) -> tuple[Lock, ...]:
        return tuple(Lock(table, LockMode.ACCESS_SHARE) for table in self.reads)

    def _create(self) -> Step:
        return Step(
            title=self.title, phase=self.phase,
            do=(create_view(self.name, self._options(None), self.select), *self._grants),
            undo=(ddl("DROP VIEW IF EXISTS {name}", name=self.name),), locks=self._locks, work=Work.INSTANT,
            proof=proof.relation_exists(self.name),
        )  # fmt: skip

    def _replace(self, db: Snapshot, was: View) -> Step:
        bound = bool(was.triggers) or any(use.table == self.name for use in (*db.uses, *db.whole_uses))
        back = create_view(self.name, options_of(was), was.definition, replace=True)
        grants = tuple(
            ddl("REVOKE SELECT ON {name} FROM {role}", name=self.name, role=role)
            for role in self.readers if not any(g.grantee == role and g.privilege == "SELECT" for g in was.grants)
        )  # fmt: skip
        return Step(
            title=f"give the view {self.name} another definition", phase=self.phase,
            do=(create_view(self.name, self._options(was), self.select, replace=True),
                *((self._same_columns(was),) if bound else ()), *self._grants),
            undo=(back, *grants) if bound
            else (ddl("DROP VIEW IF EXISTS {name}", name=self.name), *made_again(was)),
            locks=self._locks, work=Work.INSTANT, proof=self._replaced(was),
        )  # fmt: skip

    def _same_columns(self, was: View) -> Statement:
        """Stop where columns were added: what depends on the view would bar the way back."""
        body = ddl(
            "BEGIN IF (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute WHERE attrelid = {view}::pg_catalog"
            ".regclass AND attnum > 0) <> {count} THEN RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE ="
            " 'other objects hang on the view, so that added columns could not be taken back'; END IF; END",
            view=Literal(ddl("{v}", v=self.name)), count=len(was.columns),
        )  # fmt: skip
        return ddl("DO {body}", body=Literal(body))

    def _replaced(self, was: View) -> Statement:
        """Whether it has the options, and another definition, unless the options alone differ."""
        options = tuple(f"{name}={value}" for name, value in self._options(was).items())
        printed = expression(
            "pg_catalog.rtrim(pg_catalog.btrim(pg_catalog.pg_get_viewdef(c.oid), E' \\n'), ';') IS DISTINCT FROM {was}",
            was=Literal(was.definition),
        )
        definition = proof.as_observed(printed) if was.definition != self.select else Expression("true")
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}"
            " AND coalesce(c.reloptions, '{{}}') @> {options}::text[] AND {definition})",
            oid=raw(proof.oid_of(self.name)), options=raw(literals(options)), definition=raw(definition),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.ware (id int PRIMARY KEY, name text, price numeric, hidden boolean NOT NULL DEFAULT false);
    INSERT INTO shop.ware SELECT n, 'ware ' || n, n, n % 5 = 0 FROM generate_series(1, 50) AS n;
    CREATE VIEW shop.offer WITH (security_barrier = true) AS SELECT id, name FROM shop.ware;
    COMMENT ON VIEW shop.offer IS 'what is shown';
    COMMENT ON COLUMN shop.offer.name IS 'for people';
    ALTER VIEW shop.offer ALTER COLUMN name SET DEFAULT 'none';
    """,
    CreateView(
        name=Relation("shop", "offer"), reads=(Relation("shop", "ware"),), security_invoker=True,
        select=Expression("SELECT id, name, price FROM shop.ware WHERE NOT hidden"),
    ),
    writes="INSERT INTO shop.ware (id, name) SELECT coalesce(max(id), 0) + 1, 'new' FROM shop.ware",
)  # fmt: skip
