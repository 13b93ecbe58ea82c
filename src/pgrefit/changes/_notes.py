"""What a step notes in pgrefit.before_image of the database as it found it, for its proof and its undo."""

from __future__ import annotations

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw

from ._batches import FORGET, THIS_STEP


def note(about: str, what: str, value: Expression) -> Statement:
    """Note a value, an expression of type text, under the name `what`; `about` names the object for people."""
    return ddl(
        "INSERT INTO pgrefit.before_image (run, step, source, key, columns, old, new)"
        " SELECT pg_catalog.current_setting('pgrefit.run')::pg_catalog.uuid,"
        " pg_catalog.current_setting('pgrefit.step'), {about}, '{{}}', ARRAY[{what}], ARRAY[{value}], '{{}}'",
        about=Literal(about), what=Literal(what), value=raw(value),
    )  # fmt: skip


def noted(what: str) -> Expression:
    """The value that this step noted last under that name, as text; NULL where it noted none."""
    return expression(
        "(SELECT b.old[1] FROM pgrefit.before_image AS b WHERE {this_step} AND b.columns = ARRAY[{what}]"
        " ORDER BY b.id DESC LIMIT 1)",
        this_step=raw(THIS_STEP), what=Literal(what),
    )  # fmt: skip


__all__ = ["FORGET", "note", "noted"]
