"""Both releases of the application at work, each remembering what its rows must hold."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from psycopg.types.json import Jsonb

from pgrefit.pg.connect import Session

QUESTIONS = [{"id": f"q{n}", "question": "Which?", "options": list("abcd"), "correct": n} for n in range(4)]
CHOICES: list[list[int | None]] = [[0, 1, 2, 3], [0, 1, None, 0], [3, None, 2, 0], [1, 0, 0, 0]]
RECORD = """
    INSERT INTO quiz_attempts (user_id, video_id, course_id, video_timestamp, questions, user_answers, score,
                               total_questions, percentage)
    VALUES (%s, %s, %s, 1.5, %s, %s, %s, 4, %s) RETURNING id::text
"""
RECORD_TYPED = """
    INSERT INTO quiz_attempts (user_id, video_id, course_id, video_timestamp, questions, user_answers)
    VALUES (%s, %s::uuid, %s::uuid, 1.5, %s, %s) RETURNING id::text
"""
SOME_LEGACY = """
    SELECT id::text, instructor_response, course_id, file_url, duration_seconds, video_timestamp_seconds
    FROM reflections WHERE video_id IS NOT NULL ORDER BY id LIMIT 200
"""
REFLECT = """
    INSERT INTO reflections (user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type)
    VALUES (%s, %s, %s, 'What?', %s, 'voice') RETURNING id::text
"""
REFLECT_STRUCTURED = """
    INSERT INTO reflections (user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type,
                             file_url, duration_seconds)
    VALUES (%s, %s, %s, 'What?', 'Short.', 'voice', %s, %s) RETURNING id::text
"""


@dataclass(slots=True)
class Attempt:
    """What an attempt must hold; the ids as texts, as they were written."""

    video: str
    course: str
    answers: list[int | None]

    @property
    def score(self) -> int:
        return sum(given == question["correct"] for given, question in zip(self.answers, QUESTIONS, strict=True))

    @property
    def percentage(self) -> Decimal:
        return Decimal(25 * self.score)

    @property
    def typed(self) -> tuple[str, str]:
        return str(UUID(self.video.strip())), str(UUID(self.course.strip()))


@dataclass(slots=True)
class Reflection:
    """What a reflection must hold; `course` is that of its video, also where the writer left it out."""

    video: str
    course: str
    file: str
    seconds: Decimal
    text: str = "Short."
    answered: str | None = None
    left_out: bool = False

    @property
    def structured(self) -> bool:
        """Whether its writer filled the columns in."""
        return self.text == "Short."


class Rows:
    """What both releases wrote, by key: attempts, reflections, what was deleted, whose legacy rows were answered."""

    def __init__(self, open_: Callable[[], Session], seed: int) -> None:
        self.draw = random.Random(seed)
        self.attempts: dict[str, Attempt] = {}
        self.reflections: dict[str, Reflection] = {}
        self.deleted: set[str] = set()
        self.answered: dict[str, str] = {}
        with open_() as conn:
            self.people = [row[0] for row in conn.execute("SELECT id::text FROM auth.users ORDER BY id").fetchall()]
            self.videos = conn.execute("SELECT id::text, course_id::text FROM videos ORDER BY id").fetchall()
            self.legacy = {row[0]: row[1:] for row in conn.execute(SOME_LEGACY).fetchall()}

    def place(self) -> tuple[str, str, str]:
        """Somebody, a video and its course."""
        return (self.draw.choice(self.people), *self.draw.choice(self.videos))

    def any_of(self, rows: dict[str, Attempt] | dict[str, Reflection]) -> str | None:
        return self.draw.choice(sorted(rows)) if rows else None


def record(conn: Session, rows: Rows) -> None:
    """The old release writes ids as texts, not always neatly."""
    person, video, course = rows.place()
    written = rows.draw.choice([str, str.upper, " {} ".format])
    attempt = Attempt(written(video), written(course), rows.draw.choice(CHOICES))
    values = (person, attempt.video, attempt.course, Jsonb(QUESTIONS), Jsonb(attempt.answers), attempt.score)
    (key,) = conn.execute(RECORD, (*values, attempt.percentage)).fetchone()
    rows.attempts[key] = attempt


def move(conn: Session, rows: Rows) -> None:
    """The old release changes an attempt, ids and all."""
    if key := rows.any_of(rows.attempts):
        _, video, course = rows.place()
        attempt = Attempt(video.upper(), course, rows.draw.choice(CHOICES))
        conn.execute(
            "UPDATE quiz_attempts SET video_id = %s, course_id = %s, user_answers = %s, score = %s, percentage = %s"
            " WHERE id = %s",
            (attempt.video, attempt.course, Jsonb(attempt.answers), attempt.score, attempt.percentage, key),
        )
        rows.attempts[key] = attempt


def reflect(conn: Session, rows: Rows) -> None:
    """The old release writes metadata as lines of text, and leaves the course out at times."""
    person, video, course = rows.place()
    file, seconds = f"https://example.org/{rows.draw.random()}", Decimal(rows.draw.randrange(1, 999)) / 10
    text, left_out = f"Memo\nFile URL: {file}\nDuration: {seconds}s", rows.draw.random() < 0.3
    (key,) = conn.execute(REFLECT, (person, None if left_out else course, video, text)).fetchone()
    rows.reflections[key] = Reflection(video, course, file, seconds, text, left_out=left_out)


def answer(conn: Session, rows: Rows) -> None:
    """An instructor answers a reflection of ours."""
    if key := rows.any_of(rows.reflections):
        response = f"Thank you {rows.draw.random()}"
        conn.execute("UPDATE reflections SET instructor_response = %s WHERE id = %s", (response, key))
        rows.reflections[key].answered = response


def answer_legacy(conn: Session, rows: Rows) -> None:
    """An instructor answers a reflection that was there before."""
    key, response = rows.draw.choice(list(rows.legacy)), f"Thank you {rows.draw.random()}"
    conn.execute("UPDATE reflections SET instructor_response = %s WHERE id = %s", (response, key))
    rows.answered[key] = response


def delete(conn: Session, rows: Rows) -> None:
    """Somebody deletes what they wrote."""
    if key := rows.any_of(rows.attempts):
        conn.execute("DELETE FROM quiz_attempts WHERE id = %s", (key,))
        del rows.attempts[key]
        rows.deleted.add(key)
    if key := rows.any_of(rows.reflections):
        conn.execute("DELETE FROM reflections WHERE id = %s", (key,))
        del rows.reflections[key]
        rows.deleted.add(key)


def record_typed(conn: Session, rows: Rows) -> None:
    """The new release writes ids as such, and neither score nor percentage."""
    person, video, course = rows.place()
    attempt = Attempt(video, course, rows.draw.choice(CHOICES))
    values = (person, video, course, Jsonb(QUESTIONS), Jsonb(attempt.answers))
    (key,) = conn.execute(RECORD_TYPED, values).fetchone()
    rows.attempts[key] = attempt


def move_typed(conn: Session, rows: Rows) -> None:
    """The new release changes the ids of an attempt, whoever wrote it."""
    if key := rows.any_of(rows.attempts):
        _, video, course = rows.place()
        conn.execute("UPDATE quiz_attempts SET video_id = %s, course_id = %s WHERE id = %s", (video, course, key))
        was = rows.attempts[key]
        # An id that stays the same keeps its text.
        typed = zip((was.video, was.course), was.typed, (video, course), strict=True)
        rows.attempts[key] = Attempt(*(text if old == new else new for text, old, new in typed), was.answers)


def reflect_structured(conn: Session, rows: Rows) -> None:
    """The new release writes metadata into columns."""
    person, video, course = rows.place()
    memo = Reflection(video, course, f"https://example.org/{rows.draw.random()}", Decimal("12.5"))
    (key,) = conn.execute(REFLECT_STRUCTURED, (person, course, video, memo.file, memo.seconds)).fetchone()
    rows.reflections[key] = memo


OLD = (record, record, move, reflect, reflect, answer, answer_legacy, delete)
NEW = (record_typed, record_typed, move_typed, reflect_structured, answer, answer_legacy, delete)


class Release(threading.Thread):
    """One client of a release; it stops at its first error, and says it."""

    def __init__(
        self, open_: Callable[[], Session], rows: Rows, deeds: tuple[Callable[[Session, Rows], None], ...]
    ) -> None:
        super().__init__(daemon=True)
        self.error = ""
        self.statements = 0
        self._open, self._rows, self._deeds = open_, rows, deeds
        self._over = threading.Event()

    def run(self) -> None:
        try:
            with self._open() as conn:
                while not self._over.wait(0.002):
                    self._rows.draw.choice(self._deeds)(conn, self._rows)
                    self.statements += 1
        except Exception as error:  # noqa: BLE001
            self.error = f"{type(error).__name__}: {error}"

    def work(self) -> Release:
        self.start()
        return self

    def stop(self) -> None:
        """End it, and fail where a statement failed."""
        self._over.set()
        self.join(30)
        assert not self.error, self.error
        assert self.statements
