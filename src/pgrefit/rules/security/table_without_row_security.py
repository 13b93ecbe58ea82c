"""A table left open among tables that show each role its own rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import API_ROLES, OPEN_ROLES, READS, WRITES, bound_holders, is_users, secured, shown
from pgrefit.rules._ask import catalog, known, statistic
from pgrefit.rules.security._personal import personal
from pgrefit.rules.security._policies import columns_of_asker, conditions


@rule(
    code="SEC010",
    title="Table without row security among tables with it",
    why=(
        "Roles that see only their own rows next door see and change all rows here: those that hang on protected ones,"
        " too. A table made later is the one that is forgotten."
    ),
    example="""
        CREATE TABLE patient (id int PRIMARY KEY, doctor text);
        ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON patient USING (doctor = current_user);
        CREATE TABLE finding (id int PRIMARY KEY, patient_id int REFERENCES patient, body text);
        GRANT SELECT, INSERT ON patient, finding TO PUBLIC;
    """,
    clean="""
        CREATE TABLE patient (id int PRIMARY KEY, doctor text);
        ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON patient USING (doctor = current_user);
        CREATE TABLE finding (id int PRIMARY KEY, patient_id int REFERENCES patient, body text);
        CREATE TABLE country (code text PRIMARY KEY, name text);
        GRANT SELECT ON patient, country TO PUBLIC;
        CREATE SCHEMA jobs;
        CREATE TABLE jobs.job (id int PRIMARY KEY);
        GRANT ALL ON SCHEMA jobs TO PUBLIC;
        GRANT ALL ON jobs.job TO PUBLIC;
    """,
)
def table_without_row_security(observation: Observation) -> Iterator[Finding]:
    """Tables without row security that bound roles may use, in a schema where others have it or that an API serves.

    A table that has nothing to do with the protected ones is one to look things up in, unless all the world may write
    to it. Parts of a partitioned table are as open as any other table where they are granted themselves.
    """
    db = observation.snapshot
    parts: defaultdict[Relation, list[Table]] = defaultdict(list)
    for table in db.tables:
        if table.row_security or table.policies or table.kind == "foreign table" or not is_users(db, table):
            continue
        if table.partition_of is None:
            yield from _whole(observation, table)
        elif _is_guarded(db, table.partition_of) and bound_holders(db, table, READS | WRITES):
            parts[table.partition_of].append(table)
    for whole, open_parts in parts.items():
        yield _of_parts(db, whole, open_parts)


def _whole(observation: Observation, table: Table) -> Iterator[Finding]:
    db = observation.snapshot
    readers, writers = bound_holders(db, table, READS), bound_holders(db, table, WRITES)
    columns = _columns_of_policies(db).get(table.name.schema)
    related = _related(db, table, columns or frozenset())
    exposed = writers & (OPEN_ROLES if columns is not None else API_ROLES)
    concerned = readers | writers if columns is not None else (readers | writers) & OPEN_ROLES
    if not exposed and (not related or not concerned):
        return
    may, who = ("change", writers) if writers else ("read", readers)
    of_persons = f", {', '.join(personal(table))} too" if personal(table) else ""
    yield Finding(
        object=str(table.name),
        message=f"has no row security, and {', '.join(sorted(map(shown, who)))} may {may} every row{of_persons}",
        severity=Severity.ERROR if exposed and (related or exposed & API_ROLES) else Severity.WARNING,
        evidence=known((
            catalog("may read it", tuple(sorted(map(shown, readers)))),
            catalog("may write to it", tuple(sorted(map(shown, writers)))),
            catalog("has to do with protected rows by", related),
            catalog("personal or secret", personal(table)),
            statistic("rows", observation.rows(table.name)),
        )),
        advice="write policies for it and ENABLE ROW LEVEL SECURITY, or take the privileges away",
    )  # fmt: skip


def _of_parts(db: Snapshot, whole: Relation, parts: list[Table]) -> Finding:
    who = frozenset(role for part in parts for role in bound_holders(db, part, READS | WRITES))
    return Finding(
        object=str(whole),
        message=f"its row security is passed by where its parts are used themselves, as {len(parts)} of them may be",
        severity=Severity.ERROR,
        evidence=(
            catalog("open parts", tuple(str(part.name) for part in parts)),
            catalog("may use them", tuple(sorted(map(shown, who)))),
        ),
        advice="take the privileges on the parts away: those on the whole are enough",
    )


@lookup.remembered
def _columns_of_policies(db: Snapshot) -> dict[str, frozenset[str]]:
    """By schema with row security: the columns by which policies know who may see a row, but for keys."""
    found: dict[str, frozenset[str]] = {}
    for table in secured(db):
        columns = {c for p in table.policies for e in conditions(p) for c in columns_of_asker(e)}
        before = found.get(table.name.schema, frozenset())
        found[table.name.schema] = before | (columns - set(table.primary_key))
    return found


def _related(db: Snapshot, table: Table, of_policies: frozenset[str]) -> tuple[str, ...]:
    """The columns that tie its rows to protected ones: references to them, and such as policies go by."""
    references = [c for key in table.foreign_keys if key.parent and _is_guarded(db, key.parent) for c in key.columns]
    own = {name for key in table.foreign_keys for name in key.columns}
    alone = len(table.primary_key) == 1
    registry = set(table.primary_key) - own if alone else set[str]()  # of those whose rows the others are
    shared = [column.name for column in table.columns if column.name in of_policies - registry]
    return tuple(dict.fromkeys((*references, *shared)))


def _is_guarded(db: Snapshot, name: Relation) -> bool:
    found = db.find_table(name)
    return found is not None and found.row_security
