"""What is bound to a column by its number and would stay with the old one: policies, triggers, publications, marks."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Publication, Snapshot, Table, Trigger
from pgrefit.model.sql_tree import parse_sql

from ._expressions import Scope, cast_back
from ._key_carried import Carried, Moves
from ._key_graph import KeyGraph, Member
from ._policies import alter_policy, policy_reads, retyped_policy
from ._trigger_made import trigger_again


def concerned_policies(graph: KeyGraph, db: Snapshot) -> Iterator[tuple[Table, Policy]]:
    """Policies of any table that read a column that changes."""
    for table in db.tables:
        for policy in table.policies:
            if any(policy_reads(db, table.name, policy.name, m.name, m.new_names) for m in graph.changing):
                yield table, policy


def carried_policies(graph: KeyGraph, db: Snapshot) -> Iterator[Carried]:
    """Each says the same of the new columns."""
    for table, policy in concerned_policies(graph, db):
        after = retyped_policy(policy, table.name, graph.types, db)
        yield Carried(
            forth=Moves(after=(alter_policy(table.name, after),)), back=Moves(after=(alter_policy(table.name, policy),))
        )


def carried_triggers(member: Member, graph: KeyGraph, db: Snapshot) -> Iterator[Carried]:
    """Triggers with a list of columns, or a condition, over columns that change."""
    concerned = {
        use.member for column in member.new_names for use in db.uses_of(member.name, column) if use.kind == "trigger"
    }
    for trigger in member.table.triggers:
        if trigger.name in concerned:
            drop = ddl("DROP TRIGGER {name} ON {table}", name=trigger.name, table=member.name)
            was, after = Statement(trigger.definition), _retyped_trigger(member, trigger, graph, db)
            yield Carried(
                forth=Moves(before=(drop,), after=tuple(trigger_again(trigger, member.name, after))),
                back=Moves(before=(drop,), after=tuple(trigger_again(trigger, member.name, was))),
            )


def _retyped_trigger(member: Member, trigger: Trigger, graph: KeyGraph, db: Snapshot) -> Statement:
    tree = parse_sql(trigger.definition)
    made = tree.stmts[0].stmt.create_trig_stmt
    if not made.HasField("when_clause"):
        return Statement(trigger.definition)
    rows = {"old": member.name, "new": member.name}
    cast_back(made.when_clause, Scope(own=None, changes=graph.types, db=db, aliases=rows))
    return Statement(postgast.deparse(tree))


def carried_publications(member: Member, graph: KeyGraph, db: Snapshot) -> Iterator[Carried]:
    """Lists of columns and row filters of publications."""
    for publication in concerned_publications(member, db):
        drop = ddl("ALTER PUBLICATION {p} DROP TABLE ONLY {t}", p=publication.name, t=member.name)
        scope = Scope(own=member.name, changes=graph.types, db=db, aliases={member.name.name: member.name})
        yield Carried(
            forth=Moves(before=(drop,), after=(_publish(publication, member.name, scope),)),
            back=Moves(before=(drop,), after=(_publish(publication, member.name, None),)),
        )


def unfilterable(member: Member, graph: KeyGraph, db: Snapshot) -> Iterator[Publication]:
    """Publications whose row filter would have to cast, which the server takes in no filter."""
    for publication, carried in zip(
        concerned_publications(member, db), carried_publications(member, graph, db), strict=True
    ):
        if carried.forth.after != carried.back.after:
            yield publication


def concerned_publications(member: Member, db: Snapshot) -> tuple[Publication, ...]:
    """Those that name a column that changes."""
    named = {
        use.member for column in member.new_names for use in db.uses_of(member.name, column)
        if use.kind == "publication"
    }  # fmt: skip
    return tuple(publication for publication in db.publications if publication.name in named)


def _publish(publication: Publication, table: Relation, scope: Scope | None) -> Statement:
    """Add the table to the publication as it was; with `scope`, its filter over the new columns."""
    tree = parse_sql(ddl("CREATE PUBLICATION {p} {d}", p=publication.name, d=raw(Expression(publication.definition))))
    found = next(
        node for node in tree.stmts[0].stmt.create_publication_stmt.pubobjects
        if (node.publication_obj_spec.pubtable.relation.schemaname, node.publication_obj_spec.pubtable.relation.relname)
        == (table.schema, table.name)
    )  # fmt: skip
    part = found.publication_obj_spec.pubtable
    if scope and part.HasField("where_clause"):
        cast_back(part.where_clause, scope)
    add = pb.AlterPublicationStmt(pubname=publication.name, action=pb.AP_AddObjects)
    add.pubobjects.append(found)
    tree.stmts[0].stmt.Clear()
    tree.stmts[0].stmt.alter_publication_stmt.CopyFrom(add)
    return Statement(postgast.deparse(tree))


def carried_marks(member: Member) -> Iterator[Carried]:
    """By which index rows are told apart for replication, and by which they were ordered."""
    for index in member.table.indexes:
        if not member.touches((*index.columns, *index.include)):
            continue
        marks: list[Statement] = []
        if index.replica_identity:
            marks.append(ddl("ALTER TABLE {t} REPLICA IDENTITY USING INDEX {i}", t=member.name, i=index.name.name))
        if index.clustered:
            marks.append(ddl("ALTER TABLE {t} CLUSTER ON {i}", t=member.name, i=index.name.name))
        if marks:
            yield Carried(forth=Moves(after=tuple(marks)), back=Moves(after=tuple(marks)))
