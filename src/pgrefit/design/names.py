"""Names in refit.toml that the database does not have: a mistake there would silently leave a wish unheard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgrefit.changes.extract_text import ExtractText
from pgrefit.changes.fill_required import FillRequired
from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.errors import BadIntent
from pgrefit.model.finding import Finding
from pgrefit.model.intent import Intent
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.toml import line_of, nearest

COLUMN_SECTIONS = ("reference", "required", "text", "check")


@dataclass(frozen=True, slots=True)
class _Named:
    """A name that the intent uses: the keys that lead to it, and the names of its kind that there are."""

    keys: tuple[str, ...]
    name: str
    kind: str
    known: set[str]


def check_names(intent: Intent, db: Snapshot) -> None:
    """BadIntent, with the place and the nearest name that exists, at the first name that the database does not have."""
    for named in _names(intent, db):
        if named.name not in named.known:
            where = _where(intent.file, [*named.keys, named.name])
            raise BadIntent(
                f"{where}there is no {named.kind} {named.name} in database {db.database}",
                next_step=nearest(named.name, named.known),
            )


def unheard(intent: Intent, findings: Iterable[Finding]) -> Iterator[str]:
    """Notes on what the intent says of columns for which no finding asks for such a change."""
    asked = {name for finding in findings for change in finding.remedy for name in _columns_of(change)}
    for section in COLUMN_SECTIONS:
        for name in getattr(intent, section):
            if (section, name) not in asked:
                yield f"{name}: named under [{section}], but no finding asks for that change: nothing is planned for it"


def _columns_of(change: object) -> Iterator[tuple[str, str]]:
    match change:
        case RetypeColumns():
            yield from (("reference", change.table.column(c.column)) for c in change.conversions)
        case FillRequired() | SetNotNull():
            yield "required", change.table.column(change.column)
        case ExtractText():
            yield "text", change.table.column(change.column)
        case ReconcileCheck():
            yield "check", change.table.column(change.column)
        case _:
            pass


def _names(intent: Intent, db: Snapshot) -> Iterator[_Named]:
    columns = {table.name.column(column.name) for table in db.own_tables() for column in table.columns}
    tables = {str(table.name): {column.name for column in table.columns} for table in db.own_tables()}
    for section in COLUMN_SECTIONS:
        yield from (_Named((section,), name, "column", columns) for name in getattr(intent, section))
    for name, said in intent.computed.items():
        yield _Named(("computed",), name, "table", set(tables))
        mine = tables.get(name, set())
        yield from (_Named(("computed", name, "drop"), column, "column", mine) for column in said.drop)
    yield from (_Named(("storage", "rewrite"), name, "table", set(tables)) for name in intent.storage.rewrite)
    yield from _of_read_models(intent, db, set(tables))
    roles = {role.name for role in db.roles}
    if intent.row_security:
        yield from (_Named(("row_security", "roles"), name, "role", roles) for name in intent.row_security.roles)


def _of_read_models(intent: Intent, db: Snapshot, tables: set[str]) -> Iterator[_Named]:
    made = {model.name for model in intent.read_model} | {said.view for said in intent.computed.values()}
    readable = tables | {str(view.name) for view in db.views} | made
    roles = {role.name for role in db.roles} | {"public"}
    for model in intent.read_model:
        yield from (_Named(("read_model", "reads"), name, "table or view", readable) for name in model.reads)
        yield from (_Named(("read_model", "readers"), name, "role", roles) for name in model.readers)


def _where(file: Path | None, keys: list[str]) -> str:
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"{file}: "
    return f"{file}:{line_of(text, keys)}: "
