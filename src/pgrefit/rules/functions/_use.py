"""Where functions are called from without anybody calling them."""

from __future__ import annotations

from collections import defaultdict

from pgrefit.model import lookup
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.rules._access import tables_and_views
from pgrefit.rules._bodies import Body


@lookup.remembered
def attached(db: Snapshot) -> dict[Relation, tuple[Table | View, ...]]:
    """The tables and views whose enabled triggers run a function, by the function."""
    found: defaultdict[Relation, list[Table | View]] = defaultdict(list)
    for relation in tables_and_views(db):
        for trigger in relation.triggers:
            if trigger.enabled != "disabled" and relation not in found[trigger.function]:
                found[trigger.function].append(relation)
    return {function: tuple(relations) for function, relations in found.items()}


def used_by(db: Snapshot, body: Body) -> tuple[str, ...]:
    """The tables whose triggers run it."""
    return tuple(str(relation.name) for relation in attached(db).get(body.function.name, ()))


def severity_by_use(db: Snapshot, body: Body) -> Severity:
    """Of what fails when it is run: writes fail with a trigger function; another may not be called any more."""
    return Severity.ERROR if used_by(db, body) else Severity.WARNING
