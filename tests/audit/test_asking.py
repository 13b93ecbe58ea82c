"""What rules ask: they are asked again where an answer came in that they may use, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from textwrap import dedent
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pgrefit import audit
from pgrefit.model.ddl import Statement
from pgrefit.model.finding import Finding, Rule, no_questions
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Observation, Question
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.statistics import Statistics
from pgrefit.rules import all_rules
from rules.observing import observe

FIRST, SECOND, OTHER = (Question(Relation("public", "t"), Statement(f"SELECT {n}")) for n in (1, 2, 3))
THERE, SKIPPED = Answer(columns=("n",), rows=((1,),)), Answer(skipped="too slow")
ASKING = [rule for rule in all_rules() if rule.asks is not no_questions and not rule.environment]


class Counted:
    """Two rules, of which one asks for more once its first question is answered, and how often each was asked."""

    def __init__(self) -> None:
        self.times = {"one": 0, "other": 0}
        self.rules = [self._rule("one", (FIRST, SECOND)), self._rule("other", (OTHER,))]

    def _rule(self, name: str, questions: tuple[Question, ...]) -> Rule:
        def asks(observation: Observation) -> Iterator[Question]:
            self.times[name] += 1
            for question in questions:
                yield question
                if observation.answer(question) is None:
                    return

        def check(_: Observation) -> Iterator[Finding]:
            return iter(())

        check.__name__ = name
        return Rule(code=name, title=name, why="", example="", clean="", check=check, asks=asks)


@pytest.fixture
def empty() -> Observation:
    return Observation(snapshot=Snapshot(database="d", server_version=180000))


def test_a_rule_is_asked_again_when_its_own_questions_were_answered(empty: Observation) -> None:
    counted = Counted()
    assert audit.questions(empty, counted.rules) == (FIRST, OTHER)
    assert audit.questions(empty, counted.rules) == (FIRST, OTHER)
    assert counted.times == {"one": 1, "other": 1}
    begun = replace(empty, answers={FIRST: THERE})
    assert audit.questions(begun, counted.rules) == (SECOND, OTHER)
    assert counted.times == {"one": 2, "other": 1}
    done = replace(begun, answers={FIRST: THERE, SECOND: THERE, OTHER: SKIPPED})
    assert audit.questions(done, counted.rules) == ()
    assert counted.times == {"one": 3, "other": 2}
    coverage = audit.run(done, counted.rules).coverage
    assert counted.times == {"one": 3, "other": 2}
    assert [(each.asked, each.examined) for each in coverage] == [(2, 2), (1, 0)]


def test_a_rule_is_asked_again_when_it_sees_something_else(empty: Observation) -> None:
    counted = Counted()
    audit.questions(empty, counted.rules)
    audit.questions(replace(empty, statistics=Statistics(database_bytes=1)), counted.rules)
    assert counted.times == {"one": 2, "other": 2}
    assert audit.questions(empty, counted.rules) == (FIRST, OTHER)
    answered = replace(empty, answers={FIRST: THERE})
    assert audit.questions(answered, counted.rules) == (SECOND, OTHER)
    assert audit.questions(replace(empty, answers={FIRST: SKIPPED}), counted.rules) == (OTHER,)


class Looked(dict[Question, Answer]):
    """Answers, and the questions to which one was looked for."""

    def __init__(self, answers: dict[Question, Answer]) -> None:
        super().__init__(answers)
        self.up = set[Question]()

    def get(self, key: Question, default: Any = None) -> Any:
        self.up.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, Question):
            self.up.add(key)
        return super().__contains__(key)


def test_to_ask_every_rule_looks_at_the_answers_to_its_own_questions_alone(db18: psycopg.Connection) -> None:
    for number, rule in enumerate(ASKING):
        _plant(db18, f"of_{number}", rule.example)
    observation = observe(db18, *ASKING)
    for rule in ASKING:
        answers = Looked(observation.answers)
        own = set(rule.asks(replace(observation, answers=answers)))
        assert own, rule.name
        assert answers.up <= own, rule.name


def _plant(conn: psycopg.Connection, schema: str, example: str) -> None:
    """The example in a schema of its own; as it is where it speaks of schema public."""
    conn.execute(sql.SQL("CREATE SCHEMA {s}; SET search_path = {s}, public").format(s=sql.Identifier(schema)))
    conn.execute(dedent(example).encode())
