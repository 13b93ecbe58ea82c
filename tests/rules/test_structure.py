"""Keys, tables and columns as the catalog has them: where rules must look twice, and what they must pass over."""

from __future__ import annotations

import psycopg
import pytest

from rules.observing import findings, measured

NAMED = "CREATE TABLE {0} ({0}_id int PRIMARY KEY, title text, size int, made_at timestamptz DEFAULT now());"
ALIKE = "".join(NAMED.format(name) for name in ("street", "house", "garden", "garage"))


@pytest.mark.parametrize(
    ("column", "fires"),
    [
        ("geloescht_am timestamptz", True),
        ("supprime_le timestamptz", True),
        ("is_deleted boolean NOT NULL DEFAULT false", True),
        ("deleted_at timestamptz NOT NULL", False),  # when a row of another table was
        ("deleted_by int", False),
    ],
)
def test_a_mark_of_deletion_in_any_language(db18: psycopg.Connection, column: str, fires: bool) -> None:
    sql = f"CREATE TABLE account (id int PRIMARY KEY, email text, {column}); CREATE INDEX ON account (email)"
    assert bool(findings(db18, "soft-delete-without-partial-index", sql)) == fires


@pytest.mark.parametrize(
    ("sql", "fires"),
    [
        ("CREATE TABLE copia_cliente AS SELECT * FROM cliente", True),
        ("CREATE TABLE cliente_antiguo AS SELECT * FROM cliente", True),
        ("CREATE TABLE tmp_move (id int PRIMARY KEY, target text NOT NULL)", True),
        ("CREATE TABLE test_2 (id int PRIMARY KEY, note text)", True),
        ("CREATE TABLE test_panel (id int PRIMARY KEY, note text)", False),
        ("CREATE TABLE copia (id int PRIMARY KEY, ejemplar int)", False),
    ],
)
def test_left_overs_are_known_by_their_original(db18: psycopg.Connection, sql: str, fires: bool) -> None:
    first = "CREATE TABLE cliente (id int PRIMARY KEY, nombre text, correo text);"
    assert bool(findings(db18, "left-over-table", first + sql)) == fires


@pytest.mark.parametrize(
    ("columns", "fires"),
    [
        ("key text, val_int int, val_text text", True),
        ("merkmal text, wert text", True),
        ("param_name text, param_value text", True),
        ("key text, value text", False),
        ("setting_name text, setting_value text", False),
        ("name text, value numeric, taken_at timestamptz", False),
    ],
)
def test_attributes_as_rows(db18: psycopg.Connection, columns: str, fires: bool) -> None:
    sql = f"CREATE TABLE part (id int PRIMARY KEY); CREATE TABLE more (part_id int REFERENCES part, {columns})"
    assert bool(findings(db18, "entity-attribute-value", sql)) == fires


@pytest.mark.parametrize(
    ("other", "fires"),
    [
        ("CREATE TABLE fence (fence_id int PRIMARY KEY, height int, color text)", True),
        ("CREATE TABLE fence (fence_id int PRIMARY KEY, height int, color text, built_on date)", True),
        ("CREATE TABLE fence (fence_id int PRIMARY KEY, height int, color text, seen_at timestamptz NOT NULL)", False),
        ("CREATE TABLE fence (house int REFERENCES house, side text, color text, PRIMARY KEY (house, side))", False),
        ("CREATE TABLE color (code text PRIMARY KEY, title text)", False),
    ],
)
def test_tables_follow_the_convention_of_the_others(db18: psycopg.Connection, other: str, fires: bool) -> None:
    assert bool(findings(db18, "table-without-times", ALIKE + other)) == fires


def test_a_key_that_is_named_id_alone_among_speaking_ones(db18: psycopg.Connection) -> None:
    assert findings(db18, "name-without-meaning", ALIKE) == ()
    (found,) = findings(db18, "name-without-meaning", "CREATE TABLE fence (id int PRIMARY KEY, height int)")
    assert found.object == "public.fence"


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("'/srv/scan/' || n || '.tif'", True),
        (r"'\\files\drw\' || n || '.png'", True),
        ("'s3://bucket/' || n || '/a.pdf'", True),
        ("'https://example.org/' || n || '.html'", False),
        ("'/api/v1/item/' || n", False),
        ("'version ' || n || '.10'", False),
    ],
)
def test_paths_of_files_by_their_values(db18: psycopg.Connection, path: str, fires: bool) -> None:
    sql = f"""
        CREATE TABLE drawing (id int PRIMARY KEY, place text);
        INSERT INTO drawing SELECT n, {path} FROM generate_series(1, 40) AS n;
        ANALYZE drawing;
    """
    assert bool(findings(db18, "path-of-file", sql)) == fires


def test_long_texts_that_are_not_compressed(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE letter (id int PRIMARY KEY, body text, note text);
        ALTER TABLE letter ALTER body SET STORAGE EXTERNAL;
        INSERT INTO letter SELECT n, repeat('Dear ' || n, 1000), repeat('a', 9000) FROM generate_series(1, 40) AS n;
        ANALYZE letter;
    """
    (found,) = findings(db18, "uncompressed-value", sql)
    assert found.object == "public.letter.body"
    assert found.cost is not None
    assert found.cost.bytes > 40 * 5000


@pytest.mark.parametrize(
    ("content", "fires"),
    [
        ("convert_to(repeat('line ' || n, 700), 'UTF8')", True),
        ("(SELECT string_agg(sha256((n || '.' || i)::bytea), ''::bytea) FROM generate_series(1, 90) AS i)", False),
    ],
)
def test_bytes_that_would_shrink_are_measured(db18: psycopg.Connection, content: str, fires: bool) -> None:
    sql = f"""
        CREATE TABLE drawing (id int PRIMARY KEY, body bytea);
        ALTER TABLE drawing ALTER body SET STORAGE EXTERNAL;
        INSERT INTO drawing SELECT n, {content} FROM generate_series(1, 40) AS n;
        ANALYZE drawing;
    """
    assert bool(findings(db18, "uncompressed-value", sql)) == fires


@pytest.mark.parametrize(
    ("default", "fires"),
    [
        ("md5(random()::text)::uuid", True),
        ("public.uuid_generate_v4()", True),
        ("uuidv7()", False),
        ("'00000000-0000-0000-0000-000000000000'", False),
    ],
)
def test_keys_are_random_by_what_their_default_calls(db18: psycopg.Connection, default: str, fires: bool) -> None:
    sql = f"""
        CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
        CREATE TABLE device (line int, key uuid DEFAULT {default}, PRIMARY KEY (line, key));
    """
    assert bool(findings(db18, "random-key", sql)) == fires


def test_a_circle_of_three_is_told_once(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE team (id int PRIMARY KEY, shift_id int);
        CREATE TABLE roster (id int PRIMARY KEY, team_id int REFERENCES team);
        CREATE TABLE shift (id int PRIMARY KEY, roster_id int REFERENCES roster, team_id int REFERENCES team);
        ALTER TABLE team ADD FOREIGN KEY (shift_id) REFERENCES shift;
        CREATE TABLE log (id int PRIMARY KEY, shift_id int REFERENCES shift);
    """
    (found,) = findings(db18, "circle-of-foreign-keys", sql)
    assert found.object == "public.roster"
    assert len(measured(found)) == 4
    assert "log" not in found.message


def test_money_in_the_millions_is_not_computed(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (id int PRIMARY KEY, price real);
        INSERT INTO sale SELECT n, 1000000 + n FROM generate_series(1, 60) AS n;
        ANALYZE sale;
    """
    (found,) = findings(db18, "float-for-money", sql)
    assert found.object == "public.sale.price"


@pytest.mark.parametrize(
    ("one", "other", "fires"),
    [("stoerung", "stoerungen", True), ("melding", "rnelding", True), ("scan_l1", "scan_ll", True),
     ("lender", "sender", False)],
)  # fmt: skip
def test_names_of_tables_that_are_taken_for_each_other(
    db18: psycopg.Connection, one: str, other: str, fires: bool
) -> None:
    sql = f"CREATE TABLE {one} (id int PRIMARY KEY); CREATE TABLE {other} (id int PRIMARY KEY)"
    assert bool(findings(db18, "confusable-names", sql)) == fires


@pytest.mark.parametrize(
    ("name", "into", "fires"),
    [("reading", "reading", True), ("reading_archive", "reading_archive", False), ("reading", "", False)],
)
def test_a_range_that_ended_long_ago_though_rows_came(
    db18: psycopg.Connection, name: str, into: str, fires: bool
) -> None:
    sql = f"""
        CREATE TABLE {name} (n int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE first PARTITION OF {name} FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
    """
    insert = f"INSERT INTO {into} SELECT n, '2020-01-05' FROM generate_series(1, 9) AS n;" if into else ""
    insert += "SELECT pg_stat_force_next_flush();" if into else ""
    assert bool(findings(db18, "range-without-next-partition", sql + insert)) == fires


def test_an_enum_names_its_columns(db18: psycopg.Connection) -> None:
    sql = "CREATE TYPE color AS ENUM ('red'); CREATE TABLE lamp (id int PRIMARY KEY, color color, more color[])"
    (found,) = findings(db18, "enum-type", sql)
    assert measured(found)["columns"] == ("public.lamp.color", "public.lamp.more")


def test_padding_of_a_small_table_is_told_where_it_is_heavy(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE axle (a boolean NOT NULL, id bigint NOT NULL, b boolean NOT NULL, at timestamptz NOT NULL,
                           c boolean NOT NULL, size bigint NOT NULL);
        INSERT INTO axle SELECT true, n, true, now(), true, n FROM generate_series(1, {rows}) AS n; ANALYZE axle;
    """
    assert len(findings(db18, "padding-in-rows", sql.format(rows=2000))) == 1
    assert findings(db18, "padding-in-rows", sql.format(rows=90).replace("axle", "cart")) == findings(
        db18, "padding-in-rows"
    )


@pytest.mark.parametrize(
    ("one", "other", "fires"),
    [
        ("code_postal int", "code_postal varchar(5)", True),
        ("phone bigint", "phone text", True),
        ("zip_code int", "zip_code text); CREATE TABLE c (zip_code text", True),
        ("status int", "status text", False),
        ("code_type int", "code_type text", False),
    ],
)
def test_numbers_that_are_text_elsewhere(db18: psycopg.Connection, one: str, other: str, fires: bool) -> None:
    sql = f"CREATE TABLE a (id int PRIMARY KEY, {one}); CREATE TABLE b (id int PRIMARY KEY, {other})"
    assert bool(findings(db18, "name-with-several-types", sql)) == fires


@pytest.mark.parametrize("name", ["havengeld", "kaufpreis", "tarif_m3", "monatsmiete"])
def test_money_in_one_word(db18: psycopg.Connection, name: str) -> None:
    (found,) = findings(db18, "float-for-money", f"CREATE TABLE stay (id int PRIMARY KEY, {name} real)")
    assert found.object == f"public.stay.{name}"


def test_a_table_without_the_prefix_of_the_others(db18: psycopg.Connection) -> None:
    sql = "".join(f"CREATE TABLE t_{name} (id int PRIMARY KEY);" for name in ("a", "b", "c", "d", "e", "f", "g"))
    assert findings(db18, "mixed-naming-style", sql) == ()
    (found,) = findings(db18, "mixed-naming-style", "CREATE TABLE rider (id int PRIMARY KEY)")
    assert found.object == "public.rider"


def test_json_below_a_domain(db18: psycopg.Connection) -> None:
    sql = "CREATE DOMAIN sheet AS json; CREATE TABLE meter (id int PRIMARY KEY, sheet sheet)"
    (found,) = findings(db18, "json-instead-of-jsonb", sql)
    assert found.object == "public.meter.sheet"


def test_names_of_functions_are_cut_off_too(db18: psycopg.Connection) -> None:
    sql = f"CREATE FUNCTION {'f' * 63}() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    (found,) = findings(db18, "name-at-length-limit", sql)
    assert measured(found)["names"] == ("f" * 63,)
