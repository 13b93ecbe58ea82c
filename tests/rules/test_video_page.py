"""Every defect of the reference system video_page is found; each count equals one that is taken by other means."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from pgrefit.api.auditing import Audit, audit
from pgrefit.api.systems import build, find_system
from pgrefit.changes.computed_columns import ComputedColumns
from pgrefit.changes.extract_text import ExtractText
from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.model.finding import Finding, Severity
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from rules.observing import measured

SCALE = 0.02
IS_UUID = "{0} ~* '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'"


@pytest.fixture(scope="module")
def dsn(cluster18: Cluster) -> Iterator[str]:
    system = find_system("video_page")
    build(system, cluster18, "rules_other", 0.001, "environment.sql")
    yield build(system, cluster18, "rules_main", SCALE)
    cluster18.drop_database("rules_main")
    cluster18.drop_database("rules_other")


@pytest.fixture(scope="module")
def audited(dsn: str, cluster18: Cluster) -> Audit:
    other = Target(dsn=cluster18.dsn("rules_other"), source="a test")
    workload = find_system("video_page").folder / "workload.sql"
    return audit(Target(dsn=dsn, source="a test"), workload=workload, environments=[("staging", other)])


@pytest.fixture(scope="module")
def conn(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def the(audited: Audit, rule: str, about: str) -> Finding:
    (found,) = (f for f in audited.report.of(rule) if f.object == about)
    return found


def number(conn: psycopg.Connection, query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_crashed_and_nothing_was_skipped(audited: Audit) -> None:
    assert audited.report.crashed == ()
    assert [coverage for coverage in audited.report.coverage if coverage.skipped] == []


@pytest.mark.parametrize(("column", "parent"), [("video_id", "videos"), ("course_id", "courses")])
def test_references_as_text(audited: Audit, conn: psycopg.Connection, column: str, parent: str) -> None:
    finding = the(audited, "reference-as-text", f"public.quiz_attempts.{column}")
    evidence = measured(finding)
    value, table = (
        f"lower(trim(a.{column}))",
        f"FROM quiz_attempts a LEFT JOIN {parent} p ON p.id::text = lower(trim(a.{column}))",
    )
    unfit = number(conn, f"SELECT count(*) {table} WHERE NOT {IS_UUID.format(value)}")
    missing = number(conn, f"SELECT count(*) {table} WHERE p.id IS NULL")
    rows = number(conn, "SELECT count(*) FROM quiz_attempts")
    assert unfit > 0
    assert missing > unfit
    assert evidence["rows"] == rows
    assert evidence["not castable"] == unfit
    assert evidence["orphans"] == missing - unfit
    assert evidence["matching"] == rows - missing
    assert finding.severity is Severity.ERROR
    assert finding.cost is not None
    assert finding.cost.queries_affected > 0
    (change,) = finding.remedy
    assert isinstance(change, RetypeColumns)
    (conversion,) = change.conversions
    assert (conversion.to_type, str(conversion.parent)) == ("uuid", f"public.{parent}")
    assert conversion.on_delete == "cascade"
    assert conversion.required


def test_references_of_text_are_found_nowhere_else(audited: Audit) -> None:
    assert len(audited.report.of("reference-as-text")) == 2
    assert audited.report.of("missing-foreign-key") == ()


def test_required_references_that_may_be_empty(audited: Audit, conn: psycopg.Connection) -> None:
    course = measured(the(audited, "nullable-required-reference", "public.reflections.course_id"))
    nulls = number(conn, "SELECT count(*) FROM reflections WHERE course_id IS NULL")
    lost = number(conn, "SELECT count(*) FROM reflections WHERE course_id IS NULL AND video_id IS NULL")
    assert (course["null"], course["fillable from there"], course["not fillable"]) == (nulls, nulls - lost, lost)
    assert nulls > lost > 0
    video = measured(the(audited, "nullable-required-reference", "public.reflections.video_id"))
    assert video["null"] == number(conn, "SELECT count(*) FROM reflections WHERE video_id IS NULL")
    others = {f.object for f in audited.report.of("nullable-required-reference")}
    assert "public.courses.instructor_id" not in others


ANSWERED_RIGHT = """
    SELECT a.id, a.score, a.total_questions, a.percentage, count(*) AS total,
           count(*) FILTER (WHERE answer.value = question.value -> 'correct') AS right_answers
    FROM quiz_attempts a, jsonb_array_elements(a.questions) WITH ORDINALITY AS question (value, place)
    JOIN LATERAL jsonb_array_elements(a.user_answers) WITH ORDINALITY AS answer (value, place) USING (place)
    GROUP BY a.id
"""


@pytest.mark.parametrize(
    ("column", "follows"),
    [
        ("score", "right_answers"),
        ("total_questions", "total"),
        ("percentage", "round(100.0 * right_answers / total, 2)"),
    ],
)
def test_derived_columns(audited: Audit, conn: psycopg.Connection, column: str, follows: str) -> None:
    finding = the(audited, "derived-column", f"public.quiz_attempts.{column}")
    disagreeing = number(conn, f"SELECT count(*) FROM ({ANSWERED_RIGHT}) a WHERE {column} <> {follows}")
    assert measured(finding)["disagreeing"] == disagreeing
    assert (disagreeing > 0) == (column != "total_questions")
    (change,) = finding.remedy
    assert isinstance(change, ComputedColumns)
    formula = change.columns[0].expression
    assert number(conn, f"SELECT count(*) FROM quiz_attempts t WHERE t.{column} <> {formula}") == disagreeing


def test_no_other_column_seems_derived(audited: Audit) -> None:
    assert len(audited.report.of("derived-column")) == 3


def test_dual_duration(audited: Audit, conn: psycopg.Connection) -> None:
    evidence = measured(the(audited, "dual-representation", "public.videos.duration"))
    seconds = "extract(epoch FROM ('00:' || duration)::interval)"
    assert evidence["disagreeing"] == number(conn, f"SELECT count(*) FROM videos WHERE {seconds} <> duration_seconds")
    assert evidence["agreeing"] == number(conn, f"SELECT count(*) FROM videos WHERE {seconds} = duration_seconds")
    assert len(audited.report.of("dual-representation")) == 1


def test_metadata_in_text(audited: Audit, conn: psycopg.Connection) -> None:
    (finding,) = audited.report.of("metadata-in-text")
    assert finding.object == "public.reflections.reflection_text"
    evidence = measured(finding)
    lines = "FROM reflections r, regexp_split_to_table(reflection_text, E'\\n') AS line WHERE line"
    assert evidence["rows with “File URL:”"] == number(conn, f"SELECT count(DISTINCT r.id) {lines} LIKE 'File URL:%'")
    twelve = number(conn, f"SELECT count(*) {lines} LIKE 'Duration:%' AND line !~ '^Duration: [0-9.]+s$'")
    start = number(conn, f"SELECT count(*) {lines} LIKE 'Video Timestamp:%' AND line !~ ': [0-9.]+s$'")
    nothing = number(conn, f"SELECT count(*) {lines} ~ '^File URL: *$'")
    assert evidence["of these, not parsable as text"] == nothing
    assert evidence["rows with a line that does not parse"] == twelve + start + nothing
    (change,) = finding.remedy
    assert isinstance(change, ExtractText)
    fields = {(f.label, f.target, f.unit) for f in change.fields}
    assert fields == {("File URL", "file_url", ""), ("Duration", "duration_seconds", "s"),
                      ("Video Timestamp", "video_timestamp_seconds", "s")}  # fmt: skip


def test_queries_that_read_whole_tables(audited: Audit) -> None:
    found = audited.report.of("missing-index-for-query")
    assert {f.object for f in found} >= {"public.quiz_attempts (user_id, video_id)"}
    queries = {name for f in found for name in measured(f)["queries"]}  # type: ignore[union-attr]
    assert {"page_data", "quiz_attempts_of_video", "activity_feed"} <= queries


def test_application_side_filter(audited: Audit) -> None:
    (finding,) = audited.report.of("application-side-filter")
    assert finding.object == "query voice_memos"
    evidence = measured(finding)
    assert evidence["rows fetched a call"] > 10 * evidence["rows kept a call"]  # type: ignore[operator]


def test_check_drift(audited: Audit, conn: psycopg.Connection) -> None:
    (finding,) = audited.report.of("check-drift")
    evidence = measured(finding)
    assert evidence["values here"] == ("voice", "screenshot", "loom", "text")
    assert evidence["values in staging"] == ("understanding", "application", "confusion", "insight", "feedback")
    assert evidence["rows with “voice”"] == number(
        conn, "SELECT count(*) FROM reflections WHERE reflection_type = 'voice'"
    )


def test_policies_that_call_per_row(audited: Audit, conn: psycopg.Connection) -> None:
    found = {f.object: f for f in audited.report.of("per-row-policy-call")}
    assert found.keys() == {f"public.{t}" for t in ("courses", "videos", "quiz_attempts", "reflections")}
    policies = sum(len(f.remedy) for f in found.values())
    assert policies == number(
        conn, "SELECT count(*) FROM pg_policies WHERE concat(qual, with_check) LIKE '%auth.uid()%'"
    )
    assert len(audited.report.of("policy-subselect-per-row")) == 1


def test_unused_indexes(audited: Audit) -> None:
    unused = {"idx_quiz_attempts_percentage", "idx_reflections_instructor_responded_at", "idx_videos_filename"}
    assert {f.object.partition(".")[2] for f in audited.report.of("unused-index")} == unused


def test_foreign_keys_without_index(audited: Audit) -> None:
    found = {f.object.rpartition(".")[2] for f in audited.report.of("foreign-key-without-index")}
    assert {"quiz_attempts_user_id_fkey", "reflections_course_id_fkey", "reflections_video_id_fkey"} <= found
    assert "reflections_user_id_fkey" not in found
