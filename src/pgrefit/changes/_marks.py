"""A comment on a constraint that is about to go: a small step, whose way back validates the constraint anew.

What puts a dropped constraint back holds a strong lock, under which nothing may be read. So it comes back NOT VALID,
and the undo of the step before it, in a transaction of its own, validates it under a lock that blocks nobody.
"""

from __future__ import annotations

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation

from ._column_proof import constraint_comment_is


def mark(table: Relation, name: str, text: str, *, was: str, phase: Phase) -> Step:
    """Say on a constraint what it waits for; `was` is its comment, and so it will be again."""
    return Step(
        title=f"mark {name} of {table}: {text}", phase=phase, do=(comment_on(table, name, text),),
        undo=(validate(table, name), comment_on(table, name, was)),
        locks=(Lock(table, LockMode.ACCESS_SHARE),), work=Work.INSTANT,
        proof=constraint_comment_is(table, name, text),
        why="the way back validates the constraint here, without a lock that blocks anybody",
    )  # fmt: skip


def validate(table: Relation, name: str) -> Statement:
    """VALIDATE CONSTRAINT; at once done where it is valid."""
    return ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=table, name=name)


def comment_on(table: Relation, name: str, text: str) -> Statement:
    """COMMENT ON CONSTRAINT; '' takes it away."""
    comment = Literal(text) if text else raw(Expression("NULL"))
    return ddl("COMMENT ON CONSTRAINT {name} ON {table} IS {text}", name=name, table=table, text=comment)
