"""A unique key that takes two spellings of one value for two, though it is looked up without regard to case."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Index, IndexKey, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_expression, value_of
from pgrefit.rules._ask import catalog, is_text, scan
from pgrefit.rules._families import users_tables
from pgrefit.rules.data._alike_keys import AlikeKey, alike_keys, is_mail
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables, samples
from pgrefit.rules.workload._texts import column_of, texts
from pgrefit.rules.workload._texts_of_schema import texts_that_fold
from pgrefit.rules.workload._wanted import conditions

FOLDING = frozenset({"lower", "upper"})
TYPED_IN = {"email", "mail", "username", "login", "nickname"}  # by whoever it is the name of
USUAL = ("", "default", "C", "POSIX")  # collations that mind the case
LEAST, SHOWN = 0.05, 3


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (key.question() for key in _alike(observation))


def _alike(observation: Observation) -> Iterator[AlikeKey]:
    wanted = {(table.name, values.column.name) for table, values, _ in _typed_in(observation)}
    return (key for key in alike_keys(observation) if (key.table.name, key.column.name) in wanted)


@rule(
    code="IDX019",
    title="Unique key that minds the case",
    why=(
        "The unique key takes Ann@x.org and ann@x.org for two values, while a look-up by lower() finds both: one person"
        " registers twice, and who of them is found is left to chance."
    ),
    asks=_asks,
    example="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE);
        CREATE INDEX account_by_email ON account (lower(email));
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, login text UNIQUE, name text,
                              nick text UNIQUE CHECK (nick = lower(nick)));
        CREATE UNIQUE INDEX ON account (lower(email));
        CREATE INDEX ON account (login text_pattern_ops);
        CREATE INDEX ON account (lower(name));
        CREATE INDEX ON account (lower(nick));
    """,
)
def case_sensitive_unique_key(observation: Observation) -> Iterator[Finding]:
    """Unique indexes on a column of text beside another index on lower() or upper() of it, which is not unique.

    Also those on what people sign in with, where some of them wrote it with capitals and others without. Not where a
    CHECK or a unique index speaks of the folded value.
    """
    yield from _looked_up(observation)
    colliding = {(key.table.name, key.column.name) for key in _alike(observation) if key.collisions(observation)}
    for table, values, index in _typed_in(observation):
        if (table.name, values.column.name) not in colliding:  # of which another rule tells
            yield _of_both_cases(values, index)


def _typed_in(observation: Observation) -> Iterator[tuple[Table, Values, Index]]:
    """Addresses and names to sign in with, unique as they are written, some with capitals and some without."""
    for table, columns in sampled_tables(observation):
        for values in columns:
            column = values.column
            if not is_text(column) or column.type.endswith("citext") or column.collation not in USUAL:
                continue
            if values.filled < FEWEST_ROWS or not (means(column, TYPED_IN) or is_mail(values)):
                continue
            index = next((i for i in table.indexes if i.unique and i.columns == (column.name,)), None)
            if index and _is_of_both_cases(values) and not _is_folded(table, column.name):
                yield table, values, index


def _is_of_both_cases(values: Values) -> bool:
    texts = [text for text in values.common if any(map(str.isalpha, text))]
    lower = sum(map(str.islower, texts))
    return min(lower, len(texts) - lower) > LEAST * len(values.common) and len(texts) > lower + 1


def _is_folded(table: Table, column: str) -> bool:
    """Whether another rule tells of it, or something else keeps the folded value unique."""
    return _has_folded_twin(table, column) or bool(_folded(table, column)) or _is_checked(table, column)


def _has_folded_twin(table: Table, column: str) -> bool:
    """Whether a generated column has the folded value, and is unique."""
    made = (c for c in table.columns if c.generated and column in str(c.default))
    generated = {c.name for c in made if any(f in str(c.default) for f in FOLDING)}
    return any(generated & {*index.columns} for index in table.indexes if index.unique)


def _of_both_cases(values: Values, index: Index) -> Finding:
    texts = [text for text in values.common if any(map(str.isalpha, text))]
    lower = [text for text in texts if text.islower()]
    return Finding(
        object=str(index.name),
        message=f"{values.column.name} is written with capitals and without, and the key takes both for two values",
        severity=Severity.INFO,
        evidence=(
            catalog("unique", str(index.definition)),
            scan("with capitals, for example", tuple(text for text in texts if text not in lower)[:SHOWN]),
            scan("without, for example", tuple(lower[:SHOWN])),
        ),
        advice="make it unique on lower(column), or keep it in lower case by a CHECK, and look it up so",
    )


def _looked_up(observation: Observation) -> Iterator[Finding]:
    asked = _asked_folded(observation)
    for table in users_tables(observation.snapshot):
        told = set[str]()
        for index in table.indexes:
            column = _text_of_key(table, index) if index.unique else ""
            if not column or column in told or _is_checked(table, column):
                continue
            folded, by = _folded(table, column), asked.get((table.name, column), "")
            if (folded or by) and not any(other.unique for other in folded) and not _has_folded_twin(table, column):
                told.add(column)
                yield _minds_the_case(index, column, folded, by)


def _minds_the_case(index: Index, column: str, folded: tuple[Index, ...], by: str) -> Finding:
    looked = catalog("folded", str(folded[0].definition)) if folded else catalog("looked up by", by)
    return Finding(
        object=str(index.name),
        message=f"{column} is looked up without regard to case by {folded[0].name if folded else by},"
        " and unique with it",
        severity=Severity.WARNING,
        evidence=(catalog("unique", str(index.definition)), looked),
        advice="make the index on the folded value unique, once values that differ in case only are mended",
    )


def _text_of_key(table: Table, index: Index) -> str:
    """The one column of text that it keeps unique, alone or within others; '' where there is none, or several."""
    texts = [name for name in index.columns if name and is_text(table.column(name))]
    name = texts[0] if len(texts) == 1 and None not in index.columns else ""
    return name if name and not table.column(name).type.endswith("citext") else ""


@lookup.remembered
def _asked_folded(observation: Observation) -> dict[tuple[Relation, str], str]:
    """Columns that queries, functions and views compare by lower() or upper(), each with one that does."""
    found: dict[tuple[Relation, str], str] = {}
    for text in (*texts(observation), *texts_that_fold(observation.snapshot)):
        for condition, among, _ in conditions(observation, text):
            for node in nodes(condition):
                call = node.func_call if node.HasField("func_call") and len(node.func_call.args) == 1 else None
                place = column_of(call.args[0], among) if call and call.funcname[-1].string.sval in FOLDING else None
                if place:
                    found.setdefault((place[0].name, place[1]), text.name)
    return found


def _folded(table: Table, column: str) -> tuple[Index, ...]:
    return tuple(index for index in table.indexes if any(_column_within(key) == column for key in index.keys))


def _column_within(key: IndexKey) -> str:
    """The column of which a key is lower() or upper(); '' where it is not."""
    if key.column is not None or not key.expression.lower().lstrip("(").startswith(tuple(FOLDING)):
        return ""
    try:
        call = value_of(parse_expression(key.expression)).func_call
    except UnreadableError:
        return ""
    if len(call.args) != 1 or call.funcname[-1].string.sval not in FOLDING:
        return ""
    return _bare_column(call.args[0])


def _bare_column(node: pb.Node) -> str:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    last = node.column_ref.fields[-1] if node.HasField("column_ref") else None
    return str(last.string.sval) if last is not None else ""


def _is_checked(table: Table, column: str) -> bool:
    return any(column in check.columns and any(f in str(check.definition) for f in FOLDING) for check in table.checks)
