"""Shapes of a third round, thought of after the first two had been looked at: what years of migrations leave behind."""
# ruff: noqa: FBT001, FBT003 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.constraints import NO_KEY, checks
from benchmarks.audit.defects.foreign_keys import RULE, composite, single
from benchmarks.audit.defects.functions import with_settings
from benchmarks.audit.defects.indexes import EITHER, needed, needless
from benchmarks.audit.defects.planting import Name, Plot, Variant
from benchmarks.audit.defects.policies import calls, guarded, opens, pairs, policy, views
from benchmarks.audit.defects.sequences import sizes, stands
from benchmarks.audit.defects.tables import triggers
from benchmarks.audit.defects.types import column


def columns_were_dropped(p: Plot) -> None:
    """Numbers of columns no longer follow each other."""
    parent, gone, a, b = p.plain(), p.name(), p.name(), p.name()
    key = p.keys[parent]
    table = p.table(f"{gone} integer NOT NULL", host=False)
    p.do(f"ALTER TABLE {table} ADD {a} {key.type} REFERENCES {parent}, ADD {b} {key.type} REFERENCES {parent}")
    p.do(f"ALTER TABLE {table} DROP COLUMN {gone}")
    p.index(table, f"({b})")
    p.defect(RULE, table, a)
    p.decoy(RULE)


def column_was_renamed(p: Plot) -> None:
    a, definition = p.reference(p.plain())
    table, new = p.table(definition, host=False), p.name()
    p.index(table, f"({a})")
    p.do(f"ALTER TABLE {table} RENAME COLUMN {a} TO {new}")
    p.decoy(RULE)


def index_was_dropped(p: Plot) -> None:
    a, definition = p.reference(p.plain())
    table = p.table(definition, host=False)
    p.do(f"DROP INDEX {p.index(table, f'({a})')}")
    p.defect(RULE, table, a)


def attached_later(p: Plot) -> None:
    """A table that became a partition, with a foreign key and an index of its own."""
    (a, definition), (parent, k, part) = p.reference(p.plain(), ending=""), p.names(3)
    p.bare(parent, [f"{k} bigint PRIMARY KEY", definition], f"PARTITION BY RANGE ({k})")
    p.bare(part, [f"{k} bigint PRIMARY KEY", definition])
    p.index(part, f"({a})")
    p.index(parent, f"({a})")
    p.do(f"ALTER TABLE {parent} ATTACH PARTITION {part} FOR VALUES FROM (0) TO (MAXVALUE)")
    p.decoy(RULE, "duplicate-index", "duplicate-foreign-key")


def _partitioned(p: Plot) -> tuple[Name, Name, list[Name]]:
    parent, k, a = p.name(), p.name("id"), p.name()
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} text NOT NULL"], f"PARTITION BY HASH ({k})")
    parts = p.names(2)
    for number, part in enumerate(parts):
        p.do(f"CREATE TABLE {part} PARTITION OF {parent} FOR VALUES WITH (MODULUS 2, REMAINDER {number})")
    return parent, a, parts


def own_twin_of_a_partition(p: Plot) -> None:
    """The partition had the index before the whole got one."""
    parent, a, parts = _partitioned(p)
    p.index(parent, f"({a})")
    p.defect(EITHER, p.index(parts[0], f"({a})"))


def own_shorter_of_a_partition(p: Plot) -> None:
    parent, a, parts = _partitioned(p)
    p.index(parent, f"({a}, ({a} || 'x'))")
    p.defect(EITHER, p.index(parts[1], f"({a})"))


def foreign_key_twice_turned_round(p: Plot) -> None:
    parent, (k, m, a, b) = p.name(), p.names(4)
    p.bare(parent, [f"{k} bigint", f"{m} bigint", f"PRIMARY KEY ({k}, {m})", f"UNIQUE ({m}, {k})"])
    table = p.table(
        f"{a} bigint NOT NULL", f"{b} bigint NOT NULL", f"FOREIGN KEY ({a}, {b}) REFERENCES {parent} ({k}, {m})",
        f"FOREIGN KEY ({b}, {a}) REFERENCES {parent} ({m}, {k})", host=False,
    )  # fmt: skip
    p.index(table, f"({a}, {b})")
    p.defect("duplicate-foreign-key", table, a, b)
    p.either("duplicate-index redundant-index", parent)


def made_by_a_query(p: Plot) -> None:
    source, table = p.plain(), p.name()
    p.do(f"CREATE TABLE {table} AS SELECT * FROM {source}")
    p.defect(NO_KEY, table)
    p.either("nothing-required", table)


def key_was_dropped(p: Plot) -> None:
    table, key, a = p.name(), p.name("pk"), p.name("id")
    p.bare(table, [f"{a} bigint NOT NULL", f"{p.name()} text NOT NULL", f"CONSTRAINT {key} PRIMARY KEY ({a})"])
    p.do(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
    p.defect(NO_KEY, table)


def not_valid_of_the_whole(p: Plot) -> None:
    parent, a, parts = _partitioned(p)
    name = p.name("check")
    p.do(f"ALTER TABLE {parent} ADD CONSTRAINT {name} CHECK ({a} <> '') NOT VALID")
    p.defect("not-valid-constraint", parent, name)
    p.either("not-valid-constraint", parts[0], *parts)


def json_of_the_whole(p: Plot) -> None:
    parent, k, a, b = p.names(4)
    p.bare(parent, [f"{k} bigint PRIMARY KEY", f"{a} json NOT NULL", f"{b} timestamp"], f"PARTITION BY HASH ({k})")
    p.do(f"CREATE TABLE {p.name()} PARTITION OF {parent} FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    p.defect("json-instead-of-jsonb", parent, a)
    p.defect("timestamp-without-time-zone", parent, b)


def shown_as_json(p: Plot) -> None:
    """Types of a view's columns are nobody's choice."""
    table, a, b = p.plain(), p.name(), p.name()
    key = p.keys[table].column
    p.do(
        f"CREATE VIEW {p.name()} AS SELECT {key}, to_json({key}) AS {a}, 1::money AS {b}, now()::timestamp AS "
        f"{p.name()} FROM {table}"
    )
    p.decoy("json-instead-of-jsonb", "money-type", "timestamp-without-time-zone")


def function_with_argument(said: str, wrong: bool) -> Variant:
    """A function of the user's that is asked with a constant; {f}."""

    def policy_with_constant(p: Plot) -> None:
        table, owner = guarded(p)
        name = p.name()
        p.do(
            f"CREATE FUNCTION {name}(what text) RETURNS text LANGUAGE plpgsql STABLE AS "
            f"$$ BEGIN RETURN current_setting('app.' || what, true); END $$"
        )
        policy(p, table, said.format(o=owner, f=name, s=p.schema))
        if wrong:
            p.defect("per-row-policy-call", table)
        else:
            p.decoy("per-row-policy-call")
        p.either("policy-column-without-index", table)

    policy_with_constant.__name__ += f" {said}"
    return policy_with_constant


def partitioned_and_guarded(p: Plot) -> None:
    parent, a, _ = _partitioned(p)
    p.index(parent, f"({a})")
    p.do(f"ALTER TABLE {parent} ENABLE ROW LEVEL SECURITY")
    policy(p, parent, f"USING ({a} = current_user)")
    p.decoy("row-security-without-policy", "policy-without-row-security", "overlapping-policies")


def trigger_of_a_partition_off(p: Plot) -> None:
    parent, _, parts = _partitioned(p)
    function, name = p.name(), p.name("trg")
    p.do(f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
    p.do(f"CREATE TRIGGER {name} BEFORE INSERT ON {parent} FOR EACH ROW EXECUTE FUNCTION {function}()")
    p.do(f"ALTER TABLE {parts[0]} DISABLE TRIGGER {name}")
    p.defect("disabled-trigger", parts[0], parent, parts[0], name)


VARIANTS: tuple[Variant, ...] = (
    *(single(*row) for row in (
        ("({a}) WHERE {a} IS NOT NULL OR {y} > 0", False), ("({y}, {a})", False),
        ("({a}, {x}, {y})", True), ("({a} DESC NULLS FIRST, {x})", True),
    )),
    *(composite(*row) for row in (("({a}, {x}, {b})", False), ("({b}, {a}, {x} DESC)", True))),
    *(with_settings(*row) for row in (
        ("SECURITY DEFINER SET search_path = {s}", False), ("SECURITY DEFINER SET search_path TO pg_catalog", False),
        ("SECURITY DEFINER SET search_path = pg_temp, {s}", True),
        ('SECURITY DEFINER SET search_path = "$user", {s}', False),
        ("SECURITY DEFINER COST 500 SET lock_timeout = '1s'", True),
        ("PARALLEL RESTRICTED SECURITY DEFINER SET role = 'none'", True),
    )),
    *(needless(*row) for row in (
        ("({a}, {b}) WHERE {c} IS NOT NULL", "({a}) WHERE ({c} IS NOT NULL)"),
        ("USING gist (int4range({c}, {c} + 5))", "USING gist (int4range({c}, {c} + 5))"),
        ("UNIQUE ({a}, {b}, {c})", "({a}, {b})"),
        ("({c} DESC, {a})", "({c} DESC NULLS FIRST)"),
        ("USING spgist ({a})", "USING spgist ({a})"),
    )),
    *(needed(*row) for row in (
        ("({a}, {b})", "({a}) INCLUDE ({c})"), ("UNIQUE ({a}, {b})", "UNIQUE ({a}, {b}) WHERE {c} > 0"),
        ("({a}, {b})", "((({a} || {b})))"), ("({c})", "({c}, {a}) WHERE {c} > 100"),
        ("USING gin ({d})", "(({d} -> 'x'))"), ('({a}, {b} COLLATE "C")', "({a}, {b})"),
        ("({a}, {b})", "USING hash ({a})"),
    )),
    *(stands(*row) for row in (
        ("AS integer", 1_950_000_000, True), ("AS bigint MAXVALUE 4294967295", 4_200_000_000, True),
        ("INCREMENT BY -1 MINVALUE -9000 MAXVALUE 0 START 0", -8_900, True),
        ("AS smallint MINVALUE -32768 START -32768", 31_500, True),
        ("AS smallint MINVALUE -32768 START -32768", -20_000, False), ("AS integer", 900_000_000, False),
        ("INCREMENT BY -1 MINVALUE -9000 MAXVALUE 0 START 0", -900, False),
    )),
    *(sizes(*row) for row in (
        ("START 500", "integer", "sequence-larger-than-column"), ("AS smallint", "smallint", ""),
    )),
    *(calls(*row) for row in (
        ("FOR SELECT USING ({o} = {f}() AND (SELECT {f}()) IS NOT NULL)", True),
        ("FOR SELECT USING ({o} = ANY (current_setting('app.teams')::text[]))", True),
        ("FOR SELECT USING ((({o})) = ((({f}()))))", True),
        ("FOR SELECT USING ({o} = ((SELECT {f}() AS who)))", False),
        ("FOR SELECT USING ({o} = upper((SELECT {f}())))", False),
        ("FOR SELECT USING (EXISTS (SELECT 1 FROM {m} WHERE {m}.{u} = (SELECT {f}()) AND {m}.{v} = {o}))", False),
    )),
    function_with_argument("FOR SELECT USING ({o} = {f}('who'))", True),
    function_with_argument("FOR SELECT USING ({o} = {s}.{f}('team'))", True),
    function_with_argument("FOR SELECT USING ({o} = (SELECT {s}.{f}('team')))", False),
    *(opens(*row) for row in (
        ("AS PERMISSIVE FOR ALL TO public USING (true)", True), ("FOR DELETE USING (2 > 1)", True),
        ("FOR UPDATE USING ({o} = current_user OR 1 = 1)", True),
        ("FOR INSERT WITH CHECK ({o} IS NOT NULL AND {o} = current_user)", False),
        ("FOR DELETE USING ({o} = 'true')", False), ("FOR ALL USING ({o} LIKE 'true%')", False),
    )),
    *(pairs(*row) for row in (
        ("FOR DELETE USING ({o} = current_user)", "FOR ALL USING ({x} = 'mine')", "overlapping-policies"),
        ("FOR UPDATE USING ({o} = current_user)", "FOR DELETE USING ({x} = 'a')", ""),
    )),
    *(views(*row) for row in (
        ("VIEW {v} AS SELECT {o} FROM (SELECT * FROM {t}) AS x", True),
        ("VIEW {v} AS SELECT lower({o}) AS low FROM {t} ORDER BY 1", True),
    )),
    *(column(*row) for row in (
        ("json NOT NULL DEFAULT '[]'", "json-instead-of-jsonb", ()),
        ("timestamp(0)", "timestamp-without-time-zone", ()),
        ("char(15) NOT NULL DEFAULT ''", "blank-padded-text", ()), ("uuid", "", ("blank-padded-text",)),
        ("interval", "", ("timestamp-without-time-zone",)), ("tsrange", "", ("timestamp-without-time-zone",)),
        ("regdictionary", "type-that-blocks-upgrade", ()), ("xid8", "", ("type-that-blocks-upgrade",)),
        ("timestamptz DEFAULT clock_timestamp()", "", ("moment-frozen-in-default",)),
        ("timestamptz DEFAULT ('now'::text)::timestamptz", "", ("moment-frozen-in-default",)),
        ("bpchar(60) DEFAULT ''", "blank-padded-text", ()),
    )),
    *(checks(*row) for row in (
        ("{c} >= NULL", "check-that-accepts-all"), ("{a} = 'x' OR 1 = 1", "check-that-accepts-all"),
        ("{c} IS NOT NULL OR {a} IS NOT NULL", ""), ("{a} = 'true' OR {a} = 'false'", ""), ("{c} <> 0 IS TRUE", ""),
    )),
    *(triggers(*row) for row in (
        ("BEFORE UPDATE", "IF NEW.{c} <> OLD.{c} THEN NEW.{c} := OLD.{c}; END IF; RETURN NULL;", True),
        ("BEFORE UPDATE", "IF NEW.{c} = OLD.{c} THEN RETURN NULL; END IF; RETURN NEW;", False),
        ("BEFORE INSERT", "NEW.{c} := trim(NEW.{c}); IF NEW.{c} = '' THEN RETURN NULL; END IF; RETURN NEW;", False),
        ("BEFORE DELETE", "IF OLD.{c} = 'keep' THEN RETURN NULL; END IF; RETURN OLD;", False),
    )),
    columns_were_dropped, column_was_renamed, index_was_dropped, attached_later, own_twin_of_a_partition,
    own_shorter_of_a_partition, foreign_key_twice_turned_round, made_by_a_query, key_was_dropped,
    not_valid_of_the_whole, json_of_the_whole, shown_as_json, partitioned_and_guarded, trigger_of_a_partition_off,
)  # fmt: skip
