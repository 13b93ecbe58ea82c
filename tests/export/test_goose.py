"""goose, by its documented rules: https://pressly.github.io/goose/documentation/annotations/."""

import re

from export.there_and_back import refuses, travel
from pgrefit.model.change import Phase


class Goose:
    """Runs the files of a folder as goose does, on a session of its own for each statement outside of a transaction."""

    def __init__(self, stand, folder):
        self.stand, self.folder, self.applied = stand, folder, []

    def up(self):
        for path in self._files():
            if path.name not in self.applied:
                self._run(path, "Up", "INSERT INTO goose_db_version VALUES (1)")
                self.applied.append(path.name)

    def down(self):
        for path in self._files()[::-1]:
            if path.name in self.applied:
                self._run(path, "Down", "DELETE FROM goose_db_version")
                self.applied.remove(path.name)

    def _files(self):
        return sorted(self.folder.glob("*.sql"), key=lambda path: int(re.match(r"\d+", path.name)[0]))

    def _run(self, path, way, note):
        statements, transaction = parse(path.read_text(), way)
        with self.stand.connect() as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS goose_db_version (id int)")
        if not transaction:
            for statement in statements:
                with self.stand.connect() as conn:
                    conn.execute(statement.encode())
            statements = []
        # The note is written in the migration's transaction, by a name that is looked up as the session does.
        with self.stand.connect() as conn, conn.transaction():
            for statement in [*statements, note]:
                conn.execute(statement.encode())


def parse(text, wanted):
    """The statements of one way, and whether they go into a transaction."""
    found, buffer, way, inside, transaction = [], [], None, False, True
    for line in text.splitlines():
        words = line.removeprefix("--").split() if line.startswith("--") else []
        if words[:1] == ["+goose"]:
            match words[1:]:
                case ["Up" | "Down" as new]:
                    assert not buffer, "a statement is not ended"
                    way = new
                case ["StatementBegin"]:
                    assert way
                    assert not inside
                    inside = True
                case ["StatementEnd"]:
                    assert inside
                    found.append((way, "\n".join(buffer)))
                    buffer, inside = [], False
                case ["NO", "TRANSACTION"]:
                    transaction = False
            continue
        if not buffer and (not line.strip() or line.lstrip().startswith("--")):
            continue
        assert way, "a statement before the first annotation"
        buffer.append(line)
        if not inside and line.rstrip().endswith(";"):
            found.append((way, "\n".join(buffer)))
            buffer = []
    assert not buffer
    assert not inside
    return [statement for way, statement in found if way == wanted], transaction


def test_there_and_back_and_to_the_end(any_stand, tmp_path):
    out = tmp_path / "out"
    goose = Goose(any_stand, out)
    travel(any_stand, "goose", out, goose.up, goose.down)
    refuses(goose.down)
    assert any_stand.image() == any_stand.done


def test_only_what_must_runs_outside_of_a_transaction(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("goose", out, until=Phase.SWITCH)
    outside = [path.name.split("_", 1)[1] for path in sorted(out.iterdir()) if "NO TRANSACTION" in path.read_text()]
    titles = ("020_migrate_fill_it", "030_migrate_put_rows_aside", "040_migrate_build_the_index")
    assert outside == [f"small_{title}.sql" for title in titles]


def test_a_failed_index_does_not_stand_in_the_way(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("goose", out, until=Phase.SWITCH)
    goose = Goose(stand, out)
    with stand.connect() as conn:
        conn.execute('CREATE INDEX "item; price" ON "Shop ""é"""."item %s {x}" (price)')
        conn.execute(
            'UPDATE pg_index SET indisvalid = false WHERE indexrelid = \'"Shop ""é"""."item; price"\'::regclass'
        )
    goose.up()
    assert stand.image() == stand.switched
