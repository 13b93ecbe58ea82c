"""Create a domain: a type that takes only the values that meet its conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._reading import unreadable
from ._user_types import oid_of_type, type_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDomain(Change):
    """CREATE DOMAIN over the type `base`; `checks` are conditions over VALUE, by their names."""

    name: Relation
    base: Expression
    checks: dict[str, Expression] = field(default_factory=dict[str, Expression])
    not_null: bool = False
    default: Expression | None = None
    comment: str = ""
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create domain {self.name}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A name that is taken, or conditions that are none."""
        yield from type_taken(db, self.name)
        for name, condition in self.checks.items():
            yield from unreadable(str(self.name), f"check {name}", condition)
        yield from unreadable(str(self.name), "DEFAULT", self.default)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step: nothing is of that type yet."""
        del db
        yield Step(
            title=self.title, phase=self.phase, do=tuple(self._create()),
            undo=(ddl("DROP DOMAIN IF EXISTS {name}", name=self.name),), locks=(), work=Work.INSTANT,
            proof=ddl("SELECT EXISTS (SELECT FROM pg_catalog.pg_type WHERE oid = {oid} AND typtype = 'd')",
                      oid=raw(oid_of_type(self.name))),
        )  # fmt: skip

    def _create(self) -> Iterator[Statement]:
        parts = [expression("DEFAULT {e}", e=raw(self.default))] if self.default is not None else []
        parts += [Expression("NOT NULL")] if self.not_null else []
        parts += [expression("CONSTRAINT {n} CHECK ({c})", n=n, c=raw(c)) for n, c in self.checks.items()]
        yield ddl("CREATE DOMAIN {name} AS {base} {parts}",
                  name=self.name, base=raw(self.base), parts=raw(joined(parts, " ")))  # fmt: skip
        if self.comment:
            yield ddl("COMMENT ON DOMAIN {name} IS {comment}", name=self.name, comment=Literal(self.comment))


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, zip text);
    INSERT INTO shop.buyer (zip) SELECT 10000 + n FROM generate_series(1, 50) AS n;
    """,
    CreateDomain(
        name=Relation("shop", "zip code"), base=Expression("pg_catalog.text"), comment="five digits",
        checks={"five digits": Expression("VALUE ~ '^[0-9]{5}$'"), "some": Expression("VALUE <> '00000'")},
    ),
    writes="INSERT INTO shop.buyer (zip) VALUES ('12345')",
)  # fmt: skip
