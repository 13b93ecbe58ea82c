"""A view on views on views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog

DEEPEST = 3  # layers of plain views
DEEPEST_WITH_STORED = 4  # where one of them is materialized


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
        CREATE VIEW v6 AS SELECT id, amount FROM v1;
    """,
)
def deeply_nested_view(observation: Observation) -> Iterator[Finding]:
    """Views more than three layers above the tables that no other view reads; four, where a layer is materialized."""
    db = observation.snapshot
    views = {view.name: view for view in db.views if not view.extension}
    stored = {view.name for view in db.views if view.materialized}
    below = _below(db, views.keys())
    read = {name for names in below.values() for name in names}
    plain = _chains(_below(db, views.keys() - stored))
    for name, chain in _chains(below).items():
        view, layers = views.get(name), plain.get(name, ())
        layers = chain if len(chain) > DEEPEST_WITH_STORED else layers
        if len(layers) > DEEPEST and view and name not in read and is_users(db, view):
            yield _finding(name, layers, [layer for layer in layers[1:] if layer in stored])


def _finding(name: Relation, layers: tuple[Relation, ...], stored: list[Relation]) -> Finding:
    instead = "" if stored else ", or make a layer that is dear and rarely changes materialized"
    return Finding(
        object=str(name),
        message=f"is {len(layers)} layers of views above its tables"
        + (f", {len(stored)} of them materialized, as old as its last refresh" if stored else ""),
        severity=Severity.INFO,
        evidence=(catalog("layers", tuple(str(layer) for layer in layers)),),
        advice=f"write it on the tables{instead}",
    )


def _below(db: Snapshot, views: Set[Relation]) -> dict[Relation, set[Relation]]:
    """Those of the views that each view reads."""
    found: defaultdict[Relation, set[Relation]] = defaultdict(set)
    for use in db.uses:
        if use.kind == "view" and use.relation is not None and use.table in views and use.relation != use.table:
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
