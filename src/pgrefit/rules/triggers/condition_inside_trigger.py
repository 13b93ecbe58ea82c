"""A trigger whose function first asks whether there is anything to do."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table, Trigger
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._families import users_tables
from pgrefit.rules._plpgsql import Json
from pgrefit.rules._trees import Tree
from pgrefit.rules.functions._flow import every, outermost, statements_of


@rule(
    code="TRG003",
    title="Condition inside a trigger",
    why=(
        "Each row that is updated queues the trigger and starts its function, only to find that nothing it is about has"
        " changed. WHEN is tested before that, without starting anything."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY, state text);
        CREATE TABLE history (id int PRIMARY KEY, state text);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.state IS DISTINCT FROM OLD.state THEN INSERT INTO history VALUES (NEW.id, NEW.state); END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER noted AFTER UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, state text, changed timestamptz);
        CREATE TABLE history (id int PRIMARY KEY, state text);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO history VALUES (NEW.id, NEW.state), (OLD.id, OLD.state); RETURN NULL; END $$;
        CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.state <> OLD.state THEN NEW.changed := now(); END IF;
            IF NEW.id <> OLD.id THEN RAISE 'no'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER noted AFTER UPDATE ON sale FOR EACH ROW WHEN (NEW.state <> OLD.state)
            EXECUTE FUNCTION noted();
        CREATE TRIGGER stamped BEFORE UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION stamped();
    """,
)
def condition_inside_trigger(observation: Observation) -> Iterator[Finding]:
    """AFTER UPDATE triggers for each row, without WHEN, whose function does nothing unless OLD and NEW differ.

    Or which notes a column's old and new value in a table, without a look at whether they differ.
    """
    db = observation.snapshot
    noting = {body.function.name: said for body in bodies(db) if (said := _notes(body))}
    idle = {body.function.name: said for body in bodies(db) if (said := _condition(body))}
    for table in users_tables(db) if idle or noting else ():
        for trigger in table.triggers:
            if trigger.function in idle and _is_plain(trigger):
                yield _finding(table, trigger, idle[trigger.function])
            elif trigger.function in noting and _is_plain(trigger) and not trigger.update_columns:
                yield _of_notes(table, trigger, noting[trigger.function])


def _finding(table: Table, trigger: Trigger, condition: str) -> Finding:
    return Finding(
        object=Relation(table.name.schema, table.name.name).column(trigger.name),
        message=f"its function is run for every row, and looks first whether {condition}",
        severity=Severity.INFO,
        evidence=(catalog("trigger", str(trigger.definition)), catalog("condition in the function", condition)),
        advice="CREATE TRIGGER … WHEN with that condition",
    )


def _of_notes(table: Table, trigger: Trigger, column: str) -> Finding:
    return Finding(
        object=Relation(table.name.schema, table.name.name).column(trigger.name),
        message=f"notes the old and the new {column} for every row that is updated, changed or not",
        severity=Severity.INFO,
        evidence=(catalog("trigger", str(trigger.definition)), catalog("compares nothing", str(trigger.function))),
        advice=f"CREATE TRIGGER … WHEN (OLD.{column} IS DISTINCT FROM NEW.{column})",
    )


def _notes(body: Body) -> str:
    """A column whose value before and after the function puts into another table, whether it differs or not."""
    if body.function.returns != "trigger" or body.tests or body.executed or len(body.statements) != 1:
        return ""
    inserts = body.statements[0].all(pb.InsertStmt)
    tree = body.statements[0]
    paths = [[p.string.sval.lower() for p in c.fields] for insert in inserts for c in Tree(insert).all(pb.ColumnRef)]
    old, new = ({path[1] for path in paths if len(path) == 2 and path[0] == row} for row in ("old", "new"))
    compared = bool(tree.all(pb.A_Expr)) or any(select.HasField("where_clause") for select in tree.all(pb.SelectStmt))
    return next(iter(sorted(old & new)), "") if not compared else ""


def _is_plain(trigger: Trigger) -> bool:
    after = trigger.row and trigger.timing == "after" and trigger.events == ("update",)
    return after and trigger.enabled != "disabled" and " WHEN (" not in trigger.definition


def _condition(body: Body) -> str:
    """What decides whether the function does anything; '' where it does something in any case."""
    statements = outermost(body) if body.function.returns == "trigger" else []
    block = statements_of(statements[0][1].get("body")) if len(statements) == 1 else []
    kinds = [kind.removeprefix("PLpgSQL_stmt_") for kind, _ in block]
    if kinds[:1] != ["if"] or "elsif_list" in block[0][1] or "else_body" in block[0][1]:
        return ""
    text = _text(block[0][1].get("cond"))
    compares = "new." in text.lower() and "old." in text.lower()
    inside = {kind.removeprefix("PLpgSQL_stmt_") for kind, _ in statements_of(block[0][1].get("then_body"))}
    return text if compares and (kinds[1:] == ["return"] or inside == {"return"}) else ""


def _text(expression: Json) -> str:
    return next((str(value.get("query", "")) for _, value in every([expression])), "")
