"""Privileges on one object: who holds what, how it is given, taken, and given back in the order of before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Snapshot

from . import _proof as proof
from ._notes import note, noted
from ._relations import find_relation
from ._row_security import is_public, role_list

ObjectKind = OneOf["table", "sequence", "function", "schema"]
OF_TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
OF_COLUMNS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
PRIVILEGES: dict[ObjectKind, tuple[str, ...]] = {
    "table": OF_TABLES, "sequence": ("USAGE", "SELECT", "UPDATE"), "function": ("EXECUTE",),
    "schema": ("USAGE", "CREATE"),
}  # fmt: skip
MAINTAIN_SINCE = 170000
LOCKED_SINCE = 180000  # earlier servers change the privileges of a table without a lock on it
Held = tuple[str, str]  # role ('' is PUBLIC), privilege


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table or view, a column of one, a sequence, a function (by its arguments as observed), or a schema."""

    kind: ObjectKind
    on: Relation  # of a schema: both parts are its name
    arguments: str = ""
    column: str = ""

    def __str__(self) -> str:
        if self.kind == "schema":
            return f"schema {self.on.schema}"
        if self.kind == "function":
            return f"{self.on}({self.arguments})"
        return self.on.column(self.column) if self.column else str(self.on)

    def privileges(self, db: Snapshot) -> tuple[str, ...]:
        """Those that such an object has on this server."""
        if self.column:
            return OF_COLUMNS
        more = ("MAINTAIN",) if self.kind == "table" and db.server_version >= MAINTAIN_SINCE else ()
        return (*PRIVILEGES[self.kind], *more)

    def granted(self, db: Snapshot) -> tuple[Grant, ...] | None:
        """What is granted on it, the defaults included; None where there is no such object."""
        if self.column:
            relation = find_relation(db, self.on)
            columns = relation.columns if relation else ()
            return next((column.grants for column in columns if column.name == self.column), None)
        found = self._found(db)
        if found is None or found[1]:
            return found[1] if found else None
        public = (Grant(grantee="", privilege="EXECUTE"),) if self.kind == "function" else ()
        return (*(Grant(grantee=found[0], privilege=p) for p in self.privileges(db)), *public)

    def _found(self, db: Snapshot) -> tuple[str, tuple[Grant, ...]] | None:
        match self.kind:
            case "table":
                relation = find_relation(db, self.on)
                return (relation.owner, relation.grants) if relation else None
            case "sequence":
                return next(((o.owner, o.grants) for o in db.sequences if o.name == self.on), None)
            case "function":
                return next(((o.owner, o.grants) for o in db.functions
                             if o.name == self.on and o.arguments == self.arguments), None)  # fmt: skip
            case "schema":
                return next(((o.owner, o.grants) for o in db.schemas if o.name == self.on.schema), None)

    def columns(self, db: Snapshot) -> Iterator[Target]:
        """The columns of a table, each a target of its own."""
        relation = find_relation(db, self.on) if self.kind == "table" else None
        for column in relation.columns if relation else ():
            yield Target(kind="table", on=self.on, column=column.name)

    @property
    def sql(self) -> Expression:
        """As it stands after ON."""
        match self.kind:
            case "schema":
                return expression("SCHEMA {s}", s=self.on.schema)
            case "function":
                return expression("ROUTINE {f}({a})", f=self.on, a=raw(Expression(self.arguments)))
            case _:
                return expression("{kind} {on}", kind=raw(Expression(self.kind.upper())), on=self.on)

    @property
    def acl(self) -> Expression:
        """A row of its owner's oid (owner) and its access list (acl), as a sub-select."""
        if self.column:
            return expression(
                "SELECT c.relowner AS owner, coalesce(a.attacl, pg_catalog.acldefault('c', c.relowner)) AS acl"
                " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid"
                " WHERE c.oid = {oid} AND a.attname = {column}",
                oid=raw(proof.oid_of(self.on)), column=Literal(self.column),
            )  # fmt: skip
        match self.kind:
            case "schema":
                return expression(
                    "SELECT nspowner AS owner, coalesce(nspacl, pg_catalog.acldefault('n', nspowner)) AS acl"
                    " FROM pg_catalog.pg_namespace WHERE nspname = {name}", name=Literal(self.on.schema))  # fmt: skip
            case "function":
                return expression(
                    "SELECT p.proowner AS owner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) AS acl"
                    " FROM pg_catalog.pg_proc AS p WHERE p.oid = {oid}",
                    oid=raw(oid_of_function(self.on, self.arguments)))  # fmt: skip
            case _:
                return expression(
                    "SELECT relowner AS owner, coalesce(relacl, pg_catalog.acldefault({kind}, relowner)) AS acl"
                    " FROM pg_catalog.pg_class WHERE oid = {oid}",
                    kind=Literal("s" if self.kind == "sequence" else "r"), oid=raw(proof.oid_of(self.on)))  # fmt: skip

    def give(self, held: Held, *, grantable: bool) -> Statement:
        """GRANT."""
        return ddl("GRANT {what} ON {on} TO {role} {option}", what=raw(self._what(held[1])), on=raw(self.sql),
                   role=raw(role_list((held[0],))),
                   option=raw(Expression("WITH GRANT OPTION" if grantable else "")))  # fmt: skip

    def take(self, held: Held, *, option_only: bool = False) -> Statement:
        """REVOKE, of the right alone to grant it to others where `option_only`."""
        return ddl("REVOKE {option} {what} ON {on} FROM {role}", what=raw(self._what(held[1])), on=raw(self.sql),
                   role=raw(role_list((held[0],))),
                   option=raw(Expression("GRANT OPTION FOR" if option_only else "")))  # fmt: skip

    def _what(self, privilege: str) -> Expression:
        columns = expression(" ({c})", c=self.column) if self.column else Expression("")
        return Expression(privilege.upper() + columns)

    def holds(self, held: Held, *, grantable: bool = False) -> Statement:
        """Whether the role itself holds the privilege, and may grant it where `grantable`."""
        return ddl(
            "SELECT EXISTS (SELECT FROM ({acl}) AS o, pg_catalog.aclexplode(o.acl) AS x"
            " LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee WHERE coalesce(r.rolname, '') = {role}"
            " AND x.privilege_type = {privilege} AND x.is_grantable >= {grantable})",
            acl=raw(self.acl), role=Literal(held[0]), privilege=Literal(held[1]), grantable=grantable,
        )  # fmt: skip

    def note_order(self) -> Statement:
        """Note the access list as it is."""
        return note(str(self), str(self), expression("(SELECT o.acl::text FROM ({acl}) AS o)", acl=raw(self.acl)))

    def restore_order(self) -> Statement:
        """List the holders in the order that was noted; left alone where others than the owner granted something.

        The order means nothing to the server, but a dump shows it. REVOKE on a table takes the columns' privileges
        along, so it is also left alone where a column has any.
        """
        column = expression(" ({c})", c=self.column) if self.column else Expression("")
        body = ddl(
            "DECLARE command text; commands text[]; BEGIN"
            " WITH now AS (SELECT x.*, o.owner, CASE x.grantee WHEN 0 THEN 'PUBLIC'"
            " ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS role,"
            " (SELECT pg_catalog.min(w.ordinality)"
            " FROM pg_catalog.aclexplode(nullif({noted}, '{{}}')::pg_catalog.aclitem[])"
            " WITH ORDINALITY AS w WHERE w.grantee = x.grantee) AS place"
            " FROM ({acl}) AS o, pg_catalog.aclexplode(o.acl) AS x), moves AS ("
            " SELECT 0 AS part, 0::bigint AS place, {revoke} || role AS sql FROM now GROUP BY role"
            " UNION ALL SELECT 1, place, {grant_head} || pg_catalog.string_agg(privilege_type || {column}, ', ')"
            " || {grant_on} || role || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
            " FROM now GROUP BY place, role, is_grantable)"
            " SELECT pg_catalog.array_agg(m.sql ORDER BY m.part, m.place NULLS LAST, m.sql) INTO commands"
            " FROM moves AS m"
            " WHERE NOT EXISTS (SELECT FROM now AS n WHERE n.grantor <> n.owner) AND NOT EXISTS ({on_columns});"
            " FOREACH command IN ARRAY coalesce(commands, '{{}}') LOOP EXECUTE command; END LOOP; END",
            noted=raw(noted(str(self))), acl=raw(self.acl), column=Literal(column),
            revoke=Literal(f"REVOKE ALL{column} ON {self.sql} FROM "), grant_head=Literal("GRANT "),
            grant_on=Literal(f" ON {self.sql} TO "), on_columns=raw(self._on_columns),
        )  # fmt: skip
        return ddl("DO {body}", body=Literal(body))

    @property
    def _on_columns(self) -> Statement:
        if self.kind != "table" or self.column:
            return ddl("SELECT WHERE false")
        return ddl("SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attacl IS NOT NULL",
                   oid=raw(proof.oid_of(self.on)))  # fmt: skip


def oid_of_function(name: Relation, arguments: str) -> Expression:
    """The oid of a function, by its arguments as observed, or NULL."""
    same = expression("pg_catalog.pg_get_function_identity_arguments(f.oid) = {a}", a=Literal(arguments))
    return expression(
        "(SELECT f.oid FROM pg_catalog.pg_proc AS f JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace"
        " WHERE n.nspname = {schema} AND f.proname = {name} AND {same})",
        schema=Literal(name.schema), name=Literal(name.name), same=raw(proof.as_observed(same)),
    )  # fmt: skip


def unknown(db: Snapshot, target: Target, privileges: tuple[str, ...]) -> Iterator[Obstacle]:
    """An object that is not there, or has no such privileges."""
    if target.granted(db) is None:
        yield Obstacle(str(target), f"there is no such {'column' if target.column else target.kind}")
    for privilege in privileges:
        if privilege not in target.privileges(db):
            known = ", ".join(target.privileges(db))
            yield Obstacle(str(target), f"has no privilege {privilege}: it has {known}")


def targets(
    kind: ObjectKind, on: Relation | None, schema: str, columns: tuple[str, ...], arguments: str
) -> tuple[Target, ...]:
    """What a change names: a relation or function by `on`, a schema by its name; ValueError where that does not fit."""
    if (kind == "schema") != bool(schema) or (kind == "schema") == (on is not None):
        raise ValueError("a schema is named by `schema`, anything else by `on`")
    if columns and kind != "table":
        raise ValueError("only tables have columns")
    if on is None:
        return (Target(kind=kind, on=Relation(schema, schema)),)
    if columns:
        return tuple(Target(kind=kind, on=on, column=column) for column in columns)
    return (Target(kind=kind, on=on, arguments=arguments),)


def locks_of_grants(db: Snapshot, on: Relation | None) -> tuple[Lock, ...]:
    """What GRANT and REVOKE lock, where it is a table."""
    if on is None or db.find_table(on) is None or db.server_version < LOCKED_SINCE:
        return ()
    return (Lock(on, LockMode.ACCESS_SHARE),)


def pairs(roles: tuple[str, ...], privileges: tuple[str, ...]) -> tuple[Held, ...]:
    """Each role with each privilege."""
    return tuple(("" if is_public(role) else role, privilege) for role in roles for privilege in privileges)
