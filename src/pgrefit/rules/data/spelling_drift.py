"""One value in several spellings."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import known, named, scan
from pgrefit.rules.data._exact import any_of, by_value, examples, shown
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._spellings import Listed, listed_columns


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for listed in listed_columns(observation):
        yield by_value(listed.table, listed.column.name)
        variants = listed.variants(observation)
        if variants:
            yield _examples(listed, variants)


def _examples(listed: Listed, variants: dict[str, str]) -> Question:
    return examples(listed.table, (listed.column.name,), any_of(listed.column.name, tuple(sorted(variants))))


@rule(
    code="DAT004",
    title="One value in several spellings",
    why="Conditions and counts that name one spelling miss the rows with the others, without a word.",
    asks=_asks,
    example="""
        CREATE TABLE bill (id int PRIMARY KEY, status text NOT NULL);
        INSERT INTO bill SELECT n, (ARRAY['open', 'paid', 'void'])[n % 3 + 1] FROM generate_series(1, 120) AS n;
        UPDATE bill SET status = 'Paid ' WHERE id IN (4, 7);
        UPDATE bill SET status = 'OPEN' WHERE id = 9;
        ANALYZE bill;
    """,
    clean="""
        CREATE TABLE bill (id int PRIMARY KEY, status text NOT NULL, unit text, remark text, size text);
        INSERT INTO bill SELECT n, (ARRAY['open', 'opened', 'paid'])[n % 3 + 1], (ARRAY['m', 'M', 'mg'])[n % 3 + 1],
                                (ARRAY['ok', 'Ok', 'OK ', 'fine'])[n % 4 + 1], (ARRAY['S', 'M', 'L'])[n % 3 + 1]
        FROM generate_series(1, 120) AS n;
        ANALYZE bill;
    """,
)
def spelling_drift(observation: Observation) -> Iterator[Finding]:
    """Columns of few values, some of which differ only in case, in blanks, or in what joins their words."""
    for listed in listed_columns(observation):
        variants = listed.variants(observation)
        if variants:
            yield _finding(observation, listed, variants)


def _finding(observation: Observation, listed: Listed, variants: dict[str, str]) -> Finding:
    spellings = listed.spellings(observation) or {}
    rows = sum(spellings[variant] for variant in variants)
    pairs = [f"{variant!r} ({spellings[variant]}) for {right!r}" for variant, right in sorted(variants.items())]
    return Finding(
        object=named(listed.table, listed.column.name),
        message=f"the same value in several spellings: {', '.join(pairs[:3])}",
        severity=Severity.ERROR,
        evidence=known((
            scan("rows", sum(spellings.values())), scan("rows in another spelling", rows),
            scan("spellings", tuple(pairs)),
            shown(observation, _examples(listed, variants), as_="rows in another spelling, for example"),
        )),
        advice="bring these rows to one spelling, then let a check, an enum or a foreign key keep others out",
        cost=Cost(rows=rows),
    )  # fmt: skip
