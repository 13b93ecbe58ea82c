"""What can be counted in the JSON documents of a row: elements, those that are true, those that match another array."""

from __future__ import annotations

from dataclasses import dataclass, field

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import rows_of, sample_of
from pgrefit.rules.redundancy._formulas import Term

ROWS = 100
MOST_TERMS = 40


@dataclass(slots=True)
class _Shape:
    """What the arrays of one column hold: scalars, or objects with keys, and which keys hold a boolean."""

    scalars: bool = False
    keys: dict[str, set[str]] = field(default_factory=dict[str, set[str]])


def documents(table: Table) -> list[str]:
    """The JSON columns of a table."""
    return [c.name for c in table.columns if c.type == "jsonb"]


def shapes(observation: Observation, table: Table) -> Question | None:
    """What the arrays in a table's JSON columns are made of, on a sample; None where it has no such column."""
    parts = [
        expression(
            "(SELECT {name} AS name, jsonb_typeof(e.value) AS kind, k.key, jsonb_typeof(e.value -> k.key) AS holds,"
            " count(*) AS seen FROM {sample} AS t"
            " CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(t.{c}) WHEN 'array' THEN t.{c} END) AS e(value)"
            " LEFT JOIN LATERAL jsonb_object_keys(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value END) AS k(key)"
            " ON true GROUP BY 1, 2, 3, 4 ORDER BY seen DESC, 2, 3, 4 LIMIT 40)",
            name=Literal(column), sample=raw(sample_of(observation, table, ROWS)), c=column,
        )
        for column in documents(table)
    ]  # fmt: skip
    return Question(table.name, ddl("{parts}", parts=raw(joined(parts, " UNION ALL ")))) if parts else None


def terms(observation: Observation, table: Table) -> list[Term]:
    """Counts that a stored column may repeat; none as long as the shapes are not known."""
    found = _shapes(observation, table)
    made = [_length(column) for column in found]
    made += [_trues(c, key) for c, shape in found.items() for key, holds in shape.keys.items() if "boolean" in holds]
    made += [
        _matches(objects, key, scalars)
        for objects, shape in found.items()
        for key, holds in shape.keys.items()
        if not holds & {"object", "array"}
        for scalars, other in found.items()
        if other.scalars and scalars != objects
    ]
    return made[:MOST_TERMS]


def _shapes(observation: Observation, table: Table) -> dict[str, _Shape]:
    question = shapes(observation, table)
    found: dict[str, _Shape] = {}
    for row in (rows_of(observation, question) if question else None) or ():
        shape = found.setdefault(row.text("name"), _Shape())
        if row.text("kind") == "object":
            shape.keys.setdefault(row.text("key"), set()).add(row.text("holds"))
        elif row.text("kind") in {"number", "string", "boolean"}:
            shape.scalars = True
    return found


def _array(column: str) -> Expression:
    """The column where it is an array, else NULL."""
    return expression("CASE jsonb_typeof(t.{c}) WHEN 'array' THEN t.{c} END", c=column)


def _length(column: str) -> Term:
    return Term(expression("jsonb_array_length({array})", array=raw(_array(column))), (column,))


def _trues(column: str, key: str) -> Term:
    value = expression(
        "(SELECT count(*) FROM jsonb_array_elements({array}) AS e(value)"
        " WHERE e.value -> {key} = 'true'::jsonb)::integer",
        array=raw(_array(column)), key=Literal(key),
    )  # fmt: skip
    return Term(value, (column,))


def _matches(objects: str, key: str, scalars: str) -> Term:
    value = expression(
        "(SELECT count(*) FROM jsonb_array_elements({array}) WITH ORDINALITY AS e(value, place)"
        " WHERE t.{scalars} -> (e.place - 1)::integer = e.value -> {key})::integer",
        array=raw(_array(objects)), scalars=scalars, key=Literal(key),
    )  # fmt: skip
    return Term(value, (objects, scalars))
