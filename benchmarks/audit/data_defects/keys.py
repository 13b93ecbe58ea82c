"""D12 keys nobody declared, D18 keys alike but for case, D19 sequences behind, D22 rare values that queries want."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Planted, Table, World, planted
from psycopg import sql

from pgrefit.model.workload import Query


def _repeats(values: Sequence[Any]) -> set[int]:
    """How often values occur again: values, rows, and rows but the first of each."""
    again = [n for n in Counter(v for v in values if v is not None).values() if n > 1]
    return {len(again), sum(again), sum(again) - len(again)}


def _codes(w: World, rows: int) -> list[str]:
    made = w.draw.choice(("{}-{:06}", "{}{:06}", "{}/{:06}"))
    letter = w.word()[:2].upper()
    return [made.format(letter, n) for n in w.draw.sample(range(10**6), rows)]


@defect("D12")
def code_that_is_unique(w: World) -> Planted:
    host = w.host(1000)
    return planted(host, w.add(host, "serial", "text NOT NULL", _codes(w, host.rows)))


@defect("D12")
def unique_where_it_is_there(w: World) -> Planted:
    host = w.host(1000)
    return planted(host, w.add(host, ("external", "code"), "text", w.sparse(_codes(w, host.rows), 0.3)))


@defect("D12", "repeated-fact")
def place_within_another(w: World) -> Planted:
    parent = w.parent()
    child = w.table(w.draw.randint(1200, 6000))
    child.plants += 1
    keys = w.draw.choices(parent.key.values, k=child.rows)
    last = Counter[Any]()
    places = list[int]()
    for key in keys:
        last[key] += 1
        places.append(last[key])
    one = w.add_named(child, w.reference(parent), "bigint NOT NULL", keys)
    w.foreign_key(child, one, parent)
    return planted(child, w.add(child, "line", "integer NOT NULL CHECK ({c} > 0)", places), one)


@defect("D12")
def code_with_some_twice(w: World) -> Planted:
    host = w.host(1500)
    values = _codes(w, host.rows)
    for row in w.pick(host.rows - 1, 0.002):
        values[row] = values[row + 1]
    return planted(host, w.add(host, ("code", "reference"), "text NOT NULL", values), counts=_repeats(values))


@defect("D12")
def email_with_some_twice(w: World) -> Planted:
    host = w.host(1500)
    values = _addresses(w, host.rows)
    for row in w.pick(host.rows - 1, 0.003):
        values[row] = values[row + 1]
    return planted(host, w.add(host, "email", "text NOT NULL", values), counts=_repeats(values))


@decoy("D12")
def measurements(w: World) -> Planted:
    host = w.host(1000)
    values = [w.draw.gauss(0, 1) for _ in range(host.rows)]
    return planted(host, w.add(host, "weight", "double precision NOT NULL", values))


@decoy("D12")
def few_and_different(w: World) -> Planted:
    host = w.host(8, most=20)
    values = w.draw.sample(w.vocabulary(60), host.rows)
    return planted(host, w.add(host, "label", "text NOT NULL", values))


@decoy("D12")
def unique_and_declared(w: World) -> Planted:
    host = w.host(1000)
    return planted(host, w.add(host, "code", "text NOT NULL UNIQUE", _codes(w, host.rows)))


@decoy("D12")
def sentences(w: World) -> Planted:
    host = w.host(1000)
    texts = [f"{w.sentence(8, 14)} {n}." for n in w.draw.sample(range(10**6), host.rows)]
    return planted(host, w.add(host, "description", "text NOT NULL", texts))


@decoy("D12")
def people(w: World) -> Planted:
    """Nearly all are called differently, as people are."""
    host = w.host(1000)
    pool = w.vocabulary(900)
    values = [f"{w.draw.choice(pool)} {w.draw.choice(pool)}" for _ in range(host.rows)]
    values[1] = values[0]
    return planted(host, w.add(host, ("full", "reference"), "text NOT NULL", values))


def _addresses(w: World, rows: int) -> list[str]:
    pool = [word.lower() for word in w.vocabulary(700)]
    numbers = w.draw.sample(range(10**6), rows)
    return [f"{w.draw.choice(pool)}.{n}@{w.draw.choice(('example.org', 'mail.example', 'test.net'))}" for n in numbers]


def _alike(w: World, host: Table, concept: str, values: list[str], changed: str) -> Planted:
    pairs = w.draw.sample(range(0, host.rows - 1, 2), max(2, host.rows // 300))
    for row in pairs:
        values[row] = values[row + 1].upper() if changed == "case" else f"{values[row + 1]} "
    name = w.add(host, concept, "text NOT NULL UNIQUE", values)
    return planted(host, name, counts=[len(pairs), 2 * len(pairs)])


def _fresh(w: World, least: int) -> Table:
    table = w.table(w.some_rows(least))
    table.plants += 1
    return table


ALSO_ALIKE = ("padded-text", "spelling-drift", "duplicate-natural-key")


@defect("D18", *ALSO_ALIKE)
def email_in_two_cases(w: World) -> Planted:
    table = _fresh(w, 600)
    return _alike(w, table, "email", _addresses(w, table.rows), "case")


@defect("D18", *ALSO_ALIKE)
def email_with_a_blank(w: World) -> Planted:
    table = _fresh(w, 600)
    return _alike(w, table, "email", _addresses(w, table.rows), "blank")


@defect("D18", *ALSO_ALIKE)
def user_in_two_cases(w: World) -> Planted:
    table = _fresh(w, 600)
    pool = [word.lower() for word in w.vocabulary(300)]
    users = [f"{w.draw.choice(pool)}{n}" for n in w.draw.sample(range(10**5), table.rows)]
    return _alike(w, table, "user", users, "case")


@decoy("D18")
def tokens_that_differ_in_case(w: World) -> Planted:
    host = w.host(1000)
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    tokens = ["".join(w.draw.choices(letters, k=9)) for _ in range(host.rows)]
    for row in range(0, 8, 2):
        tokens[row] = tokens[row + 1].swapcase()
    return planted(host, w.add(host, "token", "text NOT NULL UNIQUE", tokens))


@decoy("D18")
def emails_all_different(w: World) -> Planted:
    host = w.host(600)
    values = [v.title() if w.draw.random() < 0.05 else v for v in _addresses(w, host.rows)]
    name = w.add(host, "email", "text NOT NULL", values)
    host.after.append(("CREATE UNIQUE INDEX ON {t} (lower({0}))", (name,)))
    return planted(host, name)


@decoy("D18")
def users_all_different(w: World) -> Planted:
    host = w.host(600)
    values = [f"{w.word()}{n}" for n in w.draw.sample(range(10**6), host.rows)]
    return planted(host, w.add(host, "user", "text NOT NULL UNIQUE", values))


def _counted(w: World, default: str, options: str, position: str, *, gap: int = 0) -> Planted:
    table = _fresh(w, 200)
    highest = max(table.key.values)
    key = table.key
    if default == "identity":
        key.type = f"bigint GENERATED BY DEFAULT AS IDENTITY {options} PRIMARY KEY"
        ask = "SELECT setval(pg_get_serial_sequence({t_text}, {c_text}), " + position.format(highest) + ")"
        table.after.append((ask, (key.name,)))
    else:
        table.after += [
            (
                f"CREATE SEQUENCE {{t_seq}} {options}" + (" OWNED BY {t}.{0}" if default == "serial" else ""),
                (key.name,),
            ),
            ("ALTER TABLE {t} ALTER {0} SET DEFAULT nextval({t_seq_text})", (key.name,)),
            ("SELECT setval({t_seq_text}, " + position.format(highest) + ")", (key.name,)),
        ]
    return planted(table, key.name, counts=[gap, gap - 1, gap + 1, highest] if gap else [])


@defect("D19", "sequence-without-owner", "serial-instead-of-identity")
def serial_after_an_import(w: World) -> Planted:
    return _counted(w, "serial", "", "{} - 37", gap=37)


@defect("D19")
def identity_after_an_import(w: World) -> Planted:
    return _counted(w, "identity", "", "{} - 101", gap=101)


@defect("D19", "sequence-without-owner", "serial-instead-of-identity")
def default_of_a_loose_sequence(w: World) -> Planted:
    return _counted(w, "loose", "", "{} - 12", gap=12)


@decoy("D19", "sequence-without-owner", "serial-instead-of-identity")
def sequence_with_a_cache(w: World) -> Planted:
    return _counted(w, "serial", "CACHE 50", "{} + 45")


@decoy("D19", "sequence-without-owner", "serial-instead-of-identity")
def sequence_that_counts_down(w: World) -> Planted:
    found = _counted(w, "serial", "INCREMENT -1 MINVALUE -9000000 MAXVALUE -1 START -1", "-{}")
    found.table.key.values = [-value for value in found.table.key.values]
    return found


@decoy("D19", "cycling-key-sequence", "sequence-without-owner", "serial-instead-of-identity")
def sequence_that_went_round(w: World) -> Planted:
    return _counted(w, "serial", "MAXVALUE 9000000 CYCLE", "{} - 60")


@decoy("D19", "sequence-without-owner", "serial-instead-of-identity")
def sequence_just_there(w: World) -> Planted:
    return _counted(w, "serial", "", "{}")


def _skewed(w: World, kind: str, common: Any, rare: Any, share: float = 0.975) -> tuple[Table, str]:  # noqa: ANN401
    host = w.host(4000)
    values = [common if w.draw.random() < share else rare for _ in range(host.rows)]
    concept = w.draw.choice((("status", "step"), ("step", "status"), ("status", "channel")))
    return host, w.add(host, concept, kind, values)


def _asks(w: World, table: Table, condition: str, column: str, parameters: str = "") -> None:
    text = sql.SQL("SELECT {key} FROM {t} WHERE " + condition + " ORDER BY {key} LIMIT 50")  # pyright: ignore[reportArgumentType]
    names = {
        "key": sql.Identifier(table.key.name),
        "t": sql.Identifier(w.schema, table.name),
        "c": sql.Identifier(column),
    }
    statement = text.format(**names).as_string()
    w.queries.append(Query(name=f"query_{len(w.queries)}", sql=statement, parameters=parameters))


@defect("D22", "unchecked-enumeration")
def rare_state_in_words(w: World) -> Planted:
    states = words.STATES[w.language]
    table, column = _skewed(w, "text NOT NULL", states[1], states[0])
    _asks(w, table, f"{{c}} = '{states[0]}'", column)
    return planted(table, column)


@defect("D22")
def flag_not_yet_set(w: World) -> Planted:
    table, column = _skewed(w, "boolean NOT NULL", common=True, rare=False)
    _asks(w, table, w.draw.choice(("NOT {c}", "{c} = false", "{c} IS FALSE")), column)
    return planted(table, column)


@defect("D22", "flag-as-number", "unchecked-enumeration", "unchecked-range")
def rare_state_as_a_number(w: World) -> Planted:
    table, column = _skewed(w, "smallint NOT NULL", 9, 3)
    _asks(w, table, "{c} = 3", column)
    return planted(table, column)


@decoy("D22", "unchecked-enumeration")
def only_the_common_is_asked_for(w: World) -> Planted:
    states = words.STATES[w.language]
    table, column = _skewed(w, "text NOT NULL", states[1], states[0])
    _asks(w, table, f"{{c}} = '{states[1]}'", column)
    return planted(table, column)


@decoy("D22", "unchecked-enumeration")
def asked_for_with_a_parameter(w: World) -> Planted:
    """Any value may come: a plan for all of them cannot use an index of some rows."""
    states = words.STATES[w.language]
    table, column = _skewed(w, "text NOT NULL", states[1], states[0])
    _asks(w, table, "{c} = $1", column, f"SELECT v FROM (VALUES ('{states[0]}'), ('{states[1]}')) AS known (v)")
    return planted(table, column)


@decoy("D22")
def not_so_rare(w: World) -> Planted:
    table, column = _skewed(w, "boolean NOT NULL", common=True, rare=False, share=0.75)
    _asks(w, table, "NOT {c}", column)
    return planted(table, column)


@decoy("D22")
def rare_and_indexed(w: World) -> Planted:
    table, column = _skewed(w, "boolean NOT NULL", common=True, rare=False)
    _asks(w, table, "NOT {c}", column)
    table.after.append(("CREATE INDEX ON {t} ({k}) WHERE NOT {0}", (column,)))
    return planted(table, column)


@decoy("D22")
def rare_and_never_asked_for(w: World) -> Planted:
    table, column = _skewed(w, "boolean NOT NULL", common=True, rare=False)
    return planted(table, column)
