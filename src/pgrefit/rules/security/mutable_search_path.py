"""A function with its owner's rights that finds its objects by the caller's search path."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Function, Snapshot
from pgrefit.rules._access import EVERYBODY, executors, is_users, schemas_of_path, shown
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules._effects import named_tables, tables_by_bare_name
from pgrefit.rules.security._definer import TRIGGER_RESULTS

TEMPORARY = "pg_temp"
OWN = "$user"
TAKEN_OVER = 'looks names up by a path with "$user", which was taken over from a session and not chosen for it'


@rule(
    code="SEC003",
    title="SECURITY DEFINER with a mutable search path",
    why=(
        "Whoever may create objects in a schema of their own path can put a table or function of theirs in the place of"
        " one that it means, and it runs that with the rights of its owner."
    ),
    example="""
        CREATE FUNCTION promote(person int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN NULL; END $$;
    """,
    clean="""
        CREATE FUNCTION promote(person int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
        AS $$ BEGIN NULL; END $$;
        CREATE FUNCTION demote(person int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
        CREATE FUNCTION double(n int) RETURNS int LANGUAGE sql SECURITY DEFINER RETURN n * 2;
    """,
)
def mutable_search_path(observation: Observation) -> Iterator[Finding]:
    """SECURITY DEFINER functions of which another than the owner chooses where names are looked up.

    Those whose names were bound when they were made are safe. "$user" is the owner there, and no choice all the same.
    One that nobody else may call yet waits for the first GRANT.
    """
    for function in observation.snapshot.functions:
        if function.security_definer and is_users(observation.snapshot, function) and not _bound(function):
            open_path = _open_path(observation.snapshot, function)
            if open_path:
                reached = _reached(observation.snapshot, function)
                yield Finding(
                    object=f"{function.name}({function.arguments})",
                    message=f"runs with its owner's rights and {open_path}"
                    + ("" if reached else "; nobody else may call it yet"),
                    severity=Severity.ERROR if reached and open_path != TAKEN_OVER else Severity.INFO,
                    evidence=(catalog("owner", function.owner), catalog("language", function.language)),
                    advice="SET search_path = '' on the function, and qualify the names in it",
                )


def _reached(db: Snapshot, function: Function) -> bool:
    return function.returns in TRIGGER_RESULTS or bool(executors(db, function))


def _open_path(db: Snapshot, function: Function) -> str:
    """How others get a say in where it looks names up; '' where they have none."""
    path = next((s.partition("=")[2] for s in function.settings if s.startswith("search_path=")), None)
    if path is None:
        return "the caller's search path"
    named = schemas_of_path(path)
    if TEMPORARY in named[:-1] or (OWN in named and TEMPORARY not in named and _names_bare_table(db, function)):
        return "looks names up among its caller's temporary objects first: pg_temp must come last"
    everybody = executors(db, function) | {EVERYBODY}
    creators = {
        s.name: g.grantee for s in db.schemas for g in s.grants if g.privilege == "CREATE" and g.grantee in everybody
    }
    open_to = {name: shown(creators[name]) for name in sorted(creators.keys() & set(named))}
    if open_to:
        who = ", ".join(sorted({"everybody" if role == "PUBLIC" else role for role in open_to.values()}))
        return f"looks names up in {', '.join(open_to)}, where {who} may create objects"
    return TAKEN_OVER if OWN in named and TEMPORARY not in named else ""


def _names_bare_table(db: Snapshot, function: Function) -> bool:
    """Whether it names a table without its schema; a temporary one of that name comes before all of the path."""
    return any(
        not named.schemaname and named.relname in tables_by_bare_name(db)
        for body in bodies(db)
        if body.function is function
        for tree in body.trees
        for named in named_tables(tree)
    )


def _bound(function: Function) -> bool:
    """Compiled functions, and those with a body of the SQL standard's form, look nothing up by name."""
    if function.language in {"c", "internal"}:
        return True
    if function.language != "sql" or function.definition is None:
        return False
    try:
        tree = postgast.parse(function.definition)
    except postgast.PgQueryError:
        return False
    statement: pb.CreateFunctionStmt = tree.stmts[0].stmt.create_function_stmt
    return bool(statement.HasField("sql_body"))
