"""A reference of two columns, x_type and x_id, of which one may be empty without the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pgrefit.changes.add_check import AddCheck
from pgrefit.model.ddl import ddl, expression
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation, fit, split_dotted
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.model.sql_tree import value_list
from pgrefit.rules._ask import Row, catalog, is_empty, is_text, known, named, row_of, scan, statistics_of
from pgrefit.rules._columns import seen_values
from pgrefit.rules._languages import english
from pgrefit.rules._names import MOST_NAMES, stems
from pgrefit.rules._purposes import is_log

KINDS = {"type", "kind", "class"}
KINDS_ELSEWHERE = {
    "rodzaj", "rodz", "typ", "tur", "turu", "tipi", "jenis", "slag", "druh", "laji", "shubetsu", "syubetsu", "kubun",
    "especie", "genere", "genre", "sort", "soort", "art", "tabel", "table", "tabelle", "tabela", "tabla", "model",
}  # fmt: skip
NUMBERS = {"id", "nr", "no", "num", "numer", "nummer", "numero", "number", "key", "ref", "pk", "kod", "code", "uuid"}
# What stands for a thing of any kind, where no table has the name.
ANYTHING = {
    "subject", "target", "object", "owner", "entity", "resource", "item", "source", "record", "actor", "related",
    "parent", "linked", "origin", "holder", "context",
}  # fmt: skip
SHORT = {"ob", "obj", "ref", "src", "ent", "own", "rel", "subj", "tgt", "ext", "bezug", "cel", "ziel", "doel", "bron"}
ANYTHING_ELSEWHERE = (
    "objet", "objekt", "obiekt", "object", "oggett", "nesne", "hedef", "kaynak", "varlik", "voorwerp", "gegenstand",
    "verweis", "referenz", "referenc", "zrodl", "quelle", "fuente", "orige", "sumber", "tujuan", "destin", "sorgente",
    "entit", "entid", "podmiot", "przedmiot", "elemento", "nadrzedn", "powiaz", "taisho", "sahip", "pemilik",
    "wlasciciel", "kohde", "malobjekt", "predmet", "sujet", "sujeto", "cible", "объект", "предмет",
)  # fmt: skip
LONGEST_PREFIX = 3
CODE = 2  # letters and digits of a kind that names nothing


@dataclass(frozen=True, slots=True)
class Pair:
    """The columns of such a reference."""

    table: Table
    kind: Column
    id: Column


def _asks(observation: Observation) -> Iterator[Question]:
    for pair in _pairs(observation):
        if not is_empty(observation, pair.table):
            yield _counts(pair)


def _pairs(observation: Observation) -> Iterator[Pair]:
    """Those that refer to several tables and may be filled by half."""
    return (pair for pair in _loose(observation.snapshot) if _refers_to_tables(observation, pair) and not _notes(pair))


def _notes(pair: Pair) -> bool:
    """Whether it is of a log, in which something of a kind may have happened to none of them."""
    return pair.kind.not_null and is_log(pair.table.name)


@remembered
def _loose(db: Snapshot) -> tuple[Pair, ...]:
    pairs = (pair for table in db.own_tables() if table.partition_of is None for pair in _named_so(table))
    return tuple(p for p in pairs if not (p.kind.not_null and p.id.not_null) and not _kept_together(p))


def _named_so(table: Table) -> Iterator[Pair]:
    kinds = {base: column for column in table.columns if (base := _without(column.name, _is_kind))}
    referring = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key)
    for column in table.columns if kinds else ():
        base = _without(column.name, NUMBERS.__contains__)
        kind = kinds.get(base) if base else None
        if kind and not {kind.name, column.name} & referring and base != stems(table.name.name):
            yield Pair(table, kind, column)


def _without(name: str, mark: Callable[[str], bool]) -> tuple[str, ...]:
    """The other words of owner_type and tipo_owner; () where no such mark ends or begins them."""
    said = stems(name)
    if len(said) < 2 or not (mark(said[-1]) or mark(said[0])):
        return ()
    return said[:-1] if mark(said[-1]) else said[1:]


@lru_cache(maxsize=MOST_NAMES)
def _is_kind(word: str) -> bool:
    return word in KINDS | KINDS_ELSEWHERE or bool(KINDS & {*english(word)})


def _kept_together(pair: Pair) -> bool:
    return any({pair.kind.name, pair.id.name} <= set(check.columns) for check in pair.table.checks)


def _refers_to_tables(observation: Observation, pair: Pair) -> bool:
    """Whether the kinds are names of tables; where none are known, whether the name stands for anything."""
    table_names = _table_names(observation.snapshot)
    seen = [value for value in _kinds(observation, pair) if len(value) > CODE and not value.isdecimal()]
    if any(_last_stems(value) in table_names for value in seen):
        return True
    base = _without(pair.id.name, NUMBERS.__contains__)
    return not seen and base not in table_names and _is_anything(base[-1])


def _is_anything(word: str) -> bool:
    known = word in ANYTHING | SHORT or bool(ANYTHING & {*english(word)})
    return known or word.endswith("able") or word.startswith(ANYTHING_ELSEWHERE)


@remembered
def _table_names(db: Snapshot) -> frozenset[tuple[str, ...]]:
    """In full, and without what some schemas put before each: t_, tbl_."""
    names = {stems(table.name.name) for table in db.own_tables()}
    return frozenset(names | {name[1:] for name in names if len(name) > 1 and len(name[0]) <= LONGEST_PREFIX})


def _last_stems(value: str) -> tuple[str, ...]:
    """Post of App\\Models\\Post, blog.Post and Blog::Post."""
    for mark in ("\\", ".", "::"):
        value = value.rpartition(mark)[2]
    return stems(value)


def _kinds(observation: Observation, pair: Pair) -> tuple[str, ...]:
    """Values of the column that says the kind: by its type or check, else those that ANALYZE saw."""
    if not is_text(pair.kind):
        return _enum_values(observation.snapshot, pair.kind.type)
    for check in pair.table.checks:
        listed = value_list(check.expression) if check.expression and check.columns == (pair.kind.name,) else None
        if listed:
            return listed[1]
    return seen_values(statistics_of(observation, pair.table).column(pair.kind.name))


def _enum_values(db: Snapshot, type_name: str) -> tuple[str, ...]:
    try:
        name = Relation(*split_dotted(type_name))
    except (TypeError, ValueError):
        return ()
    return next((type_.values for type_ in db.types if type_.name == name), ())


def _counts(pair: Pair) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) FILTER (WHERE t.{kind} IS NULL AND t.{id} IS NOT NULL) AS no_kind,"
        " count(*) FILTER (WHERE t.{kind} IS NOT NULL AND t.{id} IS NULL) AS no_id FROM {t} AS t",
        kind=pair.kind.name, id=pair.id.name, t=pair.table.name,
    )  # fmt: skip
    return Question(pair.table.name, select)


@rule(
    code="REF016",
    title="Reference to several tables that may be half filled",
    why="An id without its kind refers to nothing that anybody could find, and no foreign key is there to refuse it.",
    asks=_asks,
    example="""
        CREATE TABLE post (id int PRIMARY KEY);
        CREATE TABLE remark (id int PRIMARY KEY, commentable_type text, commentable_id int, body text);
        INSERT INTO remark VALUES (1, 'Post', 7, 'fine'), (2, NULL, NULL, 'on nothing');
        ANALYZE;
    """,
    clean="""
        CREATE TABLE post (id int PRIMARY KEY);
        CREATE TABLE remark (id int PRIMARY KEY, commentable_type text NOT NULL, commentable_id int NOT NULL,
                             subject_type text, subject_id int, payment_type text, payment_id text,
                             CHECK ((subject_type IS NULL) = (subject_id IS NULL)));
        CREATE TABLE document (nr int PRIMARY KEY, document_type text, document_id int);
        INSERT INTO remark VALUES (1, 'Post', 7, NULL, NULL, 'card', NULL), (2, 'Post', 8, NULL, NULL, NULL, 'x');
        ANALYZE;
    """,
)
def half_filled_polymorphic_reference(observation: Observation) -> Iterator[Finding]:
    """Pairs x_type and x_id, for several tables, of which one may be empty, or both without a check."""
    for pair in _pairs(observation):
        yield _finding(pair, row_of(observation, _counts(pair)))


def _finding(pair: Pair, row: Row | None) -> Finding:
    no_kind, no_id = (row.count("no_kind"), row.count("no_id")) if row else (0, 0)
    says = f"may be there without {pair.kind.name}" if not pair.kind.not_null else "may be empty where its kind is not"
    sound = row is not None and row.count("rows") > 0 and not no_kind and not no_id
    check = AddCheck(
        table=pair.table.name, name=fit(f"{pair.table.name.name}_{pair.id.name}", "_and_kind"),
        condition=expression("({k} IS NULL) = ({i} IS NULL)", k=pair.kind.name, i=pair.id.name),
    )  # fmt: skip
    return Finding(
        object=named(pair.table, pair.id.name),
        message=says + (" and is, in some rows" if no_kind or no_id else ""),
        severity=Severity.ERROR if no_kind else Severity.INFO,
        evidence=known((
            catalog("NOT NULL", tuple(c.name for c in (pair.kind, pair.id) if c.not_null) or "none of the two"),
            scan("rows with an id and no kind", no_kind if row else ()),
            scan("rows with a kind and no id", no_id if row else ()),
        )),
        remedy=(check,) if sound else (),
        advice="" if sound else "mend rows that have one without the other; then a CHECK that both are there or none",
        cost=Cost(rows=no_kind) if no_kind else None,
    )  # fmt: skip
