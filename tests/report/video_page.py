"""A story as a refit of the video page tells it, made by hand."""

import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pgrefit.model.audit_report import AuditReport, Coverage, Crash, Skipped
from pgrefit.model.change import Batches, Change, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement
from pgrefit.model.finding import Cost, Evidence, Finding, Severity
from pgrefit.model.goals import GoalResult, Goals
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.measure import Comparison, GroupTiming, LoadReport, Measurement, QueryTiming
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.rehearsal import Alternative, ProposalResult, Rehearsal, StepMeasure
from pgrefit.model.run import Check, Quarantined, Run, StepRun, Verification
from pgrefit.model.snapshot import Column, Constraint, Snapshot, Table, View
from pgrefit.model.workload import Query, Workload
from pgrefit.report.story import QuarantinedRow, Story

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Todo(Change):
    """A change that is only its title."""

    says: str

    @property
    def title(self) -> str:
        return self.says

    @property
    def table(self) -> Relation:
        return QUIZ

    def steps(self, db: Snapshot):
        return iter(())


USERS, COURSES, VIDEOS = Relation("auth", "users"), Relation("public", "courses"), Relation("public", "videos")
QUIZ, REFLECTIONS = Relation("public", "quiz_attempts"), Relation("public", "reflections")


def columns(text: str) -> tuple[Column, ...]:
    """Columns from lines such as 'id uuid!': the exclamation mark says NOT NULL."""
    parts = [part.strip() for part in text.split(",")]
    pairs = [part.rstrip("!").split(" ", 1) for part in parts]
    return tuple(
        Column(name=name, position=i, type=kind, not_null=part.endswith("!"))
        for i, (part, (name, kind)) in enumerate(zip(parts, pairs, strict=True), 1)
    )


def table(name: Relation, text: str, **references: Relation) -> Table:
    key = Constraint(name="pk", kind="primary key", columns=("id",), definition=Expression("PRIMARY KEY (id)"))
    foreign = (
        Constraint(
            name=f"{column}_fk",
            kind="foreign key",
            columns=(column,),
            definition=Expression("FOREIGN KEY"),
            parent=parent,
            parent_columns=("id",),
        )
        for column, parent in references.items()
    )
    return Table(name=name, columns=columns(text), constraints=(key, *foreign))


TIMES = "created_at timestamp with time zone, updated_at timestamp with time zone"
SHARED = (
    table(USERS, "id uuid!, email text, created_at timestamp with time zone"),
    table(
        COURSES,
        f"id uuid!, instructor_id uuid, title text!, description text, is_published boolean!, {TIMES}",
        instructor_id=USERS,
    ),
    table(
        VIDEOS,
        f"id uuid!, course_id uuid!, chapter_id text!, title text!, duration text, duration_seconds integer, {TIMES}",
        course_id=COURSES,
    ),
)
REFLECTION = (
    "reflection_prompt text, reflection_text text!, reflection_type text, file_url text, duration_seconds numeric"
)
BEFORE = Snapshot(
    database="video_page",
    server_version=180000,
    tables=(
        *SHARED,
        table(
            QUIZ,
            f"id uuid!, user_id uuid, video_id text!, course_id text!, questions jsonb!, score integer!, "
            f"total_questions integer!, percentage numeric!, {TIMES}",
            user_id=USERS,
        ),
        table(
            REFLECTIONS,
            f"id uuid!, user_id uuid!, course_id uuid, video_id uuid, {REFLECTION}, {TIMES}",
            user_id=USERS,
            course_id=COURSES,
            video_id=VIDEOS,
        ),
    ),
)
AFTER = Snapshot(
    database="video_page",
    server_version=180000,
    tables=(
        *SHARED,
        table(
            QUIZ,
            f"id uuid!, user_id uuid!, video_id uuid!, course_id uuid!, questions jsonb!, {TIMES}",
            user_id=USERS,
            video_id=VIDEOS,
            course_id=COURSES,
        ),
        table(
            REFLECTIONS,
            f"id uuid!, user_id uuid!, course_id uuid!, video_id uuid!, {REFLECTION}, computed_metadata jsonb, {TIMES}",
            user_id=USERS,
            course_id=COURSES,
            video_id=VIDEOS,
        ),
    ),
    views=(
        View(name=Relation("public", "quiz_attempts_scored"), definition=Expression("SELECT 1")),
        View(name=Relation("public", "video_page_activity"), materialized=True, definition=Expression("SELECT 1")),
    ),
)


def measured(**values: object) -> tuple[Evidence, ...]:
    return tuple(Evidence(measure=name.replace("_", " "), value=value, source="scan") for name, value in values.items())


def finding(rule: str, severity: Severity, about: str, message: str, share: float = 0, **values: object) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        object=about,
        message=message,
        evidence=measured(**values),
        cost=Cost(queries_affected=3, share_of_time=share) if share else None,
        remedy=(Todo(f"mend {about}"),),
    )


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
FINDINGS = (
    finding(
        "reference-as-text",
        ERROR,
        "public.quiz_attempts.video_id",
        "text column holds ids of public.videos.id (uuid) without a foreign key",
        0.41,
        rows=500_000,
        matching=496_731,
        orphans=3_019,
        not_castable=250,
    ),
    finding(
        "reference-as-text",
        ERROR,
        "public.quiz_attempts.course_id",
        "text column holds ids of public.courses.id (uuid) without a foreign key",
        0.22,
        rows=500_000,
        matching=498_812,
        orphans=1_021,
        not_castable=167,
    ),
    finding(
        "nullable-reference",
        ERROR,
        "public.reflections.course_id",
        "reference may be null: 17,500 rows have none, of which the video knows 17,150",
        0,
        rows=350_000,
        null=18_550,
        can_be_filled=17_500,
    ),
    finding(
        "nullable-reference",
        ERROR,
        "public.reflections.video_id",
        "reference may be null and 2,800 rows have none",
        null=2_800,
        can_be_filled=0,
    ),
    finding(
        "filtered-in-the-application",
        WARNING,
        "voice_memos",
        "fetches 412 rows a call and keeps 3: the application filters by type, file and duration",
        0.19,
        rows_fetched=412.4,
        rows_kept=3.1,
    ),
    finding(
        "query-without-index",
        WARNING,
        "quiz_attempts_of_video",
        "reads public.quiz_attempts whole (500,000 rows) to return 4",
        0.35,
        rows_read=500_000,
        rows_returned=4.2,
    ),
    finding(
        "query-without-index", WARNING, "activity_feed", "reads public.quiz_attempts whole", 0.17, rows_read=500_000
    ),
    finding(
        "metadata-in-text",
        WARNING,
        "public.reflections.reflection_text",
        "lines such as 'File URL: …' hold what has columns of its own",
        pattern="File URL: …",
        rows=56_538,
        parsed=56_361,
    ),
    finding(
        "derived-column",
        WARNING,
        "public.quiz_attempts.percentage",
        "follows from questions and user_answers, and disagrees in 3,500 rows",
        disagreeing=3_500,
        part="0.7 %",
    ),
    finding(
        "check-drift",
        WARNING,
        "public.reflections.reflections_reflection_type_check",
        "environment 'staging' allows other values",
        here=("voice", "screenshot", "loom", "text"),
        staging=("understanding", "application", "confusion"),
    ),
    finding(
        "policy-calls-function-per-row",
        WARNING,
        "public.reflections / Students see their reflections",
        "auth.uid() is called for every row instead of once",
        calls_per_query=350_000,
    ),
    finding("dual-column", INFO, "public.videos.duration", "says the same as duration_seconds, as text", differing=40),
    finding(
        "unused-index",
        INFO,
        "public.idx_quiz_attempts_percentage",
        "never used since the statistics began",
        scans=0,
        bytes=11_231_232,
    ),
    finding("unused-index", INFO, "public.idx_videos_filename", "never used since the statistics began", scans=0),
)
REPORT = AuditReport(
    database="video_page",
    findings=FINDINGS,
    crashed=(Crash(rule="bloat", error="KeyError: 'pages'"),),
    coverage=(
        Coverage(rule="reference-as-text", asked=12, examined=12),
        Coverage(
            rule="metadata-in-text",
            asked=9,
            examined=8,
            skipped=(Skipped(about="public.videos.description", reason="the scan budget of 30 s was used up"),),
        ),
    ),
)

_MODES = (LockMode.ACCESS_EXCLUSIVE, LockMode.ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE)
_TITLES = {
    Phase.EXPAND: ("add column {} beside the old one", Work.INSTANT, 0),
    Phase.MIGRATE: ("copy {} in batches", Work.BATCHES, 1),
    Phase.SWITCH: ("validate the foreign key of {}", Work.SCAN, 2),
    Phase.CONTRACT: ("drop what {} replaced", Work.INSTANT, 0),
}


def plan_step(number: int, phase: Phase, subject: str, on: Relation) -> PlanStep:
    title, work, mode = _TITLES[phase]
    statement = Statement(f'ALTER TABLE "{on.schema}"."{on.name}" ADD COLUMN "{subject}_new" uuid')
    batched = Batches(table=on, key=("id",), types=("uuid",), statement=Statement("UPDATE public.quiz_attempts SET …"))
    step = Step(
        title=title.format(subject),
        phase=phase,
        work=work,
        do=batched if work is Work.BATCHES else (statement,),
        undo=Way.NO_RETURN if phase is Phase.CONTRACT else (Statement("ALTER TABLE … DROP COLUMN …"),),
        locks=(Lock(on, _MODES[mode]),),
        proof=Statement("SELECT true"),
        why="So that the old release keeps running while rows are brought along.",
        hazard="Waits behind long transactions; gives up after 2 s and tries again." if phase is Phase.SWITCH else "",
    )
    return PlanStep(id=f"{number * 10:03}", change=f"convert {subject}", step=step, rows=500_000)


SUBJECTS = (
    ("quiz_attempts.video_id", QUIZ),
    ("quiz_attempts.course_id", QUIZ),
    ("reflections.course_id", REFLECTIONS),
    ("reflections.video_id", REFLECTIONS),
    ("quiz_attempts.user_id", QUIZ),
    ("reflections.reflection_text", REFLECTIONS),
    ("quiz_attempts.percentage", QUIZ),
    ("reflections.computed_metadata", REFLECTIONS),
)
_PLACES = [(phase, subject, on) for phase in Phase for subject, on in SUBJECTS][:30]
PLAN = Plan(
    name="20261121T1200_video_page",
    created="2026-11-21T12:00:00Z",
    database="video_page",
    server_version=180000,
    fingerprint="0" * 64,
    steps=tuple(plan_step(i, *place) for i, place in enumerate(_PLACES, 1)),
    changes=tuple(f"convert {subject}" for subject, _ in SUBJECTS),
    tables=(QUIZ, REFLECTIONS),
    notes=("A materialized view, not a plain one: 0.4 ms against 9.1 ms, refreshed in 1.9 s.",),
)


def took(step: PlanStep) -> float:
    """Milliseconds, made up."""
    return {Work.BATCHES: 9_000.0, Work.SCAN: 180.0}.get(step.step.work, 3.0) + int(step.id) / 20


def step_runs() -> tuple[StepRun, ...]:
    now, runs = START, []
    for step in PLAN.steps:
        end = now + timedelta(milliseconds=took(step))
        batched = step.step.work is Work.BATCHES
        runs.append(
            StepRun(
                id=step.id,
                title=step.step.title,
                phase=step.step.phase.value,
                state="done",
                started_at=now,
                finished_at=end,
                tries=1,
                rows=500_000 if batched else 0,
                batches=100 if batched else 0,
            )
        )
        now = end
    return tuple(runs)


RUNS = step_runs()
QUARANTINED = (
    Quarantined(source="public.quiz_attempts", reason="video_id names no video", rows=3_019),
    Quarantined(source="public.quiz_attempts", reason="video_id is no uuid", rows=250),
    Quarantined(source="public.reflections", reason="neither course nor video is known", rows=1_050),
)
RUN = Run(
    id="7f3a",
    plan=PLAN.name,
    plan_hash="ab12",
    state="done",
    started_at=START,
    finished_at=RUNS[-1].finished_at,
    steps=RUNS,
    quarantined=QUARANTINED,
)


def load(seconds: int, longest: float = 48.0) -> LoadReport:
    slowest = [6 + 4 * math.sin(i / 3) ** 2 + (longest - 10 if i % 17 == 5 else 0) for i in range(seconds)]
    return LoadReport(
        seconds=seconds,
        statements=seconds * 410,
        failed=0,
        waited=37,
        longest_wait=41.2,
        longest=max(slowest),
        p50=0.6,
        p99=7.4,
        per_second=tuple((float(i), 380 + (i * 37) % 60, value) for i, value in enumerate(slowest)),
    )


REHEARSAL = Rehearsal(
    plan=PLAN.name,
    plan_hash="ab12",
    server_version=180000,
    steps=tuple(
        StepMeasure(
            id=s.id,
            title=s.step.title,
            phase=s.step.phase.value,
            up=took(s) * 0.9,
            down=None if s.step.undo is Way.NO_RETURN else 2.1,
            declared=s.step.locks,
            taken=s.step.locks,
            problems=("took SHARE on public.videos, which it did not declare",) if s.id == "190" else (),
        )
        for s in PLAN.steps
    ),
    checks=(
        Check(name="down leaves the schema as it was", passed=True, detail="pg_dump equal"),
        Check(name="row security decides the same", passed=True, detail="480 of 480 cells"),
    ),
    proposals=(
        ProposalResult(
            name="convert in place",
            what="the first proposal of the team",
            runs=False,
            sql="ALTER TABLE quiz_attempts ALTER COLUMN video_id TYPE uuid USING video_id::uuid;",
            error='ERROR:  invalid input syntax for type uuid: "intro-1"',
        ),
        ProposalResult(
            name="generated metadata",
            what="a generated column over the text",
            runs=False,
            sql="ALTER TABLE reflections ADD COLUMN computed_metadata jsonb GENERATED ALWAYS AS (…) STORED;",
            error="ERROR:  generation expression is not immutable",
        ),
    ),
    alternatives=(
        Alternative(
            name="public.video_page_activity",
            form="materialized view",
            bytes=41_000_000,
            p95=0.4,
            upkeep=1900,
            chosen=True,
        ),
        Alternative(name="public.video_page_activity", form="view", bytes=0, p95=9.1),
    ),
    load=load(70, 65),
    learnt=("Copying reflections took a third of the time that the plan expected.",),
)

_NAMES = (
    ("page_data", "page_data_typed", "page", 212.0, 1.9),
    ("voice_memos", "voice_memos_filtered", "page", 231.0, 0.6),
    ("quiz_attempts_of_video", "quiz_attempts_of_video_typed", "page", 176.0, 0.7),
    ("activity_feed", "activity_feed_read_model", "page", 184.0, 0.5),
    ("videos_of_course", "", "page", 1.1, 1.1),
    ("course_progress", "course_progress_computed", "dashboard", 198.0, 3.4),
    ("instructor_unanswered", "", "dashboard", 88.0, 2.7),
    ("record_quiz_attempt", "record_quiz_attempt_typed", "write", 0.9, 1.2),
    ("write_voice_memo", "write_voice_memo_structured", "write", 0.8, 0.9),
    ("answer_reflection", "", "write", 0.6, 0.6),
)


def node(kind: str, time: float, rows: float, *children: dict, **more: object) -> dict:
    own = {"Node Type": kind, "Actual Total Time": time, "Actual Rows": rows, "Actual Loops": 1}
    extra = {key.replace("_", " "): value for key, value in more.items()}
    return own | extra | ({"Plans": list(children)} if children else {})


def slow_plan(time: float) -> str:
    quiz = node(
        "Seq Scan",
        time * 0.9,
        4,
        Relation_Name="quiz_attempts",
        Schema="public",
        Alias="qa",
        Filter="((user_id = $1) AND (lower(TRIM(video_id)) = $2))",
        Rows_Removed_by_Filter=499_996,
    )
    memos = node(
        "Index Scan",
        time * 0.02,
        3,
        Relation_Name="reflections",
        Index_Name="idx_reflections_user",
        Index_Cond="(user_id = $1)",
    )
    joined = node("Nested Loop", time * 0.97, 12, memos, quiz, Join_Type="Left")
    return json.dumps([{"Plan": node("Sort", time, 12, joined, Sort_Key=["created_at DESC"])}])


def fast_plan(time: float) -> str:
    scan = node(
        "Index Scan",
        time * 0.8,
        4,
        Relation_Name="quiz_attempts",
        Index_Name="quiz_attempts_user_id_video_id_created_at_idx",
        Index_Cond="((user_id = $1) AND (video_id = $2))",
    )
    return json.dumps([{"Plan": node("Limit", time, 4, scan)}])


def timing(name: str, group: str, p95: float, plan: str, scans: tuple[str, ...] = ()) -> QueryTiming:
    return QueryTiming(
        name=name,
        group=group,
        calls=200,
        errors=0,
        p50=p95 * 0.7,
        p95=p95,
        p99=p95 * 1.2,
        mean=p95 * 0.75,
        rows=4.2,
        buffers=13_410 if scans else 8,
        buffers_hit=9_200 if scans else 8,
        plan=plan,
        sequential_scans=scans,
    )


COMPARISON = Comparison(
    before=Measurement(
        label="before",
        server="PostgreSQL 18.1",
        database_bytes=812_000_000,
        queries=tuple(
            timing(
                old,
                group,
                before,
                slow_plan(before) if before > 50 else fast_plan(before),
                ("public.quiz_attempts",) if before > 50 else (),
            )
            for old, _, group, before, _ in _NAMES
        ),
        groups=(GroupTiming(group="page", calls=200, p50=520.4, p95=640.1, p99=702.0),),
    ),
    after=Measurement(
        label="after",
        server="PostgreSQL 18.1",
        database_bytes=588_000_000,
        queries=tuple(timing(new or old, group, after, fast_plan(after)) for old, new, group, _, after in _NAMES),
        groups=(GroupTiming(group="page", calls=200, p50=8.9, p95=11.8, p99=14.2),),
    ),
)
WORKLOAD = Workload(
    queries=tuple(
        query
        for old, new, group, _, _ in _NAMES
        for query in (
            Query(name=old, sql=f"SELECT … FROM {old} WHERE user_id = $1::uuid", group=group, version="before"),
            Query(name=new or old + "_", sql="SELECT …", group=group, version="after", replaces=old),
        )
    )
)


def goal(number: int, text: str, unit: str, before: float | None, after: float | None, wanted: str) -> GoalResult:
    return GoalResult(
        id=f"VP-G{number}", goal=text, unit=unit, before=before, after=after, wanted=wanted, met=number != 7
    )


GOALS = Goals(
    system="video_page",
    scale=1.0,
    goals=(
        goal(1, "video page load, p95", "ms", 640.1, 11.8, "< 50"),
        goal(2, "voice memo query, p95", "ms", 231.0, 0.6, "< 20"),
        goal(3, "quiz attempt lookup, p95", "ms", 176.0, 0.7, "< 20"),
        goal(4, "database size", "%", 100, 72.4, "<= 75"),
        goal(5, "page queries that use an index", "%", 40, 100, "100"),
        goal(6, "orphans and null references", "rows", 22_837, 0, "0"),
        goal(7, "requests that waited on the migration's locks", "%", None, 1.3, "< 1"),
        goal(8, "queries that succeeded during the migration", "%", None, 100, "> 99.9"),
        goal(9, "rows lost", "rows", None, 0, "0"),
        goal(10, "differences after rollback", "", None, 0, "0"),
    ),
)
VERIFICATION = Verification(
    plan=PLAN.name,
    checks=(
        Check(
            name="every legacy row is in the table or in quarantine", passed=True, detail="850,000 = 845,681 + 4,319"
        ),
        Check(name="checksums of the columns that were not to change", passed=True),
        Check(name="results of the page's queries", passed=True, detail="7 of 7 queries return the same rows"),
    ),
)
ROWS = (
    QuarantinedRow(
        source="public.quiz_attempts",
        reason="video_id is no uuid",
        row=(
            ("id", "0b6c…"),
            ("video_id", "intro-1"),
            ("course_id", ""),
            ("questions", '[{"id": "q1", "correct": 1}]'),
        ),
    ),
)

FULL = Story(
    system="video_page",
    when="21 November 2026",
    server="PostgreSQL 18.1",
    database="video_page",
    findings=REPORT,
    plan=PLAN,
    rehearsal=REHEARSAL,
    run=RUN,
    verification=VERIFICATION,
    comparison=COMPARISON,
    workload=WORKLOAD,
    load=load(74),
    goals=GOALS,
    snapshot_before=BEFORE,
    snapshot_after=AFTER,
    quarantined=QUARANTINED,
    quarantined_rows=ROWS,
    learnt=(
        "The seed's generated column fails: its expression is not immutable.",
        "Each index costs 0.1 ms on a write; together they need 61 MB.",
    ),
)


def many_findings(count: int) -> Story:
    """The story with that many findings, each with its own object."""
    found = tuple(replace(FINDINGS[i % len(FINDINGS)], object=f"public.table_{i}.column") for i in range(count))
    return replace(FULL, findings=replace(REPORT, findings=found))
