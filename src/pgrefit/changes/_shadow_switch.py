"""The switch, in one short transaction, and the way back: names, sequences, references, access, readers, direction."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import View

from ._granted import SEQUENCE, column_grants, grants
from ._shadow import Part, Shadow
from ._shadow_access import awakened, no_row_security, no_triggers, row_security, silenced, triggers, withdrawn
from ._shadow_create import settings
from ._shadow_references import give_back, take_over
from ._shadow_sync import follow, leave


def switch(shadow: Shadow) -> tuple[Statement, ...]:
    """The new table takes the place of the old one, which follows it from then on."""
    table, final, old = shadow.table, shadow.final, shadow.old
    return (
        *_lock(shadow, table.name, shadow.building), *leave(shadow, table.name, forth=True), *_names_there(shadow),
        *take_over(shadow), *_positions(shadow, back=False), *_owned(shadow, final),
        *silenced(table, old), *_unforced(shadow), *_identities_now(shadow, final, old),
        *row_security(table, final), *grants(final, table.owner, table.grants), *column_grants(table.columns, final),
        *_sequence_access(shadow), *triggers(table, final), *_published(shadow, old, final), *_views(shadow),
        *follow(shadow, final, old),
    )  # fmt: skip


def switch_back(shadow: Shadow) -> tuple[Statement, ...]:
    """The old table takes its place again; the new one follows as before the switch."""
    table, final, old = shadow.table, shadow.final, shadow.old
    return (
        *_lock(shadow, final, old), *leave(shadow, final, forth=False), *_published(shadow, final, old),
        *no_triggers(table, final), *withdrawn(table, final), *no_row_security(table, final),
        *_owned(shadow, old), *_positions(shadow, back=True), *_names_back(shadow), *give_back(shadow),
        *_identities_now(shadow, table.name, shadow.building), *_forced(shadow), *awakened(table, table.name),
        *_views(shadow), *follow(shadow, table.name, shadow.building),
    )  # fmt: skip


def _lock(shadow: Shadow, *tables: Relation) -> Iterator[Statement]:
    """First those that refer to the table: whoever inserts into them comes to it from there.

    One by one, so that the executor can give up when they have waited too long together.
    """
    return (ddl("LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE", t=name) for name in (*shadow.children, *tables))


def _parts(shadow: Shadow) -> Iterator[tuple[str, Part]]:
    """Parts with names of the schema's, each with the word for its kind; the indexes of constraints among them."""
    yield from (("INDEX", shadow.part(i.name)) for i in (*shadow.early_indexes, *shadow.late_indexes))
    yield from (("SEQUENCE", shadow.part(s.name)) for s in shadow.identities)
    yield from (("STATISTICS", shadow.part(s.name)) for s in shadow.statistics)


def _rename(kind: str, name: Relation, to: Relation) -> Iterator[Statement]:
    if name != to:
        yield ddl("ALTER {kind} {name} RENAME TO {to}", kind=raw(Expression(kind)), name=name, to=to.name)


def _names_there(shadow: Shadow) -> Iterator[Statement]:
    yield from _rename("TABLE", shadow.table.name, shadow.old)
    yield from _rename("TABLE", shadow.building, shadow.final)
    for kind, part in _parts(shadow):
        yield from _rename(kind, part.now, part.old)
        yield from _rename(kind, part.building, part.final)


def _names_back(shadow: Shadow) -> Iterator[Statement]:
    for kind, part in _parts(shadow):
        yield from _rename(kind, part.final, part.building)
        yield from _rename(kind, part.old, part.now)
    yield from _rename("TABLE", shadow.final, shadow.building)
    yield from _rename("TABLE", shadow.old, shadow.table.name)


def _positions(shadow: Shadow, *, back: bool) -> Iterator[Statement]:
    """The one identity sequence goes on where the other is; both are called what they are after the switch."""
    for sequence in shadow.identities:
        part = shadow.part(sequence.name)
        to, of = (part.old, part.final) if back else (part.final, part.old)
        yield ddl("SELECT pg_catalog.setval({to}, s.last_value, s.is_called) FROM {of} AS s",
                  to=Literal(ddl("{to}", to=to)), of=of)  # fmt: skip


def _owned(shadow: Shadow, owner: Relation) -> Iterator[Statement]:
    """Sequences that are no identity's belong to whichever table is in use, and are where it is."""
    for sequence in shadow.owned:
        assert sequence.owned_by is not None
        name, other = sequence.name, Relation(shadow.final.schema, sequence.name.name)
        here, there = (name, other) if owner == shadow.final else (other, name)
        if here != there:
            yield ddl("ALTER SEQUENCE {s} OWNED BY NONE", s=here)
            yield ddl("ALTER SEQUENCE {s} SET SCHEMA {schema}", s=here, schema=there.schema)
        yield ddl("ALTER SEQUENCE {s} OWNED BY {t}.{c}", s=there, t=owner, c=sequence.owned_by[1])


def _identities_now(shadow: Shadow, leading: Relation, following: Relation) -> Iterator[Statement]:
    for column in shadow.always:
        yield ddl("ALTER TABLE {t} ALTER COLUMN {c} SET GENERATED ALWAYS", t=leading, c=column)
        yield ddl("ALTER TABLE {t} ALTER COLUMN {c} SET GENERATED BY DEFAULT", t=following, c=column)


def _sequence_access(shadow: Shadow) -> Iterator[Statement]:
    for sequence in shadow.identities:
        name = shadow.part(sequence.name).final
        yield from grants(name, shadow.table.owner, sequence.grants, kind=SEQUENCE)
        if sequence.comment:
            yield ddl("COMMENT ON SEQUENCE {s} IS {comment}", s=name, comment=Literal(sequence.comment))


def _unforced(shadow: Shadow) -> Iterator[Statement]:
    """Our trigger writes as the owner, to whom row security would apply."""
    if shadow.table.force_row_security:
        yield ddl("ALTER TABLE {old} NO FORCE ROW LEVEL SECURITY", old=shadow.old)


def _forced(shadow: Shadow) -> Iterator[Statement]:
    if shadow.table.force_row_security:
        yield ddl("ALTER TABLE {t} FORCE ROW LEVEL SECURITY", t=shadow.table.name)


def _published(shadow: Shadow, was: Relation, now: Relation) -> Iterator[Statement]:
    for publication in shadow.publications:
        yield ddl("ALTER PUBLICATION {p} DROP TABLE {t}", p=publication.name, t=was)
        yield ddl("ALTER PUBLICATION {p} ADD TABLE {t}", p=publication.name, t=now)


def _views(shadow: Shadow) -> Iterator[Statement]:
    """A view is bound to a table, not to its name: said again, it reads the table that now has the name."""
    for view in shadow.views if shadow.stays else ():
        yield ddl("CREATE OR REPLACE VIEW {v} {options} AS {select}",
                  v=view.name, options=raw(_with(view)), select=raw(view.definition))  # fmt: skip


def _with(view: View) -> Expression:
    return expression("WITH ({o})", o=raw(settings(view.options))) if view.options else Expression("")
