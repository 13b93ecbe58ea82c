"""Foreign keys of another type, twice, half optional, in circles, or that empty what is required; and sound ones."""
# ruff: noqa: FBT001, FBT003 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Variant, named


def of_another_type(of_child: str, of_parent: str, differs: bool) -> Variant:
    def foreign_key_of_type(p: Plot) -> None:
        parent, k, a = p.name(), p.name("id"), p.name()
        p.bare(parent, [f"{k} {of_parent} PRIMARY KEY", f"{p.name()} text NOT NULL"])
        table = p.host(f"{a} {of_child} REFERENCES {parent}")
        p.index(table, f"({a})")
        if differs:
            p.defect("foreign-key-of-another-type", table, a)
        else:
            p.decoy("foreign-key-of-another-type")
        p.either("name-with-several-types", table, a)

    return named(foreign_key_of_type, f"{of_child} to {of_parent}")


def domain_over_the_type(p: Plot) -> None:
    domain, parent, k, a = p.name(), p.name(), p.name("id"), p.name()
    p.do(f"CREATE DOMAIN {domain} AS bigint CHECK (VALUE > 0)")
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{p.name()} text NOT NULL"])
    p.index(p.host(f"{a} {domain} REFERENCES {parent}"), f"({a})")
    p.decoy("foreign-key-of-another-type")


def _twice(p: Plot, second: str) -> tuple[Name, Name]:
    """A column with a foreign key, and another constraint of that definition: {a}, {parent}, {k}, {other}."""
    parent, other = p.plain(keyed="bigint"), p.plain(keyed="bigint")
    a, b, fk = p.name(), p.name(), p.name("fk")
    k = p.keys[parent].column
    table = p.host(f"{a} bigint REFERENCES {parent} ({k})", f"{b} bigint")
    p.index(table, f"({a})")
    p.index(table, f"({b})")
    said = second.format(a=a, b=b, parent=parent, k=k, other=other, o=p.keys[other].column)
    p.do(f"ALTER TABLE {table} ADD CONSTRAINT {fk} {said}")
    return table, a


def foreign_key_twice(p: Plot) -> None:
    p.defect("duplicate-foreign-key", *_twice(p, "FOREIGN KEY ({a}) REFERENCES {parent} ({k})"))


def foreign_key_twice_with_other_action(p: Plot) -> None:
    p.defect("duplicate-foreign-key", *_twice(p, "FOREIGN KEY ({a}) REFERENCES {parent} ({k}) ON DELETE CASCADE"))


def two_columns_one_parent(p: Plot) -> None:
    _twice(p, "FOREIGN KEY ({b}) REFERENCES {parent} ({k})")
    p.decoy("duplicate-foreign-key")


def one_column_two_parents(p: Plot) -> None:
    _twice(p, "FOREIGN KEY ({a}) REFERENCES {other} ({o})")
    p.decoy("duplicate-foreign-key")


def half_optional(required: str, ending: str, optional: bool) -> Variant:
    def foreign_key_with_parts(p: Plot) -> None:
        parent, (k, m, a, b) = p.name(), p.names(4)
        p.bare(parent, [f"{k} bigint", f"{m} bigint", f"PRIMARY KEY ({k}, {m})"])
        fk = f"FOREIGN KEY ({a}, {b}) REFERENCES {parent} ({k}, {m}){ending}"
        table = p.table(f"{a} bigint NOT NULL", f"{b} bigint{required}", fk)
        p.index(table, f"({a}, {b})")
        if optional:
            p.defect("foreign-key-with-optional-part", table, a, b)
        else:
            p.decoy("foreign-key-with-optional-part")

    return named(foreign_key_with_parts, f"{required}{ending}")


def wholly_optional(p: Plot) -> None:
    """Each part may be empty without the other."""
    parent, (k, m, a, b) = p.name(), p.names(4)
    p.bare(parent, [f"{k} bigint", f"{m} bigint", f"PRIMARY KEY ({k}, {m})"])
    table = p.table(f"{a} bigint", f"{b} bigint", f"FOREIGN KEY ({a}, {b}) REFERENCES {parent} ({k}, {m})")
    p.index(table, f"({a}, {b})")
    p.defect("foreign-key-with-optional-part", table, a, b)


def half_kept_by_another_key(p: Plot) -> None:
    """The part that is always filled, a tenant's, refers to its own parent too."""
    tenant, parent, (t, k, m, a, b) = p.name(), p.name(), p.names(5)
    p.bare(tenant, [f"{t} bigint PRIMARY KEY"])
    p.bare(parent, [f"{k} bigint", f"{m} bigint", f"PRIMARY KEY ({k}, {m})"])
    table = p.table(
        f"{a} bigint NOT NULL REFERENCES {tenant}", f"{b} bigint", f"FOREIGN KEY ({a}, {b}) REFERENCES {parent}"
    )
    p.index(table, f"({a}, {b})")
    p.decoy("foreign-key-with-optional-part")


def _circle(p: Plot, first: str, second: str) -> tuple[Name, Name]:
    one = p.table(host=False, keyed="bigint")
    a, b = p.name(), p.name()
    other = p.table(f"{a} bigint {first}", host=False, keyed="bigint")
    p.index(other, f"({a})")
    p.do(f"ALTER TABLE {other} ADD FOREIGN KEY ({a}) REFERENCES {one} ({p.keys[one].column})")
    p.do(f"ALTER TABLE {one} ADD {b} bigint {second}")
    p.do(f"ALTER TABLE {one} ADD FOREIGN KEY ({b}) REFERENCES {other} ({p.keys[other].column})")
    p.index(one, f"({b})")
    return one, other


def circle(p: Plot) -> None:
    one, other = _circle(p, "NOT NULL", "NOT NULL")
    p.defect("circular-required-reference", one, one, other)


def open_circle(p: Plot) -> None:
    _circle(p, "NOT NULL", "")
    p.decoy("circular-required-reference")


def set_null(null: str, ending: str, wrong: bool) -> Variant:
    def reference_set_null(p: Plot) -> None:
        parent, a = p.plain(), p.name()
        key = p.keys[parent]
        table = p.host(f"{a} {key.type}{null} REFERENCES {parent} ({key.column}){ending}")
        p.index(table, f"({a})")
        if wrong:
            p.defect("set-null-on-required-column", table, a)
        else:
            p.decoy("set-null-on-required-column")

    return named(reference_set_null, f"{null}{ending}")


VARIANTS: tuple[Variant, ...] = (
    of_another_type("integer", "bigint", True), of_another_type("bigint", "integer", True),
    of_another_type("smallint", "integer", True), of_another_type("numeric(10,0)", "numeric(10,0)", False),
    of_another_type("varchar(30)", "varchar(30)", False), of_another_type("uuid", "uuid", False),
    of_another_type("bigint", "numeric", True), domain_over_the_type,
    foreign_key_twice, foreign_key_twice_with_other_action, two_columns_one_parent, one_column_two_parents,
    half_optional("", "", True), half_optional(" NOT NULL", "", False), half_optional("", " MATCH FULL", False),
    wholly_optional, half_kept_by_another_key, circle, open_circle,
    set_null(" NOT NULL", " ON DELETE SET NULL", True), set_null(" NOT NULL", " ON UPDATE SET NULL", True),
    set_null("", " ON DELETE SET NULL", False), set_null(" NOT NULL", " ON DELETE CASCADE", False),
)  # fmt: skip
