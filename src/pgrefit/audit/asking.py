"""What rules ask of the data. A rule is asked again only where what it sees has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_

from pgrefit.model.finding import Asks
from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Answer, Observation, Question, unanswered
from pgrefit.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule saw of an observation, beside answers; what it asked, each question once; the answers to these."""

    seen: Observation
    questions: Sequence[Question]
    answers: Sequence[Answer | None]

    def holds(self, now: Observation) -> bool:
        """Whether all of that is the same object as it was then."""
        answers = map(now.answers.get, self.questions)
        return self.seen is unanswered(now) and all(map(is_, self.answers, answers))


@remembered
def _once(_: Snapshot) -> dict[Question, Question]:
    """Of equal questions the first: their texts are long, and rules make them anew each time."""
    return {}


@remembered
def _asked_of(_: Snapshot) -> dict[Asks, _Asked]:
    return {}


def asked(observation: Observation, asks: Asks) -> Sequence[Question]:
    """What a rule asks, each question once. Whatever the rule raises is raised.

    What a rule asks next may depend on the answers to its own questions, and on no others.
    """
    known = _asked_of(observation.snapshot)
    before = known.get(asks)
    if before is None or not before.holds(observation):
        once = _once(observation.snapshot)
        questions = [once.setdefault(question, question) for question in dict.fromkeys(asks(observation))]
        answers = list(map(observation.answers.get, questions))
        before = known[asks] = _Asked(unanswered(observation), questions, answers)
    return before.questions
