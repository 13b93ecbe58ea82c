"""A view made again as it was observed."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import View

from ._granted import as_granted, column_grants


def create_view(name: Relation, options: dict[str, str], select: Expression, *, replace: bool = False) -> Statement:
    """CREATE VIEW, OR REPLACE, with these options and no others."""
    settings = joined([expression("{k} = {v}", k=k, v=Literal(v)) for k, v in options.items()])
    return ddl(
        "CREATE {replace} VIEW {name} {settings} AS {select}", name=name, select=raw(select),
        replace=raw(Expression("OR REPLACE" if replace else "")),
        settings=raw(expression("WITH ({s})", s=raw(settings)) if options else Expression("")),
    )  # fmt: skip


def options_of(view: View) -> dict[str, str]:
    """Its options: security_invoker, security_barrier, check_option."""
    return {name: value for name, _, value in (option.partition("=") for option in view.options)}


def made_again(view: View) -> Iterator[Statement]:
    """The view with its owner, privileges, comments and defaults; its triggers are not among them."""
    yield create_view(view.name, options_of(view), view.definition)
    if view.owner:
        yield ddl("ALTER VIEW {v} OWNER TO {o}", v=view.name, o=view.owner)
    yield from as_granted(view.name, view.owner, view.grants)
    if view.comment:
        yield ddl("COMMENT ON VIEW {v} IS {text}", v=view.name, text=Literal(view.comment))
    for column in view.columns:
        if column.default is not None:
            yield ddl("ALTER VIEW {v} ALTER COLUMN {c} SET DEFAULT {d}",
                      v=view.name, c=column.name, d=raw(column.default))  # fmt: skip
        if column.comment:
            yield ddl("COMMENT ON COLUMN {v}.{c} IS {text}", v=view.name, c=column.name,
                      text=Literal(column.comment))  # fmt: skip
    yield from column_grants(view.columns, view.name)
