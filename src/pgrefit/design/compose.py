"""Findings and intent become changes, merged a table at a time, in the order in which they build on each other.

What only loses nothing and refuses nothing is planned from the findings alone, unless something stands in its way. What
puts rows aside, drops a column or changes values needs a word in refit.toml. What is left out is named in the notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.changes.compatible_schema import CompatibleSchema
from pgrefit.changes.computed_columns import Computed, ComputedColumns
from pgrefit.changes.create_index import CreateIndex
from pgrefit.changes.drop_index import DropIndex
from pgrefit.changes.extract_text import ExtractText
from pgrefit.changes.fill_required import FillRequired
from pgrefit.changes.read_model import ReadModel
from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.changes.rewrite_policy import RewritePolicy
from pgrefit.changes.rewrite_table import RewriteTable
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.change import Change
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding
from pgrefit.model.intent import Intent, Reference, relation
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.model.sql_tree import value_list


@dataclass(frozen=True, slots=True)
class Composition:
    """The changes in order, and what was decided on the way."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def compose(db: Snapshot, findings: Iterable[Finding], intent: Intent, asked: tuple[Change, ...] = ()) -> Composition:
    """Choose and merge the changes; those `asked` for by name come as they are, after what findings ask for.

    Indexes chosen from the workload are added later, see `with_indexes`.
    """
    remedies = [change for finding in findings for change in finding.remedy]
    notes: list[str] = []
    policies = _unique(c for c in remedies if isinstance(c, RewritePolicy))
    retypes = list(_retypes(db, remedies, policies, intent, notes))
    keys = _unique(c for c in remedies if isinstance(c, AddForeignKey))
    body: list[Change] = [
        *policies, *retypes, *_required(remedies, intent, notes), *_texts(remedies, intent, notes),
        *_checks(db, remedies, intent, notes), *_feasible(db, keys, notes),
        *_feasible(db, _key_indexes(remedies, retypes), notes), *_computed(remedies, intent, notes),
        *_read_models(intent), *_feasible(db, _dropped_indexes(remedies, intent, notes), notes), *asked,
        *(RewriteTable(table=relation(name)) for name in intent.storage.rewrite),
    ]  # fmt: skip
    return Composition((*_compatible(db, body, intent), *body), tuple(notes))


def without_indexes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """All but the indexes that findings ask for: what the advisor starts from."""
    return tuple(change for change in changes if not isinstance(change, CreateIndex))


def with_indexes(changes: tuple[Change, ...], advised: Iterable[CreateIndex]) -> tuple[Change, ...]:
    """Put advised indexes, which have names, over the final columns where these still have their first names.

    An index that a finding asks for is left out where an advised one begins with the same columns.
    """
    names = {c.table: {v.column: v.new for v in c.conversions} for c in changes if isinstance(c, RetypeColumns)}
    physical = tuple(index.renamed(names.get(index.table, {})) for index in advised)
    kept = [c for c in changes if not (isinstance(c, CreateIndex) and any(_covers(index, c) for index in physical))]
    place = next((n for n, c in enumerate(kept) if isinstance(c, ComputedColumns | ReadModel | DropIndex)), len(kept))
    return (*kept[:place], *physical, *kept[place:])


def _covers(advised: CreateIndex, asked: CreateIndex) -> bool:
    columns = [key.column for key in asked.keys]
    leading = [key.column for key in advised.keys[: len(columns)]]
    return advised.table == asked.table and advised.where is None and set(leading) == set(columns)


def _unique(changes: Iterable[Change]) -> list[Change]:
    return list(dict.fromkeys(changes))


def _feasible(db: Snapshot, changes: Iterable[Change], notes: list[str]) -> Iterator[Change]:
    """Those that nothing stands in the way of; nobody has asked for the others."""
    for change in changes:
        obstacles = [f"{obstacle.about} {obstacle.says}" for obstacle in change.obstacles(db)]
        if obstacles:
            notes.append(f"not planned: {change.title}, for {'; '.join(obstacles)}")
        else:
            yield change


def _retypes(
    db: Snapshot, remedies: list[Change], policies: list[Change], intent: Intent, notes: list[str]
) -> Iterator[RetypeColumns]:
    """One change a table, with the intent's choices, over the policies as the earlier steps leave them."""
    by_table: dict[Relation, dict[str, Conversion]] = {}
    for change in remedies:
        for conversion in change.conversions if isinstance(change, RetypeColumns) else ():
            assert isinstance(change, RetypeColumns)
            name = change.table.column(conversion.column)
            if name in intent.reference:
                by_table.setdefault(change.table, {})[name] = _decided(conversion, intent.reference[name])
            elif conversion.parent:
                notes.append(f"{name} stays text: name it under [reference] to make it a reference")
            else:
                notes.append(f'{name} stays text: ask for {conversion.to_type} under [[change]], do = "retype_columns"')
    for table, conversions in by_table.items():
        rewritten = tuple(_rewritten(db.table(table), policies))
        yield RetypeColumns(table=table, conversions=tuple(conversions.values()), policies=rewritten)


def _decided(conversion: Conversion, said: Reference) -> Conversion:
    required = said.required or conversion.required
    return replace(conversion, on_delete=said.on_delete, orphans=said.orphans, required=required)


def _rewritten(table: Table, policies: list[Change]) -> Iterator[Policy]:
    mine = {c.policy.name: c for c in policies if isinstance(c, RewritePolicy) and c.table == table.name}
    for policy in table.policies:
        change = mine.get(policy.name)
        if change is None:
            yield policy
        else:
            yield replace(policy, using=change.using or policy.using, check=change.check or policy.check)


def _required(remedies: list[Change], intent: Intent, notes: list[str]) -> Iterator[Change]:
    for change in _unique(c for c in remedies if isinstance(c, FillRequired | SetNotNull)):
        assert isinstance(change, FillRequired | SetNotNull)
        column = change.table.column(change.column)
        said = intent.required.get(column)
        if said:
            yield replace(change, rest=said.rest) if isinstance(change, FillRequired) else change
        else:
            notes.append(f"{column} stays nullable: name it under [required] to fill and enforce it")


def _texts(remedies: list[Change], intent: Intent, notes: list[str]) -> Iterator[Change]:
    for change in _unique(c for c in remedies if isinstance(c, ExtractText)):
        assert isinstance(change, ExtractText)
        column = change.table.column(change.column)
        said = intent.text.get(column)
        if said is None:
            notes.append(f"{column} keeps its lines of text: name it under [text] to parse them")
            continue
        chosen = tuple(
            replace(f, target=said.columns[f.label]) if f.label in said.columns else f
            for f in change.fields
            if not said.columns or f.label in said.columns
        )
        yield replace(change, fields=chosen)


def _checks(db: Snapshot, remedies: list[Change], intent: Intent, notes: list[str]) -> Iterator[Change]:
    found = (c for c in remedies if isinstance(c, ReconcileCheck))
    for change in {(c.table, c.column): _under_own_name(db, c) for c in found}.values():
        column = change.table.column(change.column)
        said = intent.check.get(column)
        if said:
            wanted = replace(
                change, values=said.values or change.values, mapping=tuple(said.mapping.items()) or change.mapping
            )
            if _allowed(db.table(change.table), change.name) == set(wanted.values):
                notes.append(f"{column} has the wanted check: the other environment is to change")
            else:
                yield wanted
        else:
            notes.append(f"{column} keeps its check: name it under [check] to reconcile it")


def _under_own_name(db: Snapshot, change: ReconcileCheck) -> ReconcileCheck:
    """The same for the check that lists the column's values here, which may be called otherwise elsewhere."""
    checks = db.table(change.table).checks
    named = next((c for c in checks if c.name == change.name), None)
    listing = (c for c in checks if c.expression and c.columns == (change.column,) and value_list(c.expression))
    return replace(change, name=(named or next(listing, change)).name)


def _allowed(table: Table, check: str) -> set[str]:
    """The values that a validated check allows; empty where it is of another form."""
    found = next((c for c in table.checks if c.name == check and c.validated and c.expression), None)
    listed = value_list(found.expression) if found and found.expression else None
    return set(listed[1]) if listed else set[str]()


def _key_indexes(remedies: list[Change], retypes: list[RetypeColumns]) -> Iterator[Change]:
    """Indexes that findings ask for, but not on columns that a retype indexes itself."""
    indexed = {(r.table, c.column) for r in retypes for c in r.conversions}
    names: set[Relation] = set()
    for change in _unique(c for c in remedies if isinstance(c, CreateIndex)):
        assert isinstance(change, CreateIndex)
        if not any((change.table, key.column) in indexed for key in change.keys):
            twins = (replace(change, name=fit(change.index.name, f"_{n}")) for n in count(2))
            free = next(c for c in chain((change,), twins) if c.index not in names)
            names.add(free.index)
            yield free


def _computed(remedies: list[Change], intent: Intent, notes: list[str]) -> Iterator[Change]:
    found: dict[str, dict[str, Expression]] = {}
    for change in remedies:
        if isinstance(change, ComputedColumns):
            found.setdefault(str(change.table), {}).update({c.name: c.expression for c in change.columns})
    for name in sorted(found.keys() - intent.computed.keys()):
        columns = ", ".join(found[name])
        notes.append(f"{name} keeps its stored columns {columns}: name the table under [computed] to compute them")
    for name, said in intent.computed.items():
        stored = {c: e for c, e in found.get(name, {}).items() if not said.drop or c in said.drop}
        notes.extend(f"{name}.{c} is not dropped: no computation of it holds" for c in said.drop if c not in stored)
        values = stored | {c: Expression(e) for c, e in said.columns.items()}
        if values:
            computed = tuple(Computed(name=c, expression=e) for c, e in values.items())
            yield ComputedColumns(table=relation(name), columns=computed, view=relation(said.view))


def _read_models(intent: Intent) -> Iterator[Change]:
    for said in intent.read_model:
        yield ReadModel(
            name=relation(said.name), select=Expression(said.select.strip().rstrip(";")), key=said.key,
            reads=tuple(map(relation, said.reads)), kind=said.kind, readers=said.readers,
        )  # fmt: skip


def _dropped_indexes(remedies: list[Change], intent: Intent, notes: list[str]) -> Iterator[Change]:
    drops = _unique(c for c in remedies if isinstance(c, DropIndex))
    if intent.indexes.drop_unused:
        yield from drops
    elif drops:
        notes.append(f"{len(drops)} unused or redundant indexes stay: set drop_unused under [indexes] to drop them")


def _compatible(db: Snapshot, changes: list[Change], intent: Intent) -> Iterator[Change]:
    if intent.compatibility is None:
        return
    reshaped = dict.fromkeys(
        c.table
        for c in changes
        if isinstance(c, RetypeColumns)
        or (isinstance(c, ComputedColumns) and (table := db.find_table(c.table)) and c.drops(table))
    )
    if reshaped:
        yield CompatibleSchema(
            schema=intent.compatibility.schema_name, tables=tuple(reshaped), by_default=intent.compatibility.by_default
        )
