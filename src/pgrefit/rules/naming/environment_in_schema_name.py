"""A schema that is named after an environment."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.rules._access import platform_schemas
from pgrefit.rules._ask import catalog
from pgrefit.rules._names import words

ALWAYS = frozenset({"dev", "int", "preprod", "prod", "prd", "qa", "sit", "staging", "stg", "uat"})
BESIDE_ANOTHER = ALWAYS | {"development", "integration", "live", "production", "sandbox", "test", "testing"}


@rule(
    code="NAM008",
    title="Schema named after an environment",
    why=(
        "Statements, functions and search paths then differ between environments, and what was tested under one name"
        " runs under another; two environments in one database share its connections, its locks and its accidents."
    ),
    example="CREATE SCHEMA shop; CREATE SCHEMA shop_staging; CREATE TABLE shop_staging.sale (id int PRIMARY KEY);",
    clean="""
        CREATE SCHEMA production_lines; CREATE TABLE production_lines.line (id int PRIMARY KEY);
        CREATE SCHEMA lab_test; CREATE TABLE lab_test.result (id int PRIMARY KEY);
        CREATE SCHEMA device; CREATE TABLE device.device (id int PRIMARY KEY);
    """,
)
def environment_in_schema_name(observation: Observation) -> Iterator[Finding]:
    """Schemas of which a word of the name stands for an environment.

    Words that also mean something else (test, production) count where the rest of the name is another schema's.
    """
    db = observation.snapshot
    names = {schema.name for schema in db.schemas if not schema.extension} - platform_schemas(db)
    split = {name: words(name) for name in sorted(names)}
    whole = set(split.values())
    for name, parts in split.items():
        certain = bool({parts[:1], parts[-1:]} & {(word,) for word in ALWAYS})
        beside = [env for env, rest in ((parts[-1:], parts[:-1]), (parts[:1], parts[1:]))
                  if rest and rest in whole and set(env) <= BESIDE_ANOTHER]  # fmt: skip
        if certain or beside:
            yield Finding(
                object=dotted(name),
                message="is named after an environment",
                severity=Severity.INFO,
                evidence=(catalog("words", parts),),
                advice="give each environment a database of its own, with schemas of the same names",
            )
