"""Which tables an application's statements read by `*`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql, tables_and_columns


def stars_in(statements: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The SELECT statements with a `*`, by the bare name of each table that they read; others are left out."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for sql in statements:
        if "*" in sql and _has_star(sql):
            for table in tables_and_columns(sql)[0]:
                found[table].append(" ".join(sql.split()))
    return {table: tuple(listed) for table, listed in found.items()}


def _has_star(sql: str) -> bool:
    """Whether the outermost SELECT yields `*`."""
    try:
        statements = parse_sql(sql).stmts
    except UnreadableError:
        return False
    select = statements[0].stmt.select_stmt if statements else None
    targets = select.target_list if select is not None else ()
    return any(node.HasField("a_star") for target in targets for node in nodes(target.res_target.val))
