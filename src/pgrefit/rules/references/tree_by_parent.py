"""A tree that is kept as each row's parent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Snapshot, Table
from pgrefit.rules._ask import catalog, is_text, named, statistic, statistics_of, tables
from pgrefit.rules._languages import meanings

ABOVE = {
    "ancestor", "boss", "manager", "parent", "superior", "supervisor", "uebergeordnet", "uebergeordnete",
    "eltern", "vorgesetzter", "padre", "madre", "jefe", "pere", "mere", "chef", "amont", "genitore", "capo", "pai",
    "boven", "ouder", "bovenliggend", "nadrzedny", "rodzic", "przelozony", "upper", "up",
}  # fmt: skip
PATHS = {"path", "lineage", "ancestors"}


@rule(
    code="REF041",
    title="Tree by each row's parent",
    why="Whatever is above or below a row takes a recursive query, a step a level, at a cost nobody foresees.",
    example="CREATE TABLE part (id int PRIMARY KEY, parent_id int REFERENCES part, name text);",
    clean="""
        CREATE TABLE part (id int PRIMARY KEY, replaced_by int REFERENCES part, name text);
        CREATE TABLE account (id int PRIMARY KEY, parent_id int REFERENCES account, path text NOT NULL);
        CREATE TABLE place (id int PRIMARY KEY, parent_id int REFERENCES place);
        CREATE TABLE place_way (above int REFERENCES place, below int REFERENCES place, PRIMARY KEY (above, below));
    """,
    by_default=False,
)
def tree_by_parent(observation: Observation) -> Iterator[Finding]:
    """References of a table to itself that are named as what is above, without a path or a table of all ways."""
    for table in tables(observation):
        for key in table.foreign_keys:
            if _leads_up(table, key) and not _has_ways(observation.snapshot, table):
                rows = max(statistics_of(observation, table).rows, 0)
                yield Finding(
                    object=named(table, key.columns[0]),
                    message="is all that is known of the tree: each row names the one above it",
                    severity=Severity.INFO,
                    evidence=(catalog("definition", str(key.definition)), statistic("rows", rows)),
                    advice="where whole branches are read often, keep a path (ltree) or a table of all ancestors too",
                )


def _leads_up(table: Table, key: Constraint) -> bool:
    return key.parent == table.name and len(key.columns) == 1 and bool(meanings(key.columns[0]) & ABOVE)


def _has_ways(db: Snapshot, table: Table) -> bool:
    """A path in each row, or a table that refers to this one twice by its key."""
    path = any(c.type.rpartition(".")[2] == "ltree" or (is_text(c) and meanings(c.name) & PATHS) for c in table.columns)
    twice = Counter(child.name for child, key in db.references_to(table.name) if {*key.columns} <= {*child.primary_key})
    return path or any(often > 1 for often in twice.values())
