"""A trigger that hands back the version of the row which is not there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from postgast import PgQueryError, scan
from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Trigger
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, statistic, tables
from pgrefit.rules._bodies import Body, bodies, source
from pgrefit.rules._effects import calls, meant

FORGOTTEN = "NULL, though it fills NEW"  # what some return who meant RETURN NEW
LOST = {"delete": {"new"}, "insert": {"old", FORGOTTEN}, "update": {FORGOTTEN}}
DONE = {"delete": "deleted", "insert": "inserted", "update": "updated"}
COMMENTS = {pb.Token.SQL_COMMENT, pb.Token.C_COMMENT}


@rule(
    code="TRG002",
    title="Trigger that swallows writes",
    why=(
        "A BEFORE trigger that returns NULL cancels the write without an error. NEW is NULL on DELETE, and OLD on"
        " INSERT: one that returns it there leaves all rows where they are, or lets none in, and reports success."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY);
        CREATE TABLE history (what text);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO history VALUES ('changed');
            RETURN NEW;
        END $$;
        CREATE TRIGGER noted BEFORE UPDATE OR DELETE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, gone boolean);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER noted BEFORE INSERT OR UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE TRIGGER noted_after AFTER DELETE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE FUNCTION either() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$;
        CREATE TRIGGER either BEFORE UPDATE OR DELETE ON sale FOR EACH ROW EXECUTE FUNCTION either();
        CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE sale SET gone = true WHERE id = OLD.id; RETURN NULL; END $$;
        CREATE TRIGGER kept BEFORE DELETE ON sale FOR EACH ROW EXECUTE FUNCTION kept();
    """,
)
def trigger_that_swallows_writes(observation: Observation) -> Iterator[Finding]:
    """BEFORE triggers for each row whose function always returns NEW on DELETE, or OLD on INSERT.

    One that returns NULL, as for a deletion that only marks the row, says what it means; not so one that sets columns
    of NEW and does nothing else.
    """
    returned = _returned(observation.snapshot)
    for table in tables(observation):
        if is_users(observation.snapshot, table):
            swallowed = ((t, returned.get(t.function, "")) for t in table.triggers)
            lost = {t.name: (said, event) for t, said in swallowed for event in _swallowed(t, said)}
            if lost:
                yield Finding(
                    object=str(table.name),
                    message="; ".join(f"{name} returns {said if said == FORGOTTEN else said.upper()} on"
                                      f" {event.upper()}, so that no row is {DONE[event]}"
                                      for name, (said, event) in lost.items()),
                    severity=Severity.ERROR,
                    evidence=(*(catalog(f"trigger {name}", event) for name, (_, event) in lost.items()),
                              statistic("rows", observation.rows(table.name))),
                    advice="return OLD on DELETE and NEW on INSERT, told apart by TG_OP",
                )  # fmt: skip


def _swallowed(trigger: Trigger, returned: str) -> Iterator[str]:
    if trigger.timing == "before" and trigger.row and trigger.enabled != "disabled":
        yield from (event for event in trigger.events if returned in LOST.get(event, ()))


@lookup.remembered
def _returned(db: Snapshot) -> dict[Relation, str]:
    """What trigger functions return: new, old or another name; only those that return one thing, whatever happens."""
    found = ((b.function.name, _returns(db, b)) for b in bodies(db) if b.function.returns == "trigger")
    return {name: next(iter(returns)) for name, returns in found if len(returns) == 1}


def _returns(db: Snapshot, body: Body) -> set[str]:
    """The words after RETURN; none where it can be told what fired it, or where it may go on to change them."""
    words = _words(source(body.definition))
    returned = {after for word, after in pairwise(words) if word == "return"}
    if returned == {"null"} and _fills_alone(db, body):
        return {FORGOTTEN}
    if {"tg_op", "tg_when"} & set(words) or {"new", "old"} & {name for name, _ in body.assigned} or body.executed:
        return set()
    return returned


def _fills_alone(db: Snapshot, body: Body) -> bool:
    """Whether it sets NEW, or columns of it, and leaves no other trace: no statement, no call of a user's function."""
    if body.statements or body.executed or body.handles_errors:
        return False
    fills = "new" in {name for name, _ in body.assigned}
    return fills and not any(meant(db, call) for tree in body.expressions for call in calls(tree))


def _words(text: str) -> list[str]:
    data = text.encode()
    try:
        tokens = [token for token in scan(text).tokens if token.token not in COMMENTS]
    except PgQueryError:
        return []
    return [data[token.start : token.end].decode().lower() for token in tokens]
