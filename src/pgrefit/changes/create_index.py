"""Build an index while the table keeps taking reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Index, Snapshot

from . import _proof as proof
from ._preconditions import missing
from ._trees import with_renamed_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexColumn:
    """One key of an index: a column or an expression.

    `opclass` and `collation` are as the server prints them (qualified and quoted where needed), '' for the default.
    `nulls_first` None is the server's default: last, or first where descending.
    """

    column: str | None = None
    expression: Expression | None = None
    opclass: str = ""
    collation: str = ""
    descending: bool = False
    nulls_first: bool | None = None

    def renamed(self, mapping: Mapping[str, str]) -> Self:
        """The same key over renamed columns."""
        column = None if self.column is None else mapping.get(self.column, self.column)
        over = None if self.expression is None else with_renamed_columns(self.expression, mapping)
        return replace(self, column=column, expression=over)

    @property
    def sql(self) -> Expression:
        """As CREATE INDEX takes it."""
        if self.column is None and self.expression is None:
            raise ValueError("an index key is a column or an expression")
        key = (expression("{c}", c=self.column) if self.column is not None
               else expression("({e})", e=raw(self.expression or Expression(""))))  # fmt: skip
        order = {None: "", True: " NULLS FIRST", False: " NULLS LAST"}[self.nulls_first]
        parts = (key, f" COLLATE {self.collation}" if self.collation else "",
                 f" {self.opclass}" if self.opclass else "", " DESC" if self.descending else "", order)  # fmt: skip
        return Expression("".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(Change):
    """CREATE INDEX CONCURRENTLY. The columns may be ones that an earlier change adds.

    `options` are storage parameters as 'fillfactor=70'. `name` is chosen from the keys where it is empty.
    """

    table: Relation
    keys: tuple[IndexColumn, ...]
    include: tuple[str, ...] = ()
    where: Expression | None = None
    unique: bool = False
    nulls_not_distinct: bool = False
    method: str = "btree"
    options: tuple[str, ...] = ()
    name: str = ""
    phase: Phase = Phase.MIGRATE

    @classmethod
    def like(
        cls, index: Index, table: Relation, mapping: Mapping[str, str] | None = None, name: str = ""
    ) -> CreateIndex:
        """The change that builds the same index anew, over renamed columns and under another name."""
        ordered = index.method == "btree"
        keys = tuple(
            IndexColumn(
                column=key.column, expression=None if key.column is not None else key.expression,
                opclass="" if key.default_opclass else key.opclass, collation=key.collation, descending=key.descending,
                nulls_first=key.nulls_first if ordered and key.nulls_first != key.descending else None,
            )
            for key in index.keys
        )  # fmt: skip
        change = cls(
            table=table, keys=keys, include=index.include, where=index.predicate, unique=index.unique,
            nulls_not_distinct=index.nulls_not_distinct, method=index.method, options=index.options, name=name,
        )  # fmt: skip
        return change.renamed(mapping or {})

    def renamed(self, mapping: Mapping[str, str]) -> CreateIndex:
        """The same index over renamed columns; a name that was given stays."""
        return replace(
            self, keys=tuple(key.renamed(mapping) for key in self.keys),
            include=tuple(mapping.get(column, column) for column in self.include),
            where=None if self.where is None else with_renamed_columns(self.where, mapping),
        )  # fmt: skip

    @property
    def index(self) -> Relation:
        """The name that the index gets."""
        parts = "_".join(key.column or "expr" for key in self.keys)
        return self.table.beside(self.name or fit(f"{self.table.name}_{parts}", "_idx"))

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"build index {self.index.name} on {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A table or column that is not there, a partitioned table, a name that is taken."""
        columns = (*(key.column for key in self.keys if key.column is not None), *self.include)
        yield from missing(db, self.table, *columns)
        table = db.find_table(self.table)
        if table and table.kind == "partitioned table":
            yield Obstacle(str(self.table), "is partitioned: indexes are built concurrently on its partitions")
        if self.index in names_taken(db):
            yield Obstacle(str(self.index), "the name is taken")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; a build that was interrupted leaves an invalid index, which the undo removes."""
        del db
        yield Step(
            title=f"build {'unique ' if self.unique else ''}index {self.index.name} on {self.table}", phase=self.phase,
            do=(ddl("CREATE {unique} INDEX CONCURRENTLY {name} ON {table} USING {method} ({keys}){rest}",
                    unique=raw(Expression("UNIQUE" if self.unique else "")), name=self.index.name, table=self.table,
                    method=self.method, keys=raw(joined([key.sql for key in self.keys])), rest=raw(self._rest)),),
            undo=(ddl("DROP INDEX CONCURRENTLY IF EXISTS {index}", index=self.index),),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.BUILD,
            proof=proof.index_valid(self.index, self.table), in_transaction=False,
            hazard="rows that agree in the keys are refused from here on" if self.unique else "",
        )  # fmt: skip

    @property
    def _rest(self) -> Expression:
        parts = [Expression("")]
        if self.include:
            parts.append(expression("INCLUDE ({columns})", columns=self.include))
        if self.nulls_not_distinct:
            parts.append(Expression("NULLS NOT DISTINCT"))
        if self.options:
            pairs = [option.partition("=") for option in self.options]
            settings = [expression("{k} = {v}", k=k, v=Literal(v)) for k, _, v in pairs]
            parts.append(expression("WITH ({settings})", settings=raw(joined(settings))))
        if self.where is not None:
            parts.append(expression("WHERE ({where})", where=raw(self.where)))
        return joined(parts, " ")


def free_index_name(db: Snapshot, table: Relation, *columns: str, planned: Collection[str] = ()) -> str:
    """A readable name for an index over these columns, of no relation of the table's schema and not among `planned`."""
    names = (fit(f"{table.name}_{'_'.join(columns)}", f"_idx{number or ''}") for number in count())
    return next(name for name in names if table.beside(name) not in names_taken(db) and name not in planned)


@remembered
def names_taken(db: Snapshot) -> set[Relation]:
    """Names of relations; not those of invalid indexes, which an interrupted build may have left."""
    indexes = (index for table in db.tables for index in table.indexes)
    return {
        *(table.name for table in db.tables), *(view.name for view in db.views), *(s.name for s in db.sequences),
        *(index.name for index in indexes if index.valid),
        *(index.name for view in db.views for index in view.indexes),
    }  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL, paid boolean);
    INSERT INTO shop.orders (buyer, paid) SELECT 'buyer ' || n % 7, n % 3 = 0 FROM generate_series(1, 100) AS n;
    """,
    CreateIndex(
        table=Relation("shop", "orders"),
        keys=(IndexColumn(expression=Expression("pg_catalog.lower(buyer)")), IndexColumn(column="id", descending=True)),
        include=("paid",), where=Expression("NOT paid"),
    ),
    writes="INSERT INTO shop.orders (buyer, paid) VALUES (md5(random()::text), random() < 0.5)",
)  # fmt: skip
