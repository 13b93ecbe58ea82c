"""A function that lets everybody do what its owner may do."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import (
    OPEN_ROLES,
    READS,
    WRITES,
    bound_holders,
    bypassing,
    callers,
    covers,
    entrants,
    executors,
    governed,
    schema_owners,
    shown,
)
from pgrefit.rules._ask import catalog, known
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules._effects import named_tables, tables_by_bare_name, tables_meant, written_to
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._definer import TRIGGER_RESULTS, asking, called_by_policies
from pgrefit.rules.security._truth import is_always_true, saying_true

PROOFS = frozenset({"nonce", "otp", "passphrase", "password", "secret", "signature", "token"})


@rule(
    code="SEC016",
    title="SECURITY DEFINER that everybody may call",
    why=(
        "Functions may be executed by PUBLIC unless that is revoked. One with its owner's rights that never asks who"
        " calls it lets every role read or write what only its owner may."
    ),
    example="""
        CREATE TABLE salary (person int PRIMARY KEY, amount int);
        CREATE FUNCTION raise_salary(who int, by int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ UPDATE public.salary SET amount = amount + by WHERE person = who $$;
    """,
    clean="""
        CREATE TABLE salary (person int PRIMARY KEY, login text, amount int);
        CREATE TABLE tariff (grade int PRIMARY KEY, amount int);
        GRANT SELECT ON tariff TO PUBLIC;
        CREATE FUNCTION raise_salary(who int, by int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ UPDATE public.salary SET amount = amount + by WHERE person = who $$;
        REVOKE ALL ON FUNCTION raise_salary FROM PUBLIC;
        CREATE FUNCTION my_salary() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
            AS $$ SELECT amount FROM public.salary WHERE login = session_user $$;
        CREATE FUNCTION tariff_of(grade int) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
            AS $$ SELECT amount FROM public.tariff AS t WHERE t.grade = $1 $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
            AS $$ BEGIN UPDATE public.salary SET amount = 0 WHERE person = NEW.grade; RETURN NEW; END $$;
        CREATE TRIGGER noted AFTER UPDATE ON tariff FOR EACH ROW EXECUTE FUNCTION noted();
    """,
)
def definer_function_for_everybody(observation: Observation) -> Iterator[Finding]:
    """Functions with their owner's rights that anybody may call, that never ask who calls, and for which it matters.

    And functions that hand out rows, or change them, for a role which the policies of the table show only some of them.

    Those that policies call are left out: who reads the table must be able to execute them. So are those to which one
    must bring a secret.
    """
    db = observation.snapshot
    exempt = asking(db) | called_by_policies(db)
    for body in bodies(db):
        function = body.function
        if not function.security_definer or function.name in exempt or function.returns in TRIGGER_RESULTS:
            continue
        if any(PROOFS & set(words(parameter.name)) for parameter in parameters(body.definition)):
            continue
        reached = callers(db, function) & OPEN_ROLES
        open_to = reached or (
            frozenset[str]() if _shut(db, function.name.schema) else executors(db, function) & OPEN_ROLES
        )
        if open_to:
            severity = Severity.WARNING if reached else Severity.INFO
            yield from _judge(db, body, tuple(sorted(map(shown, open_to))), severity)
        else:
            yield from _past_policies(db, body)


def _shut(db: Snapshot, schema: str) -> bool:
    """Whether the schema is kept from others on purpose: they are let into another one that has tables.

    Where they are let into none, grants are made elsewhere, and the function will be open with its schema.
    """
    with_tables = {table.name.schema for table in db.own_tables()}
    return any(entrants(db).get(name, frozenset()) - {schema_owners(db).get(name)} for name in {*with_tables, schema})


def _judge(db: Snapshot, body: Body, open_to: tuple[str, ...], severity: Severity) -> Iterator[Finding]:
    writes = _closed(db, body, writing=True)
    reads = _closed(db, body, writing=False) - writes
    if not writes and not reads and not body.executed:
        return
    does = "runs SQL put together at run time" if body.executed else "writes" if writes else "reads"
    yield Finding(
        object=body.title,
        message=f"{does} with the rights of {body.function.owner} for {' and '.join(open_to)}, whoever that is",
        severity=severity,
        evidence=known((
            catalog("may call it", open_to),
            Evidence(measure="writes to", value=tuple(sorted(map(str, writes))), source="catalog"),
            Evidence(measure="reads", value=tuple(sorted(map(str, reads))), source="catalog"),
        )),
        advice="REVOKE EXECUTE … FROM PUBLIC and grant it to the roles that need it, or ask in it who calls",
    )  # fmt: skip


def _is_open(db: Snapshot, table: Table, wanted: frozenset[str], *, writing: bool) -> bool:
    """Whether callers may do that themselves, with every row."""
    free = _seeing_all(db, table) if not writing else frozenset[str]()
    return bool((free if table.row_security else bound_holders(db, table, wanted)) & OPEN_ROLES)


def _past_policies(db: Snapshot, body: Body) -> Iterator[Finding]:
    """Of functions that hand rows out to roles which see only some of them in the table itself."""
    changed = {t.name for tree in body.trees for named in _changed(tree) for t in tables_meant(db, named)}
    rows = body.function.returns.startswith(("SETOF ", "TABLE("))
    who = callers(db, body.function)
    hidden = {
        t.name: held
        for t in _passed(db, body)
        if (rows or t.name in changed) and (held := who & bound_holders(db, t, READS) - _seeing_all(db, t))
    }
    if hidden:
        roles = tuple(sorted(map(shown, frozenset[str]().union(*hidden.values()))))
        yield Finding(
            object=body.title,
            message=f"{'changes for' if changed & hidden.keys() else 'shows'} {', '.join(roles)} rows of"
            f" {', '.join(map(str, sorted(hidden)))} that row security hides",
            severity=Severity.WARNING,
            evidence=(catalog("may call it", roles), catalog("owner", body.function.owner)),
            advice="SECURITY INVOKER, so that the policies are asked, or filter in it by who calls",
        )


def _changed(tree: Tree) -> Iterator[pb.RangeVar]:
    """Tables of which a statement changes or removes rows; adding some harms nobody's."""
    yield from (statement.relation for kind in (pb.UpdateStmt, pb.DeleteStmt) for statement in tree.all(kind))


def _passed(db: Snapshot, body: Body) -> Iterator[Table]:
    """Tables that it names or returns, and whose policies do not apply to its owner."""
    named = {t.name: t for tree in body.trees for name in named_tables(tree) for t in tables_meant(db, name)}
    returned = body.function.returns.removeprefix("SETOF ")
    named |= {
        t.name: t for t in tables_by_bare_name(db).get(returned.rpartition(".")[2], ()) if str(t.name) == returned
    }
    for table in named.values():
        bound = body.function.owner not in bypassing(db) and (
            body.function.owner != table.owner or table.force_row_security
        )
        if table.row_security and table.policies and not bound:
            yield table


def _seeing_all(db: Snapshot, table: Table) -> frozenset[str]:
    """Roles that a policy for reading hides nothing from."""
    required = {column.name for column in table.columns if column.not_null}
    free = (p for p in table.policies if p.permissive and covers(p, "select") and p.using
            and is_always_true(p.using, required, saying_true(db)))  # fmt: skip
    return frozenset(role for policy in free for role in governed(policy, bound_holders(db, table, READS)))


def _closed(db: Snapshot, body: Body, *, writing: bool) -> set[Relation]:
    """Tables that it writes to, or names, and that its callers themselves may not read or write."""
    found = written_to if writing else named_tables
    tables = {t.name: t for tree in body.trees for named in found(tree) for t in tables_meant(db, named)}
    wanted = WRITES if writing else READS
    return {
        table.name for table in tables.values()
        if not table.extension and not _is_open(db, table, wanted, writing=writing)
    }  # fmt: skip
