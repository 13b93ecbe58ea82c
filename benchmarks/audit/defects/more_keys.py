"""More shapes, written down after the first: foreign keys and indexes of tenants and partitions."""

from __future__ import annotations

from benchmarks.audit.defects.foreign_keys import RULE
from benchmarks.audit.defects.indexes import EITHER, needed, needless
from benchmarks.audit.defects.planting import Name, Plot, Variant


def _tenants(p: Plot) -> tuple[Name, Name, Name]:
    """A table whose key is (tenant, number)."""
    parent, tenant, number = p.names(3)
    p.bare(parent, [
        f"{tenant} bigint NOT NULL", f"{number} bigint NOT NULL", f"{p.name()} text NOT NULL",
        f"PRIMARY KEY ({tenant}, {number})",
    ])  # fmt: skip
    return parent, tenant, number


def _of_tenant(p: Plot, parent: Name, columns: tuple[Name, Name], key: tuple[Name, Name]) -> str:
    """A foreign key of two columns."""
    return f"FOREIGN KEY ({columns[0]}, {columns[1]}) REFERENCES {parent} ({key[0]}, {key[1]})"


def two_that_share_the_tenant(p: Plot) -> None:
    (one, *of_one), (other, *of_other) = _tenants(p), _tenants(p)
    t, a, b = p.names(3)
    table = p.table(
        f"{t} bigint NOT NULL", f"{a} bigint NOT NULL", f"{b} bigint NOT NULL",
        _of_tenant(p, one, (t, a), (of_one[0], of_one[1])), _of_tenant(p, other, (t, b), (of_other[0], of_other[1])),
        host=False,
    )  # fmt: skip
    p.index(table, f"({t}, {a})")
    p.defect(RULE, table, b)
    p.decoy(RULE)


def lines_of_an_order(p: Plot) -> None:
    a, definition = p.reference(p.plain(), ending=" ON DELETE CASCADE")
    line = p.name("no")
    p.bare(p.name(), [definition, f"{line} integer", f"{p.name()} text NOT NULL", f"PRIMARY KEY ({a}, {line})"])
    p.decoy(RULE)


def lines_the_other_way(p: Plot) -> None:
    a, definition = p.reference(p.plain(), ending=" ON DELETE CASCADE")
    line, table = p.name("no"), p.name()
    p.bare(table, [definition, f"{line} integer", f"{p.name()} text NOT NULL", f"PRIMARY KEY ({line}, {a})"])
    p.defect(RULE, table, a)


def to_a_code(p: Plot) -> None:
    code, a = p.names(2)
    parent = p.table(f"{code} text NOT NULL UNIQUE", host=False)
    table = p.host(f"{a} text REFERENCES {parent} ({code}) ON UPDATE CASCADE")
    p.defect(RULE, table, a)


def by_other_method(p: Plot) -> None:
    code, a = p.names(2)
    parent = p.table(f"{code} text NOT NULL UNIQUE", host=False)
    p.index(p.host(f"{a} text REFERENCES {parent} ({code})"), f"USING spgist ({a})")
    p.decoy(RULE)


def deferred(p: Plot) -> None:
    a, definition = p.reference(p.plain(), ending=" DEFERRABLE INITIALLY DEFERRED")
    p.defect(RULE, p.host(definition), a)


def computed(p: Plot) -> None:
    parent, a, b = p.table(keyed="bigint", host=False), p.name(), p.name()
    key = p.keys[parent].column
    table = p.host(f"{b} bigint", f"{a} bigint GENERATED ALWAYS AS ({b} + 1) STORED REFERENCES {parent} ({key})")
    p.defect(RULE, table, a)


def of_a_partition_alone(p: Plot) -> None:
    owner, (parent, k, a), part = p.table(keyed="bigint", host=False), p.names(3), p.name()
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} bigint"], f"PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    p.do(f"ALTER TABLE {part} ADD FOREIGN KEY ({a}) REFERENCES {owner} ({p.keys[owner].column})")
    p.defect(RULE, part, part, parent)


def of_parts_of_parts(p: Plot) -> None:
    (a, definition), (parent, k, middle, leaf) = p.reference(p.plain()), p.names(4)
    p.bare(parent, [f"{k} bigint PRIMARY KEY", definition], f"PARTITION BY RANGE ({k})")
    p.do(f"CREATE TABLE {middle} PARTITION OF {parent} FOR VALUES FROM (0) TO (MAXVALUE) PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {leaf} PARTITION OF {middle} FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    if p.draw.random() < 0.5:
        p.index(parent, f"({a})")
        p.decoy(RULE)
    else:
        p.defect(RULE, parent, a)


def over_time(p: Plot) -> None:
    """A temporal key: the index over both columns is a GiST one."""
    parent, k, valid, a, during = p.names(5)
    p.bare(parent, [f"{k} int4range", f"{valid} daterange", f"PRIMARY KEY ({k}, {valid} WITHOUT OVERLAPS)"])
    table = p.table(
        f"{a} int4range NOT NULL", f"{during} daterange NOT NULL",
        f"FOREIGN KEY ({a}, PERIOD {during}) REFERENCES {parent} ({k}, PERIOD {valid})", host=False,
    )  # fmt: skip
    p.index(table, f"USING gist ({a}, {during})")
    p.decoy(RULE)


def not_enforced(p: Plot) -> None:
    a, definition = p.reference(p.plain(), ending=" NOT ENFORCED")
    table = p.host(definition)
    p.defect("constraint-not-enforced", table, a, table)
    p.either(f"{RULE} not-valid-constraint", table)


# What else one makes beside indexes; the second is needless.
NEEDLESS = (
    ("({a})", "({a} text_ops)"),
    ('({a} COLLATE "default", {b})', "({a})"),
    ("({a} ASC NULLS LAST, {b})", "({a})"),
    ("USING gin ({d}) WITH (fastupdate = off)", "USING gin ({d})"),
    ("({c}, {a})", "({c} int4_ops)"),
    ("UNIQUE ({a}) WHERE {c} > 0", "({a}) WHERE {c} > 0"),
    ("UNIQUE ({a}) NULLS NOT DISTINCT", "({a})"),
    ("((({d} ->> 'x')), {a})", "(({d} ->> 'x'))"),
    ("({a}, lower({b}), {c})", "({a}, lower({b}))"),
    ("UNIQUE ({a}) INCLUDE ({b})", "({a})"),
)
NEEDED = (
    ("(date_trunc('day', timestamp '2020-01-01' + {c} * interval '1 day'))",
     "(date_trunc('month', timestamp '2020-01-01' + {c} * interval '1 day'))"),
    ("({a}, {b})", "({a} NULLS FIRST)"),
    ("({a} NULLS FIRST, {b})", "UNIQUE ({a})"),
    ("USING gist (int4range({c}, {c} + 1))", "({c})"),
    ("UNIQUE ({a}) WHERE {c} > 0", "({a})"),
    ("UNIQUE ({a}) WHERE {c} > 0", "UNIQUE ({a}) WHERE {c} < 0"),
    ("({a}, {b}, {c})", "({b}, {c})"),
    ("UNIQUE ({a}) INCLUDE ({b})", "UNIQUE ({b}) INCLUDE ({a})"),
    ("USING spgist ({a})", "({a})"),
    ("({a}, {b} text_pattern_ops)", "({a}, {b})"),
    ("(substr({a}, 1, 5))", "(substr({a}, 1, 6))"),
    ("(({a} || {b}))", "(({b} || {a}))"),
)  # fmt: skip


def _wide(p: Plot) -> tuple[Name, list[Name]]:
    columns = p.names(12)
    table = p.name()
    p.bare(table, [f"{columns[0]} bigint PRIMARY KEY", *(f"{c} integer NOT NULL" for c in columns[1:])])
    return table, columns


def tenth_column_is_not_first(p: Plot) -> None:
    """Attribute 1 and attribute 10 to 12: their numbers begin alike."""
    table, columns = _wide(p)
    p.index(table, f"({columns[1]}, {columns[2]})")
    p.index(table, f"({columns[1]}, {columns[11]})")
    p.index(table, f"({columns[10]})")
    p.decoy("duplicate-index", "redundant-index")


def many_columns_and_fewer(p: Plot) -> None:
    table, columns = _wide(p)
    p.index(table, "(" + ", ".join(f"{c}" for c in columns[1:]) + ")")
    p.defect(EITHER, p.index(table, "(" + ", ".join(f"{c}" for c in columns[1:11]) + ")"))


def three_times(p: Plot) -> None:
    a = p.name()
    table = p.host(f"{a} text NOT NULL DEFAULT ''")
    made = [p.index(table, f"({a})") for _ in range(3)]
    p.defect(EITHER, made[0], *made)


def of_materialized_view(p: Plot) -> None:
    a, view = p.names(2)
    table = p.host(f"{a} text NOT NULL DEFAULT ''")
    p.do(f"CREATE MATERIALIZED VIEW {view} AS SELECT {a} FROM {table}")
    p.index(view, f"({a})", unique=True)
    p.defect(EITHER, p.index(view, f"({a})"))


def target_of_tenants(p: Plot) -> None:
    """(tenant, id) is unique because id is; a foreign key of two columns needs it said."""
    t, a, b = p.names(3)
    parent = p.table(f"{t} bigint NOT NULL", keyed="bigint", host=False)
    key = p.keys[parent].column
    p.do(f"ALTER TABLE {parent} ADD UNIQUE ({t}, {key})")
    table = p.table(f"{a} bigint NOT NULL", f"{b} bigint NOT NULL", _of_tenant(p, parent, (a, b), (t, key)), host=False)
    p.index(table, f"({a}, {b})")
    p.decoy("redundant-index", "duplicate-index", RULE)


def key_and_longer(p: Plot) -> None:
    """The index of a primary key is never needless."""
    a = p.name()
    table = p.host(f"{a} text NOT NULL DEFAULT ''")
    p.index(table, f"({p.keys[table].column}, {a})")
    p.decoy("redundant-index", "duplicate-index")


def key_and_covering(p: Plot) -> None:
    a = p.name()
    table = p.host(f"{a} text NOT NULL DEFAULT ''")
    p.index(table, f"({p.keys[table].column}) INCLUDE ({a})", unique=True)
    p.either("redundant-index", table, p.keys[table].column)
    p.decoy("duplicate-index")


VARIANTS: tuple[Variant, ...] = (
    *(needless(*pair) for pair in NEEDLESS),
    *(needed(*pair) for pair in NEEDED),
    two_that_share_the_tenant, lines_of_an_order, lines_the_other_way, to_a_code, by_other_method, deferred, computed,
    of_a_partition_alone, of_parts_of_parts, over_time, not_enforced, tenth_column_is_not_first,
    many_columns_and_fewer, three_times, of_materialized_view, target_of_tenants, key_and_longer, key_and_covering,
)  # fmt: skip
