"""What is wrong with the file itself."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.lint.actions import AddEnumValue, ChangeRows, CreateIndex, CreateTable
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.model.finding import Severity
from pgrefit.model.names import MAX_BYTES
from pgrefit.model.sql_tree import children, nodes


def _never(_: Site) -> Iterator[Problem]:
    """Said by the runner, which alone knows."""
    return iter(())


@lint_rule(
    title="Statement that does not parse",
    why="The server refuses it.",
    severity=Severity.ERROR,
    example="CREATE TABEL users (id bigint);",
    clean="CREATE TABLE users (id bigint PRIMARY KEY);",
)
def syntax(site: Site) -> Iterator[Problem]:
    """SQL that the server's own grammar does not accept; the statements around it are linted all the same."""
    yield from _never(site)


@lint_rule(
    title="Comment that leaves nothing out",
    why="It hides what is not there, and would hide what comes next.",
    severity=Severity.INFO,
    example="-- pgrefit:ignore json-column it was one once\nCREATE TABLE t (id bigint PRIMARY KEY);",
    clean="-- pgrefit:ignore json-column read by nobody\nCREATE TABLE t (id bigint PRIMARY KEY, body json);",
)
def unused_ignore(site: Site) -> Iterator[Problem]:
    """`-- pgrefit:ignore RULE` where that rule finds nothing, or is not there."""
    yield from _never(site)


@lint_rule(
    title="Name longer than 63 bytes",
    why="The server cuts it, with no more than a notice; two such names may then be one.",
    severity=Severity.WARNING,
    example="CREATE TABLE t (id bigint CONSTRAINT " + "a" * 64 + " PRIMARY KEY);",
    clean="CREATE TABLE t (id bigint CONSTRAINT " + "a" * 63 + " PRIMARY KEY);",
)
def identifier_too_long(site: Site) -> Iterator[Problem]:
    """A name as written that has more than 63 bytes. The parser has cut it: so its source is scanned."""
    if len(site.statement.text.encode()) <= MAX_BYTES or site.statement.in_body:
        return
    data = site.statement.text.encode()
    if not any(len(word) > MAX_BYTES for word in data.replace(b'"', b" ").replace(b".", b" ").split()):
        return  # most statements have no word that long
    try:
        tokens = postgast.scan(site.statement.text).tokens
    except postgast.PgQueryError:
        return
    for token in tokens:
        name = data[token.start : token.end].strip(b'"').replace(b'""', b'"')
        if token.token == pb.IDENT and len(name) > MAX_BYTES:
            cut = name[:MAX_BYTES].decode(errors="ignore")
            yield Problem(message=f"{name.decode(errors='replace')} has {len(name)} bytes and is cut to {cut}")


@lint_rule(
    title="Column that is assigned twice",
    why="The server refuses the statement.",
    severity=Severity.ERROR,
    before="CREATE TABLE t (id bigint PRIMARY KEY, a int);",
    example="UPDATE t SET a = 1, a = 2 WHERE id = 1;",
    clean="UPDATE t SET a = 1 WHERE id = 1;",
)
def column_assigned_twice(site: Site) -> Iterator[Problem]:
    """UPDATE … SET with a column twice; parts of a composite or an array aside."""
    for action in site.actions(ChangeRows):
        stmt = site.statement.node.update_stmt
        whole = [t.res_target.name for t in stmt.target_list if not t.res_target.indirection]
        twice = sorted({name for name in whole if whole.count(name) > 1})
        if twice:
            yield Problem(message=f"{', '.join(twice)} of {action.table} is assigned twice")


@lint_rule(
    title="Name without a schema",
    why="Which object is meant depends on the search_path of whoever runs the file.",
    severity=Severity.INFO,
    optional=True,
    example="CREATE TABLE users (id bigint PRIMARY KEY);",
    clean="CREATE TABLE public.users (id bigint PRIMARY KEY);",
)
def unqualified_name(site: Site) -> Iterator[Problem]:
    """CREATE, ALTER or DROP of something that is named without its schema."""
    named = [n for n in _ranges(site.statement.node) if not n.schemaname and n.relpersistence != "t"]
    about = isinstance(site.statement.actions[0], (CreateTable, CreateIndex)) or site.statement.node.HasField(
        "alter_table_stmt"
    )
    if about and named:
        yield Problem(message=f"{named[0].relname} is named without its schema")


def _ranges(node: pb.Node) -> Iterator[pb.RangeVar]:
    """The relation that a statement is about: not those in its sub-selects."""
    inner = getattr(node, str(node.WhichOneof("node")))
    return (child for child in children(inner) if isinstance(child, pb.RangeVar))


@lint_rule(
    title="New enum value used in the transaction that adds it",
    why="The server refuses to use the value before the transaction is committed.",
    severity=Severity.ERROR,
    before="CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id bigint PRIMARY KEY, m mood);",
    example="BEGIN; ALTER TYPE mood ADD VALUE 'bad' AFTER 'ok'; UPDATE t SET m = 'bad' WHERE id = 1; COMMIT;",
    clean="BEGIN; ALTER TYPE mood ADD VALUE 'bad' AFTER 'ok'; COMMIT; UPDATE t SET m = 'bad' WHERE id = 1;",
)
def enum_value_used_at_once(site: Site) -> Iterator[Problem]:
    """A value that ALTER TYPE … ADD VALUE added to an older type stands in a later statement of the transaction."""
    own = site.statement.transaction
    added = {value: name for (name, value), transaction in site.state.enum_values.items()
             if transaction == own and site.state.types.get(name) != site.migration.name}  # fmt: skip
    if own is None or not added or any(True for _ in site.actions(AddEnumValue)):
        return
    said = {
        n.a_const.sval.sval for n in nodes(site.statement.node) if n.HasField("a_const") and n.a_const.HasField("sval")
    }
    doubt = "" if site.migration.certain else ", if the file is run in one transaction as most tools do"
    for value in sorted(said & set(added)):
        yield Problem(
            message=f"'{value}' was added to {added[value]} by this transaction: add it in an earlier migration{doubt}",
            severity=None if site.migration.certain else Severity.WARNING,
        )
