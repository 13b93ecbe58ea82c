"""A policy that cannot be asked without being asked again."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, parse_expression
from pgrefit.rules._access import covers, is_users, share_roles
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules._effects import calls, meant, named_tables, tables_meant
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._policies import COMMANDS
from pgrefit.rules.security._views import is_invoker, reads_of, views_by_name

Way = tuple[str, ...]


@rule(
    code="SEC022",
    title="Policy that asks itself",
    why=(
        "Its sub-select reads the table whose policy it is, straight or by way of another table's policy. Every"
        " statement that it applies to fails with “infinite recursion detected in policy”."
    ),
    example="""
        CREATE TABLE member (team int, name text, PRIMARY KEY (team, name));
        ALTER TABLE member ENABLE ROW LEVEL SECURITY;
        CREATE POLICY of_team ON member FOR SELECT USING (
            EXISTS (SELECT FROM member AS m WHERE m.team = member.team AND m.name = current_user));
    """,
    clean="""
        CREATE TABLE member (team int, name text, PRIMARY KEY (team, name));
        ALTER TABLE member ENABLE ROW LEVEL SECURITY;
        CREATE FUNCTION in_team(team int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
            AS $$ SELECT EXISTS (SELECT FROM public.member AS m WHERE m.team = $1 AND m.name = session_user) $$;
        CREATE POLICY of_team ON member FOR SELECT USING (in_team(team));
        CREATE POLICY joining ON member FOR INSERT WITH CHECK (
            NOT EXISTS (SELECT FROM member AS m WHERE m.team = member.team AND m.name = current_user));
        CREATE TABLE task (id int PRIMARY KEY, team int);
        ALTER TABLE task ENABLE ROW LEVEL SECURITY;
        CREATE POLICY of_team ON task USING (team IN (SELECT m.team FROM member AS m));
    """,
)
def recursive_policy(observation: Observation) -> Iterator[Finding]:
    """Policies from which sub-selects lead back to their own table, as the server follows them.

    It follows tables with row security, and views that ask with the rights of their caller. It gives up where it comes
    to a table again whose policies for reading hold any sub-select. What functions do is hidden from it: one that reads
    the table with the rights of its caller is called again and again, until the stack is full.
    """
    db = observation.snapshot
    for table in db.tables:
        if table.row_security and table.policies and is_users(db, table):
            ways = {policy.name: way for policy in table.policies if (way := _way_back(db, table, policy))}
            if ways:
                name, way = min(ways.items(), key=lambda item: (len(item[1]), item[0]))
                yield Finding(
                    object=str(table.name),
                    message=f"policy {name} asks itself: {' → '.join(way)}",
                    severity=Severity.ERROR,
                    evidence=(catalog("policies", tuple(ways)), catalog("way", way)),
                    advice="ask in a function with SECURITY DEFINER and a pinned search_path instead of a sub-select",
                )


def _way_back(db: Snapshot, table: Table, policy: Policy) -> Way:
    """The tables from a policy back to its table; empty where there is no such way."""
    asking = _asking_again(db, table, policy)
    if asking:
        return str(table.name), f"{asking}()", str(table.name)
    seen: set[Relation] = set()

    def follow(reads: set[Relation], way: Way) -> Way:
        for name in sorted(reads - seen):
            found = db.find_table(name)
            asked = _asked(found, policy) if found else []
            if any(map(_has_select, asked)):
                further = (*way, str(name))
                seen.add(name)
                beyond = {other for part in asked for other in _read_by(db, part, "select")}
                back = further if name == table.name else follow(beyond, further)
                if back:
                    return back
        return ()

    start = [_read_by(db, policy, command) for command in COMMANDS if covers(policy, command)]
    return follow({name for found in start for name in found}, (str(table.name),))


def _asking_again(db: Snapshot, table: Table, policy: Policy) -> str:
    """A function that the policy for reading calls and that reads its table with the rights of who asks."""
    if not covers(policy, "select") or policy.using is None:
        return ""
    called = {f.name for tree in _tree(policy.using) for call in calls(tree) for f in meant(db, call)}
    for body in bodies(db) if called else ():
        if body.function.name in called and not body.function.security_definer:
            named = (t for tree in body.trees for t in named_tables(tree))
            if any(table in tables_meant(db, one) for one in named):
                return str(body.function.name)
    return ""


def _asked(table: Table, policy: Policy) -> list[Policy]:
    """The policies by which a sub-select of a role to which `policy` applies reads a table."""
    return [p for p in table.policies if covers(p, "select") and share_roles(p, policy)] if table.row_security else []


def _has_select(policy: Policy) -> bool:
    return policy.using is not None and any(tree.all(pb.SubLink) for tree in _tree(policy.using))


def _read_by(db: Snapshot, policy: Policy, command: str) -> set[Relation]:
    """The tables that the sub-selects of its conditions for a command read, those beneath views among them."""
    found = (policy.using, policy.check) if command in {"insert", "update"} else (policy.using,)
    return {name for condition in found if condition for tree in _tree(condition) for name in _tables(db, tree)}


def _tree(condition: str) -> Iterator[Tree]:
    try:
        yield Tree(parse_expression(condition))
    except UnreadableError:
        return


def _tables(db: Snapshot, tree: Tree) -> Iterator[Relation]:
    for named in tree.all(pb.RangeVar):
        name = Relation(named.schemaname, named.relname)
        view = views_by_name(db).get(name)
        if view is None:
            yield name
        elif is_invoker(view):
            yield from reads_of(db).get(name, ())
