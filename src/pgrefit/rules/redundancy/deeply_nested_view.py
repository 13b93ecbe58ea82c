"""A view on views on views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog

DEEPEST = 3


@rule(
    code="RED016",
    title="Deeply nested view",
    why=(
        "Whoever reads it cannot see which tables it joins, some of them twice; no column at the bottom can change"
        " without rebuilding all the layers."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY, amount numeric);
        CREATE VIEW v1 AS SELECT id, amount FROM sale; CREATE VIEW v2 AS SELECT id, amount FROM v1;
        CREATE VIEW v3 AS SELECT id, amount FROM v2; CREATE VIEW v4 AS SELECT id, amount FROM v3;
        CREATE VIEW v5 AS SELECT id, amount FROM v4;
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, amount numeric);
        CREATE VIEW v1 AS SELECT id, amount FROM sale; CREATE VIEW v2 AS SELECT id, amount FROM v1;
        CREATE MATERIALIZED VIEW v3 AS SELECT id, amount FROM v2; CREATE VIEW v4 AS SELECT id, amount FROM v3;
        CREATE VIEW v5 AS SELECT id, amount FROM v4; CREATE VIEW v6 AS SELECT id, amount FROM v1;
    """,
)
def deeply_nested_view(observation: Observation) -> Iterator[Finding]:
    """Views more than three layers above the tables that no other view reads; a materialized one is a table below."""
    db = observation.snapshot
    views = {view.name: view for view in db.views if not view.extension}
    below = _below(db)
    read = {name for names in below.values() for name in names}
    for name, chain in _chains(below).items():
        view = views.get(name)
        if len(chain) > DEEPEST and view and name not in read and is_users(db, view):
            yield Finding(
                object=str(name),
                message=f"is {len(chain)} layers of views above its tables",
                severity=Severity.INFO,
                evidence=(catalog("layers", tuple(str(layer) for layer in chain)),),
                advice="write it on the tables, or make a layer that is dear and rarely changes materialized",
            )


def _below(db: Snapshot) -> dict[Relation, set[Relation]]:
    """The plain views that each view reads."""
    plain = {view.name for view in db.views if not view.materialized}
    found: defaultdict[Relation, set[Relation]] = defaultdict(set)
    for use in db.uses:
        if use.kind == "view" and use.relation is not None and use.table in plain and use.relation != use.table:
            found[use.relation].add(use.table)
    return dict(found)


def _chains(below: dict[Relation, set[Relation]]) -> dict[Relation, tuple[Relation, ...]]:
    """The longest way down from each view, itself first. Views do not read each other in circles."""
    chains: dict[Relation, tuple[Relation, ...]] = {}
    for top in below:
        left = [top]
        while left:
            name = left[-1]
            unknown = [lower for lower in below.get(name, ()) if lower not in chains]
            if unknown:
                left.extend(unknown)
            else:
                longest = max((chains[lower] for lower in below.get(name, ())), key=len, default=())
                chains[left.pop()] = (name, *longest)
    return chains
