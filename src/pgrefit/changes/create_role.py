"""Create a role that holds privileges for others: it cannot log in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, ddl, raw
from pgrefit.model.names import MAX_BYTES
from pgrefit.model.snapshot import Snapshot

from ._row_security import is_public

RESERVED = frozenset({"none", "current_role", "current_user", "session_user"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole(Change):
    """CREATE ROLE … NOLOGIN, in the whole cluster; `member_of` are roles whose privileges it gets.

    The way back drops it only where this step made it: one that was there before makes the step superfluous.
    """

    name: str
    member_of: tuple[str, ...] = ()
    inherit: bool = True

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create role {self.name}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A name that no role can have, or a role of that name that is something else."""
        about = f"role {self.name}"
        if is_public(self.name) or self.name in RESERVED or self.name.startswith("pg_"):
            yield Obstacle(about, "has a name that the server keeps for itself")
        if len(self.name.encode()) > MAX_BYTES:
            yield Obstacle(about, f"has a name longer than {MAX_BYTES} bytes, and the server would cut it off")
        for role in db.roles:
            if role.name == self.name and (role.can_login or role.superuser):
                yield Obstacle(about, "is there already, and may log in or is a superuser")
            elif role.name == self.name and not {*self.member_of} <= {*role.member_of}:
                yield Obstacle(about, "is there already, and is no member of all that it should be")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where there is such a role."""
        if self.name in {role.name for role in db.roles}:
            return
        inherit = Expression("INHERIT" if self.inherit else "NOINHERIT")
        create = ddl("CREATE ROLE {name} NOLOGIN {inherit}", name=self.name, inherit=raw(inherit))
        grants = (ddl("GRANT {role} TO {name}", role=role, name=self.name) for role in self.member_of)
        yield Step(
            title=self.title, phase=Phase.EXPAND, do=(create, *grants),
            undo=(ddl("DROP ROLE IF EXISTS {name}", name=self.name),), locks=(), work=Work.INSTANT,
            proof=ddl("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name} AND NOT rolcanlogin)",
                      name=Literal(self.name)),
            why="roles belong to the cluster: other databases see it too, and going back is refused where they use it",
        )  # fmt: skip


EXAMPLE = Example(
    """
    DROP ROLE IF EXISTS shop_example_reader;
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    """,
    CreateRole(name="shop_example_reader", member_of=("pg_read_all_data",)),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)
