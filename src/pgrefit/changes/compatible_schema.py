"""Keep the old shape of tables readable and writable while old and new versions of an application run side by side.

A schema of plain views, one a table, made before anything changes. A view is bound to columns, not to their names, so
it follows when the switch renames them: the old application, whose search_path names this schema first, notices
nothing. The views are simple enough for PostgreSQL to update through them, and check permissions as their caller (or by
their own privileges, where somebody may read only some columns of the table).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._granted import role
from ._preconditions import missing
from ._side_views import AS_CALLER, checked_as, privileges, torn

DEFAULT_PATH = '"$user", public'


@dataclass(frozen=True, slots=True, kw_only=True)
class CompatibleSchema(Change):
    """One schema for all tables whose shape changes; `by_default` puts it into the database's search_path."""

    schema: str
    tables: tuple[Relation, ...]
    by_default: bool = False

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"keep the old shape of {', '.join(map(str, self.tables))} in the schema {self.schema}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Tables that are not there, or whose privileges no view can keep."""
        for name in self.tables:
            yield from missing(db, name)
            table = db.find_table(name)
            yield from torn(table) if table else ()

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: schema, views, search_path. Contract: all of it goes."""
        yield self._create_schema(db)
        for table in self.tables:
            yield self._create_view(db.table(table))
        if self.by_default:
            yield self._set_path(db)
        yield self._drop(db)

    def _create_schema(self, db: Snapshot) -> Step:
        return Step(
            title=f"create the schema {self.schema} for the old shape", phase=Phase.EXPAND,
            do=(ddl("CREATE SCHEMA {schema}", schema=self.schema),
                *(ddl("GRANT USAGE ON SCHEMA {schema} TO {role}", schema=self.schema, role=role(name))
                  for name in sorted(self._users(db)))),
            undo=(ddl("DROP SCHEMA IF EXISTS {schema}", schema=self.schema),), locks=(), work=Work.INSTANT,
            proof=proof.schema_exists(self.schema),
        )  # fmt: skip

    def _users(self, db: Snapshot) -> set[str]:
        """Whoever may do something with the tables, their owners and holders of column privileges included."""
        tables = [db.table(name) for name in self.tables]
        granted = {grant.grantee for table in tables for grant in table.grants}
        in_part = {grant.grantee for table in tables for column in table.columns for grant in column.grants}
        return granted | in_part | {table.owner for table in tables if table.owner}

    def _create_view(self, table: Table) -> Step:
        view = Relation(self.schema, table.name.name)
        columns = tuple(column.name for column in table.columns)
        return Step(
            title=f"show the old shape of {table.name} as {view}", phase=Phase.EXPAND,
            do=(ddl("CREATE VIEW {view} WITH ({checked}) AS SELECT {columns} FROM {table}",
                    view=view, checked=raw(checked_as(table)), columns=columns, table=table.name),
                *privileges(view, table, {name: name for name in columns})),
            undo=(ddl("DROP VIEW IF EXISTS {view}", view=view),),
            locks=(Lock(table.name, LockMode.ACCESS_SHARE),), work=Work.INSTANT, proof=proof.relation_exists(view),
            why="queries and writes of the old application keep working after the switch",
            hazard="" if checked_as(table) == AS_CALLER
            else "row security that the table gets later does not reach through it",
        )  # fmt: skip

    def _set_path(self, db: Snapshot) -> Step:
        before = next((s.partition("=")[2] for s in db.database_settings if s.startswith("search_path=")), "")
        schema = expression("{schema}", schema=self.schema)
        path = f"{schema}, {before or DEFAULT_PATH}"
        return Step(
            title=f"let sessions of this database find {self.schema} first", phase=Phase.EXPAND,
            do=(_alter_database(f"SET search_path = {path}"),),
            undo=(_alter_database(f"SET search_path = {before}" if before else "RESET search_path"),),
            locks=(), work=Work.INSTANT, proof=_path_starts_with(self.schema),
            why="an application that sets no search_path of its own stays on the old shape without being changed",
            hazard="holds for sessions opened from now on: renew the pool before the switch; "
            "the new version of the application sets its own search_path",
        )  # fmt: skip

    def _drop(self, db: Snapshot) -> Step:
        before = next((s.partition("=")[2] for s in db.database_settings if s.startswith("search_path=")), "")
        reset = _alter_database(f"SET search_path = {before}" if before else "RESET search_path")
        views = (Relation(self.schema, name.name) for name in self.tables)
        return Step(
            title=f"drop the old shape: the schema {self.schema}", phase=Phase.CONTRACT,
            do=(*((reset,) if self.by_default else ()), *(ddl("DROP VIEW IF EXISTS {view}", view=v) for v in views),
                ddl("DROP SCHEMA IF EXISTS {schema}", schema=self.schema)),
            undo=Way.NO_RETURN, locks=(), work=Work.INSTANT,
            proof=proof.negated(proof.schema_exists(self.schema)),
            hazard="the old version of the application must not run any more",
        )  # fmt: skip


def _alter_database(action: str) -> Statement:
    body = ddl(
        "BEGIN EXECUTE pg_catalog.format('ALTER DATABASE %I ', pg_catalog.current_database()) || {action}; END",
        action=Literal(action),
    )
    return ddl("DO {body}", body=Literal(body))


def _path_starts_with(schema: str) -> Statement:
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting AS s"
        " JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase"
        " WHERE d.datname = pg_catalog.current_database() AND s.setrole = 0 AND EXISTS (SELECT FROM"
        " pg_catalog.unnest(s.setconfig) AS c"
        " WHERE pg_catalog.starts_with(c, 'search_path=' || pg_catalog.quote_ident({schema}) || ',')))",
        schema=Literal(schema),
    )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int PRIMARY KEY, buyer text, amount numeric);
    INSERT INTO shop.orders SELECT n, 'buyer ' || n, n FROM generate_series(1, 50) AS n;
    """,
    CompatibleSchema(schema="shop before", tables=(Relation("shop", "orders"),), by_default=True),
    writes="INSERT INTO shop.orders SELECT coalesce(max(id), 0) + 1, 'new', 1 FROM shop.orders",
)
