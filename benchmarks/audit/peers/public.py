"""Ours and others' auditors on public schemas: findings a table by default, and what died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.audit import corpus
from benchmarks.audit.peers.turns import OURS, Ready, Turn, show, table, turns
from benchmarks.claims import Claim, Peer

from pgrefit.errors import UsageError
from pgrefit.pg.scratch import load_ddl

A_TABLE = 0.5


def measure(ready: Ready) -> Iterator[Claim]:
    """Print a line for each schema that can be loaded; claims of the large one and of what died."""
    titles = [auditor.title for auditor, _ in ready]
    made = table("findings a table on public schemas", "schema", "tables", OURS, *titles)
    crashes, died = 0, Counter[str]()
    for folder in sorted(path.parent for path in corpus.CORPUS.glob("*/schema.sql")):
        with ExitStack() as stack:
            try:
                dsn = stack.enter_context(load_ddl(corpus.variant(folder), version=corpus.VERSION))
            except UsageError as error:
                print(f"{folder.name}: {error.why}")
                continue
            ours, done = corpus.said_of(folder.name, dsn), turns(ready, dsn)
        crashes += len(ours.crashed)
        died.update(one.auditor.title for one in done if one.errors)
        made.add_row(folder.name, str(ours.tables), f"{ours.a_table:.2f}", *(_shown(one, ours) for one in done))
        if folder.name == corpus.LARGE:
            yield _of_large(ours, done)
    if not made.row_count:
        print(f"no schemas at {corpus.CORPUS}: set PGREFIT_CORPUS")
        return
    show(made)
    yield Claim(
        id="peers-crashes", measure=f"schemas, of {made.row_count}, on which a check died or came to no end", unit="",
        value=crashes, bound="=", limit=0, against=tuple(Peer(title, died[title]) for title in titles),
    )  # fmt: skip


def _of_large(ours: corpus.Said, done: list[Turn]) -> Claim:
    heard = [one for one in done if one.heard]
    return Claim(
        id="peers-findings-a-table", measure=f"findings a table on {ours.schema}, of {len(ours.rules)} rules", unit="",
        value=ours.a_table, bound="<=", limit=A_TABLE,
        against=tuple(Peer(f"{one.auditor.title}, of {_checks(one)} checks", _a_table(one, ours)) for one in heard),
    )  # fmt: skip


def _checks(one: Turn) -> int:
    return len({said.check for said in one.heard.said}) if one.heard else 0


def _a_table(one: Turn, ours: corpus.Said) -> float:
    return len(one.heard.said) / max(1, ours.tables) if one.heard else 0.0


def _shown(one: Turn, ours: corpus.Said) -> str:
    return f"{_a_table(one, ours):.2f}{' (a check died)' if one.errors else ''}" if one.heard else one.why_not[:40]
