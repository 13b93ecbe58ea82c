"""Keys, checks and unique keys that do not hold what they seem to; tables without any."""
# ruff: noqa: FBT001 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Variant, named

NO_KEY = "table-without-primary-key"


def _keyless(p: Plot, *parts: str, ending: str = "") -> Name:
    return p.bare(p.name(), [f"{p.name()} text NOT NULL", f"{p.name()} integer NOT NULL", *parts], ending)


def no_key(p: Plot) -> None:
    p.defect(NO_KEY, _keyless(p))


def no_key_but_indexes(p: Plot) -> None:
    a = p.name()
    table = _keyless(p, f"{a} bigint NOT NULL")
    p.index(table, f"({a})")
    p.defect(NO_KEY, table)


def unique_over_nullable(p: Plot) -> None:
    a = p.name()
    p.defect(NO_KEY, _keyless(p, f"{a} bigint", f"UNIQUE ({a})"))


def unique_but_partial(p: Plot) -> None:
    a = p.name()
    table = _keyless(p, f"{a} bigint NOT NULL")
    p.index(table, f"({a}) WHERE {a} > 0", unique=True)
    p.defect(NO_KEY, table)


def unique_over_expression(p: Plot) -> None:
    a = p.name()
    table = _keyless(p, f"{a} text NOT NULL")
    p.index(table, f"(lower({a}))", unique=True)
    p.defect(NO_KEY, table)


def unique_and_required(p: Plot) -> None:
    a = p.name()
    p.either(NO_KEY, _keyless(p, f"{a} bigint NOT NULL", f"UNIQUE ({a})"))


def partitioned_without_key(p: Plot) -> None:
    a, parent = p.name(), p.name()
    p.bare(parent, [f"{a} bigint NOT NULL", *p.filler(2)], f"PARTITION BY HASH ({a})")
    for number in range(3):
        p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} FOR VALUES WITH (MODULUS 3, REMAINDER {number})")
    p.defect(NO_KEY, parent)


def partitioned_with_key(p: Plot) -> None:
    a, parent = p.name(), p.name()
    p.bare(parent, [f"{a} bigint NOT NULL PRIMARY KEY", *p.filler(2)], f"PARTITION BY LIST ({a})")
    p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} FOR VALUES IN (1, 2)")
    p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} DEFAULT")
    p.decoy(NO_KEY)


def key_by_index(p: Plot) -> None:
    a, key = p.name(), p.name("key")
    table = _keyless(p, f"{a} bigint NOT NULL")
    index = p.index(table, f"({a})", unique=True)
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {index}")
    p.decoy(NO_KEY)


def composite_key(p: Plot) -> None:
    a, b = p.names(2)
    p.bare(p.name(), [f"{a} bigint", f"{b} date", *p.filler(2), f"PRIMARY KEY ({a}, {b})"])
    p.decoy(NO_KEY)


def no_table(p: Plot) -> None:
    """Views have no key and need none."""
    table = p.plain()
    p.do(f"CREATE VIEW {p.name()} AS SELECT * FROM {table}")
    p.do(f"CREATE MATERIALIZED VIEW {p.name()} AS SELECT * FROM {table}")
    p.decoy(NO_KEY)


def check_not_valid(p: Plot) -> None:
    a, name = p.name(), p.name("check")
    table = p.host(f"{a} integer")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({a} > 0) NOT VALID")
    p.defect("not-valid-constraint", table, name)


def check_validated(p: Plot) -> None:
    a, name = p.name(), p.name("check")
    table = p.host(f"{a} integer")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({a} > 0) NOT VALID")
    p.do(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    p.decoy("not-valid-constraint")


# A check of text {a}, integer {c} and required text {e}; the rule that it breaks, if any.
CHECKS: tuple[tuple[str, str], ...] = (
    ("{c} = NULL", "check-that-accepts-all"),
    ("{c} <> NULL", "check-that-accepts-all"),
    ("{a} IN ('x', 'y', NULL)", "check-that-accepts-all"),
    ("{c} IS NULL OR {c} IS NOT NULL", "check-that-accepts-all"),
    ("{c} > 0 OR true", "check-that-accepts-all"),
    ("true", "check-that-accepts-all"),
    ("{a} IN ('x', 'y')", ""),
    ("{a} IS NULL OR {a} <> ''", ""),
    ("{c} BETWEEN 0 AND 100", ""),
    ("({a} IS NULL) = ({c} IS NULL)", ""),
    ("num_nonnulls({a}, {c}) = 1", ""),
    ("{a} NOT IN ('x', 'y')", ""),
    ("{c} > 0 OR {a} IS NOT NULL", ""),
    ("{e} IS NOT NULL", "redundant-check"),
    ("{a} IS NOT NULL", ""),
)


def checks(said: str, rule: str) -> Variant:
    def check(p: Plot) -> None:
        a, c, e = p.names(3)
        table = p.host(f"{a} text", f"{c} integer", f"{e} text NOT NULL DEFAULT ''")
        name = p.name("check")
        p.do(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({said.format(a=a, c=c, e=e)})")
        if rule:
            p.defect(rule, table, name, e)
        else:
            p.decoy("check-that-accepts-all", "redundant-check")

    return named(check, f"{said}")


def check_twice(p: Plot) -> None:
    a = p.name()
    one, two = p.name("check"), p.name("check")
    table = p.host(f"{a} integer")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {one} CHECK ({a} > 0)")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {two} CHECK (({a}) > 0)")
    p.defect("redundant-check", table, one, two)


def float_as_key(p: Plot) -> None:
    k = p.name("id")
    p.defect("float-in-key", p.bare(p.name(), [f"{k} {p.draw.choice(('real', 'float8'))} PRIMARY KEY", *p.filler(3)]))


def float_in_unique_key(p: Plot) -> None:
    a, b = p.name("ratio"), p.name()
    p.either("float-in-key", p.table(f"{a} double precision NOT NULL", f"{b} text NOT NULL", f"UNIQUE ({b}, {a})"))


def numeric_as_key(p: Plot) -> None:
    k, a = p.name(), p.name("ratio")
    p.bare(p.name(), [f"{k} numeric(10,0) PRIMARY KEY", f"{a} double precision", *p.filler(2)])
    p.decoy("float-in-key")


# A unique key over required bigint {a} and optional text {b}, rows of the two; whether it lets doubles in.
UNIQUE: tuple[tuple[str, str, bool], ...] = (
    ("({a}, {b})", "(1, NULL), (1, NULL), (2, 'x')", False),
    ("({a}, {b}) WHERE {b} IS NOT NULL", "(1, NULL), (1, NULL), (2, 'x')", False),
    ("({a}, {b}) NULLS NOT DISTINCT", "(1, NULL), (2, NULL), (2, 'x')", False),
    ("({a}, coalesce({b}, ''))", "(1, NULL), (2, NULL), (2, 'x')", False),
    ("({b})", "(1, NULL), (2, NULL), (3, 'x')", False),
)


def unique(shape: str, rows: str, wrong: bool) -> Variant:
    def unique_with_nulls(p: Plot) -> None:
        a, b, c = p.names(3)
        table, k = p.name(), p.name("id")
        p.bare(table, [
            f"{k} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", f"{a} bigint NOT NULL", f"{b} text",
            f"{c} text NOT NULL DEFAULT ''",
        ])  # fmt: skip
        index = p.index(table, shape.format(a=a, b=b), unique=True)
        p.do(f"INSERT INTO {table} ({a}, {b}) VALUES {rows}")
        if wrong:
            p.defect("unique-key-over-nullable-column", table, index, b)
        else:
            p.decoy("unique-key-over-nullable-column")

    return named(unique_with_nulls, f"{shape} {rows}")


def unique_below_a_parent(p: Plot) -> None:
    """Names are unique among the children of one; those at the top are children of none."""
    table, k, parent, name = p.name(), p.name("id"), p.name("parent", "id"), p.name()
    p.bare(table, [f"{k} bigint PRIMARY KEY", f"{parent} bigint REFERENCES {table}", f"{name} text NOT NULL"])
    index = p.index(table, f"({parent}, {name})", unique=True)
    p.do(f"INSERT INTO {table} VALUES (1, NULL, 'x'), (2, NULL, 'x'), (3, 1, 'x')")
    p.defect("unique-key-over-nullable-column", table, index, parent)


def unique_while_not_deleted(p: Plot) -> None:
    table, name, gone = p.name(), p.name(), p.name("deleted", "at")
    p.bare(table, [f"{p.name('id')} bigint PRIMARY KEY", f"{name} text NOT NULL", f"{gone} timestamptz"])
    p.defect("unique-key-over-nullable-column", table, p.index(table, f"({name}, {gone})", unique=True), gone)
    if p.draw.random() < 0.5:
        other = p.table(f"{name} text NOT NULL", f"{gone} timestamptz", host=False)
        p.index(other, f"({name}) WHERE {gone} IS NULL", unique=True)


VARIANTS: tuple[Variant, ...] = (
    no_key, no_key_but_indexes, unique_over_nullable, unique_but_partial, unique_over_expression, unique_and_required,
    partitioned_without_key, partitioned_with_key, key_by_index, composite_key, no_table, check_not_valid,
    check_validated, unique_below_a_parent, unique_while_not_deleted, check_twice, float_as_key,
    float_in_unique_key, numeric_as_key,
    *(checks(*row) for row in CHECKS),
    *(unique(*row) for row in UNIQUE),
)  # fmt: skip
