"""Triggers that are off or swallow rows, inheritance, unlogged tables, partitions, and rights of everybody."""
# ruff: noqa: FBT001 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Truth, Variant, named

# When a trigger fires and what its function does with rows of text column {c}; whether it loses them.
TRIGGERS: tuple[tuple[str, str, bool], ...] = (
    ("BEFORE INSERT", "NEW.{c} := lower(NEW.{c}); RETURN NULL;", True),
    ("BEFORE UPDATE", "NEW.{c} := upper(NEW.{c}); RAISE NOTICE 'changed'; RETURN NULL;", True),
    ("BEFORE DELETE", "RAISE NOTICE 'gone'; RETURN NEW;", True),
    ("BEFORE INSERT OR UPDATE", "NEW.{c} = trim(NEW.{c}); RETURN NULL;", True),
    ("BEFORE INSERT", "NEW.{c} := lower(NEW.{c}); RETURN NEW;", False),
    ("BEFORE DELETE", "RAISE NOTICE 'gone'; RETURN OLD;", False),
    ("AFTER INSERT", "RAISE NOTICE 'made'; RETURN NULL;", False),
    ("AFTER DELETE", "RETURN OLD;", False),
    ("BEFORE INSERT OR DELETE", "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", False),
    ("BEFORE UPDATE OR DELETE", "RAISE EXCEPTION 'rows of this table stay as they are';", False),
)


def _trigger(p: Plot, when: str, body: str) -> tuple[Name, Name, Name]:
    c, name, function = p.name(), p.name("trg"), p.name()
    table = p.host(f"{c} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN {body.replace('{c}', f'{c}')} END $body$"
    )
    p.do(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")
    return table, name, function


def triggers(when: str, body: str, wrong: bool) -> Variant:
    def trigger(p: Plot) -> None:
        table, name, function = _trigger(p, when, body)
        if wrong:
            p.defect("trigger-that-swallows-writes", table, name, function)
        else:
            p.decoy("trigger-that-swallows-writes")

    return named(trigger, f"{when}: {body}")


def sends_rows_elsewhere(p: Plot) -> None:
    """How tables were divided before there were partitions."""
    c, function, parts = p.name(), p.name(), p.name()
    p.bare(parts, [f"{p.name('id')} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", f"{c} text NOT NULL"])
    table = p.table(f"{c} text NOT NULL DEFAULT ''", host=False)
    p.do(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN INSERT INTO {parts} ({c}) VALUES (NEW.{c}); RETURN NULL; END $$"
    )
    p.do(f"CREATE TRIGGER {p.name('trg')} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")
    p.decoy("trigger-that-swallows-writes")


def trigger_off(p: Plot) -> None:
    table, name, _ = _trigger(p, "BEFORE INSERT", "RETURN NEW;")
    p.do(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    p.defect("disabled-trigger", table, name)


def triggers_of_keys_off(p: Plot) -> None:
    """What a load that broke off leaves behind: foreign keys that nobody checks."""
    parent = p.table(host=False)
    a, definition = p.reference(parent)
    table = p.table(definition, host=False)
    p.index(table, f"({a})")
    p.do(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    p.defect("disabled-trigger", table)


def trigger_on_again(p: Plot) -> None:
    table, name, _ = _trigger(p, "BEFORE INSERT", "RETURN NEW;")
    p.do(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    p.do(f"ALTER TABLE {table} ENABLE {p.draw.choice(('', 'ALWAYS '))}TRIGGER {name}")
    p.decoy("disabled-trigger")


def inherited(p: Plot) -> None:
    parent, child = p.table(host=False), p.name()
    p.bare(child, [f"{p.name()} text NOT NULL", f"PRIMARY KEY ({p.keys[parent].column})"], f"INHERITS ({parent})")
    p.defect("table-inheritance", child, parent, child)


def made_like(p: Plot) -> None:
    parent = p.table(keyed="uuid", host=False)
    p.do(f"CREATE TABLE {p.name()} (LIKE {parent} INCLUDING ALL)")
    p.decoy("table-inheritance", "duplicate-index")


def unlogged(p: Plot) -> None:
    table = p.table(host=False)
    p.do(f"ALTER TABLE {table} SET UNLOGGED")
    p.defect("unlogged-table", table)


def logged_again(p: Plot) -> None:
    table = p.table(host=False)
    p.do(f"ALTER TABLE {table} SET UNLOGGED")
    p.do(f"ALTER TABLE {table} SET LOGGED")
    p.decoy("unlogged-table")


def _ranges(p: Plot, bounds: tuple[tuple[str, str], ...]) -> Name:
    a, parent = p.name(), p.name()
    p.bare(parent, [f"{a} bigint NOT NULL PRIMARY KEY", *p.filler(2)], f"PARTITION BY RANGE ({a})")
    for low, high in bounds:
        p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} FOR VALUES FROM ({low}) TO ({high})")
    return parent


def gap(p: Plot) -> None:
    bounds = (("0", "1000"), ("1000", "2000"), ("3000", "4000"), ("4000", "MAXVALUE"))
    p.defect("gap-between-partitions", _ranges(p, bounds))


def no_gap(p: Plot) -> None:
    _ranges(p, (("MINVALUE", "1000"), ("1000", "2000"), ("2000", "4000"), ("4000", "MAXVALUE")))
    p.decoy("gap-between-partitions")


def index_of_some_partitions(p: Plot) -> None:
    a, b, parent, parts = p.name(), p.name(), p.name(), p.names(3)
    p.bare(parent, [f"{a} bigint NOT NULL PRIMARY KEY", f"{b} text NOT NULL"], f"PARTITION BY HASH ({a})")
    for number, part in enumerate(parts):
        p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 3, REMAINDER {number})")
    for part in parts[:2]:
        p.index(part, f"({b})")
    p.either("partition-without-index", parent, parent, *parts)


def index_not_attached_to_all(p: Plot) -> None:
    a, b, parent, parts, whole = p.name(), p.name(), p.name(), p.names(3), p.name("idx")
    p.bare(parent, [f"{a} bigint NOT NULL PRIMARY KEY", f"{b} text NOT NULL"], f"PARTITION BY HASH ({a})")
    for number, part in enumerate(parts):
        p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 3, REMAINDER {number})")
    p.do(f"CREATE INDEX {whole} ON ONLY {parent} ({b})")
    for part in parts[:2]:
        p.do(f"ALTER INDEX {whole} ATTACH PARTITION {p.index(part, f'({b})')}")
    p.defect("partition-without-index", whole, whole, parent, *parts)


def everybody_creates(p: Plot) -> None:
    """In a schema of its own: no function is safe that looks names up there."""
    schema = Name(f"{p.name()} {p.number}")
    p.do(f"CREATE SCHEMA {schema}")
    p.do(f"GRANT CREATE ON SCHEMA {schema} TO PUBLIC")
    name = str.__str__(schema)
    p.truths.append(Truth(rules=("schema-open-to-all",), schema=name, about=name, details=(), variant=p.variant))


def everybody_uses(p: Plot) -> None:
    p.do(f"GRANT USAGE ON SCHEMA {p.schema} TO PUBLIC")
    p.decoy("schema-open-to-all")


def _accounts(p: Plot) -> tuple[Name, Name, Name]:
    login, secret = p.name("login"), p.name("password", "hash")
    table = p.table(f"{login} text NOT NULL", f"{secret} text NOT NULL", host=False)
    p.do(f"GRANT USAGE ON SCHEMA {p.schema} TO PUBLIC")
    return table, login, secret


def everybody_reads_secrets(p: Plot) -> None:
    table, _, secret = _accounts(p)
    p.do(f"GRANT SELECT ON {table} TO PUBLIC")
    p.defect("secret-open-to-all", table, table, secret)


def everybody_reads_the_rest(p: Plot) -> None:
    table, login, _ = _accounts(p)
    p.do(f"GRANT SELECT ({login}) ON {table} TO PUBLIC")
    p.decoy("secret-open-to-all")


def one_role_reads_secrets(p: Plot) -> None:
    table, _, _ = _accounts(p)
    p.do(f"GRANT SELECT ON {table} TO {p.role()}")
    p.decoy("secret-open-to-all")


VARIANTS: tuple[Variant, ...] = (
    *(triggers(*row) for row in TRIGGERS),
    sends_rows_elsewhere, trigger_off, triggers_of_keys_off, trigger_on_again, inherited, made_like, unlogged,
    logged_again, gap, no_gap, index_of_some_partitions, index_not_attached_to_all,
    everybody_creates, everybody_uses, everybody_reads_secrets, everybody_reads_the_rest, one_role_reads_secrets,
)  # fmt: skip
