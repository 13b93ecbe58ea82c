"""A policy that believes what its client says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.model.sql_tree import function_name, parse_expression
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules._effects import calls
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._policies import conditions, protected

OF_USERS = frozenset({"user_metadata", "raw_user_meta_data"})
HEADERS = ("request.headers", "request.cookies", "request.header.", "request.cookie.")
IDENTITY = frozenset({
    "account", "admin", "customer", "email", "group", "org", "organisation", "organization", "role", "tenant", "user",
})  # fmt: skip


@rule(
    code="SEC014",
    title="Policy that trusts its client",
    why=(
        "Users may change their own metadata, and any client may send any header. A policy that decides by them lets"
        " everybody decide for themselves who they are."
    ),
    example="""
        CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql STABLE
            AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb $$;
        CREATE TABLE invoice (id int PRIMARY KEY, tenant text);
        ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
        CREATE POLICY admins ON invoice USING ((SELECT claims() -> 'user_metadata' ->> 'role') = 'admin');
    """,
    clean="""
        CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql STABLE
            AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb $$;
        CREATE TABLE invoice (id int PRIMARY KEY, tenant text, note text);
        ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
        CREATE POLICY admins ON invoice USING ((SELECT claims() -> 'app_metadata' ->> 'role') = 'admin');
        CREATE POLICY of_tenant ON invoice FOR SELECT USING (tenant = current_setting('app.tenant'));
        CREATE POLICY noted ON invoice FOR SELECT USING (note <> 'user_metadata');
        CREATE POLICY key ON invoice FOR SELECT USING (
            current_setting('request.headers', true)::json ->> 'x-api-key' = current_setting('app.key'));
    """,
)
def policy_trusts_client(observation: Observation) -> Iterator[Finding]:
    """Policies that read, or call a function that reads, what the user or the request says of who it is.

    Settings of the application's own are its own affair, and a header may hold a secret that proves who sends it.
    """
    db = observation.snapshot
    for table in protected(observation):
        found = {policy.name: said for policy in table.policies if (said := _trusted(db, table, policy))}
        if found:
            said = ", ".join(sorted(set(found.values())))
            yield Finding(
                object=str(table.name),
                message=f"policy {', '.join(found)} decides by {said}, which the client chooses",
                severity=Severity.ERROR,
                evidence=tuple(catalog(f"policy {name}", said) for name, said in found.items()),
                advice="decide by what the server knows: app_metadata, a table of roles, signed claims of the token",
            )


def _trusted(db: Snapshot, table: Table, policy: Policy) -> str:
    """What a policy believes; a column of the table itself holds what its own policies let in."""
    own = frozenset(column.name for column in table.columns)
    return next((said for condition in conditions(policy) if (said := _within(db, condition, own))), "")


def _within(db: Snapshot, condition: Expression, own: frozenset[str]) -> str:
    tree = Tree(parse_expression(condition))
    called = (_trusting(db).get(function_name(call), "") for call in calls(tree))
    return _said(tree, own) or next(filter(None, called), "")


@lookup.remembered
def _trusting(db: Snapshot) -> dict[Relation, str]:
    """The user's functions that read such a thing, and what."""
    found = ((b.function.name, said) for b in bodies(db) for tree in b.trees if (said := _said(tree)))
    return dict(found)


def _said(tree: Tree, own: frozenset[str] = frozenset()) -> str:
    """The metadata or header that a statement reads; '' where there is none."""
    columns = (node.fields[-1].string.sval for node in tree.all(pb.ColumnRef) if node.fields)
    columns = (name for name in columns if name not in own)
    keys = list(_keys(tree))
    texts = [node.sval.sval for node in tree.all(pb.A_Const) if node.HasField("sval")]
    metadata = next((name for name in (*columns, *keys) if name in OF_USERS), "")
    headers = any(text.startswith(HEADERS) for text in texts)
    claimed = next((t for t in texts if headers and t not in HEADERS and set(words(t)) & IDENTITY), "")
    return metadata or (f"header {claimed}" if claimed else "")


def _keys(tree: Tree) -> Iterator[str]:
    """Keys of documents that operators reach for: ->, ->>, #> and #>>; the path '{a,b}' is two."""
    for node in tree.all(pb.A_Expr):
        operator = node.name[-1].string.sval if node.name else ""
        if operator in {"->", "->>", "#>", "#>>"}:
            for constant in Tree(node.rexpr).all(pb.A_Const):
                yield from constant.sval.sval.strip("{}").replace('"', "").split(",")
