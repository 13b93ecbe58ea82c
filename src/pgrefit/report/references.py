"""References that no foreign key declares, as the audit's findings name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.finding import Finding
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.report.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReference:
    """A column that holds keys of another table without a foreign key."""

    child: Relation
    column: str
    parent: Relation
    parent_column: str


def text_references(story: Story) -> tuple[TextReference, ...]:
    """Those that findings name, where the snapshot before is known. Each once."""
    before = story.snapshot_before
    if before is None or story.findings is None:
        return ()
    found = (_reference(finding, before, story.snapshot_after) for finding in story.findings.findings)
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _reference(finding: Finding, before: Snapshot, after: Snapshot | None) -> TextReference | None:
    child = _column(finding.object, before)
    if child is None:
        return None
    table, column = child
    if any(column in key.columns for key in table.foreign_keys):
        return None
    target = _declared_later(table.name, column, after) or _named_key(finding, before, table.name)
    return TextReference(child=table.name, column=column, parent=target[0], parent_column=target[1]) if target else None


def _column(name: str, snapshot: Snapshot) -> tuple[Table, str] | None:
    """The column of that full name; compared whole, since names may contain dots."""
    for table in snapshot.own_tables():
        if name.startswith(f"{table.name}."):
            for column in table.columns:
                if name == f"{table.name}.{column.name}":
                    return table, column.name
    return None


def _declared_later(table: Relation, column: str, after: Snapshot | None) -> tuple[Relation, str] | None:
    found = after.find_table(table) if after else None
    for key in found.foreign_keys if found else ():
        if key.columns == (column,) and key.parent and key.parent_columns:
            return key.parent, key.parent_columns[0]
    return None


def _named_key(finding: Finding, snapshot: Snapshot, child: Relation) -> tuple[Relation, str] | None:
    """The longest key of another table that the finding's words contain."""
    words = " ".join((finding.message, *(str(evidence.value) for evidence in finding.evidence)))
    named = [(len(text), key) for text, key in _keys(snapshot) if key[0] != child and text in words]
    return max(named, key=lambda pair: pair[0])[1] if named else None


def _keys(snapshot: Snapshot) -> Iterator[tuple[str, tuple[Relation, str]]]:
    for table in snapshot.own_tables():
        if len(table.primary_key) == 1:
            yield f"{table.name}.{table.primary_key[0]}", (table.name, table.primary_key[0])
