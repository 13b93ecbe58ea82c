"""A trigger that was switched off."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._said import on_purpose


@rule(
    code="TRG001",
    title="Disabled trigger",
    why=(
        "Triggers are switched off for a load and forgotten. What this one keeps up (a history, a sum, a check, or with"
        " DISABLE TRIGGER ALL a foreign key) has not been kept up since, and nothing says so."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER noted BEFORE UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        ALTER TABLE sale DISABLE TRIGGER noted;
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER noted BEFORE UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE TRIGGER replicated BEFORE UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        ALTER TABLE sale ENABLE REPLICA TRIGGER replicated;
    """,
)
def disabled_trigger(observation: Observation) -> Iterator[Finding]:
    """Tables with triggers that never fire, those of constraints among them; those for replicas alone are meant so.

    Event triggers, which watch over changes of the schema, too.
    """
    db = observation.snapshot
    for name in db.disabled_event_triggers:
        yield Finding(
            object=f"event trigger {name}",
            message="is disabled: changes of the schema go by unseen",
            severity=Severity.WARNING,
            evidence=(catalog("disabled event trigger", name),),
            advice="ALTER EVENT TRIGGER … ENABLE, or drop it",
        )
    for table in users_tables(db):
        off, unchecked = _off(db, table), _unchecked(table)
        if off or unchecked:
            yield Finding(
                object=str(table.name),
                message="; ".join(_says(off, unchecked)),
                severity=Severity.ERROR if unchecked else Severity.WARNING,
                evidence=(
                    *((catalog("disabled triggers", off),) if off else ()),
                    *((catalog("constraints that are not checked", unchecked),) if unchecked else ()),
                    statistic("rows", observation.rows(table.name)),
                ),
                advice="mend what was missed, then ALTER TABLE … ENABLE TRIGGER, or drop the trigger",
            )


def _says(off: tuple[str, ...], unchecked: tuple[str, ...]) -> Iterator[str]:
    if off:
        yield f"{', '.join(off)} {'is' if len(off) == 1 else 'are'} disabled: nothing fires"
    if unchecked:
        yield f"the triggers of {', '.join(unchecked)} are disabled: nothing is checked"


def _unchecked(table: Table) -> tuple[str, ...]:
    return tuple(c.name for c in table.constraints if not c.checked and not c.inherited)


def _off(db: Snapshot, table: Table) -> tuple[str, ...]:
    """Those of a partition that are off with the whole one's are said of that."""
    whole = db.find_table(table.partition_of) if table.partition_of else None
    told = {trigger.name for trigger in whole.triggers if trigger.enabled == "disabled"} if whole else set[str]()
    off = (t for t in table.triggers if t.enabled == "disabled" and not on_purpose(t.comment))
    return tuple(trigger.name for trigger in off if trigger.name not in told)
