"""Sentences that a program filled in: nearly all texts of a column share their words, and differ in what is between.

`Order #17 via card: 3 items` and `Order #18 via cash: 1 items` share “Order”, “via” and “items”. A text that people
write shares few words with most others, and never the same ones in the same order with one word between them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from pgrefit.model import lookup
from pgrefit.model.ddl import Literal, expression
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import is_text, key_columns, named, row_of, scan
from pgrefit.rules._purposes import is_landed, is_passed_on
from pgrefit.rules.data._exact import counted, how_many
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import Values, sampled_tables
from pgrefit.rules.redundancy._measures import measure

FEWEST_TEXTS, FEWEST_ROWS = 20, 50
SHARED = 0.5  # of the texts, that have a word
FITTING = 0.5  # of the texts, that have all of them in order
LONGEST_GAP = 3  # words between two of them
MOST_WORDS = 40
FIELD_MARKS = "|;~^\t#"
FEWEST_MARKS, NEARLY_ALL, LONGEST = 2, 0.95, 110
NUMBER = re.compile(r"[+-]?[0-9][0-9.,:/-]*")
BROWSER = "Mozilla/"
MESSAGE = re.compile(r"(?:[FBM]HS|MSH)\|\^|ISA\*|UN[AB][:+]|STX=|\{1:F|8=FIX|BEGIN:V|<\?xml")  # of HL7, EDI, SWIFT, …
ARROWS = {"->", "-->", "=>", "→", "»"}
WORD = re.compile(r"[^\W\d_]{2,}")
SPECIAL = re.compile(r"([\\^$.|?*+()\[\]{}])")
NO_PHRASES = {
    "name", "title", "label", "address", "street", "agent", "browser", "useragent", "url", "uri", "path", "file",
    "filename", "email", "caption", "heading", "headline", "model", "company", "html", "sql", "query", "script",
    "template", "pattern", "regex", "format", "stacktrace", "trace", "cookie", "signature", "expression", "formula",
    "condition", "rule", "statement", "command", "code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words that the texts of a column share, and a pattern of such a text for PostgreSQL."""

    table: Table
    column: Column
    words: tuple[str, ...]
    pattern: str
    what: str = ""  # where it is told by another pattern

    @property
    def is_certain(self) -> bool:
        """Whether it holds of short texts too: no sentence, but a measure or fields between marks."""
        return bool(self.what) or self.words[0] in FIELD_MARKS

    @property
    def _said(self) -> str:
        if self.what:
            return f"{self.what} in one text"
        if self.words[0] in FIELD_MARKS:
            return f"{len(self.words) + 1} fields with “{self.words[0]}” between them"
        return f"a sentence filled in, “{' … '.join(self.words)} …”"

    def question(self) -> Question:
        """How many texts there are, and how many are so written."""
        c = self.column.name
        fits = expression("t.{c}::text ~ {pattern}", c=c, pattern=Literal(self.pattern))
        return counted(self.table, {"texts": expression("count(t.{c})", c=c), "fitting": how_many(fits)})

    def finding(self, observation: Observation) -> Finding | None:
        """What is told of it, where most of all texts are so written."""
        row = row_of(observation, self.question())
        if row is None or row.count("fitting") < FITTING * row.count("texts"):
            return None
        texts, fitting = row.count("texts"), row.count("fitting")
        return Finding(
            object=named(self.table, self.column.name),
            message=f"free text carries data: {self._said}",
            severity=Severity.INFO,
            evidence=(
                scan("texts", texts), scan("texts of this form", fitting),
                scan("texts of another form", texts - fitting),
                scan("share of this form", round(fitting / max(1, texts), 4)),
            ),
            advice="give what is filled in a column of its own type each, and make the sentence where it is shown",
        )  # fmt: skip


@lookup.remembered
def phrases(observation: Observation) -> dict[tuple[Relation, str], Phrase]:
    """Text columns whose sampled values are so written."""
    found: dict[tuple[Relation, str], Phrase] = {}
    for table, columns in sampled_tables(observation):
        landed = is_landed(table) or is_passed_on(table)
        for values in columns:
            kept = (landed and values.column.not_null) or all(map(MESSAGE.match, values.common))  # as it came, or went
            text = is_text(values.column) and not kept
            phrase = _measure(table, values) or _phrase(table, values) or _fields(table, values) if text else None
            if phrase:
                found[table.name, values.column.name] = phrase
    return found


def _measure(table: Table, values: Values) -> Phrase | None:
    found = None if values.column.name in key_columns(table) or values.column.generated else measure(values)
    return Phrase(table, values.column, (), rf"^\s*({found.pattern})\s*$", found.what) if found else None


def _fields(table: Table, values: Values) -> Phrase | None:
    """Fields between marks, as many in each text, one of which holds numbers or days and another one does not."""
    texts = [text for text in values.common if text.strip()]
    telling = len(texts) >= FEWEST_TEXTS and values.longest <= LONGEST and values.form is None
    for mark in FIELD_MARKS if telling else "":
        ((marks, seen),) = Counter(text.count(mark) for text in texts).most_common(1)
        if marks < FEWEST_MARKS or seen < NEARLY_ALL * len(texts):
            continue
        places = list(zip(*(text.split(mark) for text in texts if text.count(mark) == marks), strict=True))
        typed = [sum(bool(NUMBER.fullmatch(field.strip())) for field in place) for place in places]
        told = any(n >= NEARLY_ALL * seen for n in typed) and any(n <= (1 - NEARLY_ALL) * seen for n in typed)
        if told:
            other = SPECIAL.sub(r"\\\1", mark)
            return Phrase(table, values.column, (mark,) * marks, rf"^[^{other}]*({other}[^{other}]*){{{marks}}}$")
    return None


def _phrase(table: Table, values: Values) -> Phrase | None:
    texts = [text.split() for text in values.common if text.strip() and not text.startswith(BROWSER)]
    telling = len(texts) >= FEWEST_TEXTS and values.filled >= FEWEST_ROWS and values.form is None
    anchors = _anchors(texts) if telling and not means(values.column, NO_PHRASES) else ()
    if not anchors or not _fills_in(texts, anchors):
        return None
    gap = rf"(\s+\S+){{0,{LONGEST_GAP}}}\s+"
    words = gap.join(SPECIAL.sub(r"\\\1", word) for word in anchors)
    return Phrase(table, values.column, anchors, rf"^\s*(\S+\s+){{0,{LONGEST_GAP}}}{words}(\s|$)")


def _anchors(texts: list[list[str]]) -> tuple[str, ...]:
    """The words of most texts, in the order of the first text that has them all."""
    counts = Counter(word for text in texts for word in {*text[:MOST_WORDS]})
    often = (word for word, seen in counts.items() if seen >= SHARED * len(texts))
    shared = {word for word in often if word in ARROWS or WORD.search(word)}
    shared = {word for word in shared if not any(map(str.isdigit, word))}
    orders = Counter(tuple(word for word in text[:MOST_WORDS] if word in shared) for text in texts)
    ((order, seen),) = orders.most_common(1)
    return order if len(order) >= 2 and seen >= FITTING * len(texts) else ()


def _fills_in(texts: list[list[str]], anchors: tuple[str, ...]) -> bool:
    """Whether little is between them, one of these places has numbers, and two of them vary."""
    gaps = [found for text in texts if (found := _gaps(text, anchors)) is not None]
    if len(gaps) < FITTING * len(texts):
        return False
    places = [[gap[n] for gap in gaps] for n in range(2 * len(anchors) + 2)]
    varied = [place for place in places if len({*place}) > max(1, 0.02 * len(place))]
    numbers = sum(1 for place in varied if sum(any(map(str.isdigit, gap)) for gap in place) >= FITTING * len(place))
    return len(varied) >= 2 and numbers >= 1


def _gaps(text: list[str], anchors: tuple[str, ...]) -> tuple[str, ...] | None:
    """What is before, between and behind the words, the first word of it and the others.

    None where they are not there in order, or too far apart.
    """
    places: list[int] = []
    for word in anchors:
        try:
            places.append(text.index(word, places[-1] + 1 if places else 0))
        except ValueError:
            return None
    edges = [-1, *places, len(text)]
    gaps = [text[start + 1 : end] for start, end in pairwise(edges)]
    near = all(len(gap) <= LONGEST_GAP for gap in gaps[:-1])
    return tuple(part for gap in gaps for part in (" ".join(gap[:1]), " ".join(gap[1:]))) if near else None
