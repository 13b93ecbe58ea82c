"""Where the values of a key come from: defaults, sequences, identity; carried to the new column and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Sequence, Snapshot
from pgrefit.model.sql_tree import function_name, parse_expression, print_expression, value_of

from ._conversion import Conversion, is_text, old_name
from ._granted import SEQUENCE, as_granted
from ._key_carried import Carried, Moves
from ._key_graph import Member

UUID_MAKERS = {
    "gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuidv4", "uuidv7",
}  # fmt: skip
HIGHEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
LOWEST = {name: -most - 1 for name, most in HIGHEST.items()}


def carried_values(member: Member, db: Snapshot) -> Iterator[Carried]:
    """Defaults before sequences: what is taken up last may name what was taken up before."""
    for conversion in member.conversions:
        column = member.table.column(conversion.column)
        owned = [s for s in db.sequences if s.owned_by == (member.name, column.name)]
        if column.default is not None:
            yield _carried_default(member.name, column, conversion)
        for sequence in owned:
            carry = _carried_identity if sequence.identity else _carried_serial
            yield carry(member, conversion, sequence)


def new_default(default: Expression, source: str, target: str) -> Expression:
    """The default in the new type, as one would write it for a column of that type."""
    if not is_text(source):
        return default
    value = value_of(parse_expression(default))
    if value.HasField("type_cast"):
        inner = value.type_cast.arg
        if inner.HasField("func_call") and target == "uuid" and function_name(inner.func_call).name in UUID_MAKERS:
            tree = parse_expression(default)
            value_of(tree).CopyFrom(inner)
            return print_expression(tree)
        if inner.HasField("a_const") and inner.a_const.HasField("sval"):
            return expression("{v}::{t}", v=Literal(inner.a_const.sval.sval), t=raw(Expression(target)))
    return expression("({d})::{t}", d=raw(default), t=raw(Expression(target)))


def _carried_default(table: Relation, column: Column, conversion: Conversion) -> Carried:
    assert column.default is not None
    drop = ddl("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", t=table, c=column.name)
    after = new_default(column.default, column.type, conversion.to_type)
    return Carried(
        forth=Moves(before=(drop,), after=(_set_default(table, column.name, after),)),
        back=Moves(before=(drop,), after=(_set_default(table, column.name, column.default),)),
    )


def _set_default(table: Relation, column: str, default: Expression) -> Statement:
    return ddl("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}", t=table, c=column, d=raw(default))


def _widened(sequence: Sequence, source: str, target: str) -> Sequence:
    """The sequence as it would have been made for a column of the new type."""
    if sequence.type != source or target not in HIGHEST:
        return sequence
    return replace(
        sequence, type=target,
        maximum=HIGHEST[target] if sequence.maximum == HIGHEST[source] else sequence.maximum,
        minimum=LOWEST[target] if sequence.minimum == LOWEST[source] else sequence.minimum,
    )  # fmt: skip


def _carried_serial(member: Member, conversion: Conversion, sequence: Sequence) -> Carried:
    # It belongs to nobody for a moment; and from then on nobody takes a value until we are done.
    free = ddl("ALTER SEQUENCE {s} OWNED BY NONE", s=sequence.name)
    wider = _widened(sequence, member.types[conversion.column][0], conversion.to_type)
    return Carried(
        forth=Moves(before=(free,), after=tuple(_belonging(member.name, conversion.column, wider, sequence))),
        back=Moves(before=(free,), after=tuple(_belonging(member.name, conversion.column, sequence, wider))),
    )


def _belonging(table: Relation, column: str, wanted: Sequence, was: Sequence) -> Iterator[Statement]:
    if wanted != was:
        change = ddl(
            "ALTER SEQUENCE {s} AS {type} MINVALUE {low} MAXVALUE {high} RESTART", s=wanted.name,
            type=raw(Expression(wanted.type)), low=wanted.minimum, high=wanted.maximum,
        )  # fmt: skip
        yield _at_same_position(wanted, wanted.name, (change,))
    yield ddl("ALTER SEQUENCE {s} OWNED BY {t}.{c}", s=wanted.name, t=table, c=column)


def _carried_identity(member: Member, conversion: Conversion, sequence: Sequence) -> Carried:
    """Its sequence cannot change hands: another one of the same name goes on where the first one stood."""
    aside = sequence.name.beside(old_name(sequence.name.name))
    rename = ddl("ALTER SEQUENCE {s} RENAME TO {to}", s=sequence.name, to=aside.name)
    column = member.table.column(conversion.column)
    wider = _widened(sequence, column.type, conversion.to_type)
    return Carried(
        forth=Moves(before=(rename,), after=tuple(_identity(member, column, wider, aside, conversion.old))),
        back=Moves(before=(rename,), after=tuple(_identity(member, column, sequence, aside, conversion.new))),
    )


def _identity(
    member: Member, column: Column, wanted: Sequence, aside: Relation, from_column: str
) -> Iterator[Statement]:
    add = ddl(
        "ALTER TABLE {t} ALTER COLUMN {c} ADD GENERATED {kind} AS IDENTITY (SEQUENCE NAME {s} INCREMENT BY {step}"
        " MINVALUE {low} MAXVALUE {high} START WITH {start} CACHE {cache} {cycle})",
        t=member.name, c=column.name, kind=raw(Expression(column.identity.upper())), s=wanted.name,
        step=wanted.increment, low=wanted.minimum, high=wanted.maximum, start=wanted.start, cache=wanted.cache,
        cycle=raw(Expression("CYCLE" if wanted.cycle else "NO CYCLE")),
    )  # fmt: skip
    drop = ddl("ALTER TABLE {t} ALTER COLUMN {c} DROP IDENTITY", t=member.name, c=from_column)
    yield _at_same_position(wanted, aside, (drop, add))
    yield from as_granted(wanted.name, member.table.owner, wanted.grants, kind=SEQUENCE)
    if wanted.comment:
        yield ddl("COMMENT ON SEQUENCE {s} IS {text}", s=wanted.name, text=Literal(wanted.comment))


def _at_same_position(wanted: Sequence, source: Relation, statements: tuple[Statement, ...]) -> Statement:
    """Run statements that reset the sequence; it goes on where `source` stood, or stands at its own end."""
    runs = "".join(expression("EXECUTE {s}; ", s=Literal(statement)) for statement in statements)
    body = ddl(
        "DECLARE place bigint; called boolean; BEGIN"
        " SELECT last_value, is_called INTO place, called FROM {source}; {runs}"
        "PERFORM pg_catalog.setval({wanted}::pg_catalog.regclass, greatest(least(place, {high}), {low}),"
        " called OR place > {high} OR place < {low}); END",
        source=source, runs=raw(Expression(runs)), wanted=Literal(ddl("{s}", s=wanted.name)),
        high=wanted.maximum, low=wanted.minimum,
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))
