"""Indexes: built and dropped beside the work, and worth having."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.lint.actions import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    CreateTable,
    Drop,
    Refresh,
    Reindex,
    Rewrite,
)
from pgrefit.lint.rewrites import ALONE, concurrently, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.specs import ConstraintSpec
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation

MANY_COLUMNS, MANY_INDEXES = 4, 15
CORRUPTING = range(140000, 140004)  # CREATE INDEX CONCURRENTLY may miss rows: mended in 14.4


@lint_rule(
    title="Index built while writes wait",
    why="CREATE INDEX holds SHARE: every INSERT, UPDATE and DELETE waits until the index is built.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);",
    example="CREATE INDEX orders_customer ON orders (customer_id);",
    clean="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
)
def index_without_concurrently(site: Site) -> Iterator[Problem]:
    """CREATE INDEX without CONCURRENTLY on a table that was there before."""
    for action in site.on_old(CreateIndex):
        table = site.state.find(action.table)
        empty = action.only and (table is None or table.partitioned)  # ON ONLY means nothing for other tables
        if action.concurrently or empty:
            continue
        if table is not None and table.partitioned:
            rewrite = script(
                "-- ON ONLY the partitioned table; CONCURRENTLY on each partition; then ALTER INDEX … ATTACH"
            )
        else:
            rewrite = script(ALONE, concurrently(action.node, action.name.name))
        yield Problem(
            message=f"writes to {action.table} wait while {action.name.name} is built", rewrite=rewrite,
            grows_with=action.table,
        )  # fmt: skip


@lint_rule(
    title="CONCURRENTLY on a partitioned table",
    why="The server refuses it: the index is made ON ONLY the partitioned table, CONCURRENTLY on each partition, and"
    " attached.",
    severity=Severity.ERROR,
    before="CREATE TABLE log (at date) PARTITION BY RANGE (at); CREATE TABLE plain (at date);",
    example="CREATE INDEX CONCURRENTLY log_at ON log (at);",
    clean="CREATE INDEX CONCURRENTLY plain_at ON plain (at);",
)
def concurrently_on_partitioned_table(site: Site) -> Iterator[Problem]:
    """CREATE INDEX CONCURRENTLY on a table that is known to be partitioned."""
    for action in site.actions(CreateIndex):
        table = site.state.find(action.table)
        if action.concurrently and table is not None and table.partitioned:
            yield Problem(
                message=f"the server refuses it: {action.table} is partitioned",
                rewrite=script(
                    "-- ON ONLY the partitioned table; CONCURRENTLY on each partition; then ALTER INDEX … ATTACH"
                ),
            )


@lint_rule(
    title="Index dropped while nobody reads or writes",
    why="DROP INDEX waits for ACCESS EXCLUSIVE on the table; behind it every query waits.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);"
    "CREATE INDEX orders_customer ON orders (customer_id);",
    example="DROP INDEX orders_customer;",
    clean="DROP INDEX CONCURRENTLY orders_customer;",
)
def drop_index_without_concurrently(site: Site) -> Iterator[Problem]:
    """DROP INDEX without CONCURRENTLY."""
    for action in site.actions(Drop):
        index = site.state.indexes.get(action.table)
        new = index is not None and (index.made_in == site.state.file or site.state.is_new(index.table))
        if action.kind == "index" and not action.concurrently and not new:
            drop = ddl("DROP INDEX CONCURRENTLY IF EXISTS {i}", i=action.table)
            yield Problem(
                message=f"dropping {action.table} waits for, and then has, the table to itself",
                rewrite=script(ALONE, drop),
            )


@lint_rule(
    title="REINDEX while writes wait",
    why="REINDEX stops writes to the table, and reads by way of the index, until it is built.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY);",
    example="REINDEX INDEX orders_pkey;",
    clean="REINDEX INDEX CONCURRENTLY orders_pkey;",
)
def reindex_without_concurrently(site: Site) -> Iterator[Problem]:
    """REINDEX without CONCURRENTLY."""
    for action in site.actions(Reindex):
        if not action.concurrently and not site.state.is_new(action.table):
            rewrites = {
                "index": ddl("REINDEX INDEX CONCURRENTLY {i}", i=action.table),
                "table": ddl("REINDEX TABLE CONCURRENTLY {i}", i=action.table),
            }
            own = rewrites.get(action.kind, "")
            yield Problem(
                message=f"writes wait while {action.table.name or action.kind} is indexed again",
                rewrite=script(ALONE, own) if own else "", grows_with=action.table,
            )  # fmt: skip


@lint_rule(
    title="Foreign key without an index",
    why="Each DELETE or key UPDATE of a parent row reads the whole child table, and so do joins from the parent.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE customers (id bigint PRIMARY KEY);",
    example="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));",
    clean="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));"
    "CREATE INDEX ON orders (customer_id);",
)
def foreign_key_without_index(site: Site) -> Iterator[Problem]:
    """A foreign key is added whose columns lead no index, neither before nor later.

    A hint where the table is not known, whose indexes nobody has seen, or is new, and small.
    """
    for table, spec in _keys_added(site):
        if not spec.columns or _is_indexed(site, table, spec.columns):
            continue
        known = site.state.find(table)
        seen = known is not None and known.whole
        build = ddl("CREATE INDEX CONCURRENTLY ON {t} ({c})", t=table, c=spec.columns)
        plain = ddl("CREATE INDEX ON {t} ({c})", t=table, c=spec.columns)
        new = site.state.is_new(table) or any(a.table == table for a in site.actions(CreateTable))
        yield Problem(
            message=f"no index of {table} begins with {', '.join(spec.columns)}, of which {spec.parent} is the parent",
            rewrite=script("-- in the same migration, while the table is new:", plain) if new else script(ALONE, build),
            severity=Severity.INFO if new or not seen else None,
        )


def _keys_added(site: Site) -> Iterator[tuple[Relation, ConstraintSpec]]:
    for action in site.statement.actions:
        if isinstance(action, CreateTable):
            yield from ((action.table, c) for c in action.constraints if c.kind == "foreign key")
        elif isinstance(action, AddConstraint) and action.constraint.kind == "foreign key":
            yield action.table, action.constraint
        elif isinstance(action, AddColumn):
            yield from ((action.table, c) for c in action.column.constraints if c.kind == "foreign key")


def _is_indexed(site: Site, table: Relation, columns: tuple[str, ...]) -> bool:
    leading = [index.keys[: len(columns)] for index in site.state.indexes_of(table) if not index.partial]
    here = (action for action in site.statement.actions if action.table == table)
    ahead = (action for action in site.ahead if action.table == table)
    for action in (*here, *site.later_on(table), *ahead):
        if isinstance(action, CreateIndex) and not action.partial:
            leading.append(action.keys[: len(columns)])
        elif isinstance(action, (CreateTable, AddConstraint, AddColumn)):
            specs = _specs(action)
            leading += [c.columns[: len(columns)] for c in specs if c.kind in {"primary key", "unique"}]
    return any(set(keys) == set(columns) for keys in leading)


def _specs(action: CreateTable | AddConstraint | AddColumn) -> tuple[ConstraintSpec, ...]:
    if isinstance(action, AddConstraint):
        return (action.constraint,)
    return action.constraints if isinstance(action, CreateTable) else action.column.constraints


@lint_rule(
    title="Index with many columns",
    why="Wide indexes are large, slow down every write, and the columns after the third rarely narrow a search.",
    severity=Severity.INFO,
    before="CREATE TABLE t (a int, b int, c int, d int, e int);",
    example="CREATE INDEX CONCURRENTLY wide ON t (a, b, c, d, e);",
    clean="CREATE INDEX CONCURRENTLY narrow ON t (a, b, c) INCLUDE (d);",
)
def index_with_many_columns(site: Site) -> Iterator[Problem]:
    """More key columns than four in an index that is not unique."""
    for action in site.actions(CreateIndex):
        if len(action.keys) > MANY_COLUMNS and not action.unique:
            yield Problem(
                message=f"{action.name.name} has {len(action.keys)} key columns; keep those that searches compare, put"
                " others into INCLUDE"
            )


@lint_rule(
    title="Index that names a column twice",
    why="The second time adds nothing but size.",
    severity=Severity.WARNING,
    before="CREATE TABLE t (a int, b int);",
    example="CREATE INDEX CONCURRENTLY twice ON t (a, b, a);",
    clean="CREATE INDEX CONCURRENTLY once ON t (a, b);",
)
def index_names_column_twice(site: Site) -> Iterator[Problem]:
    """The same column twice among an index's keys with the same operator class, or in INCLUDE as well."""
    for action in site.actions(CreateIndex):
        plain = [p.index_elem for p in action.node.index_params if p.index_elem.name]
        keys = [(e.name, tuple(c.string.sval for c in e.opclass)) for e in plain]
        twice = {name for name, opclass in keys if keys.count((name, opclass)) > 1}
        twice |= {name for name in action.include if name and name in action.keys}
        if twice:
            yield Problem(message=f"{action.name.name} names {', '.join(sorted(twice))} twice")


@lint_rule(
    title="Same index once more",
    why="Two indexes on the same columns cost every write twice and serve no search better.",
    severity=Severity.WARNING,
    before="CREATE TABLE t (a int, b int); CREATE INDEX t_a ON t (a);",
    example="CREATE INDEX CONCURRENTLY t_a_again ON t (a);",
    clean="CREATE INDEX CONCURRENTLY t_b ON t (b);",
)
def index_made_before(site: Site) -> Iterator[Problem]:
    """A plain index whose columns, in this order, another has that stays."""
    for action in site.actions(CreateIndex):
        if action.partial or action.include or "" in action.keys or action.method != "btree" or _has_options(action):
            continue
        for name, index in site.state.indexes.items():
            plain = index.method == "btree" and not index.partial
            same = plain and index.table == action.table and index.keys == action.keys
            if same and index.unique >= action.unique and name != action.name and not _dropped_later(site, name):
                yield Problem(message=f"{name} is on the same columns of {action.table} as {action.name.name}")


def _has_options(action: CreateIndex) -> bool:
    elements = [param.index_elem for param in action.node.index_params]
    return any(e.opclass or e.collation or e.ordering > 1 or e.nulls_ordering > 1 for e in elements)


def _dropped_later(site: Site, name: Relation) -> bool:
    return any(isinstance(a, Drop) and a.table == name for s in site.later for a in s.actions)


@lint_rule(
    title="Hash index",
    why="It serves equality alone, cannot be unique, and is seldom smaller or faster than a btree.",
    severity=Severity.INFO,
    before="CREATE TABLE t (a text);",
    example="CREATE INDEX CONCURRENTLY hashed ON t USING hash (a);",
    clean="CREATE INDEX CONCURRENTLY sorted ON t (a);",
)
def hash_index(site: Site) -> Iterator[Problem]:
    """CREATE INDEX … USING hash."""
    for action in site.actions(CreateIndex):
        if action.method == "hash":
            yield Problem(message=f"{action.name.name} is a hash index", rewrite=script(_as_btree(action)))


def _as_btree(action: CreateIndex) -> str:
    changed = pb.IndexStmt()
    changed.CopyFrom(action.node)
    changed.access_method = "btree"
    return concurrently(changed, action.name.name)


@lint_rule(
    title="Table with very many indexes",
    why="Every INSERT, and every UPDATE that is not HOT, writes all of them.",
    severity=Severity.INFO,
    before="CREATE TABLE t ("
    + ", ".join(f"c{n} int" for n in range(16))
    + ");"
    + "".join(f"CREATE INDEX ON t (c{n});" for n in range(15)),
    example="CREATE INDEX CONCURRENTLY one_more ON t (c15);",
    clean="DROP INDEX CONCURRENTLY t_c0_idx;",
)
def table_with_many_indexes(site: Site) -> Iterator[Problem]:
    """One more index where the table has fifteen already."""
    for action in site.actions(CreateIndex):
        count = sum(1 for _ in site.state.indexes_of(action.table))
        if count >= MANY_INDEXES:
            yield Problem(message=f"{action.table} has {count} indexes already")


@lint_rule(
    title="Index dropped before its replacement is there",
    why="Between the two every search that needs it reads the whole table.",
    severity=Severity.WARNING,
    before="CREATE TABLE t (a int, b int); CREATE INDEX t_a ON t (a);",
    example="DROP INDEX CONCURRENTLY t_a; CREATE INDEX CONCURRENTLY t_a_b ON t (a, b);",
    clean="CREATE INDEX CONCURRENTLY t_a_b ON t (a, b); DROP INDEX CONCURRENTLY t_a;",
)
def index_dropped_before_replacement(site: Site) -> Iterator[Problem]:
    """DROP INDEX, and later in the file CREATE INDEX with the same first column, not in one transaction."""
    for action in site.actions(Drop):
        index = site.state.indexes.get(action.table)
        if action.kind != "index" or (index is not None and site.state.is_new(index.table)):
            continue
        own = site.statement.transaction
        apart = (s for s in site.later if s.transaction is None or s.transaction != own)
        for made in (a for s in apart for a in s.actions if isinstance(a, CreateIndex)):
            # IF EXISTS and the same name: what a failed build has left is cleared away
            again = index is None and made.name == action.table and not action.if_exists
            if again or (index is not None and made.table == index.table and made.keys[:1] == index.keys[:1]):
                yield Problem(message=f"{action.table} goes before {made.name.name} is built; build first, then drop")


@lint_rule(
    title="VACUUM FULL or CLUSTER",
    why="The table is written anew while nobody reads or writes; pg_repack, or REPACK of newer servers, does it"
    " online.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY);",
    example="VACUUM FULL orders;",
    clean="VACUUM (ANALYZE) orders;",
)
def vacuum_full_or_cluster(site: Site) -> Iterator[Problem]:
    """VACUUM FULL, CLUSTER."""
    for action in site.on_old(Rewrite):
        name = str(action.table) if action.table.name else "every table"
        yield Problem(
            message=f"{action.command} writes {name} anew while nobody reads or writes it", grows_with=action.table
        )


@lint_rule(
    title="Materialized view refreshed while nobody reads it",
    why="REFRESH without CONCURRENTLY holds ACCESS EXCLUSIVE for as long as its query takes.",
    severity=Severity.WARNING,
    before="CREATE TABLE t (a int); CREATE MATERIALIZED VIEW sums AS SELECT sum(a) FROM t;",
    example="REFRESH MATERIALIZED VIEW sums;",
    clean="REFRESH MATERIALIZED VIEW CONCURRENTLY sums;",
)
def refresh_without_concurrently(site: Site) -> Iterator[Problem]:
    """REFRESH MATERIALIZED VIEW without CONCURRENTLY; it needs a unique index."""
    for action in site.on_old(Refresh):
        if not action.concurrently:
            yield Problem(
                message=f"nobody reads {action.table} while it is refreshed",
                rewrite=script("-- it needs a unique index:", ddl("REFRESH MATERIALIZED VIEW CONCURRENTLY {v}",
                                                                  v=action.table)),
            )  # fmt: skip


@lint_rule(
    title="CONCURRENTLY on a server that loses rows by it",
    why="From 14.0 to 14.3 CREATE INDEX and REINDEX CONCURRENTLY may leave rows out of the index: results are wrong.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE t (a int);",
    example="CREATE INDEX CONCURRENTLY ON t (a);",
    clean="CREATE TABLE s (a int);",
)
def concurrently_corrupts(site: Site) -> Iterator[Problem]:
    """CONCURRENTLY where the server is 14.0 to 14.3."""
    if site.facts is None or site.facts.observation.snapshot.server_version not in CORRUPTING:
        return
    for action in site.statement.actions:
        if isinstance(action, CreateIndex | Reindex) and action.concurrently:
            yield Problem(
                message=f"on this server {action.table} may get an index without all its rows; update to 14.4"
            )
