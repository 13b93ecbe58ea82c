"""A stored column that follows from other columns of its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.changes.computed_columns import Computed, ComputedColumns
from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Trusted, ddl, expression, joined, raw
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import columns_after, replace_columns
from pgrefit.model.statistics import Statistics
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    WHOLE_TYPES,
    Row,
    catalog,
    is_empty,
    is_numeric,
    key_columns,
    known,
    named,
    row_of,
    rows_of,
    sample_of,
    scan,
    statistics_of,
    tables,
)
from pgrefit.rules.data._alike_keys import in_unique_key
from pgrefit.rules.data._sample import MOMENTS, bare_type
from pgrefit.rules.redundancy._calendar import days, later_days, sampled_days
from pgrefit.rules.redundancy._documents import documents, shapes, terms
from pgrefit.rules.redundancy._formulas import (
    FEWEST_ROWS,
    Borrowed,
    Hypothesis,
    Sample,
    Term,
    hypotheses,
    number,
)
from pgrefit.rules.redundancy._joined import joins, sources
from pgrefit.rules.redundancy._joined import sampled as sampled_texts
from pgrefit.rules.redundancy._lasting import clocks, lasting
from pgrefit.rules.redundancy._lengths import lengths
from pgrefit.rules.redundancy._moments import finite, hours, moments, parts, spans
from pgrefit.rules.redundancy._running import Running, running
from pgrefit.rules.redundancy._years import Age, ages

ROWS = 300
MOST_BORROWED = 8  # columns of other tables
ENOUGH = 0.95


def _asks(observation: Observation) -> Iterator[Question]:
    for table in _worth_a_look(observation):
        question = shapes(observation, table)
        if question:
            yield question
        if _numbers(table) and (question is None or question in observation.answers):
            yield _sampled(observation, table)
        short = sampled_texts(observation, table)
        if short:
            yield short
        counted = sampled_days(observation, table)
        if counted:
            yield counted
        yield from (found.question() for found in _of_other_kinds(observation, table))
        for hypothesis in _hypotheses(observation, table):
            yield _counts(table, hypothesis)
            row = row_of(observation, _counts(table, hypothesis))
            if row and _holds(row) and row.count("disagreeing"):
                yield _examples(table, hypothesis)


def _worth_a_look(observation: Observation) -> Iterator[Table]:
    """Tables of a few rows at least with two numbers or some texts, or a number beside a document or a moment."""
    for table in tables(observation):
        few = 0 <= statistics_of(observation, table).rows < FEWEST_ROWS and table.kind == "table"
        if few or is_empty(observation, table):
            continue
        numbers = _numbers(table)
        enough = len(numbers) > 1 or bool((numbers and (documents(table) or _terms_of(table))) or days(table))
        enough = enough or bool(sources(observation, table) or lasting(table))
        if enough:
            yield table


def _of_other_kinds(observation: Observation, table: Table) -> tuple[Age | Running, ...]:
    """What follows from the day on which it was counted, or from the row before."""
    return *ages(observation, table), *running(observation, table)


def _terms_of(table: Table) -> bool:
    """Whether it has moments, times or texts of which a number may be counted."""
    return bool(moments(table) or clocks(table) or lengths(table, _numbers(table)))


def _numbers(table: Table) -> list[str]:
    keys = key_columns(table)
    stored = (c for c in table.columns if not c.generated and not c.identity)
    return [c.name for c in stored if is_numeric(c) and c.name not in keys]


def _sampled(observation: Observation, table: Table) -> Question:
    """Some rows: the numbers, and what can be counted in the documents."""
    values = [expression("t.{c}::text AS {name}", c=c, name=f"c{i}") for i, c in enumerate(_numbers(table))]
    values += [
        expression("({value})::text AS {name}", value=raw(value), name=f"{letter}{i}")
        for letter, expressions in (
            ("x", [term.expression for term in _terms(observation, table)]),
            ("p", [of.expression for of in _borrowed(observation, table).values()]),
            ("h", [span.expression for span in hours(table)]),
        )
        for i, value in enumerate(expressions)
    ]
    sample = sample_of(observation, table, ROWS)
    where = raw(finite(moments(table)))
    return Question(
        table.name, ddl("SELECT {v} FROM {s} AS t WHERE {w}", v=raw(joined(values)), s=raw(sample), w=where)
    )


def _borrowed(observation: Observation, table: Table) -> dict[str, Borrowed]:
    """Numbers of the rows that its rows refer to, a few."""
    found: dict[str, Borrowed] = {}
    for key in table.foreign_keys if len(_numbers(table)) > 1 else ():
        parent = observation.snapshot.find_table(key.parent) if key.parent and key.parent != table.name else None
        if parent is None or len(key.columns) > 1:
            continue
        ((own, other),) = zip(key.columns, key.parent_columns, strict=True)
        for column in _numbers(parent):
            value = expression("(SELECT p.{c} FROM {parent} AS p WHERE p.{k} = t.{f})", c=column, f=own,
                               parent=parent.name, k=other)  # fmt: skip
            found[f"{own} → {named(parent, column)}"] = Borrowed(value, str(parent.name), own)
    return dict(list(found.items())[:MOST_BORROWED])


def _terms(observation: Observation, table: Table) -> list[Term]:
    of_times = (*spans(table), *parts(table), *clocks(table), *lengths(table, _numbers(table)))
    return [*terms(observation, table), *(of_times if _numbers(table) else ())]


def _hypotheses(observation: Observation, table: Table) -> tuple[Hypothesis, ...]:
    """Formulas that hold on the sample; where those that they read are found to follow too, in terms of the rest."""
    joined_texts = (*joins(observation, table), *later_days(observation, table), *lasting(table))
    rows = rows_of(observation, _sampled(observation, table)) if _numbers(table) else None
    if not rows:
        return joined_texts
    found = _on_sample(observation, table, rows)
    certain = {h.target: h for h in found if not h.operator and _confirmed(observation, table, h)}
    return (*(_in_terms_of_the_rest(h, certain) for h in found), *joined_texts)


def _on_sample(observation: Observation, table: Table, rows: list[Row]) -> tuple[Hypothesis, ...]:
    memory, answer = _memory(observation.statistics), observation.answer(_sampled(observation, table))
    known = memory.get(table.name)
    if known is None or known[0] is not answer:
        names, borrowed = _numbers(table), _borrowed(observation, table)
        between = {f"hours from {span.reads[0]} to {span.reads[1]}": span for span in hours(table)}
        called = [*((name, f"c{i}") for i, name in enumerate(names)), *((b, f"p{i}") for i, b in enumerate(borrowed)),
                  *((name, f"h{i}") for i, name in enumerate(between))]  # fmt: skip
        sample = Sample(
            columns={name: tuple(number(row.cells[cell]) for row in rows) for name, cell in called},
            terms={
                term: tuple(number(row.cells[f"x{i}"]) for row in rows)
                for i, term in enumerate(_terms(observation, table))
            },
            whole=frozenset(c.name for c in table.columns if c.type in WHOLE_TYPES),
            borrowed=borrowed, spans=between,
        )  # fmt: skip
        known = memory[table.name] = (answer, hypotheses(sample, names))
    return known[1]


@lookup.remembered
def _memory(_: Statistics) -> dict[Relation, tuple[Answer | None, tuple[Hypothesis, ...]]]:
    """What was found on the sample of a table: it is asked for in every round."""
    return {}


def _confirmed(observation: Observation, table: Table, hypothesis: Hypothesis) -> bool:
    row = row_of(observation, _counts(table, hypothesis))
    return row is not None and _holds(row)


def _in_terms_of_the_rest(hypothesis: Hypothesis, certain: dict[str, Hypothesis]) -> Hypothesis:
    if hypothesis.elsewhere or not set(hypothesis.reads) & certain.keys():
        return hypothesis
    values = {name: h.expression for name, h in certain.items()}
    rest = (c for name in hypothesis.reads for c in (certain[name].reads if name in certain else (name,)))
    formula = replace_columns(hypothesis.expression, values)
    return replace(hypothesis, expression=formula, reads=tuple(dict.fromkeys(rest)))


def _counts(table: Table, hypothesis: Hypothesis) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(s.stored) AS stored,"
        " count(*) FILTER (WHERE s.stored IS DISTINCT FROM s.computed AND s.stored IS NOT NULL) AS disagreeing"
        " FROM (SELECT t.{target} AS stored, {formula} AS computed FROM {table} AS t WHERE {finite} OFFSET 0)"
        " AS s",
        target=hypothesis.target, formula=raw(hypothesis.expression), table=table.name,
        finite=_finite(table, hypothesis),
    )  # fmt: skip
    return Question(table.name, select)


def _examples(table: Table, hypothesis: Hypothesis) -> Question:
    key = [expression("t.{c}::text", c=name) for name in table.row_key] or [Expression("t.ctid::text")]
    select = ddl(
        "SELECT 'row' AS kind, concat_ws(', ', {key}) AS value FROM {table} AS t"
        " WHERE {finite} AND t.{target} IS DISTINCT FROM {formula} AND t.{target} IS NOT NULL LIMIT {limit}",
        finite=_finite(table, hypothesis),
        key=raw(joined(key)), table=table.name, target=hypothesis.target, formula=raw(hypothesis.expression),
        limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(table.name, select)


def _finite(table: Table, hypothesis: Hypothesis) -> Trusted:
    return raw(finite(column for column in moments(table) if column.name in hypothesis.reads))


def _holds(row: Row) -> bool:
    stored = row.count("stored")
    return stored >= FEWEST_ROWS and row.count("disagreeing") <= (1 - ENOUGH) * stored


@rule(
    code="RED001",
    title="Stored column that follows from others",
    why=(
        "What can be computed from its row need not be stored: the copy takes room, and sooner or later some rows"
        " disagree with it, and then nobody knows which of the two is right."
    ),
    asks=_asks,
    example="""
        CREATE TABLE answer_sheet (id int PRIMARY KEY, tasks jsonb NOT NULL, answers jsonb NOT NULL, points int);
        INSERT INTO answer_sheet
        SELECT n,
               jsonb_build_array(jsonb_build_object('ask', 'one?', 'right', n % 3), jsonb_build_object('right', n % 5),
                                 jsonb_build_object('right', n % 2), jsonb_build_object('right', 7)),
               jsonb_build_array(n % 2, 3, 1, CASE WHEN n % 3 = 0 THEN 7 END),
               (n % 3 = n % 2)::int + (n % 5 = 3)::int + (n % 2 = 1)::int + (n % 3 = 0)::int
        FROM generate_series(1, 200) AS n;
        UPDATE answer_sheet SET points = points + 1 WHERE id IN (7, 77);
        ANALYZE answer_sheet;
    """,
    clean="""
        CREATE TABLE line (id int PRIMARY KEY, price numeric NOT NULL, quantity int NOT NULL, weight int NOT NULL,
                           tags jsonb NOT NULL, total numeric GENERATED ALWAYS AS (price * quantity) STORED);
        INSERT INTO line SELECT n, n % 17, n % 5 + 1, (n * n) % 23, jsonb_build_array(n % 4, 'x')
        FROM generate_series(1, 200) AS n;
        ANALYZE line;
    """,
)
def derived_column(observation: Observation) -> Iterator[Finding]:
    """Columns that a formula over the row gives in nearly all rows."""
    for table in _worth_a_look(observation):
        for hypothesis in _hypotheses(observation, table):
            row = row_of(observation, _counts(table, hypothesis))
            if row and _holds(row):
                yield _finding(observation, table, hypothesis, row)
        for found in _of_other_kinds(observation, table):
            row = found.holds(observation)
            if row:
                yield found.finding(row)


def _finding(observation: Observation, table: Table, hypothesis: Hypothesis, row: Row) -> Finding:
    disagreeing = row.count("disagreeing")
    computed = Computed(name=hypothesis.target, expression=hypothesis.expression)
    return Finding(
        object=named(table, hypothesis.target),
        message=f"stores what follows from {_of_what(hypothesis)}"
        + (", and disagrees with it in some rows" if disagreeing else ""),
        severity=_severity(table, hypothesis, disagreeing),
        evidence=_evidence(observation, table, hypothesis, row),
        remedy=() if hypothesis.elsewhere else (ComputedColumns(table=table.name, columns=(computed,)),),
        advice="compute it where it is read, through the join" if hypothesis.elsewhere else "",
    )


def _severity(table: Table, hypothesis: Hypothesis, disagreeing: int) -> Severity:
    """Less of a day that is always as much later: that is what is usual, and may be otherwise in a row."""
    if len(hypothesis.reads) == 1 and bare_type(table.column(hypothesis.target)) in MOMENTS:
        return Severity.WARNING if disagreeing else Severity.INFO
    if not disagreeing and in_unique_key(table, hypothesis.target):
        return Severity.INFO  # a key says more than what its values happen to follow from
    return Severity.ERROR if disagreeing else Severity.WARNING


def _of_what(hypothesis: Hypothesis) -> str:
    own = f"{', '.join(hypothesis.reads)} of the same row"
    others = (place.rpartition(" → ")[2] for place in hypothesis.elsewhere)
    return f"{own} and {', '.join(others)}" if hypothesis.elsewhere else own


def _evidence(observation: Observation, table: Table, hypothesis: Hypothesis, row: Row) -> tuple[Evidence, ...]:
    examples = rows_of(observation, _examples(table, hypothesis)) or ()
    return known(
        (
            catalog("follows from", (*columns_after(hypothesis.expression, "t"), *hypothesis.elsewhere)),
            Evidence(measure="formula", value=str(hypothesis.expression), source="scan"),
            scan("rows", row.count("rows")),
            scan("null", row.count("rows") - row.count("stored")),
            scan("disagreeing", row.count("disagreeing")),
            scan("disagreeing rows, for example", tuple(r.text("value") for r in examples)),
        )
    )
