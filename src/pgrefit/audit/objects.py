"""The objects of a database by the names under which findings speak of them, and what each is part of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from pgrefit.model.names import Relation, dotted
from pgrefit.model.snapshot import Snapshot, Table, View

ENDS = ". ,("  # what may follow the name of a table within that of a finding's object


@dataclass(frozen=True, slots=True)
class Commented:
    """An object: its names, the name of what it is part of ('' for a schema), and its comment."""

    names: tuple[str, ...]
    within: str
    comment: str


@dataclass(frozen=True, slots=True)
class Objects:
    """Schemas and what is in them, by name, and those parts of tables whose comment has a mark.

    A name may stand for several objects: a column and a constraint.
    """

    by_name: dict[str, list[Commented]]

    @classmethod
    def of(cls, db: Snapshot, mark: str) -> Objects:
        """Those of a database."""
        found: defaultdict[str, list[Commented]] = defaultdict(list)
        for each in _objects(db, mark):
            for name in dict.fromkeys(each.names):
                found[name].append(each)
        return cls(found)

    def around(self, name: str) -> Iterator[Commented]:
        """The object that a finding names, then what it is part of, up to the schema."""
        known = longest_known(name, self.by_name)
        seen: set[str] = set()
        while known and known not in seen:
            seen.add(known)
            here = self.by_name[known]
            yield from here
            known = next(filter(None, (longest_known(each.within, self.by_name) for each in here)), "")


def longest_known(name: str, known: Container[str]) -> str:
    """The longest beginning of a name that is known and ends where a name may end; '' where there is none."""
    ends = [len(name), *(i for i in reversed(range(len(name))) if name[i] in ENDS)]
    return next((name[:end] for end in ends if name[:end] in known), "")


def comments_of(db: Snapshot) -> Iterator[str]:
    """Every comment, without a word on what it is on: cheap for a database of many tables."""
    relations: list[Table | View] = [*db.tables, *db.views]
    for relation in relations:
        yield relation.comment
        for parts in (relation.columns, relation.indexes, relation.triggers):
            yield from (part.comment for part in parts)
    for table in db.tables:
        yield from (part.comment for parts in (table.constraints, table.policies) for part in parts)
    for others in (db.schemas, db.functions, db.sequences, db.types):
        yield from (other.comment for other in others)


def _objects(db: Snapshot, mark: str) -> Iterator[Commented]:
    yield from (Commented((dotted(schema.name), f"schema {schema.name}"), "", schema.comment) for schema in db.schemas)
    for table in db.tables:
        yield from _with_parts(table, mark)
        yield from _parts(
            table.name, "constraint", ((c.name, c.comment) for c in table.constraints if mark in c.comment)
        )
        yield from _parts(table.name, "policy", ((p.name, p.comment) for p in table.policies if mark in p.comment))
    for view in db.views:
        yield from _with_parts(view, mark)
    for function in db.functions:
        names = (f"{function.name}({function.arguments})", str(function.name))
        yield Commented(names, dotted(function.name.schema), function.comment)
    for sequence in db.sequences:
        owner = sequence.owned_by[0].column(sequence.owned_by[1]) if sequence.owned_by else ""
        yield Commented((str(sequence.name),), owner or dotted(sequence.name.schema), sequence.comment)
    for kind in db.types:
        yield Commented((str(kind.name),), dotted(kind.name.schema), kind.comment)


def _with_parts(relation: Table | View, mark: str) -> Iterator[Commented]:
    name = relation.name
    yield Commented((str(name),), dotted(name.schema), relation.comment)
    yield from _parts(name, "column", ((c.name, c.comment) for c in relation.columns if mark in c.comment))
    yield from _parts(name, "trigger", ((t.name, t.comment) for t in relation.triggers if mark in t.comment))
    yield from (Commented((str(index.name),), str(name), index.comment) for index in relation.indexes)


def _parts(relation: Relation, kind: str, parts: Iterable[tuple[str, str]]) -> Iterator[Commented]:
    """Findings write `table.part` or `table, kind part`."""
    for part, comment in parts:
        names = (relation.column(part), f"{relation}.{part}", f"{relation}, {kind} {part}")
        yield Commented(names, str(relation), comment)
