"""Columns that are looked at one by one: where they were declared, of which type, and which must have a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache

from postgast import pg_query_pb2 as pb

from pgrefit.changes._types import named_type
from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Constraint, Snapshot, Table, UserType
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_expression, value_of
from pgrefit.model.statistics import ColumnStatistics

from ._access import is_users
from ._left_over import bare_copies

MOST_TYPES = 10_000  # whose names are remembered


def stored_tables(observation: Observation) -> tuple[Table, ...]:
    """The user's tables whose rows are kept here: a partitioned one as a whole, no foreign ones, none of a platform."""
    return _stored(observation.snapshot)


def own_columns(observation: Observation) -> tuple[tuple[Table, tuple[Column, ...]], ...]:
    """The stored tables, each with the columns that it declares itself and does not inherit."""
    return _own(observation.snapshot)


def columns_of_type(
    observation: Observation, of_type: Callable[[str], bool], wanted: Callable[[Table, Column], bool] | None = None
) -> Iterator[tuple[Table, list[Column]]]:
    """Tables that have such columns of their own, with these, by the type below domains and arrays."""
    found: defaultdict[Relation, list[Column]] = defaultdict(list)
    for type_, columns in _by_type(observation.snapshot).items():
        for table, column in columns if of_type(type_) else ():
            if wanted is None or wanted(table, column):
                found[table.name].append(column)
    for name in sorted(found):
        yield observation.snapshot.table(name), sorted(found[name], key=lambda column: column.position)


@lookup.remembered
def _stored(db: Snapshot) -> tuple[Table, ...]:
    return tuple(t for t in db.tables if t.partition_of is None and t.kind != "foreign table" and is_users(db, t))


@lookup.remembered
def _own(db: Snapshot) -> tuple[tuple[Table, tuple[Column, ...]], ...]:
    copies = bare_copies(db)  # in which the same would be told again
    return tuple((table, _declared(db, table)) for table in _stored(db) if table.name not in copies)


@lookup.remembered
def _by_type(db: Snapshot) -> dict[str, list[tuple[Table, Column]]]:
    found: defaultdict[str, list[tuple[Table, Column]]] = defaultdict(list)
    for table, columns in _own(db):
        for column in columns:
            found[plain_type(db, column.type)].append((table, column))
    return dict(found)


def _declared(db: Snapshot, table: Table) -> tuple[Column, ...]:
    if not table.inherits:
        return table.columns
    parents = [db.find_table(name) for name in table.inherits]
    inherited = {column.name for parent in parents if parent for column in parent.columns}
    return tuple(column for column in table.columns if column.name not in inherited)


def plain_type(db: Snapshot, type_: str) -> str:
    """The type below domains, without the brackets of an array."""
    domain = domain_of(db, type_)
    while domain is not None:
        type_ = domain.base
        domain = domain_of(db, type_)
    return type_.removesuffix("[]")


def domain_of(db: Snapshot, type_: str) -> UserType | None:
    """The domain of that name, as format_type() prints it; only names of the user's types have a dot."""
    name = _relation(type_.removesuffix("[]")) if "." in type_ else None
    return _domains(db).get(name) if name else None


@lookup.remembered
def _domains(db: Snapshot) -> dict[Relation, UserType]:
    return {type_.name: type_ for type_ in db.types if type_.kind == "domain"}


@lru_cache(maxsize=MOST_TYPES)
def _relation(type_: str) -> Relation | None:
    return named_type(type_)


def seen_values(statistics: ColumnStatistics | None) -> tuple[str, ...]:
    """Values that ANALYZE kept of a column: the most common ones, and a spread of the others; each once."""
    return (*statistics.values, *statistics.bounds) if statistics else ()


def required(db: Snapshot, table: Table) -> set[str]:
    """Columns in which no row may be NULL: by NOT NULL, by their domain, or by a check that says so."""
    by_check = {column for check in table.checks if check.validated for column in _not_null_by(check)}
    return by_check | {column.name for column in table.columns if column.not_null or _domain_requires(db, column)}


def _domain_requires(db: Snapshot, column: Column) -> bool:
    domain = None if column.type.endswith("[]") else domain_of(db, column.type)
    return domain is not None and domain.not_null


def _not_null_by(check: Constraint) -> tuple[str, ...]:
    """The column of a check that is `column IS NOT NULL` and no more."""
    if len(check.columns) != 1 or check.expression is None or "NOT NULL" not in check.expression:
        return ()
    try:
        value = value_of(parse_expression(check.expression))
    except UnreadableError:
        return ()
    test = value.null_test if value.HasField("null_test") else None
    return check.columns if test is not None and test.nulltesttype == pb.IS_NOT_NULL else ()


def text_constant(default: Expression | None) -> str | None:
    """The text of a default that is a string literal, whatever it is cast to; None of any other."""
    if default is None or not default.startswith(("'", "('")):
        return None
    try:
        value = value_of(parse_expression(default))
    except UnreadableError:
        return None
    while value.HasField("type_cast"):
        value = value.type_cast.arg
    return value.a_const.sval.sval if value.HasField("a_const") and value.a_const.HasField("sval") else None


def takes_next_number(column: Column) -> bool:
    """Whether a row that is written without the column gets the next number of a sequence: serial, or an identity."""
    if column.identity:
        return True
    if column.default is None or "nextval" not in column.default:
        return False
    try:
        return any(_is_nextval(node) for node in nodes(parse_expression(column.default)))
    except UnreadableError:
        return False


def _is_nextval(node: pb.Node) -> bool:
    return node.HasField("func_call") and str(node.func_call.funcname[-1].string.sval) == "nextval"
