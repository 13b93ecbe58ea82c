"""Why a role reaches other rows than its policies, asked read-only, said that it would."""

from __future__ import annotations

from pgrefit.model.access import Reach
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy
from pgrefit.model.sql_tree import UnreadableError, function_name, nodes, parse_expression
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

OURS = "nothing known explains that: it is a defect of pgrefit"


def difference(conn: Session, read: Reach, tried: Reach, policies: tuple[Policy, ...]) -> str:
    """How the answer asked read-only differs from what happened, and why; '' where it does not."""
    if read.refused.startswith("cannot be counted") or (read.rows, not read.refused) == (tried.rows, not tried.refused):
        return ""
    names = ", ".join(map(str, _volatile(conn, policies)))
    why = f"a policy calls {names}, which may answer otherwise each time" if names else ""
    if tried.writes:
        why = "; ".join(filter(None, (why, f"a policy or trigger changes {', '.join(tried.writes)}")))
    return f"asked read-only: {read.refused or f'{read.rows:,} rows'}; {why or OURS}"


def _volatile(conn: Session, policies: tuple[Policy, ...]) -> list[Relation]:
    called = {name for policy in policies for part in (policy.using, policy.check) if part for name in _calls(part)}
    schemas, names = [name.schema for name in called], [name.name for name in called]
    found = fetch_dicts(conn, "volatile_functions", schemas=schemas, names=names) if called else []
    return [Relation(row["schema"], row["name"]) for row in found]


def _calls(text: str) -> set[Relation]:
    try:
        return {function_name(n.func_call) for n in nodes(parse_expression(text)) if n.HasField("func_call")}
    except UnreadableError:
        return set()
