"""golang-migrate, by its documented rules: a file is one message, in the order of its version.

https://github.com/golang-migrate/migrate/blob/master/database/postgres/README.md#multi-statement-mode
"""

import re

import psycopg
import pytest

from export.there_and_back import refuses, travel

NAME = re.compile(r"^(?P<version>[0-9]+)_(?P<title>.*)\.(?P<way>down|up)\.(?P<rest>.*)$")


class Migrate:
    """Sends files of a folder whole, as simple queries, on one session; notes the version before each, as dirty."""

    def __init__(self, stand, folder):
        self.stand, self.folder, self.applied = stand, folder, []

    def up(self):
        files = self._files("up")
        with self.stand.connect() as conn:
            for version in sorted(set(files) - set(self.applied)):
                self._run(conn, version, files[version])
                self.applied.append(version)

    def down(self):
        files = self._files("down")
        with self.stand.connect() as conn:
            for version in sorted(self.applied, reverse=True):
                self._run(conn, version, files[version])
                self.applied.remove(version)

    def _files(self, way):
        matches = [(NAME.match(path.name), path) for path in self.folder.iterdir()]
        assert all(match for match, _ in matches)
        found = {int(match["version"]): path for match, path in matches if match["way"] == way}
        assert len(found) == sum(match["way"] == way for match, _ in matches), "two files of one version"
        return found

    def _run(self, conn, version, path):
        table = "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint, dirty boolean)"
        conn.execute(table)
        conn.execute("INSERT INTO schema_migrations VALUES (%s, true)", (version,))
        conn.execute(path.read_bytes())  # without parameters: one message of the simple protocol
        conn.execute("DELETE FROM schema_migrations WHERE version = %s", (version,))


def test_there_and_back_and_to_the_end(any_stand, tmp_path):
    out = tmp_path / "out"
    migrate = Migrate(any_stand, out)
    travel(any_stand, "golang-migrate", out, migrate.up, migrate.down)
    refuses(migrate.down)
    assert any_stand.image() == any_stand.done


def test_what_fails_leaves_nothing(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("golang-migrate", out)
    with stand.connect() as conn:
        conn.execute("CREATE SCHEMA pgrefit")
        for table in ("before_image", "reject"):
            conn.execute(f"CREATE TABLE pgrefit.{table} (id int)")
        conn.execute("CREATE VIEW pgrefit.quarantine AS SELECT 1 AS nothing")
    with pytest.raises(psycopg.Error, match="quarantine"):
        Migrate(stand, out).up()
    with stand.connect() as conn:
        assert conn.execute('SELECT count(*) FROM "Shop ""é"""."item %s {x}" WHERE price < 0').fetchone()[0] == 2
