"""How migration tools run a file: in one transaction or not, and which part of it is the way up.

Sources: the manuals of goose, dbmate, sql-migrate, Flyway, golang-migrate, Atlas, Prisma, diesel, sqlx, tern,
node-pg-migrate, postgres-migrations, Sqitch, Drizzle and Supabase.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Wrapping = Literal["whole", "message", "none"]
OWN = "pgrefit"  # a plan of our own
FLYWAY = re.compile(r"^([VU]\d[\d._]*|R)__.*\.sql$")
PRISMA_FOLDER = re.compile(r"^\d{14}_")
UP_FILE = re.compile(r"^\d+.*\.up\.sql$")
SQITCH = re.compile(r"^-- (deploy|revert|verify) \S+ (to|from|on) pg$")
DOWN_FILE = re.compile(r"(^down\.sql$|\.down\.sql$|^U\d[\d._]*__.*\.sql$)")
SECTIONS = (  # of one file that holds both ways: tool, beginning of the way up, of the way down
    ("goose", "-- +goose up", "-- +goose down"),
    ("dbmate", "-- migrate:up", "-- migrate:down"),
    ("sql-migrate", "-- +migrate up", "-- +migrate down"),
    ("node-pg-migrate", "-- up migration", "-- down migration"),
    ("tern", "", "---- create above / drop below ----"),
)
BOOKKEEPING = frozenset({  # in which tools keep what has been run: a row each, or one row
    "alembic_version", "schema_migrations", "ar_internal_metadata", "flyway_schema_history", "goose_db_version",
    "django_migrations", "_prisma_migrations", "__drizzle_migrations", "databasechangelog", "databasechangeloglock",
    "knex_migrations", "pgmigrations", "_sqlx_migrations", "__EFMigrationsHistory", "doctrine_migration_versions",
})  # fmt: skip
NO_TRANSACTION = (
    "-- +goose no transaction", "-- atlas:txmode none", "-- no-transaction", "---- tern: disable-tx",
    "-- postgres-migrations disable-transaction", "-- disable-transaction", "-- transaction: false",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """How a file is run. `transaction`: the whole file in one; as one message, of which the server makes one
    transaction where it holds several statements; or each statement by itself. `known`: the tool, or a marker in the
    file, says so; else it is what most tools do.
    """

    tool: str
    transaction: Wrapping
    known: bool


def is_down_file(path: Path) -> bool:
    """Whether the file's name, or its folder beside the one of the ways up, says that it is a way back."""
    return bool(DOWN_FILE.search(path.name)) or _in_sqitch(path, "revert")


def is_check_file(path: Path) -> bool:
    """Whether the file only looks whether another has been run."""
    return _in_sqitch(path, "verify")


def _in_sqitch(path: Path, folder: str) -> bool:
    return any(parent.name == folder and parent.with_name("deploy").is_dir() for parent in path.parents)


def convention_of(path: Path, text: str) -> Convention:
    """The convention that a file's markers, its name, or the files around it tell."""
    marks = [line.strip().lower() for line in text.splitlines() if line.lstrip().startswith("--")]
    marks += ["--> statement-breakpoint"] if "--> statement-breakpoint" in text else []
    tool, wrapping = _tool(path, marks)
    if _is_unwrapped(path, tool, marks):
        return Convention(tool=tool, transaction="none", known=True)
    return Convention(tool=tool, transaction=wrapping, known=bool(tool))


def section(text: str, tool: str, *, down: bool) -> str:
    """The file with the lines of the other way blank, so that places stay where they are."""
    ways = next((marks for marks in SECTIONS if marks[0] == tool), None)
    if ways is None:
        return text
    _, up_mark, down_mark = ways
    kept: list[str] = []
    is_up = True
    for line in text.split("\n"):
        mark = line.strip().lower()
        if mark.startswith(down_mark):
            is_up = False
        elif up_mark and mark.startswith(up_mark):
            is_up = True
        kept.append(line if is_up != down else "")
    return "\n".join(kept)


def _tool(path: Path, marks: list[str]) -> tuple[str, Wrapping]:
    for tool, up_mark, down_mark in SECTIONS:
        if any(mark.startswith((up_mark or down_mark, down_mark)) for mark in marks):
            return tool, "whole"
    if any(SQITCH.match(mark) for mark in marks):
        return "sqitch", "none"  # psql runs it: each statement by itself
    if any(mark.startswith("--> statement-breakpoint") for mark in marks):
        return "drizzle", "whole"
    if any(mark.startswith("-- atlas:") for mark in marks) or (path.parent / "atlas.sum").is_file():
        return "atlas", "whole"
    return _tool_by_name(path)


def _tool_by_name(path: Path) -> tuple[str, Wrapping]:
    if FLYWAY.match(path.name):
        return "flyway", "whole"
    if path.name == "migration.sql" and PRISMA_FOLDER.match(path.parent.name):
        return "prisma", "message"
    if path.name in {"up.sql", "down.sql"}:
        return "diesel", "whole"
    if path.parts[-3:-1] == ("supabase", "migrations"):
        return "supabase", "message"
    if UP_FILE.match(path.name):
        return "golang-migrate", "message"
    return "", "whole"


def _is_unwrapped(path: Path, tool: str, marks: list[str]) -> bool:
    if any(mark.startswith(NO_TRANSACTION) for mark in marks):
        return True
    match tool:
        case "dbmate":
            return any(mark.startswith("-- migrate:") and "transaction:false" in mark for mark in marks)
        case "sql-migrate":
            return any(mark.startswith("-- +migrate") and "notransaction" in mark for mark in marks)
        case "flyway":
            says = _beside(path, path.name + ".conf").replace(" ", "").lower()
            return "executeintransaction=false" in says or "-- executeintransaction=false" in marks
        case "diesel":
            return _metadata(path).get("run_in_transaction") is False
        case _:
            return False


def _metadata(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(_beside(path, "metadata.toml"))
    except tomllib.TOMLDecodeError:
        return {}


def _beside(path: Path, name: str) -> str:
    try:
        return path.with_name(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
