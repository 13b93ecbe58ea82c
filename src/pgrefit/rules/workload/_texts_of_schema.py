"""What the database asks itself: its views and functions, as far as they read tables of skewed columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, View
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.model.statistics import Statistics
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules.workload._texts import Text
from pgrefit.rules.workload._wanted import commonest

NEARLY_ALL, FEWEST_ROWS = 0.95, 1_000
WORD = re.compile(r"\w+")
FOLDS = re.compile(r"\b(lower|upper)\s*\(", re.IGNORECASE)


@remembered
def texts_of_schema(observation: Observation) -> tuple[Text, ...]:
    """The queries of views and functions that read a table with a column that is the same in nearly all rows."""
    db, about = observation.snapshot, frozenset(_skewed(observation.statistics))
    return (*_of_views(db, about), *_of_functions(db, about)) if about else ()


def _skewed(statistics: Statistics) -> Iterator[Relation]:
    for table in statistics.tables:
        if table.rows >= FEWEST_ROWS and any(NEARLY_ALL <= commonest(column)[1] < 1 for column in table.columns):
            yield table.table


def _of_views(db: Snapshot, about: frozenset[Relation]) -> Iterator[Text]:
    reading = {use.relation for use in (*db.uses, *db.whole_uses) if use.kind == "view" and use.table in about}
    return _read(view for view in db.views if view.name in reading)


def _read(views: Iterable[View]) -> Iterator[Text]:
    for view in views:
        if not view.extension and view.definition:
            try:
                statement = parse_sql(view.definition).stmts[0].stmt
            except UnreadableError:
                continue
            yield Text(name=f"view {view.name}", sql=view.definition, statement=statement,
                       nodes=tuple(nodes(statement)), share=0.0)  # fmt: skip


def _of_functions(db: Snapshot, about: frozenset[Relation]) -> Iterator[Text]:
    words = {word for table in about for word in WORD.findall(table.name)}
    for body in bodies(db):
        if not words.isdisjoint(WORD.findall(str(body.function.definition))):
            yield from _run_by(body)


def _run_by(body: Body) -> Iterator[Text]:
    for tree in body.statements:
        below = tuple(nodes(tree.root))
        if below:
            yield Text(name=f"function {body.title}", sql=str(body.function.definition), statement=below[0],
                       nodes=below, share=0.0)  # fmt: skip


@remembered
def texts_that_fold(db: Snapshot) -> tuple[Text, ...]:
    """The queries of views and functions that have lower() or upper() in them."""
    folding = (body for body in bodies(db) if FOLDS.search(str(body.function.definition)))
    views = (view for view in db.views if FOLDS.search(str(view.definition)))
    return (*_read(views), *chain.from_iterable(map(_run_by, folding)))
