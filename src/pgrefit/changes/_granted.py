"""Privileges of something that is made anew: those that were there, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Grant

TABLE, SEQUENCE = Expression("TABLE"), Expression("SEQUENCE")  # a view is a table here


def role(name: str) -> str:
    """A role as GRANT takes it; '' is PUBLIC."""
    return name or raw(Expression("PUBLIC"))


def given(grant: Grant, on: Relation, *, kind: Expression = TABLE, column: str = "") -> Statement:
    """The GRANT that says it again of `on`, or of one column of it."""
    return ddl(
        "GRANT {privilege} {column} ON {kind} {on} TO {role} {option}", privilege=raw(Expression(grant.privilege)),
        column=raw(expression("({c})", c=column) if column else Expression("")), kind=raw(kind), on=on,
        role=role(grant.grantee), option=raw(Expression("WITH GRANT OPTION" if grant.grantable else "")),
    )  # fmt: skip


def grants(on: Relation, owner: str, held: tuple[Grant, ...], *, kind: Expression = TABLE) -> Iterator[Statement]:
    """The privileges, where they are not those that the owner has by default."""
    if held and owner:
        yield ddl("REVOKE ALL ON {kind} {on} FROM {owner}", kind=raw(kind), on=on, owner=owner)
    yield from (given(grant, on, kind=kind) for grant in held)


def column_grants(columns: tuple[Column, ...], on: Relation) -> Iterator[Statement]:
    """The privileges on single columns."""
    return (given(grant, on, column=column.name) for column in columns for grant in column.grants)


def as_granted(on: Relation, owner: str, held: tuple[Grant, ...], *, kind: Expression = TABLE) -> Iterator[Statement]:
    """Take away what default privileges have given; then grant."""
    body = ddl(
        "DECLARE role text; BEGIN FOR role IN SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC'"
        " ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END"
        " FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x"
        " WHERE c.oid = {name}::pg_catalog.regclass AND x.grantee <> c.relowner LOOP"
        " EXECUTE pg_catalog.format('REVOKE ALL ON {kind} %s FROM %s', {name}, role); END LOOP; END",
        name=Literal(ddl("{n}", n=on)), kind=raw(kind),
    )  # fmt: skip
    yield ddl("DO {body}", body=Literal(body))
    yield from grants(on, owner, held, kind=kind)
