"""A function with its owner's rights that finds its objects by the caller's search path."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Function
from pgrefit.rules._ask import catalog


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
    """SECURITY DEFINER functions that set no search path; those whose names were bound when they were made are safe."""
    for function in observation.snapshot.functions:
        set_path = any(setting.startswith("search_path=") for setting in function.settings)
        if function.security_definer and not function.extension and not set_path and not _bound(function):
            yield Finding(
                object=f"{function.name}({function.arguments})",
                message="runs with its owner's rights and the caller's search path",
                severity=Severity.ERROR,
                evidence=(catalog("owner", function.owner), catalog("language", function.language)),
                advice="SET search_path = '' on the function, and qualify the names in it",
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
