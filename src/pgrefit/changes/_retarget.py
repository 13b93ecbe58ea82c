"""Definitions of a table's parts, as the server prints them, turned to another table and another name."""

from __future__ import annotations

from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Statement, ddl, expression, raw
from pgrefit.model.names import Relation


def index_on(
    definition: Expression, table: Relation, name: str, *, more: tuple[str, ...] = (), concurrently: bool = False
) -> Statement:
    """CREATE INDEX on that table, `more` columns after its keys."""
    tree = postgast.parse(definition)
    index = tree.stmts[0].stmt.index_stmt
    _point(index.relation, table)
    index.idxname, index.concurrent = name, concurrently
    for column in more:
        element = pb.IndexElem(
            name=column, ordering=pb.SORTBY_DEFAULT, nulls_ordering=pb.SORTBY_NULLS_DEFAULT
        )  # fmt: skip
        index.index_params.append(pb.Node(index_elem=element))
    return Statement(postgast.deparse(tree))


def key_on(definition: Expression, table: Relation, name: str, *, more: tuple[str, ...] = ()) -> Statement:
    """ALTER TABLE … ADD CONSTRAINT: a primary key, unique or exclusion constraint, `more` columns after its keys."""
    tree, constraint = _added(definition, table, name)
    constraint.keys.extend(pb.Node(string=pb.String(sval=column)) for column in more)
    return Statement(postgast.deparse(tree))


def foreign_key_on(
    definition: Expression,
    table: Relation,
    name: str,
    *,
    parent: Relation | None = None,
    deferred: bool = False,
    not_valid: bool = False,
) -> Statement:
    """ALTER TABLE … ADD CONSTRAINT: a foreign key, to `parent` where given, checked at commit where `deferred`."""
    tree, constraint = _added(definition, table, name)
    if parent is not None:
        _point(constraint.pktable, parent)
    if deferred:
        constraint.deferrable = constraint.initdeferred = True
    if not_valid:
        constraint.skip_validation = True
    return Statement(postgast.deparse(tree))


def trigger_on(definition: Expression, table: Relation) -> Statement:
    """CREATE TRIGGER on that table."""
    tree = postgast.parse(definition)
    _point(tree.stmts[0].stmt.create_trig_stmt.relation, table)
    return Statement(postgast.deparse(tree))


def statistics_on(definition: Expression, table: Relation, name: Relation) -> Statement:
    """CREATE STATISTICS on that table."""
    tree = postgast.parse(definition)
    statistics = tree.stmts[0].stmt.create_stats_stmt
    del statistics.defnames[:]
    statistics.defnames.extend(pb.Node(string=pb.String(sval=part)) for part in (name.schema, name.name))
    _point(statistics.relations[0].range_var, table)
    for node in statistics.exprs:  # libpg_query writes the names of columns as they are, without quotes
        if node.stats_elem.name:
            node.stats_elem.name = expression("{c}", c=node.stats_elem.name)
    return Statement(postgast.deparse(tree))


def reads_changed_rows_as_tables(trigger: Expression) -> bool:
    """Whether a trigger's definition has REFERENCING OLD TABLE or NEW TABLE."""
    return bool(postgast.parse(trigger).stmts[0].stmt.create_trig_stmt.transition_rels)


def is_no_inherit(check: Expression) -> bool:
    """Whether a check constraint's definition says NO INHERIT."""
    _, constraint = _added(check, Relation("pg_catalog", "t"), "c")
    return bool(constraint.is_no_inherit)


def published(definition: str, table: Relation) -> tuple[bool, bool]:
    """Whether a publication names the table itself, and whether it then publishes all its rows and columns."""
    tree = postgast.parse(f"CREATE PUBLICATION p {definition}")
    for node in tree.stmts[0].stmt.create_publication_stmt.pubobjects:
        spec = node.publication_obj_spec
        named = spec.pubtable.relation
        if spec.HasField("pubtable") and Relation(named.schemaname, named.relname) == table:
            return True, not (spec.pubtable.HasField("where_clause") or spec.pubtable.columns)
    return False, True


def _added(definition: Expression, table: Relation, name: str) -> tuple[pb.ParseResult, Any]:
    statement = ddl("ALTER TABLE {table} ADD CONSTRAINT {name} {d}", table=table, name=name, d=raw(definition))
    tree = postgast.parse(statement)
    command = tree.stmts[0].stmt.alter_table_stmt.cmds[0].alter_table_cmd
    return tree, getattr(command, "def").constraint


def _point(to: pb.RangeVar, table: Relation) -> None:
    to.schemaname, to.relname, to.inh = table.schema, table.name, True  # the server prints ONLY for a partitioned one
