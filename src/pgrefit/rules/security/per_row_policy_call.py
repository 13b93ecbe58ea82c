"""A policy that asks the same question anew for every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgrefit.changes.rewrite_policy import RewritePolicy
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Table
from pgrefit.model.sql_tree import stable_calls, to_init_plan
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.security._policies import conditions, protected, stable_functions


@rule(
    code="SEC001",
    title="Policy that calls a function for each row",
    why=(
        "The call gives the same answer for the whole statement, yet it is made for every row that is looked at, and is"
        " often dearer than the row. As (SELECT …) the server makes it once, and can use it to look up an index."
    ),
    example="""
        CREATE FUNCTION whoami() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.user', true)::int $$;
        CREATE TABLE letter (id int PRIMARY KEY, owner int, team int);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = whoami()) WITH CHECK (owner = whoami());
        CREATE POLICY of_team ON letter FOR SELECT USING (team = current_setting('app.team')::int);
    """,
    clean="""
        CREATE FUNCTION whoami() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.user', true)::int $$;
        CREATE FUNCTION may_see(owner int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT owner = 1 $$;
        CREATE TABLE letter (id int PRIMARY KEY, owner int, team int, sent_at timestamptz);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = (SELECT whoami()));
        CREATE POLICY told ON letter FOR SELECT USING (may_see(owner) AND sent_at < now());
        CREATE POLICY named ON letter FOR SELECT USING ('whoami()' <> owner::text);
    """,
)
def per_row_policy_call(observation: Observation) -> Iterator[Finding]:
    """For each table, the policies with such calls; functions, not names, are what counts."""
    functions = stable_functions(observation)
    rows = {t.table: t.rows for t in observation.statistics.tables}
    for table in protected(observation):
        calls = {policy: _calls(policy, functions) for policy in table.policies}
        concerned = {policy: made for policy, made in calls.items() if made}
        if concerned:
            yield _finding(table, concerned, functions, rows.get(table.name, -1))


def _calls(policy: Policy, functions: Collection[Relation]) -> tuple[Relation, ...]:
    return tuple(call for condition in conditions(policy) for call in stable_calls(condition, functions))


def _finding(
    table: Table, concerned: dict[Policy, tuple[Relation, ...]], functions: Collection[Relation], rows: int
) -> Finding:
    called = sorted({str(call) for calls in concerned.values() for call in calls})
    count = len(concerned)
    return Finding(
        object=str(table.name),
        message=f"{count} {'policy calls' if count == 1 else 'policies call'} {', '.join(called)} for every row",
        severity=Severity.WARNING,
        evidence=(
            catalog("policies", tuple(policy.name for policy in concerned)),
            catalog("calls", sum(map(len, concerned.values()))),
            *((statistic("rows", rows),) if rows >= 0 else ()),
        ),
        remedy=tuple(_rewritten(table, policy, functions) for policy in concerned),
    )


def _rewritten(table: Table, policy: Policy, functions: Collection[Relation]) -> RewritePolicy:
    readable = set(conditions(policy))

    def over(condition: Expression | None) -> Expression | None:
        if condition is None or condition not in readable or not stable_calls(condition, functions):
            return None
        return to_init_plan(condition, functions)

    return RewritePolicy(table=table.name, policy=policy, using=over(policy.using), check=over(policy.check))
