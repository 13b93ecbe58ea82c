"""What clients met in all runs together: for the claims that hold whatever is being done."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.claims import Claim, Peer
from benchmarks.online.clients import Samples


@dataclass(slots=True)
class Ledger:
    """Filled by the runs that a refit of ours was part of."""

    operations: int = 0
    failures: list[str] = field(default_factory=list[str])
    compared: int = 0
    apart: int = 0

    def count(self, samples: Samples) -> None:
        """The operations of clients during a run of ours."""
        self.operations += len(samples.all)
        self.failures += samples.failures

    def compare(self, rows: int, apart: int) -> None:
        """Rows that were compared with their shadows after a run of ours."""
        self.compared += rows
        self.apart += apart

    def claims(self) -> list[Claim]:
        """What holds of all runs; nothing of what no run has told."""
        claims: list[Claim] = []
        if self.operations:
            claims.append(Claim(
                id="failed-statements", unit="operations", value=len(self.failures), bound="=", limit=0,
                measure="operations of clients that failed, whatever was being done",
                against=(Peer("operations in all", self.operations),),
            ))  # fmt: skip
        if self.compared:
            claims.append(Claim(
                id="lost-or-diverged-rows", unit="rows", value=self.apart, bound="=", limit=0,
                measure="rows that differ from the shadows that their writers kept",
                against=(Peer("rows compared", self.compared),),
            ))  # fmt: skip
        for failure in self.failures[:5]:
            print(f"failed: {failure}")
        return claims
