"""What is in a script and is not SQL: psql's own commands, the data after COPY … FROM stdin, places of a template."""

from __future__ import annotations

import re

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.lint import LintNote

DATA_END = "\\."
VARIABLE = re.compile(r"(?<![:\w]):(?=['\"A-Za-z_])")
SENDS = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b[^\n]*")
TEMPLATE = re.compile(r"\{\{[^{}]*\}\}|\$\{[^{}]*\}")
STAND_IN = "tpl"


def without_template(name: str, text: str) -> tuple[str, list[LintNote]]:
    """The script with {{ … }}, ${…} and psql's variables read as names, and a note where there is any.

    Other text keeps its place.
    """
    notes: list[LintNote] = []
    for pattern, stand_in, said in _PLACES:
        first = pattern.search(text)
        if first is not None:
            line = text.count("\n", 0, first.start()) + 1
            notes.append(LintNote(file=name, line=line, text=said.format(first[0].strip())))
            text = _replaced(pattern, stand_in, text)
    return text, notes


def _replaced(pattern: re.Pattern[str], stand_in: str, text: str) -> str:
    return pattern.sub(lambda match: stand_in.ljust(len(match[0])), text)


_PLACES = (
    (TEMPLATE, STAND_IN, "a template: {} and the like were read as names"),
    (SENDS, ";", "psql command, read as a semicolon: {}"),
    (VARIABLE, " ", "variables of psql: their names were read as their values"),
)


def without_psql(name: str, text: str) -> tuple[str, list[LintNote]]:
    """The script with such lines empty, and a note for each."""
    if "\n\\" not in "\n" + text and "from stdin" not in text.lower():
        return text, []
    lines = text.split("\n")
    notes: list[LintNote] = []
    begin = number = 0  # what is before `begin` is finished
    while number < len(lines):
        line = lines[number]
        if line.startswith("\\") and _is_complete(lines[begin:number]):
            notes.append(LintNote(file=name, line=number + 1, text=f"psql command, not linted: {line.split()[0]}"))
            lines[number] = ""
            begin = number
        elif "stdin" in line.lower() and _ends_in_copy(lines[begin : number + 1]):
            end = next((i for i in range(number + 1, len(lines)) if lines[i].rstrip() == DATA_END), len(lines) - 1)
            notes.append(
                LintNote(file=name, line=number + 2, text=f"{end - number - 1:,} lines of COPY data, not linted")
            )
            lines[number + 1 : end + 1] = [""] * (end - number)
            begin = number = end
        number += 1
    return "\n".join(lines), notes


def _is_complete(lines: list[str]) -> bool:
    """Whether no string or comment is open at the end of these lines."""
    return _tokens(lines) is not None


def _ends_in_copy(lines: list[str]) -> bool:
    """Whether the last statement is a COPY … FROM STDIN, and is complete."""
    tokens = [token for token in _tokens(lines) or () if token not in {pb.SQL_COMMENT, pb.C_COMMENT}]
    if not tokens or tokens[-1] != pb.ASCII_59:
        return False
    before = tokens[:-1]
    begin = max((place + 1 for place, token in enumerate(before) if token == pb.ASCII_59), default=0)
    last = before[begin:]
    return bool(last) and last[0] == pb.COPY and pb.STDIN in last


def _tokens(lines: list[str]) -> list[int] | None:
    try:
        return [int(token.token) for token in postgast.scan("\n".join(lines)).tokens]
    except postgast.PgQueryError:
        return None
