"""Foreign keys with and without an index that serves them."""
# ruff: noqa: FBT001 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Variant, named

RULE = "foreign-key-without-index"

# What is indexed of a foreign key (a) beside columns x and y; whether that serves it.
SINGLE: tuple[tuple[str, bool], ...] = (
    ("", False),
    ("({x}, {a})", False),
    ("({x}, {y}, {a} DESC)", False),
    ("({a}) WHERE {y} > 3", False),
    ("({a}) WHERE {a} IS NULL", False),
    ("({a}) WHERE {a} IS NOT NULL AND {y} = 0", False),
    ("({x}) INCLUDE ({a})", False),
    ("(({a}::text))", False),
    ("((coalesce({a}::text, '')), {x})", False),
    ("USING brin ({x})", False),
    ("({a})", True),
    ("({a} DESC NULLS LAST)", True),
    ("({a}, {x})", True),
    ("({a}, (lower({x})))", True),
    ("({a}) INCLUDE ({x}, {y})", True),
    ("({a}) WHERE {a} IS NOT NULL", True),
    ("({a}, {x}) WHERE ({a} IS NOT NULL)", True),
    ("USING hash ({a})", True),
    ("({a}) WITH (fillfactor = 70)", True),
)
# The same of a foreign key (a, b).
COMPOSITE: tuple[tuple[str, bool], ...] = (
    ("", False),
    ("({x}, {a}, {b})", False),
    ("({x}, {b}, {a})", False),
    ("({a}, {b}) WHERE {x} <> ''", False),
    ("({x}) INCLUDE ({a}, {b})", False),
    ("({a}, {b})", True),
    ("({b}, {a})", True),
    ("({b} DESC, {a}, {x})", True),
    ("({b}, {a}) INCLUDE ({x})", True),
    ("({a}, {b}) WHERE {a} IS NOT NULL AND {b} IS NOT NULL", True),
)


def _judge(p: Plot, table: Name, served: bool, *details: Name) -> None:
    if served:
        p.decoy(RULE)
    else:
        p.defect(RULE, table, *details)


def single(shape: str, served: bool) -> Variant:
    def foreign_key_of_one_column(p: Plot) -> None:
        a, definition = p.reference(p.plain())
        x, y = p.names(2)
        table = p.host(definition, f"{x} text NOT NULL DEFAULT ''", f"{y} integer NOT NULL DEFAULT 1")
        if shape:
            index = p.index(table, shape.format(a=a, x=x, y=y))
            p.either("needless-index-predicate", index)  # the column may be required
        _judge(p, table, served, a)

    return named(foreign_key_of_one_column, shape)


def composite(shape: str, served: bool) -> Variant:
    def foreign_key_of_two_columns(p: Plot) -> None:
        parent, (k, m, a, b, x) = p.name(), p.names(5)
        p.bare(parent, [f"{k} bigint", f"{m} text", *p.filler(2), f"PRIMARY KEY ({k}, {m})"])
        null = p.draw.choice((" NOT NULL",) if "NULL" not in shape else ("",))
        match = "" if null else " MATCH FULL"
        p.index(
            table := p.table(
                f"{a} bigint{null}", f"{b} text{null}", f"{x} text NOT NULL",
                f"CONSTRAINT {p.name('fk')} FOREIGN KEY ({a}, {b}) REFERENCES {parent} ({k}, {m}){match}",
            ),
            shape.format(a=a, b=b, x=x) or f"({x})",
        )  # fmt: skip
        _judge(p, table, served, a, b)

    return named(foreign_key_of_two_columns, shape)


def key_of_the_table(p: Plot) -> None:
    parent, child, a = p.plain(), p.name(), p.name("id")
    key = p.keys[parent]
    p.bare(child, [f"{a} {key.type} PRIMARY KEY REFERENCES {parent} ON DELETE CASCADE", f"{p.name()} text NOT NULL"])
    p.decoy(RULE)


def second_of_the_key(p: Plot) -> None:
    one, other, bridge = p.plain(), p.plain(), p.name()
    (a, of_a), (b, of_b) = p.reference(one), p.reference(other)
    p.bare(bridge, [of_a, of_b, f"{p.name()} timestamptz NOT NULL DEFAULT now()", f"PRIMARY KEY ({a}, {b})"])
    p.defect(RULE, bridge, b)
    p.decoy(RULE)


def bridge_with_both(p: Plot) -> None:
    one, other, bridge = p.plain(), p.plain(), p.name()
    (a, of_a), (b, of_b) = p.reference(one), p.reference(other)
    p.bare(bridge, [of_a, of_b, f"PRIMARY KEY ({a}, {b})"])
    p.index(bridge, p.draw.choice((f"({b})", f"({b}, {a})")))
    p.decoy(RULE, "redundant-index")


def unique_reference(p: Plot) -> None:
    _, definition = p.reference(p.plain())
    p.host(f"{definition} UNIQUE")
    p.decoy(RULE)


def unique_where_not_deleted(p: Plot) -> None:
    a, definition = p.reference(p.plain(), ending="")
    gone = p.name()
    table = p.host(definition, f"{gone} timestamptz")
    p.index(table, f"({a}) WHERE {gone} IS NULL", unique=True)
    p.defect(RULE, table, a)


def to_itself(p: Plot) -> None:
    table = p.table()
    a, definition = p.reference(table, ending="")
    p.do(f"ALTER TABLE {table} ADD COLUMN {definition.replace(' NOT NULL', '')}")
    p.defect(RULE, table, a)


def not_validated(p: Plot) -> None:
    parent, a, fk = p.plain(), p.name(), p.name("fk")
    key = p.keys[parent]
    table = p.host(f"{a} {key.type}")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {fk} FOREIGN KEY ({a}) REFERENCES {parent} ({key.column}) NOT VALID")
    p.defect(RULE, table, a)
    p.defect("not-valid-constraint", table, fk)


def index_is_invalid(p: Plot) -> None:
    a, definition = p.reference(p.plain())
    table = p.table(definition, host=False)
    index = p.index(table, f"({a})")
    p.do(f"UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")
    p.defect(RULE, table, a)
    p.defect("invalid-index", index)


def other_collation(p: Plot) -> None:
    parent, k, a = p.name(), p.name(), p.name()
    p.bare(parent, [f"{k} text PRIMARY KEY", f"{p.name()} text NOT NULL"])
    table = p.host(f"{a} text REFERENCES {parent}")
    p.index(table, f'({a} COLLATE "C")')
    p.defect(RULE, table, a)


def pattern_operators(p: Plot) -> None:
    parent, k, a = p.name(), p.name(), p.name()
    p.bare(parent, [f"{k} text PRIMARY KEY", f"{p.name()} text NOT NULL"])
    table = p.host(f"{a} text REFERENCES {parent}")
    p.index(table, f"({a} text_pattern_ops)")
    p.decoy(RULE)


def one_of_two(p: Plot) -> None:
    parent = p.plain()
    (a, of_a), (b, of_b) = p.reference(parent), p.reference(parent)
    table = p.host(of_a, of_b)
    p.index(table, f"({a})")
    p.defect(RULE, table, b)
    p.decoy(RULE)


def partitioned(p: Plot, indexed: str) -> Name:
    """A partitioned table with a foreign key; `indexed`: nothing, the parent, or one partition."""
    (a, definition), k = p.reference(p.plain()), p.name("id")
    parent, parts = p.name(), p.names(3)
    p.bare(parent, [f"{k} bigint PRIMARY KEY", definition, *p.filler(2)], f"PARTITION BY HASH ({k})")
    for number, part in enumerate(parts):
        p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 3, REMAINDER {number})")
    if indexed:
        p.index(parent if indexed == "parent" else parts[0], f"({a})")
    return parent


def partitioned_without(p: Plot) -> None:
    p.defect(RULE, partitioned(p, ""))


def partitioned_with(p: Plot) -> None:
    partitioned(p, "parent")
    p.decoy(RULE)


def partitioned_with_one_only(p: Plot) -> None:
    parent = partitioned(p, "one")
    p.defect(f"{RULE} partition-without-index", parent)
    p.either(f"partition-without-index {RULE}", parent)


def refers_to_partitioned(p: Plot) -> None:
    k, a, b = p.name("id"), p.name(), p.name()
    target = p.name()
    p.bare(target, [f"{k} bigint PRIMARY KEY", f"{p.name()} text NOT NULL"], f"PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {p.name()} PARTITION OF {target} FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
    p.do(f"CREATE TABLE {p.name()} PARTITION OF {target} FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
    table = p.host(f"{a} bigint REFERENCES {target}", f"{b} bigint REFERENCES {target}")
    p.index(table, f"({b})")
    p.defect(RULE, table, a)


VARIANTS: tuple[Variant, ...] = (
    *(single(shape, served) for shape, served in SINGLE),
    *(composite(shape, served) for shape, served in COMPOSITE),
    key_of_the_table, second_of_the_key, bridge_with_both, unique_reference, unique_where_not_deleted, to_itself,
    not_validated, index_is_invalid, other_collation, pattern_operators, one_of_two, partitioned_without,
    partitioned_with, partitioned_with_one_only, refers_to_partitioned,
)  # fmt: skip
