"""Both tables in step: a trigger that brings what is written to the one over to the other, and the first filling.

The trigger fires after the row was written and reads it again, so that it copies what the application's own triggers
made of it, in whatever order they fire. It is enabled ALWAYS: what replication writes is brought over too.

The filling locks the rows of a batch while it copies them. Whoever wants to change one waits for the batch, and then
finds the copy; a row that was changed meanwhile is copied as it is now. So neither overtakes the other. A transaction
of a stronger isolation level that does not see the copy gets a serialization failure, as from any concurrent change.
"""

from __future__ import annotations

from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation

from ._batches import key_range, row_key
from ._shadow import Shadow
from ._sync import create_function, function, trigger_name

FORTH, BACK = "shadow", "shadow_back"
TRUNCATED = "shadow_truncate"


def follow(shadow: Shadow, source: Relation, target: Relation) -> tuple[Statement, ...]:
    """Bring what is written to `source` over to `target` from now on: to the new table, or back to the old one."""
    forth = target == shadow.building
    purpose = FORTH if forth else BACK
    known = shadow.table.name
    return (
        create_function(known, purpose, _body(shadow, source, target, forth=forth), definer=True),
        ddl("REVOKE ALL ON FUNCTION {f}() FROM PUBLIC", f=function(known, purpose)),
        ddl("CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {source} FOR EACH ROW EXECUTE FUNCTION {f}()",
            name=trigger_name(known, FORTH), source=source, f=function(known, purpose)),
        ddl("CREATE TRIGGER {name} AFTER TRUNCATE ON {source} FOR EACH STATEMENT EXECUTE FUNCTION {f}()",
            name=trigger_name(known, TRUNCATED), source=source, f=function(known, purpose)),
        ddl("ALTER TABLE {source} ENABLE ALWAYS TRIGGER {row}, ENABLE ALWAYS TRIGGER {all}",
            source=source, row=trigger_name(known, FORTH), all=trigger_name(known, TRUNCATED)),
    )  # fmt: skip


def leave(shadow: Shadow, source: Relation, *, forth: bool) -> tuple[Statement, ...]:
    """Stop bringing over what is written to `source`."""
    known = shadow.table.name
    return (
        ddl("DROP TRIGGER IF EXISTS {name} ON {source}", name=trigger_name(known, TRUNCATED), source=source),
        ddl("DROP TRIGGER IF EXISTS {name} ON {source}", name=trigger_name(known, FORTH), source=source),
        ddl("DROP FUNCTION IF EXISTS {f}()", f=function(known, FORTH if forth else BACK)),
    )


def _body(shadow: Shadow, source: Relation, target: Relation, *, forth: bool) -> Statement:
    """`forth`: the target may lack rows that were not copied yet, and get them from others at the same moment."""
    return ddl(
        "#variable_conflict use_column\n"
        "DECLARE moved boolean := false;\n"
        "BEGIN\n"
        "  IF TG_OP = 'TRUNCATE' THEN TRUNCATE {target} {cascade}; RETURN NULL; END IF;\n"
        "  IF TG_OP = 'UPDATE' THEN\n"
        "    moved := {key_changed};\n"
        "    IF moved THEN\n"
        "      UPDATE {target} AS n SET {new_key} WHERE {n_old}\n"
        "        AND NOT EXISTS (SELECT FROM {target} AS x WHERE {x_new});\n"
        "    END IF;\n"
        "  END IF;\n"
        "  IF TG_OP <> 'DELETE' THEN\n"
        "    UPDATE {target} AS n SET {all} FROM {source} AS t WHERE {n_new} AND {t_new};\n"
        "    IF NOT FOUND THEN\n"
        "      INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE\n"
        "        SELECT {values} FROM {source} AS t WHERE {t_new} {on_conflict};\n"
        "    END IF;\n"
        "  END IF;\n"
        "  IF TG_OP = 'DELETE' OR moved THEN\n"
        "    DELETE FROM {target} AS n WHERE {n_old} AND NOT EXISTS (SELECT FROM {source} AS t WHERE {t_old});\n"
        "    {unseen}\n"
        "  END IF;\n"
        "  RETURN NULL;\n"
        "END",
        source=source, target=target, cascade=raw(Expression("CASCADE" if shadow.incoming else "")),
        key_changed=raw(_changed(shadow.key)), new_key=raw(_assigned(shadow.key, "NEW")),
        n_old=raw(matching(shadow.key, "n", "OLD")), x_new=raw(matching(shadow.key, "x", "NEW")),
        all=raw(_assigned(shadow.columns, "t")), n_new=raw(matching(shadow.key, "n", "NEW")),
        t_new=raw(matching(shadow.key, "t", "NEW")), t_old=raw(matching(shadow.key, "t", "OLD")),
        columns=shadow.columns, values=raw(_values(shadow.columns, "t")),
        on_conflict=raw(_take_over(shadow) if forth else Expression("")),
        unseen=raw(_unseen(shadow, source, target) if forth else Expression("")),
    )  # fmt: skip


def _take_over(shadow: Shadow) -> Expression:
    return expression(
        "ON CONFLICT ({key}) DO UPDATE SET {all}", key=shadow.key, all=raw(_assigned(shadow.columns, "EXCLUDED"))
    )


def _unseen(shadow: Shadow, source: Relation, target: Relation) -> Expression:
    """Where our snapshot may be older than the copy: inserting fails to serialize where there is one."""
    return expression(
        "IF NOT FOUND AND pg_catalog.current_setting('transaction_isolation') NOT LIKE 'read %' THEN\n"
        "      INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({old})\n"
        "        ON CONFLICT ({key}) DO NOTHING;\n"
        "      DELETE FROM {target} AS n WHERE {n_old} AND NOT EXISTS (SELECT FROM {source} AS t WHERE {t_old});\n"
        "    END IF;",
        target=target, columns=shadow.columns, old=raw(_values(shadow.columns, "OLD")), key=shadow.key, source=source,
        n_old=raw(matching(shadow.key, "n", "OLD")), t_old=raw(matching(shadow.key, "t", "OLD")),
    )  # fmt: skip


def matching(columns: tuple[str, ...], one: str, other: str) -> Expression:
    """That the columns of two rows are equal, each row by its alias."""
    return joined([
        expression("{a}.{c} = {b}.{c}", a=raw(Expression(one)), b=raw(Expression(other)), c=column)
        for column in columns
    ], " AND ")  # fmt: skip


def _changed(columns: tuple[str, ...]) -> Expression:
    return joined([expression("OLD.{c} IS DISTINCT FROM NEW.{c}", c=column) for column in columns], " OR ")


def _assigned(columns: tuple[str, ...], row: str) -> Expression:
    return joined([expression("{c} = {row}.{c}", c=column, row=raw(Expression(row))) for column in columns])


def _values(columns: tuple[str, ...], row: str) -> Expression:
    return joined([expression("{row}.{c}", c=column, row=raw(Expression(row))) for column in columns])


def fill(shadow: Shadow) -> Batches:
    """Copy what is there, in key ranges."""
    key, types = row_key(shadow.table)
    statement = ddl(
        "INSERT INTO {new} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table} AS t WHERE {range}"
        " FOR SHARE ON CONFLICT ({key}) DO NOTHING",
        new=shadow.building, columns=shadow.columns, values=raw(_values(shadow.columns, "t")), table=shadow.table.name,
        range=raw(key_range(key, types)), key=shadow.key,
    )  # fmt: skip
    return Batches(table=shadow.table.name, key=key, types=types, statement=statement)


def same_rows(shadow: Shadow, one: Relation, other: Relation) -> Statement:
    """A proof: whether both tables have the same rows, value for value, as they are stored."""
    return ddl(
        "SELECT NOT EXISTS (SELECT FROM (SELECT {columns} FROM {one}) AS t"
        " FULL JOIN (SELECT {columns} FROM {other}) AS n ON {same}"
        " WHERE t.{k} IS NULL OR n.{k} IS NULL OR t.* OPERATOR(pg_catalog.*<>) n.*)",
        columns=shadow.columns, one=one, other=other, same=raw(matching(shadow.key, "t", "n")), k=shadow.key[0],
    )  # fmt: skip


AWAIT_OLD_SNAPSHOTS: Statement = ddl(
    "DO {body}",
    body=Literal(
        "DECLARE mine xid := pg_catalog.pg_current_xact_id()::xid; until timestamptz := clock_timestamp() + '3 s';"
        " BEGIN LOOP PERFORM pg_catalog.pg_stat_clear_snapshot();"
        " EXIT WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a"
        " WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()"
        " AND a.backend_type = 'client backend' AND pg_catalog.age(a.backend_xmin) > pg_catalog.age(mine));"
        " IF clock_timestamp() > until THEN RAISE EXCEPTION USING ERRCODE = '55P03',"
        " MESSAGE = 'a transaction is at work that does not see all rows of the new table'; END IF;"
        " PERFORM pg_catalog.pg_sleep(0.02); END LOOP; END"
    ),
)
"""Waits for transactions that began before the filling ended: once switched, they would miss rows."""
