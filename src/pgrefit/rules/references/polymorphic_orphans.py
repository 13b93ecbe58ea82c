"""A reference to several tables, some of whose rows refer to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Literal, ddl, expression, raw
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_empty, is_text, known, named, row_of, rows_of, scan
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import english
from pgrefit.rules._names import reference_name, stems

from ._directory import keys_for
from ._key import Key
from ._keys import Keys
from ._kinds import last_name, names_tables
from ._vocabulary import CODES

KINDS = {"type", "kind", "class"}
MOST_KINDS = 50
MOST_ORPHANED = 0.5  # of more of them the type means another table than the one of its name
FEWEST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of ids beside a column that says what kind of thing each is of."""

    table: Table
    id: Column
    kind: Column

    def kinds(self) -> Question:
        """What kinds there are, the most frequent first."""
        select = ddl(
            "SELECT t.{kind}::text AS kind, count(*) AS rows FROM {table} AS t"
            " WHERE t.{kind} IS NOT NULL AND t.{id} IS NOT NULL"
            " GROUP BY t.{kind} ORDER BY rows DESC, kind LIMIT {most}",
            kind=self.kind.name, id=self.id.name, table=self.table.name, most=MOST_KINDS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def counts(self, kind: str, key: Key) -> Question:
        """Of one kind: how many rows refer to nothing, and some of their ids."""
        lost = expression("NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key}::text = t.{id}::text)"
                          if self._converted(key) else
                          "NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{id})",
                          parent=key.table.name, key=key.column.name, id=self.id.name)  # fmt: skip
        select = ddl(
            "SELECT count(*) AS orphans, count(DISTINCT s.id) AS distinct,"
            " (array_agg(s.id ORDER BY s.place))[1:{limit}] AS examples"
            " FROM (SELECT t.{id}::text AS id, row_number() OVER (ORDER BY t.{id}) AS place FROM {table} AS t"
            " WHERE t.{kind}::text = {value} AND t.{id} IS NOT NULL AND {lost}) AS s",
            id=self.id.name, table=self.table.name, kind=self.kind.name, value=Literal(kind), lost=raw(lost),
            limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def _converted(self, key: Key) -> bool:
        return is_text(self.id) and not is_text(key.column)


def _asks(observation: Observation) -> Iterator[Question]:
    for pair in _pairs(observation):
        yield pair.kinds()
        for kind, key, _ in _meant(observation, pair):
            yield pair.counts(kind, key)


def _pairs(observation: Observation) -> Iterator[Pair]:
    for table in stored_tables(observation):
        under = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key[:1])
        kinds = [c for c in table.columns if (is_text(c) or "." in c.type) and c.name not in under]  # text, or an enum
        by_base = {base: c for c in kinds if (base := _kind_of(c.name) or english(c.name))}
        naming = {c.name for c in kinds if names_tables(observation, table, c)}
        for column in () if is_empty(observation, table) else table.columns:
            base = _base_of(column)
            kind = by_base.get(base) if base else None
            if kind and not _kind_of(kind.name) and kind.name not in naming:
                kind = None
            kind = kind or _beside(table, column, naming)
            if kind and kind != column and column.name not in under:
                yield Pair(table, column, kind)


def _base_of(column: Column) -> tuple[str, ...]:
    """What it says of what it refers to: owner of owner_id and of owner_code; nothing where it is no reference."""
    name, parts = reference_name(column.name), english(column.name)
    if name.marked:
        return english("_".join(name.base))
    return parts[:-1] if parts[-1:] and parts[-1] in CODES else ()


def _beside(table: Table, column: Column, naming: set[str]) -> Column | None:
    """The column with names of tables that stands right before a reference."""
    if not naming or not _base_of(column):
        return None
    before = [c for c in table.columns if c.name in naming and c.position == column.position - 1]
    return before[0] if before else None


def _kind_of(name: str) -> tuple[str, ...]:
    """Of owner_type and tipo_propietario: owner; nothing of any other name."""
    parts = () if reference_name(name).marked else english(name)
    if parts and parts[-1] in KINDS:
        return parts[:-1]
    return parts[1:] if parts and parts[0] in KINDS else ()


def _meant(observation: Observation, pair: Pair) -> Iterator[tuple[str, Key, int]]:
    """Each kind with the table that it names, and how many rows are of it; kinds that name none are passed over."""
    keys = keys_for(observation.snapshot, pair.table)
    for row in rows_of(observation, pair.kinds()) or ():
        key = _named(keys, pair, row.text("kind"))
        if key and row.count("rows") >= FEWEST_ROWS:
            yield row.text("kind"), key, row.count("rows")


def _named(keys: Keys, pair: Pair, kind: str) -> Key | None:
    """App\\Models\\BlogPost, blog.post, blog_posts: the one table of that name, by its own or by its last words."""
    word = "".join(stems(last_name(kind)))
    near = [k for k in keys.of_word(word) if k.primary and _fits(keys, pair, k)]
    own = [key for key in near if key.table.name.schema == pair.table.name.schema]
    chosen = own or near
    return chosen[0] if word and len({key.table.name for key in chosen}) == 1 else None


def _fits(keys: Keys, pair: Pair, key: Key) -> bool:
    mine = keys.family(pair.id)
    return mine == keys.family(key.column) or mine == "text"


@rule(
    code="REF030",
    title="References to several tables that refer to nothing",
    why=(
        "No foreign key can watch a column that refers now to one table, now to another: what was deleted leaves its"
        " comments, files and grants behind, and where ids are used anew they come to belong to something else."
    ),
    asks=_asks,
    example="""
        CREATE TABLE post (id int PRIMARY KEY);
        INSERT INTO post SELECT generate_series(1, 20);
        CREATE TABLE photos (id int PRIMARY KEY);
        INSERT INTO photos SELECT generate_series(1, 30);
        CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL);
        INSERT INTO remark SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' ELSE 'App\\Models\\Photo' END, n % 20 + 1
        FROM generate_series(1, 100) AS n;
        DELETE FROM photos WHERE id = 4;
        ANALYZE;
    """,
    clean="""
        CREATE TABLE post (id int PRIMARY KEY);
        INSERT INTO post SELECT generate_series(1, 20);
        CREATE TABLE editor (id int PRIMARY KEY);
        INSERT INTO editor SELECT generate_series(900, 920);
        CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL,
                             post_id int REFERENCES post, post_type text);
        CREATE INDEX ON remark (post_id);
        INSERT INTO remark SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' WHEN n % 3 = 0 THEN 'Editor' ELSE 'Planet' END,
                                  n % 20 + 1, n % 20 + 1, 'post'
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
)
def polymorphic_orphans(observation: Observation) -> Iterator[Finding]:
    """Columns x_id beside x_type whose rows of some type are not in the table of that name."""
    for pair in _pairs(observation):
        broken: list[tuple[str, Key, int, Row]] = []
        for kind, key, rows in _meant(observation, pair):
            row = row_of(observation, pair.counts(kind, key))
            if row and 0 < row.count("orphans") <= MOST_ORPHANED * rows:
                broken.append((kind, key, rows, row))
        if broken:
            yield _finding(pair, broken)


def _finding(pair: Pair, broken: list[tuple[str, Key, int, Row]]) -> Finding:
    orphans = sum(row.count("orphans") for _, _, _, row in broken)
    return Finding(
        object=named(pair.table, pair.id.name),
        message=f"refers by {pair.kind.name} to several tables, and some rows to nothing",
        severity=Severity.ERROR,
        evidence=known(evidence for entry in broken for evidence in _evidence(*entry)),
        advice="mend or put aside these rows; a column with a foreign key for each kind, and a check that one of them"
        " is filled, keeps them whole",
        cost=Cost(rows=orphans),
    )


def _evidence(kind: str, key: Key, rows: int, row: Row) -> Iterator[Evidence]:
    parent = named(key.table, key.column.name)
    yield scan(f"“{kind}”: rows", rows)
    yield scan(f"“{kind}”: not in {parent}", row.count("orphans"))
    yield scan(f"“{kind}”: for example", row.texts("examples"))
