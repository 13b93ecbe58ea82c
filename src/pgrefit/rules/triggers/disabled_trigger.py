"""A trigger that was switched off."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, statistic, tables


@rule(
    code="TRG001",
    title="Disabled trigger",
    why=(
        "Triggers are switched off for a load and forgotten. What this one keeps up (a history, a sum, a check) has not"
        " been kept up since, and nothing says so."
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
    """Tables with triggers that never fire; those for replicas alone are meant so."""
    for table in tables(observation):
        off = _off(table) if is_users(observation.snapshot, table) else ()
        if off:
            yield Finding(
                object=str(table.name),
                message=f"{', '.join(off)} {'is' if len(off) == 1 else 'are'} disabled: nothing fires",
                severity=Severity.WARNING,
                evidence=(
                    catalog("disabled triggers", off),
                    statistic("rows", observation.rows(table.name)),
                ),
                advice="mend what was missed, then ALTER TABLE … ENABLE TRIGGER, or drop the trigger",
            )


def _off(table: Table) -> tuple[str, ...]:
    return tuple(trigger.name for trigger in table.triggers if trigger.enabled == "disabled")
