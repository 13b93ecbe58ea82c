"""A view that shows rows which row security hides."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.rules._access import (
    API_ROLES,
    EVERYBODY,
    OPEN_ROLES,
    READS,
    bound_holders,
    bypassing,
    is_granted,
    is_users,
    platform_schemas,
    shown,
)
from pgrefit.rules._ask import catalog
from pgrefit.rules._effects import called_name, calls, meant
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._definer import asking, asks_who
from pgrefit.rules.security._policies import columns_of_asker, conditions
from pgrefit.rules.security._views import is_barrier, is_invoker, reads_of, views_by_name

INVOKER_SINCE = 150000
SUMMARIES = frozenset({
    "array_agg", "avg", "bool_and", "bool_or", "count", "every", "json_agg", "jsonb_agg", "max", "min", "string_agg",
    "sum",
})  # fmt: skip
ASKING_VALUES = frozenset({pb.SVFOP_CURRENT_USER, pb.SVFOP_USER, pb.SVFOP_SESSION_USER, pb.SVFOP_CURRENT_ROLE})


@rule(
    code="SEC015",
    title="View past row security",
    why=(
        "A view reads with the rights of its owner, to whom the policies of the tables beneath do not apply: whoever"
        " may read the view sees every row. What a materialized view stored is not looked at again at all."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text, subject text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE VIEW subject AS SELECT id, subject FROM letter;
        GRANT SELECT ON letter, subject TO PUBLIC;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text, subject text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE TABLE country (code text PRIMARY KEY);
        CREATE VIEW mine AS SELECT id, subject FROM letter WHERE owner = current_user;
        CREATE VIEW total AS SELECT count(*) FROM letter;
        CREATE MATERIALIZED VIEW per_subject AS SELECT subject, count(*) FROM letter GROUP BY subject;
        CREATE VIEW countries AS SELECT code FROM country;
        CREATE VIEW internal AS SELECT id, subject FROM letter;
        GRANT SELECT ON letter, mine, total, per_subject, countries TO PUBLIC;
    """,
)
def view_past_row_security(observation: Observation) -> Iterator[Finding]:
    """Views of owners to whom the policies beneath do not apply, that others may read and that do not ask who reads.

    Summaries are left out, but for those by what the policies tell apart (a tenant, an owner), and so are views made to
    hide rows: they show on purpose what the tables do not.
    """
    db = observation.snapshot
    for view in db.views:
        if is_users(db, view) and not is_invoker(view):
            passed = _passed(db, view)
            readers = _readers(db, view, passed) if passed else frozenset[str]()
            tree = _tree(view) if readers else None
            if tree and not _asks(db, tree) and not _is_summary(db, passed, tree):
                filters = any(map(_filters, tree.all(pb.SelectStmt)))
                if filters and is_barrier(view):
                    continue
                grave = bool(readers & OPEN_ROLES) and is_granted(view) and not filters
                yield _finding(db, view, readers, passed, Severity.ERROR if grave else Severity.WARNING)


def _finding(
    db: Snapshot, view: View, readers: frozenset[str], passed: tuple[Relation, ...], severity: Severity
) -> Finding:
    who = tuple(sorted(map(shown, readers))) if is_granted(view) else ("whoever is granted it",)
    kind = "materialized view" if view.materialized else "view"
    may = view.materialized or db.server_version < INVOKER_SINCE
    return Finding(
        object=str(view.name),
        message=f"a {kind} that shows {', '.join(who)} rows of {', '.join(map(str, passed))} which row security hides",
        severity=severity,
        evidence=(catalog("may read it", who), catalog("owner", view.owner),
                  catalog("reads past row security", tuple(map(str, passed)))),
        advice="take SELECT on it away from those roles, or filter in it by who asks" if may
        else "ALTER VIEW … SET (security_invoker = true), or filter in it by who asks",
    )  # fmt: skip


def _readers(db: Snapshot, view: View, passed: tuple[Relation, ...]) -> frozenset[str]:
    """Who may read it; PUBLIC where nothing is granted on it nor on what it reads: grants are made elsewhere, then."""
    tables = [table for name in passed if (table := db.find_table(name))]
    if is_granted(view) or any(map(is_granted, tables)):
        return bound_holders(db, view, READS)
    return frozenset({EVERYBODY})


def _passed(db: Snapshot, view: View) -> tuple[Relation, ...]:
    """Tables beneath whose policies do not apply to the owner of the view; the accounts of a platform are as shut."""
    tables = _tables(db, view, set())
    return tuple(sorted(
        t.name for t in tables if t.name in _accounts(db) or (t.row_security and not _binds(db, t, view.owner))
    ))  # fmt: skip


@lookup.remembered
def _accounts(db: Snapshot) -> frozenset[Relation]:
    """Tables with passwords that a platform keeps in a schema of its own, and that its API does not show."""
    inside = (table for table in db.tables if table.name.schema in platform_schemas(db))
    secret = (t for t in inside if any("password" in words(column.name) for column in t.columns))
    return frozenset(table.name for table in secret if not bound_holders(db, table, READS) & API_ROLES)


def _binds(db: Snapshot, table: Table, owner: str) -> bool:
    return owner not in bypassing(db) and (owner != table.owner or table.force_row_security)


def _tables(db: Snapshot, view: View, seen: set[Relation]) -> Iterator[Table]:
    """Tables that the view reads, straight or through views that read with its owner's rights."""
    for name in reads_of(db).get(view.name, frozenset()) - seen:
        seen.add(name)
        table, inner = db.find_table(name), views_by_name(db).get(name)
        if table:
            yield table
        elif inner and inner.owner == view.owner and not is_invoker(inner):
            yield from _tables(db, inner, seen)


def _tree(view: View) -> Tree | None:
    try:
        return Tree(parse_sql(view.definition))
    except UnreadableError:
        return None


def _filters(select: pb.SelectStmt) -> bool:
    """Whether it shows some rows alone, and so may have been made to publish those."""
    return bool(select.HasField("where_clause"))


def _asks(db: Snapshot, tree: Tree) -> bool:
    """Whether it looks at who reads."""
    values = any(value.op in ASKING_VALUES for value in tree.all(pb.SQLValueFunction))
    return values or asks_who(tree) or any(f.name in asking(db) for call in calls(tree) for f in meant(db, call))


def _is_summary(db: Snapshot, passed: tuple[Relation, ...], tree: Tree) -> bool:
    """Whether it adds rows up; a row for each of those whom the policies tell apart is theirs all the same."""
    whose = {c for name in passed for policy in db.table(name).policies for e in conditions(policy)
             for c in columns_of_asker(e)}  # fmt: skip
    keys = [column for select in tree.all(pb.SelectStmt) for key in select.group_clause
            for column in Tree(key).all(pb.ColumnRef)]  # fmt: skip
    by = {column.fields[-1].string.sval for column in keys}
    rows = any(_is_key_of(db, passed, tree, column) for column in keys)
    return any(map(_adds_up, tree.all(pb.SelectStmt))) and not whose & by and not rows


def _is_key_of(db: Snapshot, passed: tuple[Relation, ...], tree: Tree, column: pb.ColumnRef) -> bool:
    """Whether it is the key of one of these tables, so that there is a line for each of its rows."""
    path = [part.string.sval for part in column.fields]
    named = {r.alias.aliasname or r.relname: Relation(r.schemaname, r.relname) for r in tree.all(pb.RangeVar)}
    table = named.get(path[-2]) if len(path) > 1 else None
    return table in passed and db.table(table).primary_key == (path[-1],) if table else False


def _adds_up(select: pb.SelectStmt) -> bool:
    """Whether a row of it stands for many: not those of sub-selects in its list."""
    results = (target.res_target.val for target in select.target_list)
    return bool(select.group_clause) or any(
        result.HasField("func_call") and called_name(result.func_call) in SUMMARIES for result in results
    )
