"""What the static statements of bodies name and the database does not have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from postgast import PgQueryError, scan
from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.rules._access import schemas_of_path, tables_and_views
from pgrefit.rules._bodies import Body, bodies, source
from pgrefit.rules._effects import made, named_tables
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree

ASKS_WHETHER_THERE = frozenset({
    "information_schema", "pg_class", "pg_extension", "pg_namespace", "pg_proc", "pg_tables", "to_regclass",
    "to_regproc", "to_regprocedure",
})  # fmt: skip
QUERIES = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
PASSING = frozenset({"scratch", "temp", "temporary", "tmp"})  # words in names of tables that a session makes
CREATING = frozenset({"create", "into", "rename"})
CALLERS_OWN = "$user"


@lookup.remembered
def relations(db: Snapshot) -> dict[str, dict[str, Table | View | None]]:
    """Tables and views by name and schema; sequences too, with nothing to say of columns."""
    found: defaultdict[str, dict[str, Table | View | None]] = defaultdict(dict)
    for thing in tables_and_views(db):
        found[thing.name.name][thing.name.schema] = thing
    for sequence in db.sequences:
        found[sequence.name.name][sequence.name.schema] = None
    return dict(found)


@lookup.remembered
def made_elsewhere(db: Snapshot) -> frozenset[str]:
    """Names that tables may have while functions run: what they create, words of SQL that they put together, the names
    that triggers give to the rows of a statement.
    """
    within = {name for body in bodies(db) for name in _made(body)}
    triggers = (trigger for table in tables_and_views(db) for trigger in table.triggers)
    return frozenset(within | {name for trigger in triggers for name in _transition(trigger.definition)})


def _made(body: Body) -> Iterator[str]:
    for tree in body.trees:
        yield from made(tree)
    for tree in (*body.executed, *(value for _, value in body.assigned)):
        for constant in tree.all(pb.A_Const):
            yield from _words(constant.sval.sval)


def _words(text: str) -> Iterator[str]:
    try:
        tokens = scan(text).tokens
    except PgQueryError:
        yield from text.split()
        return
    data = text.encode()
    yield from (data[token.start : token.end].decode().strip('"') for token in tokens)


def _transition(definition: str) -> Iterator[str]:
    if "REFERENCING" in definition:
        try:
            yield from (row.name for row in Tree(parse_sql(definition)).all(pb.TriggerTransition))
        except UnreadableError:
            return


def queries(body: Body) -> Iterator[Tree]:
    """Its queries and data changing statements, those of expressions too."""
    for tree in body.trees:
        if isinstance(tree.root, pb.Node) and tree.root.WhichOneof("node") in QUERIES:
            yield tree


def is_guarded(body: Body) -> bool:
    """Whether it looks first if things are there, or goes on where they are not."""
    called = {call.funcname[-1].string.sval for tree in body.trees for call in tree.all(pb.FuncCall)}
    named = {part for tree in body.trees for t in tree.all(pb.RangeVar) for part in (t.schemaname, t.relname)}
    return body.handles_errors or bool((called | named) & ASKS_WHETHER_THERE)


def missing_tables(db: Snapshot, body: Body) -> tuple[str, ...]:
    """Tables that it names and that would not be found; each once."""
    named = [*(t for query in queries(body) for t in named_tables(query)), *_row_types(db, body)]
    found = (*(t for t in named if not is_there(db, body, t)), *_in_constants(db, body))
    return tuple(dict.fromkeys(str(Relation(t.schemaname, t.relname)) if t.schemaname else t.relname for t in found))


def _in_constants(db: Snapshot, body: Body) -> Iterator[pb.RangeVar]:
    """Tables that a statement names which is run from a text, where the text is a constant."""
    for tree in body.executed:
        for table in (t for query in _constant(tree) for t in named_tables(query)):
            passing = PASSING & set(words(table.relname)) or table.relname.startswith("pg_")
            hidden = table.schemaname.startswith(("pg_", "information_schema")) or table.catalogname
            there = relations(db).get(table.relname) is not None or table.relname in _ever_made(db)
            if not (passing or hidden or there):
                yield table


def _constant(executed: Tree) -> list[Tree]:
    """The queries of a text that is run, where it is a constant and can be read."""
    root = executed.root
    values = list(root.select_stmt.target_list) if isinstance(root, pb.Node) else []
    text = str(values[0].res_target.val.a_const.sval.sval) if len(values) == 1 else ""
    try:
        return [Tree(raw.stmt) for raw in parse_sql(text).stmts if raw.stmt.WhichOneof("node") in QUERIES]
    except UnreadableError:
        return []


@lookup.remembered
def _ever_made(db: Snapshot) -> frozenset[str]:
    """Names that some function gives to what it creates: in its statements, or in a text with such a word."""
    found = {name for body in bodies(db) for tree in body.trees for name in made(tree)}
    for body in bodies(db):
        for tree in (*body.executed, *(value for _, value in body.assigned)):
            texts = [constant.sval.sval for constant in tree.all(pb.A_Const)]
            if any(CREATING & {*text.lower().split()} for text in texts):
                found |= {word for text in texts for word in _words(text)}
    return frozenset(found)


def _row_types(db: Snapshot, body: Body) -> Iterator[pb.RangeVar]:
    """Tables whose rows variables are declared to hold: `name%ROWTYPE`; a composite type has such rows too."""
    text = source(body.definition)
    if "%" not in text or body.function.language != "plpgsql":
        return
    data = text.encode()
    words = [data[token.start : token.end].decode() for token in scan(text).tokens]
    for n in range(1, len(words) - 1):
        if words[n] == "%" and words[n + 1].lower() == "rowtype":
            schema = words[n - 3] if n > 3 and words[n - 2] == "." else ""
            name = Relation(_folded(schema), _folded(words[n - 1]))
            if name.name not in _composites(db):
                yield pb.RangeVar(schemaname=name.schema, relname=name.name)


def _folded(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()


@lookup.remembered
def _composites(db: Snapshot) -> frozenset[str]:
    return frozenset(kind.name.name for kind in db.types if kind.kind == "composite")


def is_there(db: Snapshot, body: Body, named: pb.RangeVar) -> bool:
    """Whether a name may lead to a table, view or sequence."""
    if named.catalogname or named.schemaname.startswith(("pg_", "information_schema")) or named.schemaname == "pgrefit":
        return True
    passing = PASSING & set(words(named.relname))
    if not named.schemaname and (passing or named.relname in made_elsewhere(db) or named.relname.startswith("pg_")):
        return True
    return bool(_homes(db, body, named)) or named.relname in _made(body)


def meant_by(db: Snapshot, body: Body, named: pb.RangeVar) -> Table | View | None:
    """The one table or view that a name can lead to; None where there are several, or none."""
    if not named.schemaname and named.relname in made_elsewhere(db):
        return None
    homes = _homes(db, body, named)
    return relations(db)[named.relname][homes[0]] if len(homes) == 1 else None


def _homes(db: Snapshot, body: Body, named: pb.RangeVar) -> list[str]:
    """The schemas where the name may be found."""
    schemas = relations(db).get(named.relname, {})
    path = search_path(body)
    if named.schemaname:
        return [named.schemaname] if named.schemaname in schemas else []
    return [schema for schema in schemas if path is None or schema in path]


def search_path(body: Body) -> frozenset[str] | None:
    """The schemas that the function says it looks names up in; None where the caller has a say."""
    setting = next((s for s in body.function.settings if s.startswith("search_path=")), None)
    if setting is None:
        return None
    path = frozenset(schemas_of_path(setting.partition("=")[2]))
    return None if CALLERS_OWN in path else path
