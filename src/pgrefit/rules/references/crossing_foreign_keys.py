"""Two foreign keys to one table that share a column and go to different keys of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables


@rule(
    code="REF020",
    title="Foreign keys that cross",
    why="Each is checked for itself, so one row may refer to two rows of the other table, though one is meant; and the"
    " column that they share serves two keys, so that neither can change alone.",
    example="""
        CREATE TABLE contract (year int, number int, version int, PRIMARY KEY (year, number), UNIQUE (number, version));
        CREATE TABLE annex (id int PRIMARY KEY, year int NOT NULL, number int NOT NULL, version int NOT NULL,
                            FOREIGN KEY (year, number) REFERENCES contract (year, number),
                            FOREIGN KEY (number, version) REFERENCES contract (number, version));
    """,
    clean="""
        CREATE TABLE buyer (tenant int, id int, code text NOT NULL, PRIMARY KEY (tenant, id), UNIQUE (tenant, code),
                            UNIQUE (id));
        CREATE TABLE purchase (id int PRIMARY KEY, tenant int NOT NULL, buyer_id int NOT NULL, payer_id int NOT NULL,
                               agent_code text, FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id),
                               FOREIGN KEY (tenant, payer_id) REFERENCES buyer (tenant, id),
                               FOREIGN KEY (tenant, agent_code) REFERENCES buyer (tenant, code));
        CREATE TABLE offer (id int PRIMARY KEY, tenant int, buyer_id int REFERENCES buyer (id),
                            FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id));
    """,
)
def crossing_foreign_keys(observation: Observation) -> Iterator[Finding]:
    """Pairs of foreign keys to one table of which a column is in both, and neither has all that the other has."""
    for table in tables(observation):
        wide = [key for key in table.foreign_keys if len(key.columns) > 1 and key.enforced and not key.inherited]
        for one, other in combinations(wide, 2) if len(wide) > 1 else ():
            shared = tuple(column for column in one.columns if column in other.columns)
            if shared and one.parent == other.parent and _cross(one, other):
                first, second = sorted((one, other), key=lambda key: key.name)
                yield _finding(table, first, second, shared)


def _cross(one: Constraint, other: Constraint) -> bool:
    """Whether the shared columns stand for other columns there, or the others, in the same role, for another key."""
    mine, theirs = (dict(zip(key.columns, key.parent_columns, strict=True)) for key in (one, other))
    if mine.items() <= theirs.items() or theirs.items() <= mine.items():
        return False
    if any(mine[column] != theirs[column] for column in mine.keys() & theirs.keys()):
        return True
    roles = {_role(*pair) for pair in mine.items() ^ theirs.items()}
    return {*mine.values()} != {*theirs.values()} and len(roles) == 1 and None not in roles


def _role(column: str, parent: str) -> str | None:
    """What a column's name says before that of the one that it refers to; None where it has another name."""
    return column.removesuffix(parent) if column.endswith(parent) else None


def _finding(table: Table, one: Constraint, other: Constraint, shared: tuple[str, ...]) -> Finding:
    return Finding(
        object=f"{table.name}.{one.name}",
        message=f"shares {', '.join(shared)} with {other.name}, which goes to other columns of {one.parent}:"
        " nothing says that both mean the same row",
        severity=Severity.INFO,
        evidence=(catalog(one.name, str(one.definition)), catalog(other.name, str(other.definition))),
        advice="refer to one key of it, and read the rest there; where two rows are meant, give each its own columns",
    )
