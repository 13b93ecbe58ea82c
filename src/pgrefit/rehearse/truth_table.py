"""Which rows each role and identity can see, change and delete: asked, not reasoned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic

from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.plan import RowSecurityCheck
from pgrefit.model.rehearsal import TruthTable
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch

NOBODY = ""
CELL_TIMEOUT = "30s"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    key: list[str] = field(default_factory=list[str])
    settable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quarantined:
    source: str
    keys: list[int]


@dataclass(frozen=True, slots=True)
class _Role:
    name: str


def identities(conn: Session, check: RowSecurityCheck) -> tuple[str, ...]:
    """The check's sample of identities, the same for the same database; nobody comes first."""
    with translated():
        found = {str(row[0]) for row in conn.execute(check.identities.encode()).fetchall() if row[0] is not None}
    by_digest = sorted(found, key=lambda identity: sha256(identity.encode()).hexdigest())
    return (NOBODY, *by_digest[: check.sample])


def quarantined(conn: Session) -> dict[str, list[int]]:
    """Digests of the keys of rows in quarantine, by the table that they came from."""
    with translated():
        there = conn.execute("SELECT pg_catalog.to_regclass('pgrefit.quarantine') IS NOT NULL").fetchone()
    if there != (True,):
        return {}
    return {found.source: found.keys for found in fetch(conn, "quarantined_keys", _Quarantined)}


def truth_table(
    conn: Session,
    check: RowSecurityCheck,
    who: tuple[str, ...],
    leave_out: Mapping[str, list[int]],
    seconds: float | None = None,
) -> TruthTable:
    """Ask as every role and identity of `who`, without the rows whose key digests are to be left out.

    Roles that row security does not bind are asked once. After `seconds` no further identity is begun. Leaves nothing
    behind. A refusal is a cell too: -1 rows and its SQLSTATE.
    """
    end = monotonic() + seconds if seconds is not None else float("inf")
    questions = [question for table in check.tables for question in _questions(conn, table, leave_out)]
    unbound = {role.name for role in fetch(conn, "bypassing_roles", _Role, roles=list(check.roles))}
    cells: list[tuple[str, str, str, str, int, str]] = []
    for identity in who:
        if identity != NOBODY and monotonic() > end:
            break
        for role in check.roles:
            if identity == NOBODY or role not in unbound:
                cells += _ask(conn, check, role, identity, questions)
    return TruthTable(cells=tuple(cells))


def shared(table: TruthTable, other: TruthTable) -> TruthTable:
    """The cells of a table that the other asked as well."""
    asked = {cell[:4] for cell in other.cells}
    return TruthTable(cells=tuple(cell for cell in table.cells if cell[:4] in asked))


_Question = tuple[Relation, str, Statement]


def _questions(conn: Session, table: Relation, leave_out: Mapping[str, list[int]]) -> Iterator[_Question]:
    (found,) = fetch(conn, "row_identity", _Identity, schema=table.schema, table=table.name) or [_Identity()]
    key = joined([expression("t.{c}::pg_catalog.text", c=name) for name in found.key])
    digest = expression("pg_catalog.hashtextextended((ARRAY[{key}]::text[])::pg_catalog.text, 0)", key=raw(key))
    kept = _kept(digest, leave_out.get(str(table), []))
    rows = {
        "SELECT": ddl("SELECT {d} AS d FROM {table} AS t WHERE {kept}", d=raw(digest), table=table, kept=raw(kept)),
        "DELETE": ddl("DELETE FROM {table} AS t WHERE {kept} RETURNING {d} AS d", d=raw(digest), table=table,
                      kept=raw(kept)),
    }  # fmt: skip
    if found.settable is not None:
        rows["UPDATE"] = ddl(
            "UPDATE {table} AS t SET {c} = t.{c} WHERE {kept} RETURNING {d} AS d",
            table=table, c=found.settable, kept=raw(kept), d=raw(digest),
        )  # fmt: skip
    for command, statement in sorted(rows.items()):
        yield table, command, ddl(
            "WITH reached AS ({rows}) SELECT count(*), coalesce(sum(d::pg_catalog.numeric), 0)::text FROM reached",
            rows=raw(statement),
        )  # fmt: skip


def _kept(digest: Expression, leave_out: list[int]) -> Expression:
    if not leave_out:
        return expression("true")
    keys = Expression(", ".join(str(key) for key in leave_out))
    return expression("{d} <> ALL (ARRAY[{keys}]::pg_catalog.int8[])", d=raw(digest), keys=raw(keys))


def _ask(
    conn: Session, check: RowSecurityCheck, role: str, identity: str, questions: list[_Question]
) -> Iterator[tuple[str, str, str, str, int, str]]:
    with translated(), conn.transaction(force_rollback=True):
        _become(conn, check, role, identity)
        for table, command, statement in questions:
            with conn.transaction(force_rollback=True):
                outcome = attempt(conn, statement)
            rows, digest = (-1, outcome.sqlstate) if outcome.error else outcome.rows[0]
            yield role, identity, str(table), command, rows, digest


def _become(conn: Session, check: RowSecurityCheck, role: str, identity: str) -> None:
    claim = check.claim.replace("{identity}", identity) if identity != NOBODY else ""
    # Without triggers only policies and privileges decide, and a deletion does not go on to other tables.
    settings = {"session_replication_role": "replica", "statement_timeout": CELL_TIMEOUT, check.setting: claim}
    for name, value in settings.items():
        conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
    conn.execute(ddl("SET LOCAL ROLE {role}", role=role).encode())
