"""Install an extension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateExtension(Change):
    """CREATE EXTENSION, in the schema and version given, else in those that it chooses itself."""

    name: str
    schema: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"install extension {self.name}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such schema, or the extension is there in another one or another version."""
        if self.schema and self.schema not in {schema.name for schema in db.schemas} | {"pg_catalog"}:
            yield Obstacle(f"extension {self.name}", f"there is no schema {self.schema}")
        for there in db.extensions:
            if there.name == self.name and self.schema not in {"", there.schema}:
                yield Obstacle(f"extension {self.name}", f"is there already, in schema {there.schema}")
            if there.name == self.name and self.version not in {"", there.version}:
                yield Obstacle(f"extension {self.name}", f"is there already, in version {there.version}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where it is there."""
        if self.name in {extension.name for extension in db.extensions}:
            return
        parts = [expression("SCHEMA {s}", s=self.schema)] if self.schema else []
        parts += [expression("VERSION {v}", v=Literal(self.version))] if self.version else []
        yield Step(
            title=self.title, phase=Phase.EXPAND,
            do=(ddl("CREATE EXTENSION {name} {parts}",
                    name=self.name, parts=raw(joined(parts, " ") if parts else Expression(""))),),
            undo=(ddl("DROP EXTENSION IF EXISTS {name}", name=self.name),), locks=(), work=Work.INSTANT,
            proof=ddl("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {n})", n=Literal(self.name)),
            why="the way back is refused where something made since depends on it",
        )  # fmt: skip


EXAMPLE = Example(  # the one that every server has
    """
    DROP EXTENSION plpgsql;
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    """,
    CreateExtension(name="plpgsql"),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)
