"""Mistakes in refit.toml: the file, the line, and what was probably meant."""

import pytest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[refit]\nname = "x"\n[indexs]\nadvise = true\n', (":3: unknown key 'indexs'", "did you mean 'indexes'?")),
        ('[reference."public.attempts.video_id"]\non_delet = "x"\n', (":2: unknown key 'on_delet'", "'on_delete'")),
        ('[indexes]\nadvise = "perhaps"\n', (":2: indexes.advise: ", "boolean")),
        ('[reference."public.attempts.video_id"]\norphans = "eat"\n', (":2: ", "'quarantine' or 'refuse'")),
        ("[refit\n", ("is not valid TOML", "line 1")),
        ('[reference.attempts]\norphans = "refuse"\n', (":1: 'attempts' is not schema.table.column", "quotes and all")),
        ("[reference.public.attempts.video_id]\n", (":1: ", '[reference."schema.table.column"]')),
        ('folder = "elsewhere"\n', (":1: unknown key 'folder'",)),
        (
            '[reference."public.atempts.video_id"]\n',
            (":1: there is no column public.atempts.video_id in database shop", "'public.attempts.video_id'?"),
        ),
        ('\n[check."public.attempts.scores"]\n', (":2: there is no column public.attempts.scores", "attempts.score'?")),
        ('[computed."public.attempt"]\nview = "public.v"\n', ("no table public.attempt ", "'public.attempts'")),
        ('[computed."public.attempts"]\nview = "a.v"\ndrop = ["scor"]\n', (":3: there is no column scor ", "'score'")),
        ('[storage]\nrewrite = ["public.video"]\n', (":2: there is no table public.video", "'public.videos'")),
        ('[row_security]\nroles = ["creatr"]\nidentities = "SELECT 1"\n', (":2: there is no role creatr", "'creator'")),
        ('[[change]]\ndo = "create_indx"\n', (":2: there is no change 'create_indx'", "did you mean 'create_index'?")),
        (
            '[refit]\nname = "x"\n[[change]]\ndo = "drop_column"\ntable = "public.attempts"\ncolum = "score"\n',
            (":6: unknown key 'colum'", "'column'"),
        ),
        ('[[change]]\ndo = "drop_column"\ntable = "attempts"\ncolumn = "score"\n', (":3: table: 'attempts' is not",)),
        ('[[change]]\ndo = "drop_column"\ntable = "public.attempts"\n', ("column: Field required",)),
        (
            '[[change]]\ndo = "drop_index"\nindex = "public.x"\ntable = "public.attempts"\n',
            (":3: index: there is no public.x", "'public.videos_pkey'"),
        ),
        ('[refit]\nignore = ["reference-as-txt"]\n', ("no rule 'reference-as-txt'", "'reference-as-text'")),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(program, server, text, words):
    (program.cwd / "refit.toml").write_text(text)
    program("design", server.dsn("shop"), "--out", "plan").refused(2, *words)
    assert [path.name for path in program.cwd.iterdir()] == ["refit.toml"]


def test_changes_asked_for_by_name(program, shop):
    """Field by field, in the file's order; nothing that a finding asks for is needed."""
    (program.cwd / "refit.toml").write_text(
        """
        [[change]]
        do = "add_check"
        table = "public.attempts"
        name = "score_is_a_score"
        condition = "score >= 0"

        [[change]]
        do = "create_index"
        table = "public.attempts"
        keys = [{ column = "score", descending = true }, { expression = "pg_catalog.lower(video_id)" }]
        where = "score > 50"
        """
    )
    assert program("design", shop.dsn, "--out", "plan").status == 0
    assert program("apply", "plan", shop.dsn, "--yes").status == 0
    assert shop("SELECT convalidated FROM pg_constraint WHERE conname = 'score_is_a_score'") == [(True,)]
    ((index,),) = shop("SELECT pg_get_indexdef('attempts_score_expr_idx'::regclass)")
    assert "(score DESC, lower(video_id)) WHERE (score > 50)" in index


def test_no_such_file(program, server):
    program("design", server.dsn("shop"), "--intent", "refti.toml").refused(2, "refti.toml cannot be read")


def test_what_no_finding_asks_for_is_noted(program, server):
    text = '[reference."public.attempts.video_id"]\n[required."public.attempts.id"]\n'
    (program.cwd / "refit.toml").write_text(text)
    said = program("design", server.dsn("shop"), "--out", "plan")
    assert said.status == 0, said.err
    assert "public.attempts.id: named under [required], but no finding asks" in " ".join(said.out.split())
