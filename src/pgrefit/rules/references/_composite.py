"""Several columns that together may refer to the key of another table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pgrefit.changes._types import comparable
from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import Row, is_empty, row_of, statistics_of
from pgrefit.rules._names import reference_name, stems

from ._directory import keys_for
from ._key import column_prefix, family, flat, table_word
from ._link import MOST_OWN, Link, more_than_chance
from ._links import kept_by_design, under_keys
from ._roles import Roles
from ._vocabulary import CODES, GENERIC

Place = tuple[Relation, frozenset[str]]
Order = tuple[bool, bool, int, str]
MOST_COLUMNS = 4
MOST_TABLES = 60  # that have a column of the name; more tell none of them
FEWEST_VALUES = 10
NEEDED = 0.85
LEAST_ABOVE_CHANCE = 0.03
DENSE = 0.9  # share of all combinations that are keys, from which on any combination is one


@dataclass(frozen=True, slots=True)
class Group:
    """Columns of a table and those of a key of another one, in the key's order."""

    table: Table
    columns: tuple[str, ...]
    parent: Table
    keys: tuple[str, ...]

    def counts(self) -> Question:
        """All rows, those with all columns filled, those that match; how dense the parent's keys are, of 1000."""
        pairs = list(zip(self.keys, self.columns, strict=True))
        select = ddl(
            "SELECT count(*) AS rows, count(*) FILTER (WHERE {filled}) AS filled, count(p.{first}) AS matching,"
            " count(DISTINCT ({columns})) FILTER (WHERE {filled}) AS distinct,"
            " count(*) FILTER (WHERE {own}) AS itself, (SELECT count(*) FROM {parent}) AS parents,"
            " (SELECT (1000.0 * count(*) / nullif({combinations}, 0))::bigint FROM {parent} AS p) AS density"
            " FROM {table} AS t LEFT JOIN {parent} AS p ON {same}",
            first=self.keys[0], table=self.table.name, parent=self.parent.name,
            columns=raw(joined([expression("t.{c}", c=c) for c in self.columns])),
            filled=raw(joined([expression("t.{c} IS NOT NULL", c=c) for c in self.columns], " AND ")),
            own=raw(self._own_row()),
            same=raw(joined([expression("p.{k} = t.{c}", k=k, c=c) for k, c in pairs], " AND ")),
            combinations=raw(joined([expression("count(DISTINCT p.{k})::numeric", k=k) for k in self.keys], " * ")),
        )  # fmt: skip
        return Question(self.table.name, select)

    def _own_row(self) -> Expression:
        """Whether a row of the parent itself says the same twice."""
        if self.table.name != self.parent.name:
            return Expression("false")
        pairs = zip(self.keys, self.columns, strict=True)
        return joined([expression("t.{k} = t.{c}", k=k, c=c) for k, c in pairs], " AND ")

    def by_chance(self) -> Question:
        """Of 1000 rows, how many would match if one column had the values of any row: for the one where most would."""
        return Question(self.table.name, ddl("SELECT {chances} AS chance", chances=raw(self._chances())))

    def _chances(self) -> Expression:
        filled = joined([expression("t.{c} IS NOT NULL", c=c) for c in self.columns], " AND ")
        all_rows = expression("(SELECT count(*) FROM {t} AS t WHERE {filled})", t=self.table.name, filled=raw(filled))
        chances = [
            expression(
                "(SELECT (1000.0 * sum(o.n * v.n) / nullif({rows}::numeric * {rows}, 0))::bigint FROM {parent} AS p"
                " JOIN (SELECT {others}, count(*) AS n FROM {t} AS t WHERE {filled} GROUP BY {others}) AS o ON {same}"
                " JOIN (SELECT t.{c}, count(*) AS n FROM {t} AS t WHERE {filled} GROUP BY t.{c}) AS v"
                " ON p.{k} = v.{c})",
                rows=raw(all_rows), parent=self.parent.name, t=self.table.name, filled=raw(filled), c=column, k=key,
                others=raw(joined([expression("t.{c}", c=c) for c in self.columns if c != column])),
                same=raw(joined([
                    expression("p.{k} = o.{c}", k=k, c=c)
                    for k, c in zip(self.keys, self.columns, strict=True) if c != column
                ], " AND ")),
            )
            for key, column in zip(self.keys, self.columns, strict=True)
        ]  # fmt: skip
        return expression("greatest({all})", all=raw(joined(chances)))

    def fits(self, row: Row) -> bool:
        """Whether nearly all match, and not because nearly every combination is a key."""
        filled, values = row.count("filled"), row.count("distinct")
        sparse = row.count("density") < DENSE * 1000
        sparse = sparse and row.count("itself") <= MOST_OWN * row.count("matching")
        strict = row.count("parents") > values or not self.is_key or self.akin
        return values >= FEWEST_VALUES and row.count("matching") >= NEEDED * filled and sparse and strict

    @property
    def told(self) -> bool:
        """Whether names say that the parent is meant."""
        return self.akin or self.linking or self.called

    @property
    def called(self) -> bool:
        """Whether a column numbers the rows of the parent, and they are not two tables of one kind: bed_no of bed."""
        last = set(stems(self.parent.name.name)[-1:])
        return not self.is_key and any(last & set(stems(c)) and CODES & set(stems(c)) for c in self.columns)

    @property
    def may_tell(self) -> bool:
        """Whether values that depend on each other tell: not where one of them is when something began."""
        timely = any(family(self.parent.column(key).type) == "" for key in self.keys)
        return set(self.keys) == set(self.parent.primary_key) and not (self.told or self.is_key or timely)

    @property
    def is_key(self) -> bool:
        """Whether the columns are a key of their own table too."""
        unique = (i.columns for i in self.table.indexes if i.unique and i.predicate is None)
        return any(set(columns) == set(self.columns) for columns in unique)

    @property
    def linking(self) -> bool:
        """Whether each column of the key is a reference, none a mere number, and the key the parent's main one."""
        columns = set(self.keys)
        own = {name for key in self.parent.foreign_keys for name in key.columns}
        marked = {name for name in columns if reference_name(name).marked or flat(name).endswith(("id", "key"))}
        word = table_word(self.parent)
        main = columns == set(self.parent.primary_key) or any(flat(c).startswith(word) for c in self.columns)
        return main and columns <= own | marked

    @property
    def akin(self) -> bool:
        """Whether the table's name is longer than the parent's, and begins with it."""
        mine, theirs = table_word(self.table), table_word(self.parent)
        return mine != theirs and mine.startswith(theirs)


def groups(observation: Observation) -> Iterator[Group]:
    """Groups of tables with rows."""
    for group in _named(observation.snapshot):
        smaller = statistics_of(observation, group.parent).rows < FEWEST_VALUES
        if not is_empty(observation, group.table) and not is_empty(observation, group.parent) and not smaller:
            yield group


def found_groups(observation: Observation) -> list[tuple[Group, Row]]:
    """Groups that hold: of those over the same columns the one of a kindred name, else of the fewest keys."""
    rows = [(group, row_of(observation, group.counts())) for group in groups(observation)]
    holding = [(group, row) for group, row in rows if row and _holds(observation, group, row)]
    derived = {(group.table.name, frozenset(group.columns)) for group, _ in holding} | _declared(observation.snapshot)
    best: dict[Place, tuple[Order, Group, Row]] = {}
    for group, row in holding:
        place, entry = (group.table.name, frozenset(group.columns)), (_order(group, row, derived), group, row)
        known = best.get(place)
        if known is None or entry[0] < known[0]:
            best[place] = entry
    chosen = [(group, row) for _, group, row in best.values()]
    return [entry for entry in chosen if not any(_within(entry[0], other) for other, _ in chosen)]


def questions(observation: Observation) -> Iterator[Question]:
    """What has to be known of them."""
    for group in groups(observation):
        yield group.counts()
        row = row_of(observation, group.counts())
        if row and group.fits(row) and group.may_tell:
            yield group.by_chance()


def _holds(observation: Observation, group: Group, row: Row) -> bool:
    """Whether it fits, and names or the values say that this is meant."""
    if not group.fits(row) or not group.may_tell:
        return group.fits(row) and group.told
    chance = row_of(observation, group.by_chance())
    share, expected = row.count("matching") / row.count("filled"), chance.count("chance") / 1000 if chance else 1.0
    return share - expected >= LEAST_ABOVE_CHANCE and more_than_chance(share, expected, row.count("distinct"))


def _order(group: Group, row: Row, derived: set[Place]) -> Order:
    """Less is likelier: a table that is keyed by another one's key tells least."""
    return (
        not group.akin,
        (group.parent.name, frozenset(group.keys)) in derived,
        row.count("parents"),
        str(group.parent.name),
    )


@remembered
def _declared(db: Snapshot) -> set[Place]:
    """Columns that are under a foreign key together."""
    return {(table.name, frozenset(key.columns)) for table in db.own_tables() for key in table.foreign_keys}


def _within(group: Group, other: Group) -> bool:
    return group.table.name == other.table.name and set(group.columns) < set(other.columns)


def implied(db: Snapshot, found: list[tuple[Group, Row]], link: Link) -> bool:
    """Whether a group's parent refers to the same key by the same column: then the column refers to it by way of it."""
    for group, _ in found:
        if group.table.name == link.table.name and link.column.name in group.columns:
            key = group.keys[group.columns.index(link.column.name)]
            declared = any(fk.parent == link.key.table.name and key in fk.columns for fk in group.parent.foreign_keys)
            column = group.parent.column(key)
            named = (option.key for option in keys_for(db, group.parent).options(group.parent, column))
            if declared or link.key in named or link.key.table.name == group.parent.name:
                return True
    return False


@remembered
def _named(db: Snapshot) -> tuple[Group, ...]:
    """Tables that have columns named and typed as all columns of another table's key."""
    by_column: defaultdict[str, list[Table]] = defaultdict(list)
    own = [table for table in db.own_tables() if table.partition_of is None]
    for table in own:
        for name in _by_name(table):
            by_column[name].append(table)
    under, mine = under_keys(db), partial(is_users, db)
    found: list[Group] = []
    for parent in own:
        for keys in _several(parent):
            names = [_name_elsewhere(parent, key) for key in keys]
            near = min((by_column.get(name, []) for name in names), key=len)
            for table in filter(mine, near) if len(near) <= MOST_TABLES else ():
                columns = _columns(table, parent, names, keys) if table is not parent else ()
                if columns and not set(columns) <= under[table.name]:
                    found.append(Group(table, columns, parent, keys))
    listed = [(parent, keys) for parent in own for keys in _several(parent)]
    known = {(group.table.name, frozenset(group.columns), group.parent.name) for group in found}
    for table, columns, parent, keys in Roles(listed, (t for t in own if mine(t) and not kept_by_design(t))).found():
        if not set(columns) <= under[table.name] and (table.name, frozenset(columns), parent.name) not in known:
            found.append(Group(table, columns, parent, keys))
    return tuple(found)


def _by_name(table: Table) -> dict[str, Column]:
    """Columns by the words of their names, and by these without what all names begin with."""
    start = len(column_prefix(table))
    shortened = {flat(column.name[start:]): column for column in table.columns} if start else {}
    return shortened | {flat(column.name): column for column in reversed(table.columns)}


def _name_elsewhere(parent: Table, key: str) -> str:
    plain = flat(key[len(column_prefix(parent)) :])
    name = flat(key) if plain in GENERIC else plain
    return table_word(parent) + name if name in GENERIC and not name.startswith(table_word(parent)) else name


def _columns(table: Table, parent: Table, names: list[str], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The table's columns of those names, where all are there and of the key's types."""
    own = _by_name(table)
    found = [own.get(name) for name in names]
    if kept_by_design(table):
        return ()
    typed = all(
        column and comparable(column.type, parent.column(key).type) for column, key in zip(found, keys, strict=True)
    )
    return tuple(column.name for column in found if column) if typed else ()


def _several(table: Table) -> Iterator[tuple[str, ...]]:
    """Keys of a few columns."""
    deferrable = {c.name for c in table.constraints if c.deferrable}
    for index in table.indexes:
        columns = tuple(c for c in index.columns if c is not None)
        whole = len(columns) == len(index.keys) and 1 < len(columns) <= MOST_COLUMNS
        if index.unique and index.valid and index.predicate is None and whole and index.constraint not in deferrable:
            yield columns
