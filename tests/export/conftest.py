"""Plans on disk, databases before and after, and what a database comes to."""

import os
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from apply.small_plan import prepared, small_plan
from export.there_and_back import shop
from pgrefit.api.exporting import Exported, export
from pgrefit.apply import Settings, apply_plan, roll_back
from pgrefit.model.change import Phase
from pgrefit.model.plan import Plan
from pgrefit.model.plan_folder import write_plan
from pgrefit.pg.cluster import Cluster
from step_runner import checksums

BOOKS = ("alembic_version", "goose_db_version", "schema_migrations", "flyway_schema_history")
SMALL = Settings(first_batch_rows=17, max_batch_rows=17)
ASIDE = "SELECT source || key::text || reason || typed FROM pgrefit.quarantine ORDER BY 1"


@dataclass(frozen=True)
class Stand:
    """A database on which a plan fits, the plan's folder, and what `pgrefit apply` makes of another one like it."""

    cluster: Cluster
    dsn: str
    plan: Plan
    folder: Path
    image: Callable[[], object]
    start: object
    switched: object  # after the last step that can be taken back
    done: object

    def export(self, tool: str, out: Path, until: Phase | None = None) -> Exported:
        return export(self.folder, tool, out, until=until)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn, autocommit=True)

    @property
    def environment(self) -> dict[str, str]:
        """Where libpq's programs connect, and no others than this server's."""
        parts = conninfo_to_dict(self.dsn)
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}
        found = {names[key]: str(value) for key, value in parts.items() if key in names}
        return {**os.environ, **found, "PATH": f"{self.cluster.bin}:{os.environ['PATH']}"}

    def run(self, *argv: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
        """Run a tool; what it printed. Fails the test, with that, where the tool fails."""
        done = self.attempt(*argv, cwd=cwd, env=env)
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def attempt(self, *argv: str | Path, cwd: Path, env: dict[str, str] | None = None):
        return subprocess.run(
            [str(word) for word in argv], cwd=cwd, env={**self.environment, **(env or {})}, capture_output=True,
            text=True, timeout=120, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def image(cluster: Cluster, dsn: str) -> tuple[str, dict[str, str], list[str]]:
    """Schema, rows and quarantine, without the tables in which tools note what they ran."""
    hidden = [f"--exclude-table=*.{name}" for name in BOOKS] + [f"--exclude-table={name}_id_seq" for name in BOOKS]
    schemas = [f"--exclude-schema={name}" for name in ("pgrefit", "sqitch", "supabase_migrations")]
    argv = [str(cluster.bin / "pg_dump"), "--schema-only", *hidden, *schemas, "--dbname", dsn]
    dump = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    schema = "\n".join(line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
    with psycopg.connect(dsn, autocommit=True) as conn:
        sums = {
            name: value for name, value in checksums(conn).items()
            if name.split(".")[1] not in BOOKS and name.split(".")[0] not in {"sqitch", "supabase_migrations"}
        }  # fmt: skip
        there = conn.execute("SELECT to_regclass('pgrefit.quarantine') IS NOT NULL").fetchone()[0]
        aside = [row[0] for row in conn.execute(ASIDE).fetchall()] if there else []
    return schema, sums, aside


@pytest.fixture
def new_stand(tmp_path):
    """Makes stands, and drops their databases in the end."""
    made: list[tuple[Cluster, str]] = []

    def stand(cluster: Cluster, prepare: Callable[[psycopg.Connection], Plan], *, to_the_end: bool = True) -> Stand:
        names = [f"export_{uuid.uuid4().hex[:10]}" for _ in range(2)]
        made.extend((cluster, name) for name in names)
        cluster.create_database(names[0])
        with psycopg.connect(cluster.dsn(names[0]), autocommit=True) as conn:
            plan = prepare(conn)
        cluster.create_database(names[1], template=names[0])
        folder = tmp_path / "plan"
        write_plan(plan, folder)
        mine, twin = map(cluster.dsn, names)
        start = image(cluster, mine)
        open_ = partial(psycopg.connect, twin, autocommit=True)
        apply_plan(open_, plan, until=Phase.SWITCH, settings=SMALL)
        switched = image(cluster, twin)
        if to_the_end:
            apply_plan(open_, plan, settings=SMALL)
        else:  # roles belong to the whole server
            roll_back(open_, plan, settings=SMALL)
        return Stand(
            cluster=cluster, dsn=mine, plan=plan, folder=folder, image=partial(image, cluster, mine), start=start,
            switched=switched, done=image(cluster, twin),
        )  # fmt: skip

    yield stand
    for cluster, name in made:
        cluster.drop_database(name)


def small(conn: psycopg.Connection) -> Plan:
    prepared(conn)
    return small_plan()


@pytest.fixture
def stand(cluster18, new_stand) -> Stand:
    """The small plan, with a step of every kind over hostile names, on PostgreSQL 18."""
    return new_stand(cluster18, small)


@pytest.fixture
def stand_of(cluster18, new_stand) -> Callable[[str], Stand]:
    """The stand of a plan, by its name."""
    return lambda name: new_stand(cluster18, {"small": small, "shop": shop}[name])


@pytest.fixture(params=["small", "shop"])
def any_stand(request, stand_of) -> Stand:
    """Each of the plans in turn."""
    return stand_of(request.param)
