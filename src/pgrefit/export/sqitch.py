"""Sqitch: deploy, revert and verify scripts, and lines of sqitch.plan with a tag at the end of each phase.

Sqitch runs each script with psql and ON_ERROR_STOP and adds no transaction of its own, so scripts say BEGIN and COMMIT
themselves; a verify script fails by an error: https://sqitch.org/docs/manual/sqitchtutorial/ and
https://sqitch.org/docs/manual/sqitchchanges/ (names). Unless told otherwise a failed deploy reverts all that went
before it, https://sqitch.org/docs/manual/sqitch-deploy/ (--mode); new projects are told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pgrefit.model.ddl import Literal, ddl, expression, joined, raw

from .files import Files, Tool, head
from .psql import down, up
from .script import Bundle, Script, text_of

PLANNER = "pgrefit <pgrefit@localhost>"
CONFIG = """\
[core]
\tengine = pg
[deploy]
\tmode = change
\tverify = true
"""
HOW = """\
sqitch deploy --mode change --verify --to @PLAN-switch DB, and when no release needs the old shape, sqitch deploy DB
back: sqitch revert --to CHANGE DB"""


def render(bundle: Bundle, out: Path) -> Files:
    """Three scripts a step and the project's plan with its lines."""
    files: dict[Path, str] = {}
    plan = out / "sqitch.plan"
    if not plan.exists():
        files[Path("sqitch.conf")] = CONFIG
    before = plan.read_text(encoding="utf-8") if plan.exists() else f"%syntax-version=1.0.0\n%project={bundle.plan}\n\n"
    for script in bundle.scripts:
        files[Path("deploy", f"{script.name}.sql")] = up(script, bundle)
        files[Path("revert", f"{script.name}.sql")] = down(script, bundle)
        files[Path("verify", f"{script.name}.sql")] = _verify(script, bundle)
    new = "".join(_lines(bundle, before))
    return files | {Path("sqitch.plan"): before + ("" if before.endswith("\n") else "\n") + new}


def _lines(bundle: Bundle, before: str) -> Iterator[str]:
    """A line a script, each requiring the one before it, and the tags."""
    stamp = bundle.created.replace("+00:00", "Z")
    previous = _last_change(before, bundle.plan)
    for script in bundle.scripts:
        needs = f" [{previous}]" if previous else ""
        yield f"{script.name}{needs} {stamp} {PLANNER} # {script.up_comments[0].removeprefix('-- ')}\n"
        tag = f"@{bundle.plan}-{script.phase.value}"
        if script is bundle.last_of(script.phase) and f"\n{tag} " not in before:
            yield f"{tag} {stamp} {PLANNER} # the end of phase {script.phase.value}\n"
        previous = script.name


def _last_change(plan: str, word: str) -> str:
    """The last script of the same plan that is in sqitch.plan already."""
    ours = [line.split(" ")[0] for line in plan.splitlines() if line.startswith(f"{word}_")]
    return ours[-1] if ours else ""


def _verify(script: Script, bundle: Bundle) -> str:
    """The proof; where a later change took up or away what the step made, there is nothing left to ask."""
    lines = [head(script, bundle), *script.up_comments[:1], ""]
    if script.proof is None:
        return "\n".join([*lines, "SELECT 'pgrefit'::pg_catalog.regnamespace;\n"])
    asking = f"BEGIN;\n{text_of((script.proof,))}ROLLBACK;\n"
    if not script.taken_over_by:
        return "\n".join([*lines, asking])
    names = joined([expression("{name}", name=Literal(name)) for name in script.taken_over_by])
    due = ddl('SELECT NOT EXISTS (SELECT FROM :"registry".changes WHERE change IN ({n})) AS due', n=raw(names))
    lines.append("-- Asked until a later change of the plan takes over what this one made.")
    return "\n".join([*lines, f"{due} \\gset", "\\if :due", f"{asking}\\endif", ""])


TOOL = Tool(
    name="sqitch", is_project=lambda out: (out / "sqitch.conf").exists() and (out / "sqitch.plan").exists(),
    scripts=lambda out: out / "deploy", render=render, how=HOW,
)  # fmt: skip
