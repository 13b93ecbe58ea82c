"""Tries statements that the team proposed, and says what the server says of them."""

from __future__ import annotations

from dataclasses import dataclass

import postgast

from pgrefit.model.locks import LockMode
from pgrefit.model.plan import Proposal
from pgrefit.model.rehearsal import ProposalResult
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.rehearse.parties import OpenSession
from pgrefit.rehearse.table_locks import table_locks

TIMEOUT = "60s"
NO_TRANSACTION = "25001"  # SQLSTATE of what cannot run inside a transaction block


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    outcome: Outcome
    lock: LockMode | None


def try_proposals(open_: OpenSession, proposals: tuple[Proposal, ...]) -> tuple[ProposalResult, ...]:
    """Try each after those before it that ran; all of it is rolled back.

    The lock is that of the statement alone where it runs alone, else what it adds to those of the statements before it.
    """
    with translated(), open_() as conn, open_() as onlooker:
        alone = [_alone(conn, onlooker, proposal) for proposal in proposals]
        results: list[ProposalResult] = []
        with conn.transaction(force_rollback=True):
            _limit(conn)
            for proposal, first in zip(proposals, alone, strict=True):
                tried = _try(conn, onlooker, proposal)
                results.append(_result(proposal, tried.outcome, tried.lock if first.outcome.error else first.lock))
    return tuple(results)


def _alone(conn: Session, onlooker: Session, proposal: Proposal) -> _Tried:
    with conn.transaction(force_rollback=True):
        _limit(conn)
        return _try(conn, onlooker, proposal)


def _limit(conn: Session) -> None:
    conn.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", (TIMEOUT,))


def _try(conn: Session, onlooker: Session, proposal: Proposal) -> _Tried:
    """Run its statements in a savepoint that stays where all of them ran."""
    held = set(table_locks(onlooker, conn.info.backend_pid))
    conn.execute("SAVEPOINT proposal")
    outcome = _run(conn, proposal)
    if outcome.error:
        conn.execute("ROLLBACK TO SAVEPOINT proposal")
        return _Tried(outcome=outcome, lock=None)
    added = {lock.mode for lock in table_locks(onlooker, conn.info.backend_pid) if lock not in held}
    return _Tried(outcome=outcome, lock=max(added, key=lambda mode: mode.strength, default=None))


def _run(conn: Session, proposal: Proposal) -> Outcome:
    elapsed = 0.0
    for statement in _statements(proposal.sql):
        # Prepared, so that what our parser does not know can be one statement only.
        outcome = attempt(conn, statement, prepare=True)
        elapsed += outcome.elapsed
        if outcome.error:
            return Outcome(elapsed=elapsed, error=outcome.error, sqlstate=outcome.sqlstate)
    return Outcome(elapsed=elapsed)


def _statements(sql: str) -> list[str]:
    """The statements of a proposal without those that begin and end transactions."""
    try:
        parts = postgast.split(sql)
        kinds = [part.stmt.WhichOneof("node") for part in postgast.parse(sql).stmts]
    except postgast.PgQueryError:
        return [sql]
    return [part for part, kind in zip(parts, kinds, strict=True) if kind != "transaction_stmt"]


def _result(proposal: Proposal, outcome: Outcome, lock: LockMode | None) -> ProposalResult:
    error = outcome.error
    if outcome.sqlstate == NO_TRANSACTION:
        error = f"not tried, because it cannot be taken back: {error}"
    return ProposalResult(
        name=proposal.name,
        what=proposal.what,
        sql=proposal.sql,
        runs=not error,
        error=error,
        elapsed=outcome.elapsed,
        lock=lock.sql if lock is not None and not error else "",
    )
