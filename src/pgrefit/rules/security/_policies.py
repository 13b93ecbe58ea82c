"""Policies and the functions that they call."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Table
from pgrefit.model.sql_tree import is_readable

CURRENT_SETTING = Relation("pg_catalog", "current_setting")


def protected(observation: Observation) -> Iterator[Table]:
    """The user's tables that have policies."""
    return (table for table in observation.snapshot.own_tables() if table.policies)


def conditions(policy: Policy) -> Iterator[Expression]:
    """What a policy asks of a row, as far as it can be read."""
    return (condition for condition in (policy.using, policy.check) if condition and is_readable(condition))


def stable_functions(observation: Observation) -> frozenset[Relation]:
    """Functions that return one value, the same for the whole statement.

    A name that also has a volatile form is left out: the tree does not tell which is called.
    """
    functions = [f for f in observation.snapshot.functions if f.kind == "function"]
    volatile = {f.name for f in functions if f.volatility == "volatile" or f.returns.startswith(("SETOF ", "TABLE("))}
    stable = {f.name for f in functions if f.volatility == "stable"}
    return frozenset({CURRENT_SETTING, *(stable - volatile)})
