"""A read model: one relation that answers a page, as a view (always fresh) or a materialized view (refreshed)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof

Kind = OneOf["view", "materialized view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel(Change):
    """Create it after the switch. `key` is unique in it, so that a materialized view refreshes concurrently."""

    name: Relation
    select: Expression
    reads: tuple[Relation, ...]
    key: tuple[str, ...]
    kind: Kind = "view"
    readers: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create the {self.kind} {self.name}"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step: the relation, its unique index, its readers."""
        del db
        grants = (ddl("GRANT SELECT ON {name} TO {role}", name=self.name, role=role) for role in self.readers)
        materialized = self.kind == "materialized view"
        yield Step(
            title=self.title, phase=Phase.SWITCH,
            do=(*(self._materialized() if materialized else self._view()), *grants),
            undo=(ddl("DROP {kind} IF EXISTS {name}", kind=raw(Expression(self.kind.upper())), name=self.name),),
            locks=tuple(Lock(table, LockMode.ACCESS_SHARE) for table in self.reads),
            work=Work.SCAN if materialized else Work.INSTANT, proof=proof.relation_exists(self.name),
            hazard="a materialized view shows all rows to whoever may read it: row security does not reach into it"
            if materialized else "",
        )  # fmt: skip

    def _view(self) -> tuple[Statement, ...]:
        return (
            ddl(
                "CREATE VIEW {name} WITH (security_invoker = true) AS {select}", name=self.name, select=raw(self.select)
            ),
        )

    def _materialized(self) -> tuple[Statement, ...]:
        index = fit(self.name.name, "_key")
        return (
            ddl("CREATE MATERIALIZED VIEW {name} AS {select}", name=self.name, select=raw(self.select)),
            ddl("CREATE UNIQUE INDEX {index} ON {name} ({key})", index=index, name=self.name, key=self.key),
        )


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date NOT NULL, amount numeric NOT NULL);
    INSERT INTO shop.sale (day, amount) SELECT date '2025-01-01' + n % 7, n FROM generate_series(1, 100) AS n;
    """,
    ReadModel(
        name=Relation("shop", "day total"), reads=(Relation("shop", "sale"),), key=("day",), kind="materialized view",
        select=Expression("SELECT day, sum(amount) AS amount FROM shop.sale GROUP BY day"),
    ),
    writes="INSERT INTO shop.sale (day, amount) VALUES ('2025-01-03', 5)",
)  # fmt: skip
