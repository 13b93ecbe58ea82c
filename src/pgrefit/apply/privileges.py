"""What a role must be allowed for the steps of a plan, asked before the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from postgast import pg_query_pb2 as pb

from pgrefit.errors import MissingPrivilege
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.plan import PlanStep, statements
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

JOURNAL = "pgrefit"
OWNERSHIP = "ownership"
SCHEMA = "schema"
DATABASE = "database"
ALL_ROWS = "all rows"
# Statements that only a table's owner may give, and the field that names the table.
OWNERS = {"alter_table_stmt": "relation", "index_stmt": "relation", "rename_stmt": "relation",
          "create_policy_stmt": "table", "alter_policy_stmt": "table"}  # fmt: skip
# Statements that make something in a schema, and the field that names it.
MAKERS = {"create_stmt": "relation", "view_stmt": "view", "create_seq_stmt": "sequence", "index_stmt": "relation"}
WRITERS = {"insert_stmt": "INSERT", "update_stmt": "UPDATE", "delete_stmt": "DELETE"}


class Need(NamedTuple):
    """One privilege: of which kind, and on what (no name: a schema; no schema: the database)."""

    kind: str
    schema: str
    name: str = ""


def check_privileges(conn: Session, steps: Iterable[PlanStep]) -> None:
    """Raise MissingPrivilege that names all that the role lacks for these steps.

    What a step makes for later ones is not there yet, and is its maker's.
    """
    needs = sorted({need for step in steps for text in statements(step.step.do) for need in needed(text)})
    kinds, schemas, names = (list(part) for part in zip(*needs, strict=True)) if needs else ([], [], [])
    lacking = fetch_dicts(conn, "missing_privileges", kinds=kinds, schemas=schemas, names=names)
    if lacking:
        role = conn.execute("SELECT current_user").fetchone()
        raise MissingPrivilege(
            f"role {role[0] if role else '?'} may not do what the plan needs; nothing was changed",
            why="it lacks " + ", ".join(map(_in_words, lacking)),
            next_step="grant it that, or apply as the owner",
        )


def needed(statement: Statement) -> Iterator[Need]:
    """What a statement needs, as far as its text tells."""
    try:
        tree = parse_sql(statement)
    except UnreadableError:
        return
    for node in nodes(tree):
        yield from (need for need in _of(node) if need.schema != JOURNAL)


def _of(node: pb.Node) -> Iterator[Need]:
    kind = node.WhichOneof("node") or ""
    body: Any = getattr(node, kind, None)
    if kind in OWNERS and (table := _name(getattr(body, OWNERS[kind]))):
        yield Need(OWNERSHIP, table.schema, table.name)
    if kind in MAKERS and (made := _name(getattr(body, MAKERS[kind]))):
        yield Need(SCHEMA, made.schema)
    if kind in WRITERS and (table := _name(body.relation)):
        yield Need(WRITERS[kind], table.schema, table.name)
        yield Need(ALL_ROWS, table.schema, table.name)
    match kind:
        case "create_schema_stmt":
            yield Need(DATABASE, "")
        case "create_trig_stmt" if table := _name(body.relation):
            yield Need("TRIGGER", table.schema, table.name)
        case "constraint" if table := _name(body.pktable):
            yield Need("REFERENCES", table.schema, table.name)
        case "create_function_stmt" if len(body.funcname) > 1:
            yield Need(SCHEMA, body.funcname[0].string.sval)
        case "range_var" if table := _name(body):
            yield Need("SELECT", table.schema, table.name)
        case _:
            pass


def _name(of: pb.RangeVar) -> Relation | None:
    """The table that is meant; without a schema it is one of the statement's own."""
    return Relation(of.schemaname, of.relname) if of.schemaname else None


def _in_words(lacking: dict[str, str]) -> str:
    kind, schema, name, owner = (lacking[key] for key in ("kind", "schema", "name", "owner"))
    match kind:
        case "database":
            return "CREATE on the database"
        case "schema":
            return f"CREATE on schema {schema}"
        case "ownership":
            return f"ownership of {Relation(schema, name)} ({owner} has it)"
        case "all rows":
            return f"the sight of all rows of {Relation(schema, name)}, which row security hides"
        case _:
            return f"{kind} on {Relation(schema, name)}"
