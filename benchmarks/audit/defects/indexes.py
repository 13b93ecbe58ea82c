"""Indexes that another makes needless, and those that only look it; indexes that do nothing."""
# ruff: noqa: FBT001, FBT003 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Plot, Variant, named

EITHER = "duplicate-index redundant-index"

# Two indexes, the second needless: of text a and b, integer c, jsonb d, required text e.
NEEDLESS: tuple[tuple[str, str], ...] = (
    ("({a})", "({a})"),
    ("({a}, {b})", "({a}, {b})"),
    ("({a}, {b})", "({a})"),
    ("({a}, {b}, {c})", "({a}, {b})"),
    ("({a}, {b}, {c})", "({a})"),
    ("UNIQUE ({a})", "({a})"),
    ("UNIQUE ({a}, {b})", "({a})"),
    ("UNIQUE ({a}, {b})", "({a}, {b})"),
    ("({a} DESC, {b})", "({a} DESC)"),
    ("({a}) INCLUDE ({b})", "({a})"),
    ("({a}, {c}) INCLUDE ({b})", "({a})"),
    ("({a}) WHERE {c} > 0", "({a}) WHERE {c} > 0"),
    ("({a}, {b}) WHERE {c} > 0", "({a}) WHERE ({c} > 0)"),
    ("((lower({a})))", "(lower({a}))"),
    ("((lower({a})), {b})", "(lower({a}))"),
    ("USING gin ({d})", "USING gin ({d})"),
    ("USING gin ({d} jsonb_path_ops)", "USING gin ({d} jsonb_path_ops)"),
    ("USING hash ({a})", "USING hash ({a})"),
    ("USING brin ({c})", "USING brin ({c})"),
    ('({a} COLLATE "C", {b})', '({a} COLLATE "C")'),
    ("({a} text_pattern_ops, {b})", "({a} text_pattern_ops)"),
    ("({a}) WITH (fillfactor = 80)", "({a})"),
    ("({a}, {b}) INCLUDE ({c})", "({a}, {b})"),
)
# Two indexes of which none is needless.
NEEDED: tuple[tuple[str, str], ...] = (
    ("({a}, {b})", "({b}, {a})"),
    ("({a}, {b})", "({b})"),
    ("({a})", "({a} text_pattern_ops)"),
    ("({a}, {b})", "({a} text_pattern_ops)"),
    ("({a})", '({a} COLLATE "C")'),
    ('({a} COLLATE "C", {b})', "({a})"),
    ("({a}, {b})", "({a}, {b} DESC)"),
    ("({a}, {b} NULLS FIRST)", "({a}, {b} DESC NULLS FIRST)"),
    ("({a}, {b})", "UNIQUE ({a})"),
    ("({a}, {b} DESC)", "UNIQUE ({a}, {b})"),
    ("({a})", "({a}) WHERE {c} > 0"),
    ("({a}, {b})", "({a}) WHERE {c} > 0"),
    ("({a}, {b}) WHERE {c} > 0", "({a})"),
    ("({a}) WHERE {c} > 0", "({a}) WHERE {c} < 0"),
    ("({a})", "UNIQUE ({a}) WHERE {c} > 0"),
    ("({a}, {b})", "UNIQUE ({a}) WHERE {b} IS NULL"),
    ("({a}) INCLUDE ({b})", "({a}) INCLUDE ({c})"),
    ("({a})", "(lower({a}))"),
    ("((lower({a})))", "(upper({a}))"),
    ("USING gin ({d})", "USING gin ({d} jsonb_path_ops)"),
    ("({c})", "USING brin ({c})"),
    ("({a})", "USING hash ({b})"),
    ("({a}, {b}, {c})", "({a}, {c})"),
    ("(({d} ->> 'x'))", "(({d} ->> 'y'))"),
    ("UNIQUE ({a})", "UNIQUE ({b})"),
    ("UNIQUE ({a}, {b})", "UNIQUE (lower({a}), {b})"),
)


def _pair(p: Plot, first: str, second: str) -> tuple[str, str, str]:
    a, b, c, d, e = p.names(5)
    table = p.host(
        f"{a} text NOT NULL DEFAULT ''", f"{b} text NOT NULL DEFAULT ''", f"{c} integer NOT NULL DEFAULT 0",
        f"{d} jsonb NOT NULL DEFAULT '{{}}'", f"{e} text NOT NULL DEFAULT ''",
    )  # fmt: skip
    made = list[str]()
    order = [first, second]
    if p.draw.random() < 0.5:
        order.reverse()
    for shape in order:
        said = shape.format(a=a, b=b, c=c, d=d, e=e)
        made.append(p.index(table, said.removeprefix("UNIQUE "), unique=said.startswith("UNIQUE ")))
    for index in made:
        p.either("needless-index-predicate", index)
    if order[0] != first:
        made.reverse()
    return table, made[0], made[1]


def needless(first: str, second: str) -> Variant:
    def needless_index(p: Plot) -> None:
        _, kept, other = _pair(p, first, second)
        alike = _bones(first) == _bones(second)
        p.defect(EITHER, other, *([kept, other] if alike else [other]))

    return named(needless_index, f"{first} and {second}")


def _bones(shape: str) -> str:
    """What is left where spelling and storage do not count."""
    return shape.split(" WITH ", maxsplit=1)[0].replace(" text_ops", "").replace("(", "").replace(")", "")


def needed(first: str, second: str) -> Variant:
    def needed_index(p: Plot) -> None:
        _pair(p, first, second)
        p.decoy("duplicate-index", "redundant-index")

    return named(needed_index, f"{first} and {second}")


def beside_primary_key(p: Plot) -> None:
    table = p.plain()
    index = p.index(table, f"({p.keys[table].column})")
    p.defect(EITHER, index)


def unique_beside_primary_key(p: Plot) -> None:
    table, unique = p.plain(), p.name("key")
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {unique} UNIQUE ({p.keys[table].column})")
    p.defect(EITHER, unique)


def beside_unique_constraint(p: Plot) -> None:
    a, b = p.names(2)
    table = p.table(f"{a} text NOT NULL", f"{b} bigint NOT NULL", f"UNIQUE ({a}, {b})")
    p.defect(EITHER, p.index(table, p.draw.choice((f"({a})", f"({a}, {b})"))))


def unique_constraint_and_unique_index(p: Plot) -> None:
    a, unique = p.name(), p.name("key")
    table = p.table(f"{a} text NOT NULL", f"CONSTRAINT {unique} UNIQUE ({a})")
    p.defect(EITHER, p.index(table, f"({a})", unique=True))


def second_of_primary_key(p: Plot) -> None:
    table, a, b = p.names(3)
    p.bare(table, [f"{a} bigint", f"{b} bigint", *p.filler(2), f"PRIMARY KEY ({a}, {b})"])
    p.index(table, f"({b}, {a})")
    p.decoy("redundant-index")


def replica_identity(p: Plot) -> None:
    a, b = p.names(2)
    table = p.table(f"{a} bigint NOT NULL", f"{b} bigint NOT NULL", host=False)
    p.index(table, f"({a}, {b})")
    identity = p.index(table, f"({a})", unique=True)
    p.do(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {identity}")
    p.decoy("redundant-index")


def replica_identity_beside_plain(p: Plot) -> None:
    a = p.name()
    table = p.table(f"{a} bigint NOT NULL", host=False)
    plain, identity = p.index(table, f"({a})"), p.index(table, f"({a})", unique=True)
    p.do(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {identity}")
    p.defect(EITHER, plain)


def referenced_twin(p: Plot) -> None:
    """Two unique keys over the same column; a foreign key refers to one of them, the other may go."""
    a, b, used = p.name(), p.name(), p.name("key")
    table = p.table(f"{a} bigint NOT NULL", f"CONSTRAINT {used} UNIQUE ({a})", host=False)
    child = p.table(f"{b} bigint REFERENCES {table} ({a})", host=False)
    p.index(child, f"({b})")
    p.defect(EITHER, p.index(table, f"({a})", unique=True))


def partitioned_twice(p: Plot) -> None:
    parent, k, a = p.name(), p.name("id"), p.name()
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} text NOT NULL"], f"PARTITION BY HASH ({k})")
    for number in range(2):
        p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} FOR VALUES WITH (MODULUS 2, REMAINDER {number})")
    first, second = p.index(parent, f"({a})"), p.index(parent, f"({a})")
    p.defect(EITHER, first, first, second)


def different_tables(p: Plot) -> None:
    """The same index on each of two partitions, made by hand."""
    parent, k, a = p.name(), p.name("id"), p.name()
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} text NOT NULL"], f"PARTITION BY HASH ({k})")
    for number in range(2):
        part = p.name()
        p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 2, REMAINDER {number})")
        p.index(part, f"({a})")
    p.decoy("duplicate-index", "redundant-index")


def exclusion(p: Plot) -> None:
    a = p.name()
    table = p.table(f"{a} int4range NOT NULL", f"EXCLUDE USING gist ({a} WITH &&)")
    p.either(EITHER, p.index(table, f"USING gist ({a})"))


def deferrable_beside_unique(p: Plot) -> None:
    a = p.name()
    table = p.table(f"{a} bigint NOT NULL", f"UNIQUE ({a}) DEFERRABLE INITIALLY DEFERRED", host=False)
    p.either(EITHER, p.index(table, f"({a})", unique=True))


def invalid(p: Plot) -> None:
    """Nothing may rewrite the table afterwards: that would build the index anew."""
    a = p.name()
    table = p.table(f"{a} text NOT NULL DEFAULT ''", host=False)
    index = p.index(table, f"({a})")
    p.do(f"UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")
    p.defect("invalid-index", index)


def parent_that_waits(p: Plot) -> None:
    """An index of the parent alone, to which those of the partitions are attached one after the other."""
    parent, k, a, part = p.name(), p.name("id"), p.name(), p.name()
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} text NOT NULL"], f"PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    whole = p.name("idx")
    p.do(f"CREATE INDEX {whole} ON ONLY {parent} ({a})")
    p.either("partition-without-index invalid-index", whole, whole, parent, part)


def parent_that_got_all(p: Plot) -> None:
    parent, k, a, part, whole = p.name(), p.name("id"), p.name(), p.name(), p.name("idx")
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} text NOT NULL"], f"PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    p.do(f"CREATE INDEX {whole} ON ONLY {parent} ({a})")
    p.do(f"ALTER INDEX {whole} ATTACH PARTITION {p.index(part, f'({a})')}")
    p.decoy("invalid-index", "partition-without-index", "duplicate-index")


def on_array(shape: str, wrong: bool) -> Variant:
    def index_on_array(p: Plot) -> None:
        a, b = p.names(2)
        table = p.host(f"{a} text[] NOT NULL DEFAULT '{{}}'", f"{b} text NOT NULL DEFAULT ''")
        index = p.index(table, shape.format(a=a, b=b))
        if wrong:
            p.defect("btree-on-array", table, index, a)
        else:
            p.decoy("btree-on-array")

    return named(index_on_array, f"{shape}")


def not_null_predicate(null: str, shape: str, wrong: bool) -> Variant:
    def index_with_predicate(p: Plot) -> None:
        a, b = p.names(2)
        table = p.host(f"{a} text{null}", f"{b} integer")
        index = p.index(table, shape.format(a=a, b=b))
        if wrong:
            p.defect("needless-index-predicate", table, index)
        else:
            p.decoy("needless-index-predicate")

    return named(index_with_predicate, f"{null} {shape}")


VARIANTS: tuple[Variant, ...] = (
    *(needless(*pair) for pair in NEEDLESS),
    *(needed(*pair) for pair in NEEDED),
    beside_primary_key, unique_beside_primary_key, beside_unique_constraint, unique_constraint_and_unique_index,
    second_of_primary_key, replica_identity, replica_identity_beside_plain, referenced_twin, partitioned_twice,
    different_tables, exclusion, deferrable_beside_unique, invalid, parent_that_waits, parent_that_got_all,
    on_array("({a})", True), on_array("USING gin ({a})", False),
    on_array("({b}) INCLUDE ({a})", False), on_array("(cardinality({a}))", False),
    not_null_predicate(" NOT NULL", "({a}) WHERE {a} IS NOT NULL", True),
    not_null_predicate(" NOT NULL", "({b}) WHERE ({a} IS NOT NULL)", True),
    not_null_predicate("", "({a}) WHERE {a} IS NOT NULL", False),
    not_null_predicate(" NOT NULL", "({a}) WHERE {b} IS NOT NULL", False),
    not_null_predicate(" NOT NULL", "({a}) WHERE {b} > 5", False),
)  # fmt: skip
