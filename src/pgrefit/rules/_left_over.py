"""Copies of tables that were made before a change and stayed: what is wrong in them is wrong in the original."""

from __future__ import annotations

from pgrefit.model import lookup
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._names import stems, words

TEMPORARY = {"tmp", "temp", "bak", "bck", "bkp", "backup", "deleteme", "todelete", "obsolete", "unused", "zz", "junk"}
OF_ANOTHER = {*TEMPORARY, "old", "orig", "original", "copy", "new", "save", "saved", "prev", "previous", "before"}
ALIKE = 0.6  # share of the columns that a copy still has
DATE = 6  # digits, at least
# The same in other languages, where the table is like the one that its other words name.
ABROAD = {
    "alt", "alte", "altes", "kopie", "sicherung", "neu", "antiguo", "antigua", "viejo", "vieja", "copia", "respaldo",
    "nuevo", "ancien", "ancienne", "copie", "sauvegarde", "vieux", "oud", "oude", "vecchio", "vecchia", "antigo",
    "antiga", "stary", "stara", "kopia", "velho", "eski", "yedek", "kopya", "lama", "salinan", "cadangan", "gammal",
    "gammel", "gamla",
}  # fmt: skip
MARKS = OF_ANOTHER | ABROAD


@lookup.remembered
def bare_copies(db: Snapshot) -> frozenset[Relation]:
    """Tables that are named as a copy, have the columns of the original, and no key of their own."""
    named = (t for t in db.own_tables() if not t.inherits and (marks_of(t) or is_dated(t)))
    return frozenset(table.name for table in named if not table.row_key and original_of(db, table))


def marks_of(table: Table) -> set[str]:
    """What in its name says that it is a copy."""
    return set(stems(table.name.name) if is_dated(table) else _ends(table)) & MARKS


def is_dated(table: Table) -> bool:
    """Whether its name has a day."""
    return any(word.isdecimal() and len(word) >= DATE for word in words(table.name.name))


def original_of(db: Snapshot, table: Table) -> Table | None:
    """The table of the same schema whose name it has beside the mark and numbers, if it shares most of its columns."""
    kept = tuple(w for w in stems(table.name.name) if w not in MARKS and not w.isdecimal())
    found = _by_words(db).get((table.name.schema, kept))
    if found is None or found.name == table.name or table.partition_of:
        return None
    mine, its = ({column.name for column in one.columns} for one in (table, found))
    return found if len(mine & its) >= ALIKE * max(len(mine), 1) else None


def _ends(table: Table) -> tuple[str, ...]:
    """The first and the last word of the name that is no number."""
    said = [word for word in stems(table.name.name) if not word.isdecimal()]
    return (said[0], said[-1]) if len(said) > 1 or (said and said[0] in {"tmp", "temp"}) else ()


@lookup.remembered
def _by_words(db: Snapshot) -> dict[tuple[str, tuple[str, ...]], Table]:
    return {(table.name.schema, stems(table.name.name)): table for table in db.own_tables() if not table.partition_of}
