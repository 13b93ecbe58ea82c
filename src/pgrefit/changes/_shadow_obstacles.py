"""What a table written anew cannot take along, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pgrefit.model.change import Obstacle
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot, Table

from ._preconditions import missing, rows_unwalkable
from ._retarget import is_no_inherit, published, reads_changed_rows_as_tables
from ._shadow import NEW, Shadow
from ._sync import PREFIX

CARRIED = frozenset({
    "index", "constraint", "trigger", "policy", "generated column", "sequence", "statistics", "publication", "view",
})  # fmt: skip
NAMED_NOT_NULL = 180000  # the first server on which NOT NULL is a constraint, copied with its name


def unfit_table(db: Snapshot, name: Relation) -> Iterator[Obstacle]:
    """A table that is not there, or of a kind that cannot be written anew."""
    yield from missing(db, name)
    table = db.find_table(name)
    if table is None:
        return
    if table.kind != "table":
        yield Obstacle(str(name), f"is a {table.kind}")
    if table.partition_of:
        yield Obstacle(str(name), f"is a partition of {table.partition_of}")
    heirs = [heir.name for heir in db.tables if name in heir.inherits]
    if table.inherits or heirs:
        yield Obstacle(str(name), f"takes part in inheritance with {', '.join(map(str, (*table.inherits, *heirs)))}")
    if table.extension:
        yield Obstacle(str(name), f"belongs to the extension {table.extension}")
    yield from rows_unwalkable(db, name)


def shadow_obstacles(shadow: Shadow) -> Iterator[Obstacle]:
    """Parts that cannot be made anew as they are; things that depend on the table and cannot follow; names taken."""
    yield from _parts(shadow.table)
    yield from _dependants(shadow)
    yield from _references(shadow)
    yield from _publications(shadow)
    yield from names_taken(shadow.db, *_names(shadow))


def _parts(table: Table) -> Iterator[Obstacle]:
    for constraint in table.constraints:
        about = f"constraint {constraint.name} of {table.name}"
        if not constraint.validated or not constraint.enforced:
            yield Obstacle(about, "does not hold for all rows: validate it or drop it first")
        if constraint.deferrable and constraint.kind in {"primary key", "unique", "exclusion"}:
            yield Obstacle(about, "is deferrable: two rows may hold the same key for a moment")
    for index in table.indexes:
        if not index.valid:
            yield Obstacle(str(index.name), "is not valid: drop it, or build it again")
    for trigger in table.triggers:
        if trigger.name.startswith(PREFIX):
            yield Obstacle(str(table.name), f"has the trigger {trigger.name} of another change that is under way")


def _dependants(shadow: Shadow) -> Iterator[Obstacle]:
    about, own = str(shadow.table.name), shadow.table.name
    for use in dict.fromkeys((use.kind, use.name, use.relation) for use in shadow.uses):
        kind, name, relation = use
        elsewhere = kind in {"policy", "trigger", "generated column"} and relation != own
        if kind not in CARRIED or elsewhere:
            yield Obstacle(about, f"{name} depends on it" + (" by its row type" if kind == "row type" else ""))
    for view in shadow.views:
        if view.materialized:
            yield Obstacle(about, f"the materialized view {view.name} reads it, and cannot be bound to another table")
        elif not shadow.stays:
            yield Obstacle(about, f"the view {view.name} reads it")


def _references(shadow: Shadow) -> Iterator[Obstacle]:
    for table, key in shadow.incoming:
        if table.kind != "table" or table.partition_of:
            yield Obstacle(f"foreign key {key.name} of {table.name}", "is one of partitions: it cannot be repointed")
        if not key.validated:
            yield Obstacle(f"foreign key {key.name} of {table.name}", "is not valid: validate it first")


def _publications(shadow: Shadow) -> Iterator[Obstacle]:
    for publication in shadow.db.publications:
        named, whole = published(publication.definition, shadow.table.name)
        if named and not whole:
            yield Obstacle(str(shadow.table.name), f"is published by {publication.name} in part: by columns or rows")
        in_schema = shadow.table.name in publication.tables
        if publication.all_tables or (in_schema and not named):
            yield Obstacle(str(shadow.table.name), f"the publication {publication.name} would publish its copy as well")


def _names(shadow: Shadow) -> Iterator[Relation]:
    indexes = (index.name for index in (*shadow.early_indexes, *shadow.late_indexes))
    others = (part.name for part in shadow.identities), (part.name for part in shadow.statistics)
    for now in chain((shadow.table.name,), indexes, *others):
        names = shadow.part(now)
        yield from (name for name in (names.building, names.old, names.final) if name != names.now)
    if not shadow.stays:
        yield shadow.old
        yield from (Relation(shadow.final.schema, sequence.name.name) for sequence in shadow.owned)
    yield from shadow.leaves


def names_taken(db: Snapshot, *names: Relation) -> Iterator[Obstacle]:
    """Names that are wanted and that relations, types or statistics objects have."""
    for name in dict.fromkeys(names):
        if name in _taken(db):
            yield Obstacle(str(name), "the name is taken")


@remembered
def _taken(db: Snapshot) -> frozenset[Relation]:
    indexes = chain.from_iterable((*(t.indexes for t in db.tables), *(v.indexes for v in db.views)))
    return frozenset(chain(
        (table.name for table in db.tables), (view.name for view in db.views), (index.name for index in indexes),
        (sequence.name for sequence in db.sequences), (type_.name for type_ in db.types),
        (statistics.name for statistics in db.statistics),
    ))  # fmt: skip


def layout_obstacles(shadow: Shadow) -> Iterator[Obstacle]:
    """What a partitioned table cannot have."""
    table = shadow.table
    yield from _columns_unfit(shadow)
    yield from _keys_too_narrow(shadow)
    yield from _parts_unfit(table)
    for key in shadow.own:
        yield Obstacle(f"foreign key {key.name} of {table.name}", "refers to the table itself")
    for publication in shadow.publications:
        if "publish_via_partition_root = true" not in publication.definition:
            yield Obstacle(str(table.name), f"{publication.name} would publish its partitions, not the table itself")


def _columns_unfit(shadow: Shadow) -> Iterator[Obstacle]:
    table = shadow.table
    for name in shadow.layout.by if shadow.layout else ():
        if not table.column(name).not_null:
            yield Obstacle(f"{table.name}.{name}", "decides on the partition, is part of the key, and may be NULL")
        if table.column(name).generated:
            yield Obstacle(f"{table.name}.{name}", "is generated: it cannot decide on the partition")


def _parts_unfit(table: Table) -> Iterator[Obstacle]:
    if table.persistence == "unlogged":
        yield Obstacle(str(table.name), "is unlogged")
    if table.replica_identity == "index":
        yield Obstacle(str(table.name), "has an index as its replica identity")
    for check in table.checks:
        if is_no_inherit(check.definition):
            yield Obstacle(f"constraint {check.name} of {table.name}", "is NO INHERIT")
    for trigger in table.triggers:
        if trigger.row and reads_changed_rows_as_tables(trigger.definition):
            yield Obstacle(f"trigger {trigger.name} of {table.name}", "reads the changed rows as a table, for each row")


def _keys_too_narrow(shadow: Shadow) -> Iterator[Obstacle]:
    for index in shadow.table.indexes:
        added = shadow.added(index.columns)
        about = f"{shadow.table.name} ({', '.join(column or 'an expression' for column in index.columns)})"
        if index.constraint and shadow.constraint_of(index).kind == "exclusion":
            yield Obstacle(about, f"the exclusion constraint {index.constraint} cannot span partitions")
        elif index.unique and added and index.name.name not in shadow.extended:
            yield Obstacle(about, f"is kept unique by {index.name.name}, which lacks {', '.join(added)}: say"
                                  " that the partitions' columns are to be added to it, or drop it")  # fmt: skip
        elif index.unique and added and (None in index.columns or index.method != "btree"):
            yield Obstacle(about, f"{index.name.name} is over an expression or without overlaps: it cannot be extended")
    for table, key in shadow.incoming:
        if set(shadow.added(key.parent_columns)):
            yield Obstacle(f"foreign key {key.name} of {table.name}",
                           f"refers to ({', '.join(key.parent_columns)}) alone, which will not be unique: it lacks"
                           f" {', '.join(shadow.added(key.parent_columns))}")  # fmt: skip


def foreign_key_names(shadow: Shadow) -> Iterator[Obstacle]:
    """Names of constraints that are needed until the switch."""
    for table, key in shadow.incoming:
        if any(constraint.name == fit(key.name, NEW) for constraint in table.constraints):
            yield Obstacle(str(table.name), f"has a constraint {fit(key.name, NEW)} already")
