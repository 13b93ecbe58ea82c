"""A plan as scripts of plain SQL: what each step does, proves and takes back, without a pgrefit process.

A tool's module turns scripts into files; what they all have in common is here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import postgast

from pgrefit.errors import UsageError
from pgrefit.model.change import Batches, Phase, Way
from pgrefit.model.ddl import Literal, Statement, ddl
from pgrefit.model.plan import Plan, PlanStep, statements
from pgrefit.model.plan_folder import plan_hash
from pgrefit.model.step_file import about

from .blocks import Ground, Place, assertion, batches, closing, opening, refusal

NAMESPACE = uuid.UUID("5e0f9d0c-6f53-4b8e-9a3a-6d0c1a1f7c11")  # of the run ids that are made of a plan's hash
SHORT = 12  # digits of a hash that people compare
SLUG = 48


@dataclass(frozen=True, slots=True)
class Part:
    """Statements that go together: in one transaction, or each by itself outside of any.

    `around` are settings of the session for statements outside of a transaction: before and after them.
    """

    statements: tuple[Statement, ...]
    in_transaction: bool = True
    around: tuple[Statement, Statement] | None = None

    def one_by_one(self) -> tuple[Statement, ...]:
        """The statements with the session's settings about them."""
        return (self.around[0], *self.statements, self.around[1]) if self.around else self.statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A step, up and down. `name` is its own in a folder of many plans; `cleaning` makes room after a failed try."""

    name: str
    phase: Phase
    up: tuple[Part, ...]
    down: tuple[Part, ...]
    up_comments: tuple[str, ...]
    down_comments: tuple[str, ...]
    proof: Statement | None = None  # a block that fails where the step is not done and sound
    cleaning: tuple[Statement, ...] = ()
    taken_over_by: tuple[str, ...] = ()  # scripts after which the proof has had its day

    @property
    def in_transaction(self) -> bool:
        """Whether nothing of it has to run outside of a transaction."""
        return all(part.in_transaction for part in (*self.up, *self.down))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The scripts of a plan, in their order."""

    plan: str  # a word: letters, digits and underscores
    digest: str  # the beginning of the plan's hash
    created: str  # ISO 8601, UTC
    scripts: tuple[Script, ...]

    def last_of(self, phase: Phase) -> Script | None:
        """The script that ends a phase."""
        return next((script for script in reversed(self.scripts) if script.phase is phase), None)


def bundle(plan: Plan, ground: Ground, *, until: Phase | None = None) -> Bundle:
    """All scripts of a plan, or those up to a phase; where its steps keep anything, first the one that makes room."""
    digest = plan_hash(plan)
    run = str(uuid.uuid5(NAMESPACE, digest))
    word = slug(plan.name) or "plan"
    steps = plan.up_to(until) if until else plan.steps
    scripts = [_script(plan, step, ground, run, word) for step in steps]
    if any(map(_keeps, plan.steps)):
        scripts.insert(0, _room(ground, word))
    return Bundle(plan=word, digest=digest[:SHORT], created=plan.created, scripts=tuple(scripts))


def slug(text: str) -> str:
    """A text as a word for file names: ASCII letters, digits and single underscores."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    return "_".join(letters.split())[:SLUG].strip("_")


def text_of(parts: Iterable[Statement]) -> str:
    """Statements as a script: a semicolon and a new line after each."""
    # A comment in the last line would swallow the semicolon.
    return "".join(part + ("\n;\n" if "--" in part.rpartition("\n")[2] else ";\n") for part in parts)


def units(parts: Iterable[Part]) -> list[Part]:
    """For tools that send a whole file as one message: a transaction is a file, and so is each statement outside."""
    found: list[Part] = []
    for part in parts:
        alone = (Part((statement,), in_transaction=False) for statement in part.statements)
        found += (part,) if part.in_transaction else alone
    return found


def pairs(script: Script) -> list[tuple[Part | None, Part | None]]:
    """The units of a script, each with the unit of the way back that goes into the same migration.

    Taken back in reverse, the units of the way back come in their order, and the last of them with the first file.
    """
    up, down = units(script.up), units(script.down)
    backwards = down[::-1]
    count = max(len(up), len(down))
    return [
        (up[i] if i < len(up) else None, backwards[i] if i < len(backwards) else None) for i in range(max(count, 1))
    ]


def refuse_marks(script: Script, mark: str) -> None:
    """Raise UsageError where a line of a statement looks like a marker of the tool, which it would take for its own."""
    for part in (*script.up, *script.down):
        for line in (line for statement in part.statements for line in statement.splitlines()):
            if line.startswith("--") and line[2:].lstrip().startswith(mark):
                raise UsageError(
                    f"{script.name} cannot be written for this tool",
                    why=f"a line of its statements begins with its own marker: {line}", next_step="export to psql",
                )  # fmt: skip


def _script(plan: Plan, step: PlanStep, ground: Ground, run: str, word: str) -> Script:
    place = Place(run=run, step=step.id, title=" ".join(step.step.title.split()))
    way = (f"-- {step.step.undo.value}",) if isinstance(step.step.undo, Way) else ()
    return Script(
        name=_name(word, step), phase=step.step.phase, up=_up(step, ground, place), down=_down(step, ground, place),
        up_comments=(*about(step, down=False), *_advice(step)), down_comments=(*about(step, down=True), *way),
        proof=assertion(ground, place, step.step.proof), cleaning=_cleaning(step),
        taken_over_by=tuple(_name(word, later) for later in _heirs(plan, step)),
    )  # fmt: skip


def _name(word: str, step: PlanStep) -> str:
    return f"{word}_{step.id}_{step.step.phase.value}_{slug(step.step.title)}".rstrip("_")


def _up(step: PlanStep, ground: Ground, place: Place) -> tuple[Part, ...]:
    action, proof = step.step.do, step.step.proof
    if isinstance(action, Batches):
        return (Part((batches(ground, place, action, proof),), in_transaction=False),)
    if step.step.in_transaction:
        return (Part((opening(ground, place, step.step.locks), *action, closing(place, proof))),)
    return (*_outside(step, action, ground, place), Part((assertion(ground, place, proof),)))


def _down(step: PlanStep, ground: Ground, place: Place) -> tuple[Part, ...]:
    match step.step.undo:
        case Batches() as action:
            return (Part((batches(ground, place, action, None),), in_transaction=False),)
        case Way.NO_RETURN:
            return (Part((refusal(f"step {step.id} cannot be undone: {place.title}"),)),)
        case Way.NOTHING_LEFT:
            return ()
        case action:
            if step.step.undone_at_once:
                return (Part((opening(ground, place, step.step.locks), *action, closing(place, None))),)
            return tuple(_outside(step, action, ground, place))


def _outside(step: PlanStep, action: tuple[Statement, ...], ground: Ground, place: Place) -> Iterator[Part]:
    """Each by itself; what asks which step it belongs to gets a transaction in which that is said.

    CONCURRENTLY gets no limit: refused half-way it leaves a wreck. What else takes a strong lock gets one.
    """
    limit = ddl("SET lock_timeout = {limit}", limit=Literal(f"{ground.lock_wait_ms}ms"))
    around = (limit, ddl("RESET lock_timeout"))
    strong = any(lock.mode.blocks_writes for lock in step.step.locks)
    for statement in action:
        words = _words(statement)
        if words & {"'pgrefit.run'", "'pgrefit.step'"}:
            yield Part((opening(ground, place, ()), statement, closing(place, None)))
        else:
            limited = strong and "concurrently" not in words
            yield Part((statement,), in_transaction=False, around=around if limited else None)


def _cleaning(step: PlanStep) -> tuple[Statement, ...]:
    """What removes the wreck of a failed try: the undo of a step outside of a transaction, if all it does is drop."""
    undo = step.step.undo
    if step.step.in_transaction or not isinstance(undo, tuple):
        return ()
    trees = (postgast.parse(text).stmts[0].stmt for text in undo)
    return undo if all(tree.HasField("drop_stmt") and tree.drop_stmt.missing_ok for tree in trees) else ()


def _advice(step: PlanStep) -> Iterator[str]:
    if isinstance(step.step.do, Batches):
        yield "-- Goes over the key in ranges and commits each. Cut short, run it again: what is done is passed over."
        yield "-- It is one statement for the server: where sessions have a statement_timeout, lift it for this role."
    elif not step.step.in_transaction:
        yield "-- Runs outside of a transaction. If it fails half-way, run its way back, then run it again."
    if step.step.phase is Phase.CONTRACT:
        yield "-- Contract: run it when no release needs the old shape any more, and what was put aside has been seen."


def _heirs(plan: Plan, step: PlanStep) -> Iterator[PlanStep]:
    """Later steps that may take up or away what the step made: of its change, or closing ones on its tables."""
    tables = {lock.on for lock in step.step.locks}
    for later in plan.steps[plan.steps.index(step) + 1 :]:
        closing_one = later.step.phase in {Phase.SWITCH, Phase.CONTRACT}
        if later.change == step.change or (closing_one and tables & {lock.on for lock in later.step.locks}):
            yield later


def _keeps(step: PlanStep) -> bool:
    """Whether it uses the schema pgrefit."""
    texts = [*statements(step.step.do), step.step.proof]
    if not isinstance(step.step.undo, Way):
        texts += statements(step.step.undo)
    return any({"pgrefit", '"pgrefit"'} & _words(text) for text in texts)


def _words(statement: Statement) -> set[str]:
    """Its tokens as they are written; in lower case what is neither quoted nor a string."""
    text = statement.encode()
    found = (text[token.start : token.end].decode() for token in postgast.scan(statement).tokens)
    return {word if word[0] in "\"'$" else word.lower() for word in found}


def _room(ground: Ground, word: str) -> Script:
    says = "-- the schema pgrefit, where rows that are put aside, and values that are overwritten, are kept"
    return Script(
        name=f"{word}_000_expand_room_for_what_is_kept", phase=Phase.EXPAND, up=(Part(ground.tables),), down=(),
        up_comments=(says,), down_comments=(f"{says}: it stays, for there may be rows in it",),
    )  # fmt: skip
