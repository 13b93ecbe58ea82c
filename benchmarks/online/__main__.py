"""`make bench-online`: what refits online cost, beside what people do today; exit status 1 where a bar is missed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.claims import Claim, show, write
from benchmarks.online import conversions, fills, latency, linting, stalls, trials, writes
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import LONG, SHORT, Scale
from benchmarks.online.servers import machine

Measure = Callable[[Scale, Ledger], Iterator[Claim]]
PARTS: dict[str, Measure] = {
    "stalls": stalls.measure, "latency": latency.measure, "fills": fills.measure, "writes": writes.measure,
    "trials": trials.measure, "conversions": conversions.measure, "lint": linting.measure,
}  # fmt: skip
TEN_MILLION = 10_000_000


def main() -> int:
    said = _arguments().parse_args()
    if said.rows:
        stalls.record(said.rows)
        return 0
    scale = SHORT if said.short else LONG
    if said.ten_million:
        scale = replace(scale, large_fills=(TEN_MILLION,))
    print(machine(), flush=True)
    ledger, claims = Ledger(), list[Claim]()
    for name in said.only or PARTS:
        began = time.monotonic()
        claims += PARTS[name](scale, ledger)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    claims += ledger.claims()
    show(claims, "refits online")
    write(claims, "online", said.out)
    return 0 if all(claim.met for claim in claims) else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.online", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small data, one round: to see that all of it runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--ten-million", action="store_true", help="fill a table of 10 million rows too, once")
    parser.add_argument("--rows", type=int, help="instead: retype one graph of so many rows and record its clients")
    parser.add_argument("--out", type=Path, help="write the claims there (default: benchmarks/results/online.json)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
