"""Values that could not be taken over stay where they are, and are listed in pgrefit.reject with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.snapshot import Table

from . import _proof as proof
from ._batches import FORGET_REJECTS, rejected, rejecting_batches


def report(table: Table, which: str, column: str, faults: Mapping[str, Expression]) -> Step:
    """The step that lists rows, in the contract phase, once no more of them come.

    `faults` maps each reason to the condition (over alias t) under which it holds; a row's reasons are listed together,
    beside the whole value of `column`.
    """
    faulty = joined([expression("({f})", f=raw(fault)) for fault in faults.values()], " OR ")
    says = [expression("CASE WHEN {f} THEN {r} END", f=raw(f), r=Literal(reason)) for reason, f in faults.items()]
    reasons = expression("pg_catalog.concat_ws('; ', {says})", says=raw(joined(says)))
    left = expression("({faulty}) AND NOT {rejected}", faulty=raw(faulty), rejected=raw(rejected(table)))
    return Step(
        title=f"report rows of {table.name} {which}", phase=Phase.CONTRACT,
        do=rejecting_batches(table, reasons, expression("t.{c}::text", c=column), faulty), undo=(FORGET_REJECTS,),
        locks=(Lock(table.name, LockMode.ACCESS_SHARE),), work=Work.BATCHES, proof=proof.no_row(table.name, left),
    )  # fmt: skip
