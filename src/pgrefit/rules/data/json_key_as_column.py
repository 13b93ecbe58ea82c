"""A key that is in every document of a column, with a value of one plain type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes._documents import JsonType
from pgrefit.changes.extract_json import ExtractJson, JsonField
from pgrefit.model.ddl import Expression, Literal, ddl, expression, raw
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, is_empty, is_text, known, named, row_of, rows_of, sample_of, scan, tables
from pgrefit.rules._names import stems
from pgrefit.rules._purposes import is_passed_on
from pgrefit.rules.data._exact import counted, examples, how_many, shown
from pgrefit.rules.data._forms import JSON_TEST
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._typed import typed_columns

ROWS = 500
FEWEST_ROWS = 50
NEARLY_ALL = 0.99
MOST_KEYS = 12
LONGEST_NAME = 60
LANGUAGE = re.compile("[a-z]{2}([-_][A-Za-z]{2})?")
FOREIGN = {
    "raw", "response", "request", "before", "after", "old", "new", "diff", "changes", "change", "snapshot", "webhook",
    "header", "cache", "log", "audit", "history", "state", "schema", "context", "backup",
    "antes", "despues", "depois", "previo", "vorher", "nachher", "avant", "apres", "prima", "dopo", "przed", "po",
}  # fmt: skip
PAYLOADS = {
    "payload", "arg", "args", "argument", "param", "params", "parameter", "message", "body", "data", "event",
    "nutzlast", "nachricht", "nyttolast", "carga", "charge", "muatan", "mensaje", "mensagem", "messaggio", "bericht",
    "melding", "tresc", "wiadomosc", "yuk", "mesaj", "pesan", "isi", "inhalt", "contenido", "conteudo",
}  # fmt: skip
TYPES: dict[str, JsonType] = {"string": "text", "number": "numeric", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Member:
    """A key of the documents in a column, by the keys on the way to it, and the JSON type of its values."""

    table: Table
    column: Column
    path: tuple[str, ...]
    kind: str

    @property
    def key(self) -> str:
        """For people."""
        return ".".join(self.path)

    @property
    def misses(self) -> Expression:
        """A condition: the document of alias t has no such value of that type; a JSON null is one of any."""
        return expression(
            "t.{c} IS NOT NULL AND coalesce(jsonb_typeof({value}), 'missing') NOT IN ({kind}, 'null')",
            c=self.column.name, value=raw(self.value), kind=Literal(self.kind),
        )  # fmt: skip

    @property
    def value(self) -> Expression:
        """What the document of alias t has under the key."""
        found = _document(self.column)
        for key in self.path:
            found = expression("{found} -> {key}", found=raw(found), key=Literal(key))
        return found

    def question(self) -> Question:
        """Documents, those without the key, those in which its value is of another type."""
        c, value = self.column.name, raw(self.value)
        missing = expression("t.{c} IS NOT NULL AND {value} IS NULL", c=c, value=value)
        null = expression("jsonb_typeof({value}) = 'null'", value=value)
        return counted(self.table, {
            "rows": Expression("count(*)"), "documents": expression("count(t.{c})", c=c), "missing": how_many(missing),
            "nulls": how_many(null), "misses": how_many(self.misses),
            "different": expression("count(DISTINCT {value})", value=value),
        })  # fmt: skip

    def counts(self, observation: Observation) -> Row | None:
        """The answer, where nearly all documents have the key, with a value of that type."""
        row = row_of(observation, self.question())
        if row is None or row.count("documents") < FEWEST_ROWS:
            return None
        return row if row.count("misses") <= (1 - NEARLY_ALL) * row.count("documents") else None

    def exceptions(self) -> Question:
        """Rows whose document has not."""
        return examples(self.table, (self.column.name,), self.misses)


def _columns(observation: Observation) -> Iterator[tuple[Table, Column]]:
    texts = _texts(observation)
    for table in tables(observation):
        if table.kind != "foreign table" and not is_empty(observation, table):
            plain = (c for c in table.columns if c.type in {"json", "jsonb"} or (table.name, c.name) in texts)
            passed = PAYLOADS if is_passed_on(table) else set[str]()  # what is passed on is the receiver's to read
            yield from ((table, c) for c in plain if not means(c, FOREIGN | passed) and not c.generated)


def _texts(observation: Observation) -> set[tuple[Relation, str]]:
    """Text columns all of whose values are JSON, where the server can tell."""
    found: set[tuple[Relation, str]] = set()
    for typed in typed_columns(observation) if observation.snapshot.server_version >= JSON_TEST else ():
        row = typed.holds(observation) if typed.form.type == "jsonb" else None
        if row and not row.count("unfit"):
            found.add((typed.table.name, typed.column.name))
    return found


def _keys(observation: Observation, table: Table, column: Column) -> Question:
    """The keys of sampled documents, and of objects in them, with the types of their values."""
    select = ddl(
        "WITH s AS MATERIALIZED (SELECT {d} AS d FROM {sample} AS t WHERE t.{c} IS NOT NULL),"
        " e AS (SELECT e.key, e.value FROM s"
        " CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.d) WHEN 'object' THEN s.d END) AS e(key, value)),"
        " m AS (SELECT ARRAY[e.key] AS path, e.value FROM e UNION ALL SELECT ARRAY[e.key, i.key], i.value FROM e"
        " CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value END) AS i(key, value))"
        " SELECT array_to_json(m.path)::text AS path, jsonb_typeof(m.value) AS kind, count(*) AS rows,"
        " (SELECT count(*) FROM s) AS documents FROM m GROUP BY m.path, 2"
        " ORDER BY 3 DESC, cardinality(m.path), m.path, 2 LIMIT 100",
        d=raw(_document(column)), c=column.name, sample=raw(sample_of(observation, table, ROWS)),
    )  # fmt: skip
    return Question(table.name, select, sampled=True)


def _document(column: Column) -> Expression:
    """The document of alias t; null where it holds the one character that json can spell and jsonb cannot hold."""
    if column.type == "jsonb":
        return expression("t.{c}", c=column.name)
    return expression("CASE WHEN strpos(t.{c}::text, '\\u0000') = 0 THEN t.{c}::jsonb END", c=column.name)


def _members(observation: Observation, table: Table, column: Column) -> Iterator[Member]:
    """Keys that nearly all sampled documents have with one plain type, and that are no column yet."""
    rows = rows_of(observation, _keys(observation, table, column)) or []
    columns = {stems(c.name) for c in table.columns}
    nulls = {row.texts("path"): row.count("rows") for row in rows if row.text("kind") == "null"}
    mapped, found = _of_maps(rows), 0
    for row in rows:
        path, kind = row.texts("path"), row.text("kind")
        documents, present = row.count("documents"), row.count("rows") + nulls.get(path, 0)
        enough = documents >= 20 and present >= 0.97 * documents
        told = kind in TYPES and row.count("rows") * 2 > documents and stems(path[-1]) not in columns
        if enough and told and _can_be_a_name(path) and path[:-1] not in mapped and found < MOST_KEYS:
            found += 1
            yield Member(table, column, path, kind)


def _of_maps(rows: list[Row]) -> set[tuple[str, ...]]:
    """Ways to what is no record but a map: texts by their language, objects that are all alike."""
    below: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        *way, key = row.texts("path")
        below.setdefault(tuple(way), set()).add(key)
    alike = Counter(frozenset(keys) for way, keys in below.items() if way)
    maps = {way for way, keys in below.items() if way and alike[frozenset(keys)] > 1}
    return maps | {way for way, keys in below.items() if len(keys) > 1 and all(map(LANGUAGE.fullmatch, keys))}


def _can_be_a_name(path: tuple[str, ...]) -> bool:
    """Of words, and not too long; what is within an object may be keyed by numbers."""
    last, numbered = path[-1], len(path) > 1 and any(key.isdigit() for key in path)
    return bool(stems(last)) and len("_".join(path).encode()) < LONGEST_NAME and not numbered


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (t.question(observation) for t in typed_columns(observation) if t.form.type == "jsonb")
    for table, column in _columns(observation):
        yield _keys(observation, table, column)
        for member in _members(observation, table, column):
            yield member.question()
            row = member.counts(observation)
            if row and row.count("misses"):
                yield member.exceptions()


@rule(
    code="DAT016",
    title="JSON key that every document has",
    why=(
        "It is a column in all but name: without a type, without NOT NULL, without statistics for the planner, and its"
        " name is stored again in each row."
    ),
    asks=_asks,
    example="""
        CREATE TABLE device (id int PRIMARY KEY, data jsonb NOT NULL);
        INSERT INTO device SELECT n, jsonb_build_object('serial', 'S' || n, 'tags', jsonb_build_array(n))
                                     || CASE WHEN n % 2 = 0 THEN '{"color": "red"}' ELSE '{}' END::jsonb
        FROM generate_series(1, 200) AS n;
        ANALYZE device;
    """,
    clean="""
        CREATE TABLE device (id int PRIMARY KEY, data jsonb NOT NULL, raw_response jsonb, serial text, prefs jsonb);
        INSERT INTO device
        SELECT n, jsonb_build_object('k' || n % 5, n, 'serial', 'S' || n), '{"ok": true}', 'S' || n,
               CASE WHEN n % 2 = 0 THEN '{"theme": "dark"}' ELSE '{"size": 3}' END::jsonb
        FROM generate_series(1, 200) AS n;
        CREATE TABLE outbox (id int PRIMARY KEY, topic text, payload jsonb NOT NULL, attempts int, sent_at timestamptz);
        INSERT INTO outbox SELECT n, 'moved', jsonb_build_object('serial', 'S' || n), 1, now()
        FROM generate_series(1, 200) AS n;
        ANALYZE device, outbox;
    """,
)
def json_key_as_column(observation: Observation) -> Iterator[Finding]:
    """Keys of nearly all documents, at the top or one step below, whose values are texts, numbers or booleans."""
    for table, column in _columns(observation):
        measured = ((member, member.counts(observation)) for member in _members(observation, table, column))
        found = [(member, row) for member, row in measured if row and row.count("different") > 1]
        if found:
            yield _finding(observation, found)


def _finding(observation: Observation, found: list[tuple[Member, Row]]) -> Finding:
    first = found[0][0]
    misses = sum(row.count("misses") for _, row in found)
    fields = tuple(JsonField(path=m.path, column=_name(m.path), type=TYPES[m.kind]) for m, _ in found)
    names = ", ".join(member.key for member, _ in found)
    clear = not misses and len({field.column for field in fields}) == len(fields) and bool(first.table.row_key)
    clear &= not is_text(first.column)
    extract = ExtractJson(table=first.table.name, column=first.column.name, fields=fields, remove=True)
    return Finding(
        object=named(first.table, first.column.name),
        message=f"{'nearly ' if misses else ''}all documents have {names}, of one type: a column each",
        severity=Severity.WARNING if misses else Severity.INFO,
        evidence=known(_evidence(observation, found)),
        remedy=(extract,) if clear else (),
        advice="" if clear else "give each a column of its type, and settle the documents that differ",
        cost=Cost(rows=misses),
    )  # fmt: skip


def _name(path: tuple[str, ...]) -> str:
    key = "_".join(path)
    return "_".join(stems(key)) if not key.isidentifier() else key


def _evidence(observation: Observation, found: list[tuple[Member, Row]]) -> Iterator[Evidence]:
    yield scan("documents", found[0][1].count("documents"))
    yield scan("keys", tuple(member.key for member, _ in found))
    for member, row in found:
        yield scan(
            f"“{member.key}”: of type {member.kind} in",
            row.count("documents") - row.count("misses") - row.count("nulls"),
        )
        yield scan(f"“{member.key}”: null in", row.count("nulls"))
        yield scan(f"“{member.key}”: missing in", row.count("missing"))
        yield scan(f"“{member.key}”: of another type in", row.count("misses") - row.count("missing"))
        if row.count("misses"):
            yield shown(observation, member.exceptions(), as_=f"“{member.key}”: not in, for example")
