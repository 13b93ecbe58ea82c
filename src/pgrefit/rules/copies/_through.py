"""By which columns the rows of a table refer to those of another: declared, found in the data, or kept as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, expression, joined
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules.references._parents import converted
from pgrefit.rules.references.missing_foreign_key import missing_foreign_key
from pgrefit.rules.references.reference_as_text import reference_as_text

COLUMN_PARTS = 3  # of a column's name: schema, table, column


@dataclass(frozen=True, slots=True)
class Through:
    """Columns that refer to a row of another table; `as_text`: the key's type, where the reference is a text.

    `by`: the key over alias t, where the row refers to it by way of another row, or for rows of one kind alone.
    """

    table: Table
    columns: tuple[str, ...]
    parent: Relation
    parent_columns: tuple[str, ...]
    as_text: str = ""
    by: Expression | None = None

    def values(self) -> list[Expression]:
        """What refers (alias t), each as a value of the key's type."""
        if self.by is not None:
            return [self.by]
        if self.as_text:
            return [converted(self.table.column(name), self.as_text) for name in self.columns]
        return [expression("t.{c}", c=name) for name in self.columns]

    @property
    def same(self) -> Expression:
        """Whether alias t refers to alias p."""
        keys = (expression("p.{k}", k=name) for name in self.parent_columns)
        pairs = zip(keys, self.values(), strict=True)
        return joined([Expression(f"{key} = {value}") for key, value in pairs], " AND ")


@lookup.remembered
def asks(observation: Observation) -> tuple[Question, ...]:
    """What must be known of references that are not declared."""
    return *missing_foreign_key.asks(observation), *reference_as_text.asks(observation)


def references(observation: Observation, table: Table) -> Iterator[Through]:
    """All references of a table."""
    for key in table.foreign_keys:
        if key.parent:
            yield Through(table, key.columns, key.parent, key.parent_columns)
    yield from _undeclared(observation).get(table.name, ())


def undeclared_to(observation: Observation, parent: Relation) -> Iterator[Through]:
    """References to a table that no foreign key declares."""
    return iter(_by_parent(observation).get(parent, ()))


@lookup.remembered
def _undeclared(observation: Observation) -> dict[Relation, list[Through]]:
    """References that other rules found without a foreign key."""
    found: defaultdict[Relation, list[Through]] = defaultdict(list)
    for through in (*_missing(observation), *_texts(observation)):
        found[through.table.name].append(through)
    return dict(found)


@lookup.remembered
def _by_parent(observation: Observation) -> dict[Relation, list[Through]]:
    found: defaultdict[Relation, list[Through]] = defaultdict(list)
    for throughs in _undeclared(observation).values():
        for through in throughs:
            found[through.parent].append(through)
    return dict(found)


def _missing(observation: Observation) -> Iterator[Through]:
    for finding in missing_foreign_key.check(observation):
        keys = [e.value for e in finding.evidence if e.measure == "key" and isinstance(e.value, str)]
        for column, key in ((split_dotted(finding.object), split_dotted(key)) for key in keys):
            table = _table(observation, column)
            if table and len(key) == COLUMN_PARTS:
                yield Through(table, column[2:], Relation(key[0], key[1]), key[2:])


def _texts(observation: Observation) -> Iterator[Through]:
    for finding in reference_as_text.check(observation):
        table = _table(observation, split_dotted(finding.object))
        for change in finding.remedy:
            for c in change.conversions if table and isinstance(change, RetypeColumns) else ():
                if table and c.parent:
                    yield Through(table, (c.column,), c.parent, (c.parent_column,), as_text=c.to_type)


def _table(observation: Observation, column: tuple[str, ...]) -> Table | None:
    return observation.snapshot.find_table(Relation(column[0], column[1])) if len(column) == COLUMN_PARTS else None
