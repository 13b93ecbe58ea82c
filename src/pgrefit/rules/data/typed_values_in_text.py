"""A text column whose values are all of another type."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.model import lookup
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, known, named, scan
from pgrefit.rules.data._exact import shown
from pgrefit.rules.data._forms import URN_UUID
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._typed import Typed, typed_columns
from pgrefit.rules.references import reference_as_text as references

CONVERTED = ("uuid", "bigint")  # by the change that retypes columns


@lookup.remembered
def _text_references(observation: Observation) -> frozenset[str]:
    """What another rule reports: text columns that hold keys of other tables."""
    return frozenset(finding.object for finding in references.reference_as_text.check(observation))


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    found = list(typed_columns(observation))
    if any(typed.form.type in CONVERTED for typed in found):
        yield from references.reference_as_text.asks(observation)
    for typed in found:
        yield typed.question(observation)
        row = typed.holds(observation)
        if row and row.count("unfit"):
            yield typed.exceptions(observation)


@rule(
    code="DAT001",
    title="Values of another type kept as text",
    why=(
        "Nothing keeps a value out that is none; it sorts and compares as text ('10' before '9'), takes more room, and"
        " every reader converts it anew, until one value does not convert and the query fails."
    ),
    asks=_asks,
    example="""
        CREATE TABLE measurement (id int PRIMARY KEY, taken_on text NOT NULL);
        INSERT INTO measurement SELECT n, (date '2024-01-01' + n)::text FROM generate_series(1, 98) AS n;
        INSERT INTO measurement VALUES (99, '2024-02-30'), (100, 'n/a');
        ANALYZE measurement;
    """,
    clean="""
        CREATE TABLE address (id int PRIMARY KEY, zip text, phone varchar(20), version text, area text, remark text,
                              taken_on date, external_id text);
        INSERT INTO address
        SELECT n, lpad((n * 37)::text, 5, '0'), '49301' || 100000 + n, '1.' || n, lpad((n % 70)::text, 2, '0'),
               CASE WHEN n % 3 = 0 THEN n::text ELSE 'about ' || n END, date '2024-01-01' + n, 1000 + n * 3
        FROM generate_series(1, 200) AS n;
        ANALYZE address;
    """,
)
def typed_values_in_text(observation: Observation) -> Iterator[Finding]:
    """Text columns of which nearly all values are uuids, numbers, days, moments, booleans, addresses of a net or JSON.

    Also as people write them: 31.12.2024, 1.234,56 €."""
    for typed in typed_columns(observation):
        row = typed.holds(observation)
        if row is None:
            continue
        if typed.form.type in CONVERTED and named(typed.table, typed.column.name) in _text_references(observation):
            continue
        yield _finding(observation, typed, row)


def _finding(observation: Observation, typed: Typed, row: Row) -> Finding:
    unfit, type_ = row.count("unfit"), typed.form.type
    written = f" ({typed.form.said})" if typed.form.said else ""
    conversion = Conversion(column=typed.column.name, to_type=type_, index=False)
    converts = type_ in CONVERTED and not unfit and typed.form is not URN_UUID
    return Finding(
        object=named(typed.table, typed.column.name),
        message=f"text whose values are all of type {type_}{written}" if not unfit
        else f"text whose values are of type {type_}{written}, but for some that do not convert",
        severity=Severity.WARNING,
        evidence=known((
            scan("rows", row.count("rows")), scan(f"values of type {type_}", row.count("fitting")),
            scan("not castable", unfit), scan("of these, in place of no value", row.count("blank")),
            scan("with blanks around", row.count("padded")),
            shown(observation, typed.exceptions(observation), as_="not castable, for example"),
        )),
        remedy=(RetypeColumns(table=typed.table.name, conversions=(conversion,)),) if converts else (),
        advice="" if converts else f"mend what does not convert, then give the column the type {type_}",
        cost=Cost(rows=unfit),
    )  # fmt: skip
