"""What a snapshot says of one object of every kind, on each version of the server."""

import threading
import time

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from conftest import dsn
from pgrefit.errors import LockNotGranted
from pgrefit.model.codec import from_json, to_json
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Snapshot
from pgrefit.observe.broken import look_for_restless, now
from pgrefit.observe.locks import OPEN
from pgrefit.observe.snapshot import take_snapshot

SCHEMA = 'Sh"op %s {x}'
QUOTED = '"Sh""op %s {x}"'
ORDERS = "a12345678901234567890123456789012345678901234567890123456789012"


def shop(name: str) -> Relation:
    return Relation(SCHEMA, name)


CUSTOMER = shop("Customer Ünïcode")


@pytest.fixture
def snapshot(full: psycopg.Connection) -> Snapshot:
    return take_snapshot(full)


def test_only_the_user_s_objects_are_seen(snapshot: Snapshot) -> None:
    assert {schema.name for schema in snapshot.schemas} == {SCHEMA, "public"}
    assert {table.name.schema for table in snapshot.tables} == {SCHEMA}
    assert not [function for function in snapshot.functions if "range" in function.name.name]


def test_columns(snapshot: Snapshot) -> None:
    columns = {column.name: column for column in snapshot.table(CUSTOMER).columns}
    assert [column.position for column in columns.values()] == [1, 2, 3, 4, 5, 6, 7]
    assert columns["select"].identity == "always"
    mail = columns["E-Mail"]
    assert (mail.type, mail.not_null, mail.storage) == ("character varying(255)", True, "external")
    assert (mail.collation, mail.statistics_target) == (f"{QUOTED}.german", 500)
    assert mail.options == ("n_distinct=-1",)
    assert mail.comment == "where to write"
    assert mail.grants == (Grant(grantee='Wri"ter', privilege="SELECT"),)
    assert columns["mood"].type == f'{QUOTED}."Mood"'
    assert columns["mood"].default == f"""'o''k'::{QUOTED}."Mood\""""
    assert (columns["doubled"].generated, columns["doubled"].default) == ("stored", '(length(("E-Mail")::text) * 2)')


def test_constraints(snapshot: Snapshot) -> None:
    constraints = {c.name: c for c in snapshot.table(CUSTOMER).constraints}
    unique = constraints["unique_mail"]
    assert (unique.kind, unique.columns, unique.index) == ("unique", ("E-Mail",), shop("unique_mail"))
    assert unique.comment == "one each"
    check = constraints["mail has an @"]
    assert (check.columns, check.expression) == (("E-Mail",), """(("E-Mail")::text ~~ '%@%'::text)""")
    buyer = next(c for c in snapshot.table(shop(ORDERS)).foreign_keys if c.name == "buyer")
    assert (buyer.columns, buyer.parent, buyer.parent_columns) == (("customer",), CUSTOMER, ("select",))
    assert (buyer.on_delete, buyer.on_update, buyer.match) == ("set null", "cascade", "full")
    assert (buyer.validated, buyer.deferrable, buyer.deferred) == (False, True, True)
    assert {c.kind for c in snapshot.table(shop(ORDERS)).constraints} >= {"primary key", "exclusion"}
    assert snapshot.references_to(CUSTOMER)[0][1] == buyer


def test_not_null_constraints_are_known_from_version_18_on(snapshot: Snapshot) -> None:
    kinds = [c.columns for c in snapshot.table(CUSTOMER).constraints if c.kind == "not null"]
    assert kinds == ([("E-Mail",), ("select",)] if snapshot.server_version >= 180000 else [])


def test_indexes(snapshot: Snapshot) -> None:
    index = next(i for i in snapshot.table(shop(ORDERS)).indexes if i.name.name == "by %")
    expression, customer, note = index.keys
    assert (expression.column, expression.expression) == (None, "lower(note)")
    assert (expression.opclass, expression.default_opclass) == ("pg_catalog.text_pattern_ops", False)
    assert (expression.descending, expression.nulls_first) == (True, False)
    assert (customer.column, customer.default_opclass, customer.collation) == ("customer", True, "")
    assert (note.column, note.collation) == ("note", f"{QUOTED}.german")
    assert (index.include, index.predicate) == (("placed",), "(note IS NOT NULL)")
    assert (index.options, index.comment, index.unique, index.valid) == (("fillfactor=70",), "finds notes", False, True)
    unique = next(i for i in snapshot.table(CUSTOMER).indexes if i.name.name == "unique_mail")
    assert (unique.include, unique.nulls_not_distinct, unique.constraint) == (("mood",), True, "unique_mail")


def test_partitions_and_inheritance(snapshot: Snapshot) -> None:
    measures = snapshot.table(shop("measures"))
    assert (measures.kind, measures.partition_key) == ("partitioned table", "RANGE (at)")
    part = snapshot.table(shop("measures_2020"))
    assert (part.partition_of, part.inherits) == (shop("measures"), ())
    assert part.partition_bound == "FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
    assert part.indexes[0].partition_of == shop("measures_pkey")
    assert next(c for c in part.constraints if c.kind == "primary key").inherited
    child = snapshot.table(shop("child"))
    assert (child.inherits, child.partition_of, child.persistence) == ((shop("parent"),), None, "unlogged")
    assert [column.name for column in child.columns] == ["id", "extra"]
    assert [check.inherited for check in child.checks] == [True]


def test_triggers(snapshot: Snapshot) -> None:
    (trigger,) = snapshot.table(CUSTOMER).triggers
    assert (trigger.name, trigger.function, trigger.timing) == ("on Change", shop("touch"), "before")
    assert (trigger.events, trigger.update_columns) == (("insert", "update"), ("E-Mail", "mood"))
    assert (trigger.row, trigger.enabled, trigger.comment) == (True, "always", "watches")
    (emptied,) = snapshot.table(shop("measures")).triggers
    assert (emptied.events, emptied.row, emptied.timing) == (("truncate",), False, "after")
    view = next(v for v in snapshot.views if v.name.name == "sad people")
    assert [t.timing for t in view.triggers] == ["instead of"]


def test_policies_and_row_security(snapshot: Snapshot) -> None:
    table = snapshot.table(CUSTOMER)
    assert (table.row_security, table.force_row_security, table.replica_identity) == (True, True, "full")
    all_rows, own = table.policies
    assert (own.command, own.permissive, own.roles) == ("update", False, ('Wri"ter', "reader"))
    assert own.using == """(("E-Mail")::text = CURRENT_USER)"""
    assert own.check == f"""(mood <> 'sad'::{QUOTED}."Mood")"""
    assert (all_rows.command, all_rows.roles, all_rows.using, all_rows.check) == ("all", (), "true", None)
    assert all_rows.comment == "lets all through"


def test_grants_are_empty_where_nobody_granted(snapshot: Snapshot) -> None:
    granted = {g for g in snapshot.table(CUSTOMER).grants if g.grantee == "reader"}
    assert granted == {Grant(grantee="reader", privilege=p, grantable=True) for p in ("SELECT", "UPDATE")}
    assert snapshot.table(shop(ORDERS)).grants == ()
    functions = {function.name.name: function for function in snapshot.functions}
    assert functions["touch"].grants == (Grant(grantee="postgres", privilege="EXECUTE"),)
    assert functions["clean"].grants == ()
    tickets = next(s for s in snapshot.sequences if s.name.name == "tickets")
    assert Grant(grantee="reader", privilege="USAGE") in tickets.grants
    schema = next(s for s in snapshot.schemas if s.name == SCHEMA)
    assert Grant(grantee="", privilege="USAGE") in schema.grants


def test_sequences(snapshot: Snapshot) -> None:
    sequences = {sequence.name.name: sequence for sequence in snapshot.sequences}
    tickets = sequences["tickets"]
    assert (tickets.type, tickets.minimum, tickets.maximum) == ("integer", -2147483648, -1)
    assert (tickets.start, tickets.increment, tickets.cycle, tickets.cache) == (-10, -5, True, 7)
    assert (tickets.owned_by, tickets.comment) == (None, "counts down")
    owners = {sequence.owned_by: sequence.identity for sequence in sequences.values()}
    assert owners == {(CUSTOMER, "select"): True, (shop(ORDERS), "id"): False, None: False}


def test_views(snapshot: Snapshot) -> None:
    mood, people = snapshot.views
    assert (mood.materialized, [i.name.name for i in mood.indexes]) == (True, ["per_mood_key"])
    assert (people.materialized, people.options) == (False, ("security_barrier=true",))
    assert f'FROM {QUOTED}."Customer Ünïcode"' in people.definition
    assert not people.definition.endswith(";")
    assert [column.name for column in people.columns] == ["select", "E-Mail"]


def test_functions(snapshot: Snapshot) -> None:
    functions = {function.name.name: function for function in snapshot.functions}
    assert {name: f.kind for name, f in functions.items() if f.kind != "function"} == {
        "clean": "procedure",
        "my_sum": "aggregate",
    }
    touch, sum_of = functions["touch"], functions["sum_of"]
    assert (touch.security_definer, touch.settings, touch.returns) == (True, ("search_path=pg_catalog",), "trigger")
    assert (touch.language, touch.volatility, touch.comment) == ("plpgsql", "volatile", "does nothing")
    assert (sum_of.arguments, sum_of.returns, sum_of.volatility) == ("a integer, b integer", "integer", "immutable")
    assert (sum_of.strict, sum_of.leakproof, sum_of.parallel) == (True, True, "safe")
    assert "DEFAULT 2" in (sum_of.definition or "")
    assert functions["my_sum"].definition is None


def test_types(snapshot: Snapshot) -> None:
    types = {user_type.name.name: user_type for user_type in snapshot.types}
    assert {name: t.kind for name, t in types.items()} == {
        "Mood": "enum",
        "address": "composite",
        "float_range": "range",
        "positive": "domain",
    }
    assert types["Mood"].values == ("sad", "o'k", "happy")
    positive = types["positive"]
    assert (positive.base, positive.not_null, positive.default) == ("integer", True, "1")
    assert [(check.name, check.expression) for check in positive.checks] == [("above_zero", "(VALUE > 0)")]
    assert [column.name for column in types["address"].columns] == ["street", "post code"]
    assert types["float_range"].subtype == "double precision"


def test_the_rest(snapshot: Snapshot) -> None:
    everything, some = snapshot.publications
    assert everything.all_tables
    assert everything.definition.startswith("FOR ALL TABLES WITH (publish = 'insert, delete'")
    assert some.tables == (shop(ORDERS), shop("measures"))
    assert f"TABLE {QUOTED}.{ORDERS} (id, note) WHERE ((id > 10))" in some.definition
    (statistics,) = snapshot.statistics
    assert (statistics.name, statistics.table) == (shop("notes"), shop(ORDERS))
    assert {"postgres", "reader", 'Wri"ter'} <= {role.name for role in snapshot.roles}
    assert not [role for role in snapshot.roles if role.name.startswith("pg_")]
    assert next(role for role in snapshot.roles if role.name == "postgres").superuser
    assert [extension.name for extension in snapshot.extensions] == ["plpgsql"]
    assert snapshot.event_triggers == ("Watch",)
    assert snapshot.database_settings == ("work_mem=5MB",)
    remote = snapshot.table(shop("remote"))
    assert (remote.kind, remote.options) == ("foreign table", ("server=elsewhere", "remote_name=x"))
    assert remote.columns[0].options == ("name=ID",)


def test_uses_of_a_column(snapshot: Snapshot) -> None:
    def uses(table: str, column: str) -> set[tuple[str, str, str]]:
        found = snapshot.uses_of(shop(table), column)
        return {(u.kind, u.relation.name if u.relation else "", u.member) for u in found if "not_null" not in u.member}

    mail = uses(CUSTOMER.name, "E-Mail")
    assert mail == {
        ("view", "sad people", ""),
        ("policy", CUSTOMER.name, "own rows"),
        ("trigger", CUSTOMER.name, "on Change"),
        ("generated column", CUSTOMER.name, "doubled"),
        ("constraint", CUSTOMER.name, "mail has an @"),
        ("constraint", CUSTOMER.name, "unique_mail"),
        ("function", "", ""),
    }
    key = uses(CUSTOMER.name, "select")
    assert ("constraint", ORDERS, "buyer") in key
    assert ("sequence", "Customer Ünïcode_select_seq", "") in key
    assert {("index", ORDERS, "by %"), ("publication", ORDERS, "some")} <= uses(ORDERS, "note")
    assert ("statistics", ORDERS, "notes") in uses(ORDERS, "customer")
    assert ("partition key", "measures", "") in uses("measures", "at")
    names = {use.name for use in snapshot.uses_of(CUSTOMER, "E-Mail")}
    assert {f"view {shop('sad people')}", f"function {QUOTED}.mails()"} <= names


def test_it_is_the_same_after_a_round_trip_through_json(snapshot: Snapshot) -> None:
    document = to_json(snapshot)
    assert from_json(Snapshot, document) == snapshot
    assert b'"format": "pgrefit/snapshot/1"' in document


def test_nothing_that_the_session_has_set_matters(full: psycopg.Connection, snapshot: Snapshot) -> None:
    for setting in (
        f"search_path = {QUOTED}, public",
        "DateStyle = 'German'",
        "TimeZone = 'Asia/Tokyo'",
        "IntervalStyle = 'iso_8601'",
        "quote_all_identifiers = on",
        "client_encoding = 'LATIN1'",
    ):
        full.execute(f"SET {setting}")
    assert take_snapshot(full) == snapshot
    assert full.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)
    assert full.info.transaction_status is TransactionStatus.IDLE


def test_within_a_transaction_of_the_caller_it_sees_what_that_did(db18: psycopg.Connection) -> None:
    with db18.transaction():
        db18.execute("CREATE TABLE fresh (id integer)")
        assert [table.name.name for table in take_snapshot(db18).tables] == ["fresh"]
        db18.execute("CREATE TABLE another (id integer)")  # still allowed to write
    assert db18.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_a_role_without_any_privilege_sees_the_same(full: psycopg.Connection, snapshot: Snapshot) -> None:
    full.execute("SET ROLE reader")
    assert take_snapshot(full) == snapshot


def test_an_extension_owns_what_it_brought(db: psycopg.Connection) -> None:
    if db.info.server_version >= 160000:
        pytest.skip("contrib modules are at hand for version 15 only")
    db.execute("CREATE EXTENSION citext")
    snapshot = take_snapshot(db)
    assert {function.extension for function in snapshot.functions} == {"citext"}
    assert [(x.name, x.schema) for x in snapshot.extensions] == [("citext", "public"), ("plpgsql", "pg_catalog")]


def test_constraints_of_version_18(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        CREATE TABLE t (a integer, b integer, c integer GENERATED ALWAYS AS (a + 1) VIRTUAL,
                        CONSTRAINT never CHECK (a > 0) NOT ENFORCED);
        INSERT INTO t VALUES (1, NULL);
        ALTER TABLE t ADD CONSTRAINT later NOT NULL b NOT VALID, ALTER a SET NOT NULL;
        """
    )
    table = take_snapshot(db18).table(Relation("public", "t"))
    constraints = {c.name: c for c in table.constraints}
    assert (constraints["never"].enforced, constraints["never"].validated) == (False, False)
    assert (constraints["later"].kind, constraints["later"].validated) == ("not null", False)
    assert [column.not_null for column in table.columns] == [True, False, False]
    assert table.column("c").generated == "virtual"


def test_it_does_not_wait_longer_than_the_session_allows(full18: psycopg.Connection) -> None:
    full18.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(full18.info.dsn) as other:
        other.execute(f'LOCK TABLE {QUOTED}."Customer Ünïcode"')
        with pytest.raises(LockNotGranted):
            take_snapshot(full18)
    assert take_snapshot(full18).tables


def test_tables_that_are_dropped_meanwhile_do_no_harm(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE stays (id integer PRIMARY KEY)")
    for number in range(40):
        db18.execute(f"CREATE TABLE goes_{number} (id integer PRIMARY KEY, x integer DEFAULT 1 CHECK (x > 0))")
        db18.execute(f"CREATE VIEW seen_{number} AS SELECT id FROM goes_{number}")

    def drop_all() -> None:
        with psycopg.connect(db18.info.dsn, autocommit=True) as other:
            for number in range(40):
                other.execute(f"DROP TABLE goes_{number} CASCADE")
                time.sleep(0.005)

    thread = threading.Thread(target=drop_all)
    thread.start()
    while thread.is_alive():
        assert take_snapshot(db18).find_table(Relation("public", "stays"))
    thread.join()
    assert len(take_snapshot(db18).tables) == 1


def test_what_never_holds_still_is_left_out(db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE steady (id int PRIMARY KEY, note text); CREATE TABLE old (id int PRIMARY KEY)")
    since = now(db)
    db.execute(
        """
        CREATE TABLE young (id int PRIMARY KEY, note text DEFAULT 'x' CHECK (note <> ''));
        CREATE VIEW seen AS SELECT id FROM steady;
        CREATE INDEX ON old (id);
        CREATE FUNCTION passes() RETURNS int LANGUAGE sql RETURN 1
        """
    )
    closed = look_for_restless(db, OPEN, since)
    named = db.execute("SELECT oid::regclass::text FROM unnest(%s::oid[]) AS oid", (list(closed.locked),)).fetchall()
    assert {name for (name,) in named if not name.startswith("pg_toast.")} == {"young", "seen", "old"}
    assert len(closed.functions) == 1
    assert set(closed.parameters()["restless"]) == set(closed.locked)


def test_a_schema_that_changes_without_a_pause(db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE steady (id int PRIMARY KEY, note text)")
    over = threading.Event()
    changing = threading.Thread(target=change_without_pause, args=(dsn(db), over))
    changing.start()
    try:
        for _ in range(2):
            found = take_snapshot(db, past_locks=True)
            assert not found.table(Relation("public", "steady")).unread
    finally:
        over.set()
        changing.join()


def change_without_pause(where: str, over: threading.Event) -> None:
    """Each table has a name of its own, and is there for a few milliseconds."""
    with psycopg.connect(where, autocommit=True) as conn:
        number = 0
        while not over.is_set():
            number += 1
            conn.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, note text); CREATE INDEX ON t{number} (note)")
            if number > 2:
                conn.execute(f"DROP TABLE t{number - 2}")
