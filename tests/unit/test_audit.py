"""The audit over rules of our own: isolation, suppression, ranking, coverage, cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit import audit
from pgrefit.model.ddl import Statement
from pgrefit.model.finding import Cost, Finding, Rule, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Observation, QueryProfile, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.model.workload import Query, Workload

ORDERS = Relation("public", "orders")
QUESTION = Question(ORDERS, Statement("SELECT 1"))
TABLE = Table(
    name=ORDERS, columns=(Column(name="buyer", position=1, type="int"), Column(name="paid", position=2, type="bool"))
)
EMPTY = Observation(snapshot=Snapshot(database="d", server_version=180000, tables=(TABLE,)))


def made(name: str, *found: Finding, asks: tuple[Question, ...] = (), crash: bool = False) -> Rule:
    def check(_: Observation) -> Iterator[Finding]:
        yield from found
        if crash:
            raise KeyError("lost")

    check.__name__ = name
    return Rule(code=name.upper(), title=name, why="", example="", clean="", check=check, asks=lambda _: iter(asks))


def finding(about: str = "public.orders", severity: Severity = Severity.WARNING, cost: Cost | None = None) -> Finding:
    return Finding(object=about, message="m", severity=severity, cost=cost)


def test_a_crash_loses_only_the_rule_that_crashed() -> None:
    report = audit.run(EMPTY, [made("bad", finding(), crash=True), made("good", finding())])
    assert [f.rule for f in report.findings] == ["good"]
    assert [(c.rule, c.error) for c in report.crashed] == [("bad", "KeyError: 'lost'")]


def test_a_rule_that_crashes_while_it_asks_is_isolated_too() -> None:
    def asks(_: Observation) -> Iterator[Question]:
        raise ZeroDivisionError

    bad = replace(made("bad", finding()), asks=asks)
    assert audit.questions(EMPTY, [bad, made("good", asks=(QUESTION,))]) == (QUESTION,)
    report = audit.run(EMPTY, [bad])
    assert report.findings == ()
    assert [c.rule for c in report.crashed] == ["bad"]


def test_a_question_is_asked_once_and_not_again_when_it_was_skipped() -> None:
    rules = [made("one", asks=(QUESTION,)), made("two", asks=(QUESTION, QUESTION))]
    assert audit.questions(EMPTY, rules) == (QUESTION,)
    skipped = replace(EMPTY, answers={QUESTION: Answer(skipped="too slow")})
    assert audit.questions(skipped, rules) == ()
    one, _ = audit.run(skipped, rules).coverage
    assert (one.asked, one.examined, [(s.about, s.reason) for s in one.skipped]) == (
        1,
        0,
        [("public.orders", "too slow")],
    )


def test_findings_are_ranked_by_severity_and_then_by_cost() -> None:
    dear = finding("dear", cost=Cost(queries_affected=1, share_of_time=0.5))
    rule = made("r", finding("mild", Severity.INFO), finding("cheap"), dear, finding("worst", Severity.ERROR))
    assert [f.object for f in audit.run(EMPTY, [rule]).findings] == ["worst", "dear", "cheap", "mild"]


def test_rules_and_objects_are_left_out_on_request() -> None:
    rules = [made("one", finding("public.a"), finding("public.b")), made("two", finding("public.a"))]
    report = audit.run(EMPTY, rules, ignore=["one:*.a", "TWO"])
    assert [(f.rule, f.object) for f in report.findings] == [("one", "public.b")]
    assert report.suppressed == 1
    assert [c.rule for c in report.coverage] == ["one"]


def test_a_finding_costs_what_the_queries_on_its_table_and_column_take() -> None:
    sqls = {"by_buyer": "SELECT paid FROM orders WHERE buyer = $1", "all": "SELECT * FROM public.orders",
            "other": "SELECT buyer FROM people", "write": "UPDATE orders SET paid = true WHERE paid = $1"}  # fmt: skip
    times = {"by_buyer": 1.0, "all": 2.0, "other": 5.0, "write": 2.0}
    observation = replace(
        EMPTY,
        workload=Workload(queries=tuple(Query(name=name, sql=sql) for name, sql in sqls.items())),
        profiles=tuple(QueryProfile(name=n, calls=1, median_ms=t, p95_ms=t, rows=1) for n, t in times.items()),
    )
    rule = made("r", finding("public.orders"), finding("public.orders.buyer"), finding("public.index"))
    costs = {f.object: f.cost for f in audit.run(observation, [rule]).findings}
    assert costs["public.orders"] == Cost(queries_affected=3, share_of_time=0.5)
    assert costs["public.orders.buyer"] == Cost(queries_affected=2, share_of_time=0.3)
    assert costs["public.index"] is None
