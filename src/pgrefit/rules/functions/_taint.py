"""Which parameters reach the text that EXECUTE runs without being quoted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from postgast import pg_query_pb2 as pb

from pgrefit.rules._bodies import Body, parameters
from pgrefit.rules._effects import called_name, calls, named_tables
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree

ROWS = (["new"], ["old"])  # of a trigger
Origins = frozenset[str]
NONE: Origins = frozenset()
INPUT = frozenset({pb.FUNC_PARAM_DEFAULT, pb.FUNC_PARAM_IN, pb.FUNC_PARAM_INOUT, pb.FUNC_PARAM_VARIADIC})
TEXT = frozenset({"bpchar", "citext", "json", "jsonb", "name", "text", "varchar"})
TEXT_WORDS = ("char", "json", "name", "text")
PASSES_ON = frozenset({
    "array_to_string", "btrim", "concat", "concat_ws", "initcap", "left", "lower", "ltrim", "replace", "right", "rpad",
    "rtrim", "string_agg", "substr", "substring", "trim", "upper",
})  # fmt: skip
READS_DOCUMENT = frozenset({"->", "->>", "#>", "#>>"})
SPECIFIER = re.compile(r"%(?:(\d+)\$)?-?\d*([sIL%])")
JUDGES = frozenset({"allowed", "assert", "check", "ensure", "is", "safe", "sanitize", "valid", "validate", "verify"})
LENGTHS = frozenset({"btrim", "char_length", "character_length", "coalesce", "length", "octet_length", "trim"})


def unquoted_parameters(body: Body, row: Collection[str] = ()) -> Origins:
    """The parameters of text that stand in what EXECUTE runs as they were given; and of `row`, as new.column.

    Not those that are looked at before: compared with what is allowed, cast to regclass, looked up in the catalog,
    given another value.
    """
    reach = _reach(body, row)
    return frozenset(origin for tree in body.executed for origin in _in_select(tree, reach))


def between_quotes(body: Body, row: Collection[str] = ()) -> Origins:
    """Those of them that stand for a value, after a quote: what an application passes on from its users."""
    reach = _reach(body, row)
    trees = (*body.executed, *(tree for _, tree in body.assigned))
    return NONE.union(*(_passed(node, reach) for tree in trees for node in _after_quotes(tree)))


def _reach(body: Body, row: Collection[str]) -> dict[str, Origins]:
    given = (*_text_parameters(body), *row)
    return _through_variables(body, {name: frozenset({name}) for name in given if not _judged(body, name)})


def runs_it_whole(body: Body, parameter: str) -> bool:
    """Whether EXECUTE runs a parameter as it is."""
    return any(_only_column(tree) == parameter for tree in body.executed)


def used_of_row(body: Body) -> set[str]:
    """The columns of NEW and OLD that stand anywhere in it."""
    columns = (_name_of(node) for tree in body.trees for node in tree.all(pb.Node))
    return {name.partition(".")[2] for name in columns if name.startswith(("new.", "old."))}


def _only_column(tree: Tree) -> str:
    columns = tree.all(pb.ColumnRef)
    bare = len(columns) == 1 and not tree.all(pb.A_Expr) and not calls(tree)
    return str(columns[0].fields[-1].string.sval) if bare else ""


def _text_parameters(body: Body) -> Iterator[str]:
    """Names of the parameters that may hold any text, and $n where they have none."""
    given = [parameter for parameter in parameters(body.definition) if parameter.mode in INPUT]
    for number, parameter in enumerate(given, start=1):
        if parameter.arg_type.names and parameter.arg_type.names[-1].string.sval in TEXT:
            yield parameter.name.lower() or f"${number}"


def _through_variables(body: Body, inputs: Mapping[str, Origins]) -> dict[str, Origins]:
    """Where from the text of each name comes, over all assignments in whatever order."""
    reach = dict(inputs)
    local = [(name, tree) for name, tree in body.assigned if name not in inputs and _may_hold_text(body, name)]
    changed = True
    while changed:
        changed = False
        for name, tree in local:
            origins = reach.get(name, NONE) | _in_select(tree, reach)
            changed = changed or origins != reach.get(name, NONE)
            reach[name] = origins
    return reach


def _may_hold_text(body: Body, variable: str) -> bool:
    declared = body.variables.get(variable, "").lower()
    return any(word in declared for word in TEXT_WORDS)


# -- what is looked at before ---------------------------------------------------------------------------------------


def _judged(body: Body, name: str) -> bool:
    if name in body.filled or any(assigned == name for assigned, _ in body.assigned):
        return True
    if any(_decides(part, name) for tree in body.tests for part in _parts(tree)):
        return True
    return any(_looked_up(tree, name) for tree in body.trees)


def _parts(tree: Tree) -> Iterator[pb.Node]:
    """What AND, OR and NOT join in a test."""
    for target in tree.all(pb.SelectStmt)[0].target_list:
        yield from _split(target.res_target.val)


def _split(node: pb.Node) -> Iterator[pb.Node]:
    if node.HasField("bool_expr"):
        for arg in node.bool_expr.args:
            yield from _split(arg)
    else:
        yield node


def _decides(node: pb.Node, name: str) -> bool:
    """Whether a test tells some of its values from others, not only that there is one."""
    part = Tree(node)
    if not _mentions(part, name) or node.HasField("null_test"):
        return False
    empty = any(c.HasField("sval") and not c.sval.sval for c in part.all(pb.A_Const))
    measured = all(called_name(call) in LENGTHS for call in calls(part)) and bool(calls(part))
    return not empty and not measured


def _looked_up(tree: Tree, name: str) -> bool:
    """Whether it is held against the catalog, cast to a name that must exist, or given to a function that judges."""
    if not _mentions(tree, name):
        return False
    of_catalog = any(t.relname.startswith("pg_") or t.schemaname.startswith(("pg_", "information_schema"))
                     for t in named_tables(tree))  # fmt: skip
    casts = (c for c in tree.all(pb.TypeCast) if c.type_name.names[-1].string.sval.startswith("reg"))
    judges = (call for call in calls(tree) if JUDGES & set(words(called_name(call))))
    names = (call for call in calls(tree) if called_name(call).startswith("to_reg"))
    return of_catalog or any(_mentions(Tree(part), name) for part in (*casts, *judges, *names))


def _mentions(tree: Tree, name: str) -> bool:
    return any(_name_of(node) == name for node in tree.all(pb.Node))


def _name_of(node: pb.Node) -> str:
    """The variable that a node is; '' where it is none."""
    if node.HasField("param_ref"):
        return f"${node.param_ref.number}"
    if node.HasField("column_ref") and node.column_ref.fields[-1].HasField("string"):
        *before, last = [str(field.string.sval).lower() for field in node.column_ref.fields]
        return f"{before[0]}.{last}" if before in ROWS else last
    return ""


# -- what an expression passes on -----------------------------------------------------------------------------------


def _in_select(tree: Tree, reach: Mapping[str, Origins]) -> Origins:
    """In the list of the outermost SELECT."""
    return _all([target.res_target.val for target in tree.all(pb.SelectStmt)[0].target_list], reach)


def _passed(node: pb.Node, reach: Mapping[str, Origins]) -> Origins:
    """Origins of the text that the value of an expression holds unquoted."""
    if name := _name_of(node):
        return reach.get(name, NONE)
    if node.HasField("a_expr"):
        return _operator(node.a_expr, reach)
    if node.HasField("func_call"):
        return _call(node.func_call, reach)
    return _all(_handed_on(node), reach)


def _handed_on(node: pb.Node) -> list[pb.Node]:
    """The parts of which one is the value."""
    match node.WhichOneof("node"):
        case "type_cast":
            return [node.type_cast.arg] if node.type_cast.type_name.names[-1].string.sval in TEXT else []
        case "coalesce_expr":
            return list(node.coalesce_expr.args)
        case "case_expr":
            return [*(when.case_when.result for when in node.case_expr.args), node.case_expr.defresult]
        case "a_indirection":
            return [node.a_indirection.arg]
        case _:
            return []


def _all(parts: list[pb.Node], reach: Mapping[str, Origins]) -> Origins:
    return NONE.union(*(_passed(part, reach) for part in parts))


def _operator(node: pb.A_Expr, reach: Mapping[str, Origins]) -> Origins:
    operator = node.name[-1].string.sval
    if operator == "||" or node.kind == pb.AEXPR_NULLIF:
        return _all([node.lexpr, node.rexpr], reach)
    return _passed(node.lexpr, reach) if operator in READS_DOCUMENT else NONE


def _call(call: pb.FuncCall, reach: Mapping[str, Origins]) -> Origins:
    name = called_name(call)
    if name == "format":
        return _format(list(call.args), reach)
    return _all(list(call.args), reach) if name in PASSES_ON else NONE


def _after_quotes(tree: Tree) -> Iterator[pb.Node]:
    """What is put behind a text that ends with a quote."""
    for joined in tree.all(pb.A_Expr):
        if joined.name[-1].string.sval == "||" and _opens(_end_of(joined.lexpr)):
            yield joined.rexpr
    for call in calls(tree):
        args = list(call.args)
        if called_name(call) == "concat":
            yield from (after for before, after in pairwise(args) if _opens(_end_of(before)))
        elif called_name(call) == "format":
            yield from (arg for before, arg in _plain(args) if _opens(before))


def _opens(text: str) -> bool:
    return text.rstrip("%").endswith("'")


def _end_of(node: pb.Node) -> str:
    """The constant that an expression ends with; '' where it ends otherwise."""
    match node.WhichOneof("node"):
        case "a_const":
            return str(node.a_const.sval.sval)
        case "a_expr":
            return _end_of(node.a_expr.rexpr)
        case "type_cast":
            return _end_of(node.type_cast.arg)
        case _:
            return ""


def _format(args: list[pb.Node], reach: Mapping[str, Origins]) -> Origins:
    """What stands for %s; all of it where the template is no constant."""
    if not args or not args[0].HasField("a_const"):
        return _all(args, reach)
    return _all([arg for _, arg in _plain(args)], reach)


def _plain(args: list[pb.Node]) -> Iterator[tuple[str, pb.Node]]:
    """The arguments that format() puts in for %s, with the text before."""
    template = args[0].a_const.sval.sval if args and args[0].HasField("a_const") else ""
    place = 0
    for found in SPECIFIER.finditer(template):
        position, kind = found.groups()
        if kind == "%":
            continue
        place = int(position) if position else place + 1
        if kind == "s" and place < len(args):
            yield template[: found.start()], args[place]
