"""Privileges of something that is made anew: those that were there, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant


def role(name: str) -> str:
    """A role as GRANT takes it; '' is PUBLIC."""
    return name or raw(Expression("PUBLIC"))


def option(grant: Grant) -> Expression:
    """WITH GRANT OPTION, where it was given so."""
    return Expression("WITH GRANT OPTION" if grant.grantable else "")


def as_granted(kind: str, name: Relation, owner: str, grants: tuple[Grant, ...]) -> Iterator[Statement]:
    """Take away what default privileges have given; then grant. `kind` is TABLE (also for a view) or SEQUENCE."""
    what = raw(Expression(kind))
    body = ddl(
        "DECLARE role text; BEGIN FOR role IN SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC'"
        " ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END"
        " FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x"
        " WHERE c.oid = {name}::pg_catalog.regclass AND x.grantee <> c.relowner LOOP"
        " EXECUTE pg_catalog.format('REVOKE ALL ON {kind} %s FROM %s', {name}, role); END LOOP; END",
        name=Literal(ddl("{n}", n=name)), kind=what,
    )  # fmt: skip
    yield ddl("DO {body}", body=Literal(body))
    if grants and owner:
        yield ddl("REVOKE ALL ON {kind} {name} FROM {owner}", kind=what, name=name, owner=owner)
    for grant in grants:
        yield ddl(
            "GRANT {privilege} ON {kind} {name} TO {grantee} {option}", privilege=raw(Expression(grant.privilege)),
            kind=what, name=name, grantee=role(grant.grantee), option=raw(option(grant)),
        )  # fmt: skip
