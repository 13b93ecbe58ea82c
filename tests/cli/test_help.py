"""What the program says of itself, and how soon."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pgrefit import __version__

VERBS = (
    "demo",
    "audit",
    "explain",
    "design",
    "rehearse",
    "apply",
    "rollback",
    "status",
    "pause",
    "resume",
    "stop",
    "verify",
    "bench",
    "export",
    "lint",
)
HEAVY = ("psycopg", "rich", "pydantic", "postgast", "jinja2", "pgrefit.pg", "pgrefit.model.plan")


def test_help_names_every_verb_with_a_whole_sentence(program):
    said = program("--help")
    assert said.status == 0
    lines = said.out.split("Commands:")[1].strip().splitlines()
    assert [line.split()[0] for line in lines] == list(VERBS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(program, verb):
    said = program(verb, "--help")
    assert said.status == 0
    assert said.out.startswith(f"Usage: python -m pgrefit {verb} ")


def test_help_is_there_at_once(program):
    """Little more than the command line library takes by itself: nothing heavy is loaded for it."""

    def best(*argv: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, *argv], check=True, capture_output=True)
            return time.perf_counter() - began

        return min(once() for _ in range(5))

    assert best("-m", "pgrefit", "apply", "--help") < best("-c", "import typer") + 0.3
    loaded = "import sys, pgrefit.cli.main; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout.split()
    assert not set(HEAVY) & set(modules)


def test_version_and_console_script(program):
    assert program("--version").out == f"pgrefit {__version__}\n"
    script = Path(sys.executable).with_name("pgrefit")
    assert subprocess.run([script, "--version"], capture_output=True, check=True).stdout.startswith(b"pgrefit ")


@pytest.mark.parametrize(
    "words", [(), ("aply",), ("apply",), ("audit", "--no-such"), ("audit", "--format", "pdf"), ("demo", "--scale", 0)]
)
def test_wrong_usage(program, words):
    said = program(*words)
    assert (said.status, said.out) == (2, "")
    assert "Usage: " in said.err


def test_an_unknown_system_names_those_there_are(program):
    program("demo", "nope").refused(2, "'nope'", "video_page")
    assert not list(program.cwd.iterdir())
