"""A policy whose sub-select no index serves, and which runs for each row."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Policy, Snapshot, Table
from pgrefit.model.sql_tree import is_readable, nodes, parse_expression, print_expression, value_of
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.security._policies import conditions, protected
from pgrefit.rules.security._row_calls import searching_calls

MANY_ROWS = 1_000
Search = tuple[Relation, str]  # a table, and by what it is searched


@rule(
    code="SEC002",
    title="Policy that searches a table for each row",
    why=(
        "The sub-select compares a converted or computed value with the row, which no index holds, or a function"
        " queries a table each time it is called with the row: what could be asked once is asked for each row."
    ),
    example="""
        CREATE TABLE team (id int PRIMARY KEY, boss text);
        CREATE TABLE task (id int PRIMARY KEY, team text);
        ALTER TABLE task ENABLE ROW LEVEL SECURITY;
        CREATE POLICY by_boss ON task FOR SELECT USING (
            EXISTS (SELECT FROM team WHERE team.id::text = task.team AND team.boss = current_user));
    """,
    clean="""
        CREATE TABLE team (id int PRIMARY KEY, boss text, code text);
        CREATE INDEX ON team (lower(code));
        CREATE TABLE task (id int PRIMARY KEY, team text, team_id int);
        ALTER TABLE task ENABLE ROW LEVEL SECURITY;
        CREATE POLICY by_boss ON task FOR SELECT USING (
            EXISTS (SELECT FROM team WHERE team.id = task.team_id AND team.boss = current_user));
        CREATE POLICY by_code ON task FOR SELECT USING (
            EXISTS (SELECT FROM team WHERE lower(team.code) = task.team));
    """,
)
def policy_subselect_per_row(observation: Observation) -> Iterator[Finding]:
    """Sub-selects of policies that are tied to the row by an expression over the other table that no index has.

    And, in tables of many rows, functions that query a table and are called with a column of the row.
    """
    db = observation.snapshot
    rows = {t.table: t.rows for t in observation.statistics.tables}
    for table in protected(observation):
        many = rows.get(table.name, -1) >= MANY_ROWS
        for policy in table.policies:
            told = list(conditions(policy))
            found = {e for condition in told for e in _unserved(db, condition)}
            called = {e for condition in told for e in searching_calls(db, condition)} if many else set[Search]()
            if found:
                yield _finding(table, policy, rows, found)
            elif called:
                yield _of_calls(table, policy, rows, called)


def _finding(table: Table, policy: Policy, rows: dict[Relation, int], found: set[Search]) -> Finding:
    others = sorted({other for other, _ in found})
    return Finding(
        object=f"{table.name}, policy {policy.name}",
        message=f"searches {', '.join(map(str, others))} for each row by a value that no index has",
        severity=Severity.INFO,
        evidence=(catalog("conditions", tuple(sorted(text for _, text in found))), *_rows(rows, table, others)),
        advice="give both columns the same type, or index the expression",
    )


def _of_calls(table: Table, policy: Policy, rows: dict[Relation, int], called: set[Search]) -> Finding:
    functions, others = sorted({call for _, call in called}), sorted({other for other, _ in called})
    return Finding(
        object=f"{table.name}, policy {policy.name}",
        message=f"calls {', '.join(functions)} for each row, which queries {', '.join(map(str, others))}",
        severity=Severity.INFO,
        evidence=(catalog("functions", tuple(functions)), *_rows(rows, table, others)),
        advice="let a function without arguments return all keys that the asker may see, and compare: key IN (SELECT"
        " keys_of_asker()); it is run once for the statement",
    )


def _rows(rows: dict[Relation, int], table: Table, others: list[Relation]) -> tuple[Evidence, ...]:
    of_others = (statistic(f"rows of {other}", rows.get(other, -1)) for other in others if other != table.name)
    return (*of_others, statistic(f"rows of {table.name}", rows.get(table.name, -1)))


def _unserved(db: Snapshot, condition: str) -> Iterator[tuple[Relation, str]]:
    for node in nodes(parse_expression(condition)):
        select = node.sub_link.subselect.select_stmt if node.HasField("sub_link") else None
        if select is None or not select.HasField("where_clause"):
            continue
        ranges = _ranges(select)
        for equality in nodes(select.where_clause):
            found = _searched(db, equality, ranges) if equality.HasField("a_expr") else None
            if found:
                yield found


def _ranges(select: pb.SelectStmt) -> dict[str, Relation]:
    items = (item.range_var for clause in select.from_clause for item in nodes(clause) if item.HasField("range_var"))
    return {r.alias.aliasname or r.relname: Relation(r.schemaname, r.relname) for r in items}


def _searched(db: Snapshot, node: pb.Node, ranges: dict[str, Relation]) -> tuple[Relation, str] | None:
    """The table of the sub-select, and the equality, where a computed value of it is compared with the outer row."""
    equality = node.a_expr
    if [part.string.sval for part in equality.name] != ["="]:
        return None
    for mine, theirs in ((equality.lexpr, equality.rexpr), (equality.rexpr, equality.lexpr)):
        inner = _qualifiers(mine)
        relation = ranges.get(next(iter(inner))) if len(inner) == 1 else None
        other = db.find_table(relation) if relation else None
        outer = _qualifiers(theirs) and not _qualifiers(theirs) & ranges.keys()
        if other and outer and not mine.HasField("column_ref") and not _indexed(other, mine):
            return other.name, _text(node)
    return None


def _qualifiers(node: pb.Node) -> set[str]:
    paths = [[f.string.sval for f in n.column_ref.fields] for n in nodes(node) if n.HasField("column_ref")]
    return {path[-2] if len(path) > 1 else "" for path in paths}


def _indexed(table: Table, node: pb.Node) -> bool:
    wanted = _bare_text(node)
    return any(_leads(index, wanted) for index in table.indexes)


def _leads(index: Index, wanted: str) -> bool:
    key = index.keys[0]
    readable = index.valid and key.column is None and is_readable(key.expression)
    return readable and _bare_text(value_of(parse_expression(key.expression))) == wanted


def _bare_text(node: pb.Node) -> str:
    """The expression without qualifiers."""
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(node)
    for inner in nodes(tree):
        if inner.HasField("column_ref"):
            last = pb.Node()
            last.CopyFrom(inner.column_ref.fields[-1])
            del inner.column_ref.fields[:]
            inner.column_ref.fields.append(last)
    return print_expression(tree)


def _text(node: pb.Node) -> str:
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(node)
    return print_expression(tree)
