"""A table whose rows are also those of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, known

SHOWN = 12
CHUNKS = "_timescaledb_"  # schemas of an extension's own partitions


@rule(
    code="RED018",
    title="Table inheritance",
    why=(
        "Keys of the parent hold for its own rows alone: the same key can be in a child once more, and a foreign key"
        " to the parent refuses the rows that its heirs show."
    ),
    example="""
        CREATE TABLE vehicle (id int PRIMARY KEY, maker text);
        CREATE TABLE car (doors int) INHERITS (vehicle);
        CREATE TABLE ship (draught numeric) INHERITS (vehicle);
    """,
    clean="""
        CREATE TABLE vehicle (id int, maker text) PARTITION BY LIST (maker);
        CREATE TABLE vehicle_a PARTITION OF vehicle FOR VALUES IN ('a');
        CREATE TABLE car (LIKE vehicle, doors int);
    """,
)
def table_inheritance(observation: Observation) -> Iterator[Finding]:
    """Tables that others inherit from, each with its heirs; a warning where a key of it does not hold for them."""
    db = observation.snapshot
    for name, heirs in _heirs(db).items():
        parent = db.find_table(name)
        if parent is None or not is_users(db, parent) or parent.extension:
            continue
        keys = tuple(c.name for c in parent.constraints if c.kind in {"primary key", "unique", "exclusion"})
        referring = tuple(f"{key.name} of {child.name}" for child, key in db.references_to(name))
        yield Finding(
            object=str(name),
            message=f"is inherited by {len(heirs)} table{'s' if len(heirs) > 1 else ''}"
            + (", for whose rows its keys do not hold" if keys or referring else ""),
            severity=Severity.WARNING if keys or referring else Severity.INFO,
            evidence=known((
                catalog("heirs", tuple(str(heir.name) for heir in heirs[:SHOWN])),
                catalog("keys", keys), catalog("foreign keys to it", referring),
            )),
            advice="for parts of one thing use partitioning; for kinds of it, a table each with a foreign key to a"
            " common one",
        )  # fmt: skip


def _heirs(db: Snapshot) -> dict[Relation, list[Table]]:
    """The tables that inherit from each, partitions and chunks left out."""
    found: defaultdict[Relation, list[Table]] = defaultdict(list)
    for table in db.own_tables():
        if table.partition_of is None and not table.name.schema.startswith(CHUNKS):
            for parent in table.inherits:
                found[parent].append(table)
    return dict(found)
