"""Foreign keys found again after all of them were dropped, on public schemas; exit status 1 where a bar is missed.

python -m benchmarks.discovery [--corpus FOLDER] [--only NAME …] [--show]

With data: the corpus' own where it has some, else rows made for the schema (`generated_rows`). Without: the empty
schema, with the workload where there is one. A pair is a column and the column that it refers to; a foreign key over
several columns is as many pairs. Peers: x_id to x.id by name; values contained in a unique column.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg
from benchmarks.claims import Claim, Peer, show, write
from benchmarks.discovery_peers import Pairs, Place, by_name, contained, place, relation
from benchmarks.generated_rows import Filler, emptied_of_rules
from psycopg import sql

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.errors import UsageError
from pgrefit.model.finding import Finding, Rule
from pgrefit.model.names import split_dotted
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.workload import read_workload
from pgrefit.pg.connect import open_observer
from pgrefit.pg.programs import find_program
from pgrefit.pg.scratch import load_ddl
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import key_columns

CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
VARIANTS = ("schema.novector.sql", "schema.nopostgis.sql", "schema.sql")
VERSION = 15  # the one with contrib modules
RULES = ("missing-foreign-key", "reference-as-text")
FEWEST_KEYS = 5  # of a schema with fewer, a share says nothing
MOST_TABLES = 320
REAL = 1000  # rows from which on a schema's own data are data
PRECISION, RECALL = 0.95, 0.90
NOWHERE = {"integer": "3{:04}", "bigint": "3{:04}", "smallint": "3{:04}", "text": "zz", "character varying": "zz",
           "uuid": "deadbeef-0000-4000-8000-00000000{:04}"}  # fmt: skip
PLACES = 2700  # values that are nowhere: another one for each column
FEWEST_ROWS = 20
MOST_UNDECLARED = 2.0  # columns named x_id for each declared pair; of more, what is declared is no measure of precision
ORPHANED = 0.4  # share of the references into which rows that refer to nothing are planted

# Not declared, and yet references by any reading of the schema: neither right nor wrong.
UNDECLARED = {
    "pagila": {"store.manager_staff_id"},
    "codeocean": {"external_users.consumer_id", "internal_users.consumer_id", "study_groups.consumer_id",
                  "files.file_type_id"},
    "rubygems": {"gem_downloads.rubygem_id", "ownerships.rubygem_id", "gem_downloads.version_id",
                 "blazer_audits.user_id", "organization_onboardings.onboarded_organization_id",
                 "blazer_audits.query_id", "blazer_checks.query_id", "blazer_dashboard_queries.query_id",
                 "blazer_dashboard_queries.dashboard_id", "good_jobs.batch_id", "good_job_executions.process_id"},
    "adventureworks": {"workorderrouting.productid"},
    "submitty_course": {"autograding_metrics.user_id", "forum_attachments.post_id", "seeking_team.user_id",
                        "poll_responses.option_id", "solution_ta_notes.component_id"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the pairs that were found are true, and how many of the true ones were found."""

    found: Pairs
    wanted: Pairs

    @property
    def precision(self) -> float:
        """1 where nothing was found."""
        return len(self.found & self.wanted) / len(self.found) if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of pairs."""
        return len(self.found & self.wanted) / len(self.wanted)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--show", action="store_true", help="name what was found wrongly, and what was not")
    parser.add_argument("--out", type=Path, help="elsewhere than results/audit.json")
    said = parser.parse_args()
    claims = list(measure(said.corpus, said.only, wordy=said.show))
    show(claims, "missing foreign keys")
    write(claims, "audit", said.out)
    return 0 if all(claim.met for claim in claims) else 1


def measure(corpus: Path = CORPUS, only: Collection[str] = (), *, wordy: bool = False) -> Iterator[Claim]:
    """The claims about these schemas, or about all."""
    for folder in sorted(path.parent for path in corpus.glob("*/schema.sql")):
        if not only or folder.name in only:
            yield from of_schema(folder, wordy=wordy)


def of_schema(folder: Path, *, wordy: bool) -> Iterator[Claim]:
    """The claims about one schema; none where it does not load, or declares hardly a foreign key."""
    schema = next(folder / name for name in VARIANTS if (folder / name).exists())
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(load_ddl([schema], version=VERSION))
        except UsageError as error:
            print(f"{folder.name}: left out: {error.why}")
            return
        with open_observer(dsn) as observer:
            declared = take_snapshot(observer)
        wanted = set(pairs_of(declared))
        if len(wanted) < FEWEST_KEYS or len(declared.tables) > MOST_TABLES:
            print(f"{folder.name}: left out: {len(wanted)} pairs declared, {len(declared.tables)} tables")
            return
        with psycopg.connect(dsn, autocommit=True) as conn:
            emptied_of_rules(conn)
            yield from without_data(folder, dsn, declared, wanted, wordy=wordy)
            yield from with_data(folder, conn, dsn, declared, wanted, wordy=wordy)


def without_data(folder: Path, dsn: str, declared: Snapshot, wanted: Pairs, *, wordy: bool) -> Iterator[Claim]:
    """Names, and the joins of the workload."""
    found, named = said_of(folder, ours_of(dsn, workload_of(folder))), said_of(folder, by_name(declared))
    ours, peer = Score(found, wanted), Score(named, wanted)
    tell(folder.name + " without data", ours, peer, wordy=wordy)
    for what in ("precision", "recall", "f1"):
        value, best = getattr(ours, what), getattr(peer, what)
        if what == "f1":
            yield Claim(id=f"discovery-{folder.name}-without-data", unit="",
                        measure="F1 by names and joins, not below x_id to x.id",
                        value=value, bound=">=", limit=round(best, 3),
                        against=(Peer("ours, precision", ours.precision), Peer("ours, recall", ours.recall),
                                 Peer("x_id to x.id, precision", peer.precision),
                                 Peer("x_id to x.id, recall", peer.recall)))  # fmt: skip


def with_data(
    folder: Path, conn: psycopg.Connection[Any], dsn: str, declared: Snapshot, wanted: Pairs, *, wordy: bool
) -> Iterator[Claim]:
    """The corpus' own rows, or rows that were made, and orphans in some of the references."""
    real = load_data(folder, dsn) and rows_in(conn, declared) >= REAL
    if not real:
        filler = Filler(conn, declared)
        filler.fill()
        for table, why in filler.refused.items() if wordy else ():
            print(f"    {table}: {why}")
    conn.execute("ANALYZE")
    filled = with_rows(conn, wanted)
    if len(filled) < FEWEST_KEYS:
        print(f"{folder.name}: {len(filled)} pairs with rows")
        return
    name = f"{folder.name}-{'real' if real else 'generated'}-data"
    found, named = (said_of(folder, with_rows(conn, pairs)) for pairs in (ours_of(dsn), by_name(declared)))
    ours, peer, raw = Score(found, filled), Score(named, filled), Score(contained(conn, declared), filled)
    tell(name, ours, peer, raw, wordy=wordy)
    peers = [(peer, "x_id to x.id"), (raw, "values contained in a unique column")]
    bars = (("precision", PRECISION), ("recall", RECALL))
    for what, limit in bars if undeclared(declared) <= MOST_UNDECLARED * len(wanted) else bars[1:]:
        yield Claim(id=f"discovery-{name}-{what}", unit="",
                    measure=f"{what} of {len(filled)} pairs, foreign keys hidden",
                    value=getattr(ours, what), bound=">=", limit=limit,
                    against=tuple(Peer(how, getattr(score, what)) for score, how in peers))  # fmt: skip
    yield orphans_claim(conn, dsn, name, filled & ours.found)


# -- pairs ----------------------------------------------------------------------------------------------------------


def pairs_of(db: Snapshot) -> Iterator[tuple[Place, Place]]:
    """Declared pairs; those of a partition are the whole's."""
    for table in filter(partial(is_users, db), db.own_tables()):
        for key in table.foreign_keys:
            parent = db.find_table(key.parent) if key.parent else None
            for column, other in zip(key.columns, key.parent_columns, strict=True):
                if parent:
                    yield place(table, column), place(parent, other)


def ours_of(dsn: str, workload: Path | None = None) -> Pairs:
    """What the rules say."""
    rules = [rule for rule in all_rules() if rule.name in RULES]
    return {pair for finding in findings_of(dsn, rules, workload) for pair in pairs_said(finding)}


def findings_of(dsn: str, rules: list[Rule], workload: Path | None = None) -> tuple[Finding, ...]:
    observation = observe_database(Target(dsn=dsn, source="a benchmark"), rules)
    if workload:
        observation = replace(observation, workload=read_workload(workload))
    report = audit.run(observation, rules)
    assert not report.crashed, report.crashed
    return report.findings


def pairs_said(finding: Finding) -> Iterator[tuple[Place, Place]]:
    said = {e.measure: e.value for e in finding.evidence}
    if finding.rule == "reference-as-text":
        return
    if "references" in said:
        for column, key in zip(said["references"], said["keys"], strict=True):  # type: ignore[arg-type]
            yield split_dotted(str(column)), split_dotted(str(key))  # type: ignore[misc]
    elif "columns" in said:
        table = finding.object.partition(" (")[0]
        for column, key in zip(said["columns"], said["key"], strict=True):  # type: ignore[arg-type]
            yield (*split_dotted(table), str(column)), split_dotted(str(key))  # type: ignore[misc]
    else:
        yield split_dotted(finding.object), split_dotted(str(said["key"]))  # type: ignore[misc]


def workload_of(folder: Path) -> Path | None:
    """The workload where it can be read."""
    path = folder / "workload.sql"
    try:
        return path if path.exists() and read_workload(path) else None
    except UsageError:
        return None


# -- data -----------------------------------------------------------------------------------------------------------


def load_data(folder: Path, dsn: str) -> bool:
    """Load the corpus' rows where there are some."""
    path = folder / "data.sql"
    if not path.exists():
        return False
    done = subprocess.run([str(find_program("psql", VERSION)), "-qX", "-d", dsn, "-f", str(path)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.returncode == 0


def rows_in(conn: psycopg.Connection[Any], db: Snapshot) -> int:
    return sum(count(conn, table) for table in db.own_tables())


def count(conn: psycopg.Connection[Any], table: Table) -> int:
    return one(conn, sql.SQL("SELECT count(*) FROM {}").format(relation(table.name.schema, table.name.name)))


def one(conn: psycopg.Connection[Any], query: sql.Composed) -> int:
    row = conn.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def undeclared(db: Snapshot) -> int:
    """Columns named like references that the project puts under no foreign key."""
    return sum(
        column.name.lower().endswith("id") and column.name not in {*table.primary_key, *key_columns(table)}
        for table in db.own_tables() if table.partition_of is None for column in table.columns
    )  # fmt: skip


def said_of(folder: Path, found: Pairs) -> Pairs:
    """Without those that are neither right nor wrong."""
    return {pair for pair in found if ".".join(pair[0][1:]) not in UNDECLARED.get(folder.name, set())}


def with_rows(conn: psycopg.Connection[Any], wanted: Pairs) -> Pairs:
    """Pairs whose column has a value at all: of the others no data say anything."""
    return {
        (child, parent)
        for child, parent in wanted
        if one(conn, sql.SQL("SELECT count({}) FROM {}").format(sql.Identifier(child[2]), relation(*child[:2])))
    }


def orphans_claim(conn: psycopg.Connection[Any], dsn: str, name: str, found: Pairs) -> Claim:
    """Break some of the references; what is counted must be what SQL counts."""
    chosen = random.Random(5)
    broken = {pair for pair in sorted(found) if chosen.random() < ORPHANED and plant(conn, pair[0])}
    conn.execute("ANALYZE")
    true = {child: orphans_of(conn, [(child, parent)]) for child, parent in sorted(broken)}
    said: dict[Place, object] = {}
    for finding in findings_of(dsn, [rule for rule in all_rules() if rule.name in RULES]):
        measures = {e.measure: e.value for e in finding.evidence}
        pairs = list(pairs_said(finding)) if "orphans" in measures else []
        for child, _ in pairs:
            said[child] = measures["orphans"]
            if child in true:  # of the key that is said, by all columns that are said to refer to it together
                true[child] = orphans_of(conn, pairs)
    exact = sum(said.get(child) == orphans for child, orphans in true.items())
    for child, orphans in true.items():
        if said.get(child) != orphans:
            print(f"  orphans of {'.'.join(child)}: {said.get(child)} said, {orphans} there")
    return Claim(id=f"discovery-{name}-orphans", unit=f"of {len(true)}",
                 measure="references with orphans, counted exactly",
                 value=exact, bound=">=", limit=len(true))  # fmt: skip


def plant(conn: psycopg.Connection[Any], child: Place) -> bool:
    """Let one row of twenty refer to nothing. False where there are too few, or the type or a key is in the way."""
    parts = {"t": relation(*child[:2]), "c": sql.Identifier(child[2])}
    kind = conn.execute(sql.SQL("SELECT pg_typeof({c})::text, count({c}) OVER () FROM {t} LIMIT 1").format(**parts))
    name, rows = kind.fetchone() or ("", 0)
    if name not in NOWHERE or rows < FEWEST_ROWS:
        return False
    update = sql.SQL("UPDATE {t} SET {c} = {v} WHERE (tableoid, ctid) IN"
                     " (SELECT tableoid, ctid FROM {t} WHERE {c} IS NOT NULL LIMIT {n})")  # fmt: skip
    try:
        conn.execute(update.format(**parts, v=sql.Literal(nowhere(child, name)), n=sql.Literal(rows // FEWEST_ROWS)))
    except psycopg.Error:
        return False
    return True


def nowhere(child: Place, type_name: str) -> str:
    return NOWHERE[type_name].format(crc32(".".join(child).encode()) % PLACES)


def orphans_of(conn: psycopg.Connection[Any], pairs: list[tuple[Place, Place]]) -> int:
    """Rows that refer to nothing, as plain SQL counts them; the pairs are of one table and one parent."""
    (child, parent), *_ = pairs
    columns = [(sql.Identifier("t", mine[2]), sql.Identifier("p", theirs[2])) for mine, theirs in pairs]
    filled, same = (
        sql.SQL(" AND ").join(sql.SQL(form).format(t=mine, p=theirs) for mine, theirs in columns)
        for form in ("{t} IS NOT NULL", "{p} = {t}")
    )
    lost = sql.SQL("SELECT count(*) FROM {t} AS t WHERE {filled} AND NOT EXISTS (SELECT FROM {p} AS p WHERE {same})")
    return one(conn, lost.format(t=relation(*child[:2]), p=relation(*parent[:2]), filled=filled, same=same))


def tell(name: str, ours: Score, *others: Score, wordy: bool) -> None:
    """A line on what was found, and what was not where that is wanted."""
    print(f"{name}: {ours.precision:.2f}/{ours.recall:.2f}"
          + "".join(f"  against {other.precision:.2f}/{other.recall:.2f}" for other in others), flush=True)  # fmt: skip
    if wordy:
        for label, listed in (("wrong", ours.found - ours.wanted), ("missed", ours.wanted - ours.found)):
            for child, parent in sorted(listed):
                print(f"    {label}: {'.'.join(child)} -> {'.'.join(parent)}")


if __name__ == "__main__":
    sys.exit(main())
