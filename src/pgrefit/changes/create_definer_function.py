"""Create a function that may do what its callers may not, and that nobody else can call or mislead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError

from ._batches import literals
from ._functions import defined, oid_of_signature, replaced_by
from ._row_security import named_roles
from .create_function import CreateFunction

NONE = Expression("")
Language = OneOf["sql", "plpgsql"]
Volatility = OneOf["immutable", "stable", "volatile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDefinerFunction(Change):
    """SECURITY DEFINER with a pinned search_path; EXECUTE for the roles `execute` alone, not for PUBLIC.

    `arguments` stands between the parentheses, `returns` after RETURNS. Roles may be ones that an earlier change
    creates.
    """

    name: Relation
    returns: Expression
    body: str
    arguments: Expression = NONE
    execute: tuple[str, ...] = ()
    language: Language = "sql"
    volatility: Volatility = "volatile"
    search_path: tuple[str, ...] = ("pg_catalog", "pg_temp")
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create function {self.name} with its owner's rights"

    @property
    def _definition(self) -> Statement:
        return ddl(
            "CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE {language} {volatility} SECURITY DEFINER"
            " SET search_path = {path} AS {body}",
            name=self.name, arguments=raw(self.arguments), returns=raw(self.returns), language=self.language,
            volatility=raw(Expression(self.volatility.upper())), path=self.search_path, body=Literal(self.body),
        )  # fmt: skip

    @property
    def _creation(self) -> CreateFunction:
        return CreateFunction(definition=Expression(self._definition), phase=self.phase)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What stands in the way of the function, one that is there already, roles that are none."""
        if not self.search_path:
            yield Obstacle(str(self.name), "has no search_path to pin")
            return
        found = list(self._creation.obstacles(db))
        yield from found
        if not found and replaced_by(db, defined(self._definition)):
            yield Obstacle(str(self.name), "is there already: replace it by create_function, which keeps its grants")
        if len(named_roles(self.execute)) < len(self.execute):
            yield Obstacle(str(self.name), "is not to be called by everybody: name the roles that may")
        yield from (Obstacle(str(self.name), fault) for fault in self._unsafe_path())

    def _unsafe_path(self) -> Iterator[str]:
        if "pg_temp" in self.search_path[:-1]:
            yield "looks names up in pg_temp before other schemas, where callers can put theirs: name it last"
        if "$user" in self.search_path:
            yield "looks names up in a schema of its caller"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step: the function, and who may call it, in one transaction."""
        try:
            signature = defined(self._definition).signature
            (create,) = self._creation.steps(db)
        except (UnreadableError, ValueError):  # which the obstacles name
            return
        grants = (ddl("GRANT EXECUTE ON FUNCTION {s} TO {r}", s=raw(signature), r=role) for role in self.execute)
        yield replace(
            create, title=self.title, do=(self._definition, *_revoke(signature), *grants), proof=self._proof(signature)
        )  # fmt: skip

    def _proof(self, signature: Expression) -> Statement:
        """It has its owner's rights, a search_path of its own, and no callers but the owner and those named."""
        callers = ddl(
            "SELECT ARRAY(SELECT coalesce(r.rolname::text, '') COLLATE \"C\" FROM pg_catalog.aclexplode(p.proacl) AS x"
            " LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee WHERE x.grantee <> p.proowner ORDER BY 1)"
        )
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid = {oid} AND p.prosecdef"
            " AND EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS c"
            " WHERE pg_catalog.starts_with(c, 'search_path=')) AND ({callers}) = {roles}::text[])",
            oid=raw(oid_of_signature(signature)), callers=raw(callers),
            roles=raw(literals(tuple(sorted(set(self.execute))))),
        )  # fmt: skip


def _revoke(signature: Expression) -> tuple[Statement, ...]:
    """Take EXECUTE from everybody, also from roles that get it by default privileges."""
    body = ddl(
        "DECLARE held text; BEGIN FOR held IN SELECT pg_catalog.pg_get_userbyid(x.grantee)"
        " FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS x"
        " WHERE p.oid = {oid} AND x.grantee NOT IN (0, p.proowner) LOOP"
        " EXECUTE pg_catalog.format({revoke}, held); END LOOP; END",
        oid=raw(oid_of_signature(signature)),
        revoke=Literal(f"REVOKE ALL ON FUNCTION {signature.replace('%', '%%')} FROM %I"),
    )  # fmt: skip
    public = ddl("REVOKE ALL ON FUNCTION {s} FROM PUBLIC", s=raw(signature))
    return (public, ddl("DO {body}", body=Literal(body)))


EXAMPLE = Example(
    """
    CREATE TABLE shop.account (id int PRIMARY KEY, owner text NOT NULL, balance numeric NOT NULL);
    INSERT INTO shop.account SELECT n, 'owner ' || n, n FROM generate_series(1, 50) AS n;
    ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT EXECUTE ON FUNCTIONS TO pg_monitor;
    """,
    CreateDefinerFunction(
        name=Relation("shop", "balance_of"),
        arguments=Expression("account integer"),
        returns=Expression("numeric"),
        body="SELECT a.balance FROM shop.account AS a WHERE a.id = account",
        volatility="stable",
        execute=("pg_read_all_data",),
    ),
    writes="UPDATE shop.account SET balance = balance + 1 WHERE id = 7",
)
