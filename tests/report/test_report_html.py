"""The page: complete, well-formed, self-contained, and safe whatever the names in the database are."""

import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.measure import Comparison, LoadReport, Measurement, QueryTiming
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.model.run import Run, Verification
from pgrefit.model.snapshot import Snapshot
from pgrefit.report import QuarantinedRow, Story, render
from pgrefit.report.html import SECTIONS
from report import video_page
from report.video_page import FULL

VOID = {"meta", "input", "link", "br", "img", "hr"}
HOSTILE = "\"><script>alert(1)</script>{{ 7 * 7 }}{% raw %}'`&lt; </style></title> ünï テーブル \u202eevil\x1b[2J"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Balance(HTMLParser):
    """Collects attributes, and fails at the first tag that closes another one."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return render(FULL)


def hostile_story() -> Story:
    """The full story with every text that can come from a database replaced by an attack."""
    bad = Relation(HOSTILE, HOSTILE)

    def poisoned(snapshot: Snapshot) -> Snapshot:
        def table(old):
            columns = tuple(replace(c, name=f"{c.name}{HOSTILE}", type=HOSTILE) for c in old.columns)
            return replace(old, name=replace(old.name, name=old.name.name + HOSTILE), columns=columns)

        return replace(snapshot, tables=tuple(map(table, snapshot.tables)))

    findings = tuple(
        replace(
            f,
            rule=HOSTILE,
            object=HOSTILE,
            message=HOSTILE,
            advice=HOSTILE,
            evidence=tuple(replace(e, measure=HOSTILE, value=(HOSTILE,)) for e in f.evidence),
        )
        for f in video_page.FINDINGS
    )
    steps = tuple(
        replace(
            s,
            step=replace(
                s.step,
                title=HOSTILE,
                why=HOSTILE,
                hazard=HOSTILE,
                do=(HOSTILE,),
                locks=tuple(replace(lock, on=bad) for lock in s.step.locks),
            ),
        )
        for s in video_page.PLAN.steps
    )
    plans = video_page.slow_plan(9).replace("public", "<img src=x onerror=alert(1)>")
    side = replace(
        FULL.comparison.before,
        queries=(replace(FULL.comparison.before.queries[0], name=HOSTILE, group=HOSTILE, error=HOSTILE, plan=plans),),
    )
    return replace(
        FULL,
        title=HOSTILE,
        system=HOSTILE,
        when=HOSTILE,
        server=HOSTILE,
        database=HOSTILE,
        workload=None,
        findings=replace(video_page.REPORT, findings=findings),
        plan=replace(video_page.PLAN, steps=steps, notes=(HOSTILE,)),
        comparison=Comparison(before=side, after=side),
        snapshot_before=poisoned(video_page.BEFORE),
        snapshot_after=poisoned(video_page.AFTER),
        quarantined=tuple(replace(q, source=HOSTILE, reason=HOSTILE) for q in video_page.QUARANTINED),
        quarantined_rows=(QuarantinedRow(source=HOSTILE, reason=HOSTILE, row=((HOSTILE, HOSTILE),)),),
        learnt=(HOSTILE,),
        rehearsal=replace(
            video_page.REHEARSAL,
            proposals=tuple(
                replace(p, name=HOSTILE, what=HOSTILE, error=HOSTILE, sql=HOSTILE)
                for p in video_page.REHEARSAL.proposals
            ),
        ),
        goals=replace(
            video_page.GOALS, goals=tuple(replace(g, goal=HOSTILE, unit=HOSTILE) for g in video_page.GOALS.goals)
        ),
    )


def test_full_story_has_every_section(page):
    assert {name for name, _ in SECTIONS} == set(re.findall(r'<section id="(\w+)">', page))
    assert "9</b> <span>of 10" in page
    assert page.count("line of no return") == 1
    assert "generation expression is not immutable" in page
    assert "holds keys, without a foreign key, of" in page


def test_empty_story_says_that_there_is_nothing():
    page = render(Story())
    Balance(page)
    assert "nothing to report" in page
    assert "<section" not in page


@pytest.mark.parametrize(
    "part",
    [
        {"findings": AuditReport()},
        {"findings": video_page.REPORT},
        {"plan": video_page.PLAN},
        {"goals": video_page.GOALS},
        {"rehearsal": video_page.REHEARSAL},
        {"run": video_page.RUN},
        {"run": replace(video_page.RUN, finished_at=None)},
        {"verification": video_page.VERIFICATION},
        {"comparison": video_page.COMPARISON},
        {"load": video_page.load(400)},
        {"load": LoadReport(seconds=0, statements=0, failed=0)},
        {"snapshot_before": video_page.BEFORE},
        {"snapshot_after": video_page.AFTER},
        {"quarantined": video_page.QUARANTINED},
        {"learnt": ("It works.",)},
        {"quarantined_rows": video_page.ROWS},
        {"verification": Verification(plan="p", checks=())},
        {"plan": video_page.PLAN, "run": video_page.RUN},
        {"run": Run(id="r", plan="p", plan_hash="", state="running", started_at=video_page.START)},
        {"rehearsal": Rehearsal(plan="p", plan_hash="", server_version=180000, steps=())},
        {"plan": Plan(name="p", created="", database="d", server_version=180000, fingerprint="", steps=())},
        {
            "comparison": Comparison(
                before=Measurement(label="a", server="", database_bytes=0),
                after=Measurement(label="b", server="", database_bytes=0),
            )
        },
        {"snapshot_before": Snapshot(database="d", server_version=180000)},
    ],
    ids="-".join,
)
def test_each_part_alone_makes_a_page(part):
    Balance(render(Story(**part)))


def test_page_is_well_formed(page):
    Balance(page)


def test_page_fetches_nothing(page):
    assert not re.search(r"https?://|@import|url\(|//cdn", page)
    fetching = {"src", "srcset", "data", "action", "poster", "background"}
    read = Balance(page)
    assert not [name for _, name, _ in read.attributes if name in fetching]
    assert all(value.startswith("#") for _, name, value in read.attributes if name.endswith("href"))
    assert "link" not in read.tags


def test_content_security_policy_names_the_inline_script_and_style(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<[^>]+ style=", page)


def test_hostile_names_are_only_text():
    page = render(hostile_story())
    read = Balance(page)
    assert read.tags.count("script") == 1
    assert "img" not in read.tags
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}" in page
    assert "テーブル" in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_numbers_in_pictures_are_finite(page):
    for story_page in (
        page,
        render(
            replace(
                FULL,
                comparison=zero_timings(),
                load=LoadReport(seconds=3, statements=0, failed=0, per_second=((0.0, 0, 0.0), (1.0, 0, 0.0))),
            )
        ),
    ):
        pictures = "".join(re.findall(r"<svg.*?</svg>", story_page, re.DOTALL))
        shapes = re.sub(r"<(text|title)[ >].*?</\1>", "", pictures)
        assert pictures
        assert not re.search(r"nan|inf|None", shapes, re.IGNORECASE)


def zero_timings() -> Comparison:
    query = QueryTiming(name="q", group="", calls=0, errors=1, p50=0, p95=0, p99=0, mean=0, rows=0, plan="not JSON")
    side = Measurement(label="", server="", database_bytes=0, queries=(query,))
    return Comparison(before=side, after=side)


def test_hundred_findings_stay_under_a_megabyte():
    assert len(render(video_page.many_findings(100)).encode()) < 1_000_000


def test_finding_opens_worst_first():
    mild = Finding(object="a", message="mild", severity=Severity.INFO, rule="one")
    grave = Finding(object="b", message="grave", severity=Severity.ERROR, rule="two")
    page = render(Story(findings=AuditReport(findings=(mild, grave))))
    assert page.index("grave") < page.index("mild")


def test_text_has_contrast_in_light_and_dark(page):
    """WCAG AA for text of every size, on the page, on cards and on the tints of changed columns."""
    themes = [
        dict(re.findall(r"--(\w[\w-]*): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]
    assert len(themes) == 2
    pairs = [(text, ground) for text in ("ink", "faint", "accent", "bad", "warn") for ground in ("paper", "card")]
    pairs += [("accent", "accent-tint"), ("bad", "bad-tint"), ("warn", "warn-tint"), ("ink", "soft")]
    for theme in themes:
        for text, ground in pairs:
            assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("story", [FULL, hostile_story()], ids=["full", "hostile"])
def test_page_does_not_scroll_sideways(story, width, tmp_path: Path):
    """Measured with everything unfolded, in a frame of that width: a window cannot be as narrow as a telephone."""
    page = re.sub(r"<meta http-equiv[^>]+>", "", render(story)).replace("<details", "<details open")
    (tmp_path / "page.html").write_text(page)
    (tmp_path / "frame.html").write_text(
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe><script>onload = () => {{'
        "const page = document.querySelector('iframe').contentDocument.documentElement;"
        "document.title = page.scrollWidth + ' of ' + page.clientWidth; }</script>"
    )
    dom = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--allow-file-access-from-files",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=4000",
            "--dump-dom",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    ).stdout
    scroll, client = map(int, re.search(r"<title>(\d+) of (\d+)</title>", dom).groups())
    assert client == width
    assert scroll <= client
