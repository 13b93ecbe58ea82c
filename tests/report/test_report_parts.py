"""Numbers, plans and diagrams: what the forms are made of."""

import itertools
import json

import pytest

from pgrefit.model.names import Relation
from pgrefit.report import units
from pgrefit.report.erd import MOST_TABLES, diagrams
from pgrefit.report.explain import plan_nodes
from pgrefit.report.story import Story
from pgrefit.report.svg.layers import GAP, Edge, layout
from pgrefit.report.svg.scale import log_scale, round_ticks
from report import video_page
from report.video_page import FULL, QUIZ, VIDEOS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (0.42, "0.42 ms"),
        (11.8, "11.8 ms"),
        (640.1, "640 ms"),
        (9_010, "9.01 s"),
        (74_000, "1 min 14 s"),
        (7_260_000, "2 h 1 min"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_durations_have_the_unit_that_suits_them(value, text):
    assert units.milliseconds(value) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (640, 11.8, "54× faster"),
        (1, 1.3, "1.3× slower"),
        (1, 1.01, "the same"),
        (0, 1, "–"),
        (float("inf"), 1, "–"),
    ],
)
def test_ratios_say_which_way(before, after, text):
    assert units.times(before, after) == text


def test_sizes_and_large_numbers():
    assert (units.size(812_000_000), units.size(0), units.number(1_234_567.8)) == ("774 MB", "0 B", "1,234,568")


def test_plan_nodes_give_the_time_that_each_took_itself():
    sort, loop, index, scan = plan_nodes(video_page.slow_plan(100))
    assert (sort.kind, loop.kind, index.depth) == ("Sort", "Nested Loop Left Join", 2)
    assert index.target == "reflections using idx_reflections_user"
    assert (round(sort.own), round(scan.own), scan.read) == (3, 90, 500_000)
    assert [node.reads_large_table_whole for node in (sort, loop, index, scan)] == [False, False, False, True]


@pytest.mark.parametrize("text", ["", "null", "[]", "[1]", '[{"Plan": 3}]', "{" * 5000, "[" * 100_000])
def test_what_is_no_plan_has_no_nodes(text):
    assert plan_nodes(text) == ()


def test_plan_of_parallel_workers_is_not_counted_twice():
    worker = {
        "Node Type": "Seq Scan",
        "Parallel Aware": True,
        "Actual Total Time": 40,
        "Actual Rows": 100,
        "Actual Loops": 3,
    }
    gather = {"Node Type": "Gather", "Actual Total Time": 50, "Actual Rows": 300, "Actual Loops": 1, "Plans": [worker]}
    root, child = plan_nodes(json.dumps([{"Plan": gather}]))
    assert (root.own, child.own, child.rows) == (10, 40, 300)


def test_diagram_marks_what_changed():
    before, after = diagrams(FULL)
    old = {f.name: f.mark for f in next(b for b in before.boxes if b.name == QUIZ).fields}
    new = {f.name: f.mark for f in next(b for b in after.boxes if b.name == QUIZ).fields}
    assert (old["score"], old["video_id"], new["video_id"], new["user_id"]) == (
        "removed",
        "retyped",
        "retyped",
        "tightened",
    )
    assert {(x.column, x.parent) for x in before.links if not x.declared} == {
        ("video_id", VIDEOS),
        ("course_id", video_page.COURSES),
    }
    assert all(x.declared for x in after.links)
    assert {x.column for x in after.links if x.mark == "added"} == {"video_id", "course_id"}


def test_undeclared_reference_is_found_by_the_findings_words_where_nothing_came_of_it():
    before, after = diagrams(Story(snapshot_before=video_page.BEFORE, findings=video_page.REPORT))
    assert after is None
    assert ("video_id", VIDEOS) in {(x.column, x.parent) for x in before.links if not x.declared}


def test_large_schema_is_cut_at_the_limit():
    tables = tuple(video_page.table(Relation("public", f"t{i}"), "id uuid!") for i in range(MOST_TABLES + 60))
    before, _ = diagrams(Story(snapshot_before=video_page.Snapshot(database="d", server_version=180000, tables=tables)))
    assert (len(before.boxes), before.left_out) == (MOST_TABLES, 60)


def test_boxes_and_lanes_of_a_layer_do_not_overlap():
    tables = [Relation("s", f"t{i}") for i in range(30)]
    edges = [Edge(tables[i], tables[(i * 7) % 30]) for i in range(30)] + [
        Edge(tables[i], tables[i // 3]) for i in range(30)
    ]
    heights = {table: 60.0 + 10 * (i % 5) for i, table in enumerate(tables)}
    placed = layout(tables, edges, heights)
    assert {slot for layer in placed.layers for slot in layer if isinstance(slot, Relation)} == set(tables)
    for layer in placed.layers:
        for upper, lower in itertools.pairwise(layer):
            size = heights.get(upper, 6.0)
            assert placed.tops[upper] + size + GAP <= placed.tops[lower] + 0.01
    assert min(placed.tops.values()) >= -0.01


def test_scales_hold_their_values():
    scale = log_scale([0, 0.6, 640])
    assert (scale.at(0), scale.at(0.01), scale.at(1000)) == (0, 0, 1)
    assert round_ticks(48)[-1] >= 48
    assert round_ticks(0) == (0.0, 1.0)
