"""A column that is named, typed and filled like a reference, without a foreign key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.changes._types import comparable
from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.model.change import Change
from pgrefit.model.ddl import ddl, raw
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation, dotted
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import SAMPLE_KEYS, Row, catalog, is_empty, known, named, row_of, rows_of, sampled_values, scan
from pgrefit.rules._indexes import index_on, serves_lookup
from pgrefit.rules._purposes import is_log
from pgrefit.rules.references._composite import Group, found_groups, implied, questions
from pgrefit.rules.references._key import ENDS
from pgrefit.rules.references._lead import Lead
from pgrefit.rules.references._link import Link, nobody
from pgrefit.rules.references._links import leads, recorded
from pgrefit.rules.references._parents import usual_on_delete
from pgrefit.rules.references._types import base_type, difference
from pgrefit.rules.references._unanalysed import completed
from pgrefit.rules.references._unanalysed import questions as of_unanalysed

OUTLIVED = 0.05  # share of its rows from which on a record of the past is taken to outlive what it refers to
FEWEST_TOGETHER = 5  # columns that are named like references to one table, and told in one finding


def _asks(observation: Observation) -> Iterator[Question]:
    first = of_unanalysed(observation)
    yield from first
    if any(question not in observation.answers for question in first):
        return
    observation = completed(observation)
    yield from questions(observation)
    for lead in leads(observation):
        if is_empty(observation, lead.table):
            continue
        if not lead.certain:
            yield lead.question(observation)
        link = lead.found(observation)
        if link:
            yield link.counts()
            row = row_of(observation, link.counts())
            if row and link.contained(row) and row.count("orphans"):
                yield _examples(link)


def _examples(link: Link) -> Question:
    select = ddl(
        "SELECT DISTINCT CASE WHEN {nobody} THEN 'nobody' ELSE 'orphan' END AS kind, t.{column}::text AS value"
        " FROM {table} AS t WHERE t.{column} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{column})"
        " ORDER BY kind DESC, value LIMIT {limit}",
        nobody=raw(nobody(link.column.name, link.family)), table=link.table.name, column=link.column.name,
        parent=link.key.table.name, key=link.key.column.name, limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(link.table.name, select)


@rule(
    code="REF002",
    title="Reference without a foreign key",
    why=(
        "Nothing stops a row from referring to something that does not exist, or its parent from going away; and the"
        " planner does not know that the join finds exactly one row."
    ),
    asks=_asks,
    example="""
        CREATE TABLE customer (id bigint PRIMARY KEY);
        INSERT INTO customer SELECT generate_series(1, 20);
        CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
        INSERT INTO invoice SELECT n, n % 20 + 1 FROM generate_series(1, 100) AS n;
        ANALYZE customer, invoice;
    """,
    clean="""
        CREATE TABLE customer (id bigint PRIMARY KEY);
        INSERT INTO customer SELECT generate_series(1, 20);
        CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, subject_id bigint,
                              subject_type text, external_id bigint, quantity int NOT NULL, rating int NOT NULL);
        CREATE INDEX ON invoice (customer_id);
        INSERT INTO invoice SELECT n, n % 20 + 1, n, 'invoice', n, n % 5 + 1, n % 5 + 1
        FROM generate_series(1, 100) AS n;
        CREATE TABLE rating (id int PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer);
        CREATE INDEX ON rating (customer_id);
        INSERT INTO rating SELECT n, n % 20 + 1 FROM generate_series(1, 50) AS n;
        CREATE TABLE customer_log (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
        INSERT INTO customer_log SELECT n, n % 22 + 1 FROM generate_series(1, 100) AS n;
        CREATE TABLE invoice_archive AS SELECT * FROM invoice;
        ANALYZE;
    """,
)
def missing_foreign_key(observation: Observation) -> Iterator[Finding]:
    """Columns whose name and values say that they refer to another table."""
    observation = completed(observation)
    of_table: defaultdict[Relation, list[Lead]] = defaultdict(list)
    for lead in leads(observation):
        of_table[lead.table.name].append(lead)
    groups = found_groups(observation)
    together = [(g, row) for g, row in groups if not _said_by_one(observation, g, of_table[g.table.name])]
    yield from (_of_group(observation, group, counted) for group, counted in together)
    found: list[tuple[Link, Row]] = []
    by_name: defaultdict[Relation, list[Link]] = defaultdict(list)
    for lead in leads(observation):
        link = lead.found(observation)
        row = row_of(observation, link.counts()) if link else None
        if is_empty(observation, lead.table) or (row is not None and not row.count("rows")):
            meant = lead.by_name(observation)
            if meant:
                by_name[meant.key.table.name].append(meant)
        elif (
            link
            and row
            and _refers(observation.snapshot, link, row)
            and not implied(observation.snapshot, together, link)
        ):
            found.append((link, row))
    yield from (finding for links in by_name.values() for finding in _by_name_alone(observation.snapshot, links))
    by_key = {(link.table.name, link.key.table.name) for link, _ in found if link.key.primary}
    yield from (_finding(observation, link, row) for link, row in found if not _is_copy(link, by_key))


def _refers(db: Snapshot, link: Link, row: Row) -> bool:
    """Whether it is a reference that is meant to hold: one that is bare only where the values tell."""
    gone = row.count("orphans") - row.count("nobody")
    most = 0 if _is_keyless_log(db, link.table) else OUTLIVED
    kept_by_design = recorded(link.table) and gone > most * (row.count("matching") + gone)
    named = not (link.option.bare or link.unnamed)
    if link.key.table.name in link.table.inherits:  # each of its rows is one of the parent's
        return False
    return link.contained(row) and not kept_by_design and (named or link.told(row))


def _said_by_one(observation: Observation, group: Group, near: list[Lead]) -> bool:
    """Whether one more column refers to the same table by its primary key, and these only repeat what is there."""
    parent = group.parent.name
    if group.parent.primary_key == group.keys or parent == group.table.name:
        return False
    for lead in near:
        other = lead.column.name not in group.columns
        if other and any(o.key.table.name == parent and o.key.primary and o.fit >= ENDS for o in lead.options):
            link = lead.found(observation)
            row = row_of(observation, link.counts()) if link and link.key.table.name == parent else None
            if link and row and link.contained(row):
                return True
    return False


def _is_copy(link: Link, by_key: set[tuple[Relation, Relation]]) -> bool:
    """Whether the column repeats what the row's reference to the same table already says: customer_email."""
    parent = link.key.table.name
    declared = any(key.parent == parent for key in link.table.foreign_keys)
    return not link.key.primary and link.family == "text" and (declared or (link.table.name, parent) in by_key)


def _finding(observation: Observation, link: Link, row: Row) -> Finding:
    orphans, sure = row.count("orphans"), link.told(row)
    gone = orphans > row.count("nobody")
    lost = gone and not recorded(link.table)  # where records may be meant to outlive what they refer to
    typed, types = _types(observation.snapshot, link)
    examples = rows_of(observation, _examples(link)) if orphans else ()
    sureness = "" if sure else "there are too few rows to be sure"
    return Finding(
        object=named(link.table, link.column.name),
        message=f"holds ids of {_key(link)}{typed} without a foreign key{_of_orphans(row)}",
        severity=Severity.INFO if not sure else Severity.ERROR if lost else Severity.WARNING,
        evidence=known((
            catalog("key", _key(link)), *types, scan("rows", row.count("rows")), scan("null", row.count("nulls")),
            scan("distinct", row.count("distinct")), scan("matching", row.count("matching")), scan("orphans", orphans),
            *_of_nobody(row), scan("orphans, for example", sampled_values(list(examples or ()), "orphan")),
        )),
        remedy=_foreign_key(observation, link) if sure and not orphans else (),
        advice=sureness or _how_to_mend(link, row),
        cost=Cost(rows=orphans) if orphans else None,
    )  # fmt: skip


def _is_keyless_log(db: Snapshot, table: Table) -> bool:
    """Whether it is a log without foreign keys in a schema where other tables have some: then that is a choice."""
    others = (other for other in db.own_tables() if other.name.schema == table.name.schema)
    return is_log(table.name) and not table.foreign_keys and any(other.foreign_keys for other in others)


def _types(db: Snapshot, link: Link) -> tuple[str, tuple[Evidence, ...]]:
    """What the message and the evidence say where the two are of different types."""
    mine, theirs = link.column.type, link.key.column.type
    if not difference(base_type(db, mine), base_type(db, theirs)):
        return "", ()
    return f" ({theirs}) as {mine}", (catalog("type", mine), catalog("type of the key", theirs))


def _of_orphans(row: Row) -> str:
    if not row.count("orphans"):
        return ""
    gone = row.count("orphans") > row.count("nobody")
    return ", and some of them are gone" if gone else ", and a value in place of NULL that a key would refuse"


def _of_nobody(row: Row) -> Iterator[Evidence]:
    if row.count("nobody"):
        yield scan("of these, 0, -1 or empty", row.count("nobody"))


def _how_to_mend(link: Link, row: Row) -> str:
    if not row.count("orphans"):
        return "" if comparable(link.column.type, link.key.column.type) else "give both the same type, then add the key"
    if row.count("nobody") == row.count("orphans"):
        return "the value that stands for none should be NULL; then add the foreign key"
    return "mend or put aside the rows that refer to nothing, then add the foreign key"


def _key(link: Link) -> str:
    return named(link.key.table, link.key.column.name)


def _by_name_alone(db: Snapshot, links: list[Link]) -> Iterator[Finding]:
    """One each, or one about the table that many are named like references to."""
    told = [link for link in links if link.option.joined or _types(db, link)[0]]
    named_so = [link for link in links if link not in told]
    many = len(named_so) >= FEWEST_TOGETHER
    yield from (_by_name_of_one(db, link) for link in (told if many else links))
    if many:
        parent, columns = named_so[0].key.table, tuple(named(link.table, link.column.name) for link in named_so)
        yield Finding(
            object=str(parent.name) if is_users(db, parent) else dotted(named_so[0].table.name.schema),
            message=f"{len(columns)} columns are named like references to {parent.name}; their tables are empty",
            severity=Severity.INFO,
            evidence=(
                catalog("references", columns), catalog("keys", tuple(map(_key, named_so))), scan("rows", 0),
            ),
            advice="audit again when there are rows, or declare the foreign keys",
        )  # fmt: skip


def _by_name_of_one(db: Snapshot, link: Link) -> Finding:
    typed, types = _types(db, link)
    how = "is compared by queries with" if link.option.joined else "is named like a reference to"
    return Finding(
        object=named(link.table, link.column.name),
        message=f"{how} {_key(link)}{typed}; the table is empty",
        severity=Severity.INFO,
        evidence=(catalog("key", _key(link)), *types, scan("rows", 0)),
        advice="audit again when there are rows, or declare the foreign key if it is one",
    )


def _of_group(observation: Observation, group: Group, row: Row) -> Finding:
    orphans = row.count("filled") - row.count("matching")
    parent = f"{group.parent.name} ({', '.join(group.keys)})"
    return Finding(
        object=f"{group.table.name} ({', '.join(group.columns)})",
        message=f"hold keys of {parent} without a foreign key" + (", and some of them are gone" if orphans else ""),
        severity=Severity.ERROR if orphans else Severity.WARNING,
        evidence=(
            catalog("columns", group.columns), catalog("key", tuple(named(group.parent, key) for key in group.keys)),
            scan("rows", row.count("rows")), scan("all columns filled", row.count("filled")),
            scan("distinct", row.count("distinct")), scan("matching", row.count("matching")), scan("orphans", orphans),
        ),
        remedy=() if orphans else _add(observation, group.table, group.columns, group.parent, group.keys),
        advice="mend or put aside the rows that refer to nothing, then add the foreign key" if orphans else "",
        cost=Cost(rows=orphans) if orphans else None,
    )  # fmt: skip


def _foreign_key(observation: Observation, link: Link) -> tuple[Change, ...]:
    if not comparable(link.column.type, link.key.column.type):
        return ()
    return _add(observation, link.table, (link.column.name,), link.key.table, (link.key.column.name,))


def _add(
    observation: Observation, table: Table, columns: tuple[str, ...], parent: Table, keys: tuple[str, ...]
) -> tuple[Change, ...]:
    key = AddForeignKey(
        table=table.name, columns=columns, parent=parent.name, parent_columns=keys,
        on_delete=usual_on_delete(observation, parent),
    )  # fmt: skip
    served = any(serves_lookup(index, columns) for index in table.indexes)
    return (key,) if served else (index_on(observation.snapshot, table, columns), key)
