"""A primary key that comes in random order."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.sql_tree import UnreadableError, function_name, nodes, parse_expression
from pgrefit.rules._ask import catalog, named, tables
from pgrefit.rules._grouped import by_schema

FEW = 10  # of a schema that are told one by one
RANDOM = {"gen_random_uuid", "uuid_generate_v4", "uuidv4", "random"}


@rule(
    code="CON041",
    title="Key in random order",
    why=(
        "Each new row goes to another page of the index: as the table grows, pages that lie cold are read and written"
        " for every row, where keys that begin with the time go to one page after the other."
    ),
    example="CREATE TABLE event (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text);",
    clean="""
        CREATE TABLE visit (id int PRIMARY KEY, token uuid UNIQUE DEFAULT gen_random_uuid());
        CREATE TABLE message (id uuid PRIMARY KEY, body text);
    """,
    by_default=False,
)
def random_key(observation: Observation) -> Iterator[Finding]:
    """Columns of primary keys whose default is random, however large the table is."""
    keys = ((table, table.column(name)) for table in tables(observation) for name in table.primary_key)
    found = ((table.name.schema, _finding(table, column)) for table, column in keys if _is_random(column))
    return by_schema(found, "keys are random by their default", few=FEW)


def _finding(table: Table, column: Column) -> Finding:
    return Finding(
        object=named(table, column.name),
        message="is random by its default",
        severity=Severity.INFO,
        evidence=(catalog("default", str(column.default)), catalog("type", column.type)),
        advice="let keys begin with the time (uuidv7), unless nobody may learn from one when it was made",
    )


def _is_random(column: Column) -> bool:
    return column.default is not None and bool(_called(column.default) & RANDOM)


def _called(default: Expression) -> set[str]:
    try:
        found = [node for node in nodes(parse_expression(default)) if node.HasField("func_call")]
    except UnreadableError:
        return set()
    return {function_name(node.func_call).name for node in found}
