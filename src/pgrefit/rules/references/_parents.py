"""Which table a column without a foreign key may refer to: by its name, else by what it holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pgrefit.changes._types import WHOLE_DIGITS
from pgrefit.changes.retype_columns import BLANKS, UUID_FORM
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, FkAction, Table
from pgrefit.rules._ask import is_text, key_columns, row_of, sample_of, tables
from pgrefit.rules._names import affinity, best_named, reference_name, shared_words, stems
from pgrefit.rules._said import outlives

PARENTS_TRIED = 8
ROWS_TRIED = 300
MOST_ALIKE = 30


@dataclass(frozen=True, slots=True)
class Reference:
    """A column and the table whose key it seems to hold. `by_name`: 0 (not at all) to 3 (the same words)."""

    table: Table
    column: Column
    parent: Table
    by_name: int

    @property
    def key(self) -> Column:
        """The parent's key."""
        return self.parent.column(self.parent.primary_key[0])

    @property
    def value(self) -> Expression:
        """The column's value (alias t) in the type of the parent's key; NULL where it does not convert."""
        return converted(self.column, self.key.type)


@dataclass(frozen=True, slots=True)
class Parents:
    """Tables whose primary key is one column of certain types, to be found by name in a database of many."""

    keyed: dict[Relation, Table]
    by_name: dict[str, list[Table]]  # the words of the name in the singular, without what is between them
    by_ending: dict[tuple[str, ...], list[Table]]  # the last words of the name
    by_word: dict[str, list[Table]]
    popular: tuple[Table, ...]  # those that most foreign keys point at

    @classmethod
    def keyed_by(cls, observation: Observation, types: tuple[str, ...], *, unique: bool = False) -> Parents:
        """All of a database whose key is of one of these types; `unique`: their primary key, or another one."""
        keyed = (t if not unique else _by_another(t, types) for t in tables(observation))
        found = {t.name: t for t in keyed if len(t.primary_key) == 1 and key_type(t) in types}
        parents = cls(found, {}, {}, {}, _popular(observation, found))
        for table in found.values():
            parts = stems(table.name.name)
            parents.by_name.setdefault("".join(parts), []).append(table)
            for i, word in enumerate(parts):
                parents.by_ending.setdefault(parts[i:], []).append(table)
                parents.by_word.setdefault(word, []).append(table)
        return parents

    def named(self, column: str, owner: Table, *, but: frozenset[str] = frozenset()) -> tuple[Table, int] | None:
        """The table that a column's name fits best, and how well; keys of the types `but` left out."""
        reference = reference_name(column)
        near = [t for t in self._near(reference.base, owner) if key_type(t) not in but]
        best = best_named(reference, near, owner=owner.name)
        return (best, affinity(reference, best.name, owner=owner.name)) if best else None

    def _near(self, base: tuple[str, ...], owner: Table) -> Iterable[Table]:
        """Tables that may fit; endings that many tables share tell none of them."""
        near = list(self.by_name.get("".join(base), ()))
        for i in range(1, len(base)):
            near += self.by_name.get("".join(base[i:]), ())
        endings = self.by_ending.get(base, [])
        near += endings if len(endings) <= MOST_ALIKE else []
        near += [owner] if owner.name in self.keyed else []
        return {t.name: t for t in near}.values()

    def likely(self, column: str, owner: Table) -> tuple[Table, ...]:
        """Tables that may be meant by a name that tells none: those that share words with it, then the popular ones."""
        alike = [found for word in stems(column) if len(found := self.by_word.get(word, [])) <= MOST_ALIKE]
        near = {t.name: t for found in alike for t in found}
        ranked = sorted(near.values(), key=lambda t: (-shared_words(column, t.name.name), t.name != owner.name, t.name))
        return tuple({t.name: t for t in (*ranked[:PARENTS_TRIED], *self.popular)}.values())[:PARENTS_TRIED]


def _by_another(table: Table, types: tuple[str, ...]) -> Table:
    """The table as if a unique column of such a type were its primary key, where that is of another type."""
    if len(table.primary_key) == 1 and key_type(table) in types:
        return table
    whole = (i for i in table.indexes if i.unique and i.valid and i.predicate is None and len(i.columns) == 1)
    others = (i.columns[0] for i in whole if i.columns[0] and table.column(i.columns[0]).type in types)
    name = next(others, None)
    keys = (replace(c, columns=(name,)) if name and c.kind == "primary key" else c for c in table.constraints)
    return replace(table, constraints=tuple(keys)) if name else table


def _popular(observation: Observation, found: dict[Relation, Table]) -> tuple[Table, ...]:
    uses = Counter(key.parent for table in observation.snapshot.tables for key in table.foreign_keys)
    return tuple(sorted(found.values(), key=lambda t: (-uses[t.name], t.name))[:PARENTS_TRIED])


def key_type(table: Table) -> str:
    """The type of a primary key of one column."""
    return table.column(table.primary_key[0]).type


def converted(column: Column, to_type: str) -> Expression:
    """A column of alias t in another type, as the change that converts it does; NULL where it does not convert."""
    if not is_text(column):
        return expression("t.{column}", column=column.name)
    digits = WHOLE_DIGITS.get(to_type, 0)
    form = UUID_FORM if to_type == "uuid" else f"^[+-]?[0-9]{{1,{digits}}}$"
    bare = expression("pg_catalog.btrim(t.{c}::text, {blanks})", c=column.name, blanks=Literal(BLANKS))
    return expression("CASE WHEN {bare} ~ {form} THEN {bare}::{type} END",
                      bare=raw(bare), form=Literal(form), type=raw(Expression(to_type)))  # fmt: skip


def polymorphic(table: Table, column: Column) -> bool:
    """Whether a sibling says what kind of thing the column refers to: x_type beside x_id; not if that refers itself."""
    base = reference_name(column.name).base
    kinds = {(*base, word) for word in ("type", "kind", "class", "table", "model")}
    others = [reference_name(other.name) for other in table.columns]
    generic = base == ("object",) and any(other.base == ("content", "type") for other in others)
    return generic or any(other.base in kinds and not other.marked for other in others)


def usual_on_delete(observation: Observation, parent: Table) -> FkAction:
    """What the other references to that table do when a row goes; no action where they disagree or there is none."""
    actions: set[FkAction] = {key.on_delete for _, key in observation.snapshot.references_to(parent.name)}
    return actions.pop() if len(actions) == 1 else "no action"


@dataclass(frozen=True, slots=True)
class Search:
    """A column whose name tells no table, and the tables that may be meant, likeliest first."""

    table: Table
    column: Column
    parents: tuple[Table, ...]

    def question(self, observation: Observation) -> Question:
        """How many of some rows are keys of each."""
        counts = [
            expression("count(*) FILTER (WHERE EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = s.value)) AS {name}",
                       parent=parent.name, key=parent.primary_key[0], name=f"parent_{i}")
            for i, parent in enumerate(self.parents)
        ]  # fmt: skip
        value = converted(self.column, self.parents[0].column(self.parents[0].primary_key[0]).type)
        select = ddl(
            "SELECT count(s.value) AS values, {counts} FROM (SELECT {value} AS value FROM {sample} AS t"
            " WHERE t.{column} IS NOT NULL) AS s",
            counts=raw(joined(counts)), value=raw(value), sample=raw(sample_of(observation, self.table, ROWS_TRIED)),
            column=self.column.name,
        )  # fmt: skip
        return Question(self.table.name, select)

    def found(self, observation: Observation) -> Reference | None:
        """The table that holds most of the values, where it holds nearly all."""
        row = row_of(observation, self.question(observation))
        if row is None or not row.count("values"):
            return None
        best = max(range(len(self.parents)), key=lambda i: row.count(f"parent_{i}"))
        enough = row.count(f"parent_{best}") >= 0.8 * row.count("values")
        return Reference(self.table, self.column, self.parents[best], 0) if enough else None


@remembered
def candidates(observation: Observation) -> tuple[tuple[Table, Column], ...]:
    """Columns outside the primary key that are under no foreign key, nor under one of a partition."""
    return tuple(_candidates(observation))


def _candidates(observation: Observation) -> Iterator[tuple[Table, Column]]:
    of_parts: defaultdict[Relation, set[str]] = defaultdict(set)
    for part in observation.snapshot.tables:
        if part.partition_of:
            of_parts[part.partition_of] |= {name for key in part.foreign_keys for name in key.columns}
    for table in tables(observation):
        under_key = of_parts[table.name] | key_columns(table)
        for column in () if outlives(table.comment) else table.columns:
            if column.name not in under_key and not column.generated and not outlives(column.comment):
                yield table, column
