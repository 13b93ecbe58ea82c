"""Let an enum type have more values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Literal, Statement, ddl, expression, raw
from pgrefit.model.names import MAX_BYTES, Relation
from pgrefit.model.snapshot import Snapshot

from ._batches import literals
from ._user_types import find_type, oid_of_type


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValues(Change):
    """ALTER TYPE … ADD VALUE, at the end or `before` a value that is there; in the order given.

    The server cannot take a value back: doing without it means a new type, and writing each table that has the old
    one anew under an exclusive lock. So this has no return and comes last. Nothing is lost by it, and no statement of
    an application that does not know the value fails.
    """

    type: Relation
    values: tuple[str, ...]
    before: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"add {', '.join(self.values)} to enum {self.type}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such enum, no such neighbour, values that no enum can have."""
        found = find_type(db, self.type)
        if found is None or found.kind != "enum":
            yield Obstacle(str(self.type), "there is no such enum")
            return
        if self.before and self.before not in found.values:
            yield Obstacle(str(self.type), f"has no value {self.before}")
        if len(set(self.values)) < len(self.values):
            yield Obstacle(str(self.type), "is to get a value twice")
        for value in self.values:
            if not value or len(value.encode()) > MAX_BYTES:
                yield Obstacle(str(self.type), f"takes values of 1 to {MAX_BYTES} bytes, and not {value!r}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where all are there."""
        found = find_type(db, self.type)
        new = tuple(value for value in self.values if found is None or value not in found.values)
        if not new:
            return
        yield Step(
            title=self.title, phase=Phase.CONTRACT, do=tuple(map(self._add, new)), undo=Way.NO_RETURN, locks=(),
            work=Work.INSTANT, proof=self._there,
            hazard="an enum keeps its values for good; readers that know only the old ones meet the new ones once they"
            " are written",
        )  # fmt: skip

    def _add(self, value: str) -> Statement:
        place = expression(" BEFORE {v}", v=Literal(self.before)) if self.before else expression("")
        return ddl("ALTER TYPE {type} ADD VALUE {value}{place}",
                   type=self.type, value=Literal(value), place=raw(place))  # fmt: skip

    @property
    def _there(self) -> Statement:
        return ddl(
            "SELECT {values}::text[] <@ ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e"
            " WHERE e.enumtypid = {oid})", values=raw(literals(self.values)), oid=raw(oid_of_type(self.type)),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TYPE shop.state AS ENUM ('open', 'paid');
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state shop.state NOT NULL, note text);
    INSERT INTO shop.orders (state) SELECT CASE WHEN n % 2 = 0 THEN 'open' ELSE 'paid' END::shop.state
    FROM generate_series(1, 50) AS n;
    """,
    AddEnumValues(type=Relation("shop", "state"), values=("draft", "checked"), before="paid"),
    writes="INSERT INTO shop.orders (state, note) VALUES ('open', md5(random()::text))",
)
