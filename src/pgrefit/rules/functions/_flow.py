"""How the statements of a PL/pgSQL body follow each other: where it ends, and what is never reached."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.rules._bodies import Body
from pgrefit.rules._plpgsql import Json

Statements = list[tuple[str, dict[str, Json]]]
ERROR_LEVEL = 21
PREFIX = "PLpgSQL_stmt_"
OF_TRIGGER = "tg_"
FOREVER = {"", "true"}


def statements_of(part: Json) -> Statements:
    """Kind and content of each statement of a list."""
    items = part if isinstance(part, list) else []
    pairs = (pair for item in items if isinstance(item, dict) for pair in item.items())
    return [(kind, value) for kind, value in pairs if isinstance(value, dict)]


def outermost(body: Body) -> Statements:
    """The statements of the body itself; empty where there are none, or labels make its order hard to tell."""
    action = next((value["action"] for _, value in statements_of(body.tree) if "action" in value), None)
    if not isinstance(action, dict) or any(_jumps(action)):
        return []
    return statements_of([action])


def _jumps(part: Json) -> Iterator[bool]:
    """EXIT and CONTINUE that name a label."""
    for kind, value in every(part):
        if kind == f"{PREFIX}exit" and value.get("label"):
            yield True


def every(part: Json) -> Statements:
    """All statements below, and what else the tree is made of."""
    found: Statements = []
    left = [part]
    while left:
        item = left.pop()
        if isinstance(item, list):
            left.extend(item)
        elif isinstance(item, dict):
            found += [(kind, value) for kind, value in item.items() if isinstance(value, dict)]
            left.extend(item.values())
    return found


def ends(statements: Statements, *, surely: bool = False) -> bool:
    """Whether nothing comes after them; unless `surely`, an IF that asks for a trigger's operation needs no ELSE."""
    return any(_stops(kind, value, surely=surely) for kind, value in statements)


def last_kind(statements: Statements) -> str:
    """What the last statement is, within the blocks that it ends; '' where there is none."""
    if not statements:
        return ""
    kind, value = statements[-1]
    name = kind.removeprefix(PREFIX)
    return last_kind(statements_of(value.get("body"))) if name == "block" else name


def unreachable(part: Json) -> tuple[int, ...]:
    """Lines of the body at which statements begin that are never reached; the first of each row of them."""
    found: list[int] = []
    for _, value in every(part):
        for below in value.values():
            statements = statements_of(below) if isinstance(below, list) else []
            after = _after_end(statements)
            if after:
                found.append(after)
    return tuple(sorted(found))


def _after_end(statements: Statements) -> int:
    """The line of what follows a statement that stops; 0 where nothing does that was written."""
    stops = (_leaves_here(kind, value) or (kind.startswith(PREFIX) and _stops(kind, value, surely=True))
             for kind, value in statements)  # fmt: skip
    stop = next((n for n, found in enumerate(stops) if found), None)
    following = statements[stop + 1 :] if stop is not None else []
    lines = (value.get("lineno") for kind, value in following if kind.startswith(PREFIX))
    return next((line for line in lines if isinstance(line, int)), 0)


def _leaves_here(kind: str, value: dict[str, Json]) -> bool:
    """EXIT and CONTINUE without a condition."""
    return kind == f"{PREFIX}exit" and not value.get("cond")


def _stops(kind: str, value: dict[str, Json], *, surely: bool) -> bool:
    match kind.removeprefix(PREFIX):
        case "return":
            return True
        case "raise":
            return value.get("elog_level") == ERROR_LEVEL
        case "if":
            return _all_branches(value, surely=surely)
        case "case":
            return _all_cases(value, surely=surely)
        case "loop" | "while":
            return _text(value.get("cond")) in FOREVER and not _leaves(value.get("body"))
        case name:
            return name == "block" and _block_ends(value, surely=surely)


def _all_cases(value: dict[str, Json], *, surely: bool) -> bool:
    """Of CASE; without ELSE it refuses what it does not name."""
    whens = [statements_of(when.get("stmts")) for _, when in statements_of(value.get("case_when_list"))]
    others = [statements_of(value.get("else_stmts"))] if value.get("have_else") else []
    return all(ends(branch, surely=surely) for branch in [*whens, *others])


def _block_ends(value: dict[str, Json], *, surely: bool) -> bool:
    handlers = [h.get("action") for kind, h in every(value.get("exceptions")) if kind == "PLpgSQL_exception"]
    return all(ends(statements_of(part), surely=surely) for part in [value.get("body"), *handlers])


def _all_branches(value: dict[str, Json], *, surely: bool) -> bool:
    """Of IF."""
    others = [(when, statements_of(when.get("stmts"))) for _, when in statements_of(value.get("elsif_list"))]
    branches = [statements_of(value.get("then_body")), *(statements for _, statements in others)]
    if "else_body" in value:
        branches.append(statements_of(value.get("else_body")))
    texts = [_text(value.get("cond")), *(_text(when.get("cond")) for when, _ in others)]
    complete = "else_body" in value or (not surely and all(OF_TRIGGER in text for text in texts))
    return complete and all(ends(branch, surely=surely) for branch in branches)


def _text(expression: Json) -> str:
    inner = expression.get("PLpgSQL_expr") if isinstance(expression, dict) else None
    return str(inner.get("query", "")).lower() if isinstance(inner, dict) else ""


def _leaves(part: Json) -> bool:
    """Whether an EXIT leaves the loop that it stands in: one of a loop within leaves that alone."""
    for kind, value in statements_of(part):
        name = kind.removeprefix(PREFIX)
        if name == "exit" and value.get("is_exit"):
            return True
        inner = name in {"loop", "while", "fori", "fors", "forc", "foreach_a", "dynfors"}
        if not inner and any(_leaves(below) for below in _lists(value)):
            return True
    return False


def _lists(value: Json) -> Iterator[Json]:
    """Lists of statements within one."""
    if isinstance(value, dict):
        for below in value.values():
            if isinstance(below, list):
                yield below
            yield from _lists(below) if isinstance(below, dict) else ()
