"""A unique key that takes two spellings of one value for two, though it is looked up without regard to case."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, IndexKey, Table
from pgrefit.model.sql_tree import UnreadableError, parse_expression, value_of
from pgrefit.rules._ask import catalog, is_text
from pgrefit.rules._families import users_tables

FOLDING = frozenset({"lower", "upper"})


@rule(
    code="IDX019",
    title="Unique key that minds the case",
    why=(
        "The unique key takes Ann@x.org and ann@x.org for two values, while a look-up by lower() finds both: one person"
        " registers twice, and who of them is found is left to chance."
    ),
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

    Not where a CHECK or a unique index speaks of the folded value.
    """
    for table in users_tables(observation.snapshot):
        told = set[str]()
        for index in table.indexes:
            column = index.columns[0] if index.unique and len(index.keys) == 1 and index.predicate is None else None
            folded = _folded(table, column) if column and is_text(table.column(column)) else ()
            if (
                folded
                and column not in told
                and not any(other.unique for other in folded)
                and not _is_checked(table, column or "")
            ):
                told.add(column or "")
                yield Finding(
                    object=str(index.name),
                    message=f"{column} is looked up without regard to case by {folded[0].name}, and unique with it",
                    severity=Severity.WARNING,
                    evidence=(catalog("unique", str(index.definition)), catalog("folded", str(folded[0].definition))),
                    advice="make the index on the folded value unique, once values that differ in case only are mended",
                )


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
