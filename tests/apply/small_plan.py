"""A small plan with a step of every kind, written by hand, over names that want to be quoted."""

import subprocess
from collections.abc import Callable
from functools import partial

import psycopg

from conftest import dsn
from pgrefit.changes import _proof as proof
from pgrefit.changes._batches import quarantine_batches, restore_batches, update_batches
from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.snapshot import Column, Constraint, Table
from pgrefit.pg.cluster import Cluster

ITEM = Relation('Shop "é"', "item %s {x}")
INDEX = ITEM.beside("item; price")
ROWS = 60
START = (
    'CREATE SCHEMA "Shop ""é"""',
    'CREATE TABLE "Shop ""é"""."item %s {x}" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price int NOT NULL)',
    f'INSERT INTO "Shop ""é"""."item %s {{x}}" (price) SELECT n - 3 FROM generate_series(1, {ROWS}) AS n',
)
FINISHED = ("done", "skipped")


def item_table() -> Table:
    """The table as it is when rows are put aside: with the new column."""
    columns = [Column(name=n, position=i, type=t) for i, (n, t) in enumerate([("id", "integer"), ("price", "integer")])]
    added = Column(name="new price", position=3, type="bigint")
    key = Constraint(name="item_pkey", kind="primary key", columns=("id",), definition=Expression("PRIMARY KEY (id)"))
    return Table(name=ITEM, columns=(*columns, added), constraints=(key,))


def step(number: int, phase: Phase, title: str, mode: LockMode = LockMode.ACCESS_EXCLUSIVE, **rest) -> PlanStep:
    whole = Step(title=title, phase=phase, locks=(Lock(ITEM, mode),), **{"work": Work.INSTANT, **rest})
    return PlanStep(id=f"{number:03}", change="widen the price", step=whole, rows=ROWS)


def plan_of(*steps: PlanStep, name: str = "small") -> Plan:
    return Plan(
        name=name, created="2026-11-21T12:00:00Z", database="shop", server_version=180004, fingerprint="f" * 64,
        steps=steps, changes=("widen the price",), tables=(ITEM,),
    )  # fmt: skip


def add_column() -> PlanStep:
    return step(
        10, Phase.EXPAND, "add a column",
        do=(ddl('ALTER TABLE {t} ADD COLUMN "new price" bigint', t=ITEM),),
        undo=(ddl('ALTER TABLE {t} DROP COLUMN "new price"', t=ITEM),),
        proof=proof.column_exists(ITEM, "new price"),
    )  # fmt: skip


def backfill() -> PlanStep:
    missing = Expression('t."new price" IS DISTINCT FROM t.price')
    return step(
        20, Phase.MIGRATE, "fill it", LockMode.ROW_EXCLUSIVE, work=Work.BATCHES,
        do=update_batches(item_table(), Expression('"new price" = t.price'), missing), undo=Way.NOTHING_LEFT,
        proof=proof.no_row(ITEM, missing),
    )  # fmt: skip


def put_aside() -> PlanStep:
    negative = Expression("t.price < 0")
    return step(
        30, Phase.MIGRATE, "put rows aside", LockMode.ROW_EXCLUSIVE, work=Work.BATCHES,
        do=quarantine_batches(item_table(), negative, Expression("'a negative price'")),
        undo=restore_batches(item_table()), proof=proof.no_row(ITEM, negative),
    )  # fmt: skip


def build_index(*, unique: bool = False) -> PlanStep:
    kind = "UNIQUE INDEX" if unique else "INDEX"
    do = (
        ddl("CREATE UNIQUE INDEX CONCURRENTLY {i} ON {t} (price)", i=INDEX.name, t=ITEM)
        if unique
        else ddl('CREATE INDEX CONCURRENTLY {i} ON {t} ("new price")', i=INDEX.name, t=ITEM)
    )
    return step(
        40, Phase.MIGRATE, f"build the {kind.lower()}", LockMode.SHARE_UPDATE_EXCLUSIVE, work=Work.BUILD, do=(do,),
        undo=(ddl("DROP INDEX CONCURRENTLY IF EXISTS {i}", i=INDEX),), proof=proof.index_valid(INDEX),
        in_transaction=False,
    )  # fmt: skip


def check() -> PlanStep:
    return step(
        50, Phase.MIGRATE, "add a check",
        do=(ddl('ALTER TABLE {t} ADD CONSTRAINT {c} CHECK ("new price" >= 0) NOT VALID', t=ITEM, c="Positive"),),
        undo=(ddl("ALTER TABLE {t} DROP CONSTRAINT {c}", t=ITEM, c="Positive"),),
        proof=proof.constraint_exists(ITEM, "Positive"),
    )  # fmt: skip


def validate() -> PlanStep:
    return step(
        60, Phase.MIGRATE, "validate the check", LockMode.SHARE_UPDATE_EXCLUSIVE, work=Work.SCAN,
        do=(ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {c}", t=ITEM, c="Positive"),), undo=Way.NOTHING_LEFT,
        proof=proof.constraint_exists(ITEM, "Positive", valid=True),
    )  # fmt: skip


def switch() -> PlanStep:
    rename = "ALTER TABLE {t} RENAME COLUMN {a} TO {b}"
    return step(
        70, Phase.SWITCH, "swap the columns",
        do=(ddl(rename, t=ITEM, a="price", b="old price"), ddl(rename, t=ITEM, a="new price", b="price")),
        undo=(ddl(rename, t=ITEM, a="price", b="new price"), ddl(rename, t=ITEM, a="old price", b="price")),
        proof=proof.column_type_is(ITEM, "price", "bigint"),
    )  # fmt: skip


def drop_old() -> PlanStep:
    return step(
        80, Phase.CONTRACT, "drop the old column", do=(ddl('ALTER TABLE {t} DROP COLUMN "old price"', t=ITEM),),
        undo=Way.NO_RETURN, proof=proof.negated(proof.column_exists(ITEM, "old price")),
    )  # fmt: skip


def small_plan() -> Plan:
    return plan_of(add_column(), backfill(), put_aside(), build_index(), check(), validate(), switch(), drop_old())


def slow_step(number: int = 10) -> PlanStep:
    """A step that takes ten seconds."""
    return step(
        number, Phase.EXPAND, "sleep",
        do=(ddl("SELECT pg_catalog.pg_sleep(10)"), ddl('ALTER TABLE {t} ADD COLUMN "new price" bigint', t=ITEM)),
        undo=(ddl('ALTER TABLE {t} DROP COLUMN "new price"', t=ITEM),), proof=proof.column_exists(ITEM, "new price"),
    )  # fmt: skip


def prepared(conn: psycopg.Connection) -> psycopg.Connection:
    for statement in START:
        conn.execute(statement.encode())
    return conn


def opener(conn: psycopg.Connection) -> Callable[[], psycopg.Connection]:
    """How the executor opens its sessions on the same database."""
    return partial(psycopg.connect, dsn(conn), autocommit=True)


def image(cluster: Cluster, conn: psycopg.Connection) -> tuple[str, list[str]]:
    """The schema as pg_dump writes it, without our journal, and all rows, with those in quarantine."""
    argv = [str(cluster.bin / "pg_dump"), "--schema-only", "--exclude-schema=pgrefit", "--dbname", dsn(conn)]
    dump = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    schema = "\n".join(line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
    query = ddl("SELECT t::text FROM {t} AS t ORDER BY id", t=ITEM)
    rows = [row[0] for row in conn.execute(query.encode()).fetchall()]
    if conn.execute("SELECT to_regclass('pgrefit.quarantine')").fetchone()[0]:
        aside = "SELECT source || key::text || reason || typed FROM pgrefit.quarantine"
        rows += sorted(row[0] for row in conn.execute(aside).fetchall())
    return schema, rows


def invalid_indexes(conn: psycopg.Connection) -> int:
    return conn.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()[0]
