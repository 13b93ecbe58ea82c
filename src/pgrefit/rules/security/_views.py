"""Views, and with whose rights they read."""

from __future__ import annotations

from collections import defaultdict

from pgrefit.changes.enable_row_security import INVOKER
from pgrefit.model import lookup
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, View

BARRIER = frozenset({"security_barrier=true", "security_barrier=on", "security_barrier=1", "security_barrier=yes"})


@lookup.remembered
def views_by_name(db: Snapshot) -> dict[Relation, View]:
    """Views by name."""
    return {view.name: view for view in db.views}


def is_invoker(view: View) -> bool:
    """Whether it reads with the rights of who asks it."""
    return not view.materialized and bool(INVOKER & set(view.options))


def is_barrier(view: View) -> bool:
    """Whether it was made to hide rows."""
    return bool(BARRIER & set(view.options))


@lookup.remembered
def reads_of(db: Snapshot) -> dict[Relation, frozenset[Relation]]:
    """What each view reads: tables and other views, as the server recorded it."""
    found: defaultdict[Relation, set[Relation]] = defaultdict(set)
    for use in (*db.uses, *db.whole_uses):
        if use.kind == "view" and use.relation:
            found[use.relation].add(use.table)
    return {view: frozenset(read) for view, read in found.items()}
