"""Flyway, by its documented rules: versions, undo files, script configurations, one statement after the other."""

import re

import postgast
import pytest

from export.there_and_back import refuses, travel
from pgrefit.model.change import Phase

NAME = re.compile(r"^(?P<kind>[VU])(?P<version>[0-9]+(?:[._][0-9]+)*)__(?P<title>.+)\.sql$")


class Flyway:
    """Runs the files of a folder as `flyway migrate` and `flyway undo` do."""

    def __init__(self, stand, folder):
        self.stand, self.folder, self.applied = stand, folder, []

    def up(self):
        files = self._files("V")
        for version in sorted(set(files) - set(self.applied)):
            self._run(files[version])
            self.applied.append(version)

    def down(self):
        files = self._files("U")
        for version in sorted(self.applied, reverse=True):
            self._run(files[version])
            self.applied.remove(version)

    def _files(self, kind):
        matches = [(NAME.match(path.name), path) for path in self.folder.glob("*.sql")]
        assert all(match for match, _ in matches)
        return {int(match["version"]): path for match, path in matches if match["kind"] == kind}

    def _run(self, path):
        lines = path.with_name(path.name + ".conf").read_text().splitlines()
        options = dict(line.split("=") for line in lines)
        assert set(options) <= {"executeInTransaction", "placeholderReplacement", "encoding", "shouldExecute"}
        text = path.read_text()
        assert options["placeholderReplacement"] == "false" or "${" not in text
        statements = postgast.split(text, method="scanner")  # its own parser too knows nothing but where one ends
        with self.stand.connect() as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS flyway_schema_history (installed_rank int)")
            if options["executeInTransaction"] == "true":
                conn.execute("BEGIN")
            for statement in statements:
                conn.execute(statement.encode())
            conn.execute("INSERT INTO flyway_schema_history VALUES (1)")
            conn.execute("COMMIT")


def test_there_and_back_and_to_the_end(any_stand, tmp_path):
    out = tmp_path / "out"
    flyway = Flyway(any_stand, out / "sql")
    travel(any_stand, "flyway", out, flyway.up, flyway.down)
    refuses(flyway.down)
    assert any_stand.image() == any_stand.done


def test_never_mixes_what_flyway_runs_outside_of_a_transaction(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("flyway", out)
    for path in (out / "sql").glob("*.sql"):
        options = path.with_name(path.name + ".conf").read_text()
        if re.search(r"^(CREATE|DROP)( UNIQUE)? INDEX CONCURRENTLY", path.read_text(), re.MULTILINE):
            assert "executeInTransaction=false" in options


def test_its_lock_does_not_wait_for_itself(stand, tmp_path):
    out = tmp_path / "out"
    said = stand.export("flyway", out).how
    assert "[flyway.postgresql.transactional]\nlock = false" in (out / "flyway.toml").read_text()
    assert "-postgresql.transactional.lock=false" in said


@pytest.mark.parametrize(
    ("configuration", "folder"),
    [
        ({"flyway.toml": '[flyway]\nlocations = ["filesystem:db/here"]\n'}, "db/here"),
        ({"flyway.conf": "flyway.url=jdbc:x\nflyway.locations=filesystem:changes\n"}, "changes"),
        ({"V3__theirs.sql": "SELECT 1;"}, "."),
    ],
)
def test_finds_the_migrations_of_a_project(stand, tmp_path, configuration, folder):
    out = tmp_path / "out"
    out.mkdir()
    for name, text in configuration.items():
        (out / name).write_text(text)
    stand.export("flyway", out, until=Phase.EXPAND)
    made = [path.name for path in (out / folder).glob("V*small_010*.sql")]
    assert len(made) == 1
    if "V3__theirs.sql" in configuration:
        assert made[0].startswith("V5__")
