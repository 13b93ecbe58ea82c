"""Columns that name files outside of the database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._languages import meanings

PATH = re.compile(r"(?!https?:)([a-z0-9]+://|[A-Za-z]:\\|\\\\|~?/|\.{1,2}/|[\w.-]+[/\\]).*\.[A-Za-z][A-Za-z0-9]{1,4}")
OF_WEB = {"endpoint", "href", "link", "page", "referer", "referrer", "request", "route", "uri", "url"}
FEWEST, ENOUGH, MOSTLY = 5, 20, 0.9  # values, and the share of them that must be paths
ROADS = {"path", "filepath", "filename"}
FILES = {"attachment", "document", "file", "image", "pdf", "photo", "picture", "scan", "thumbnail", "upload", "video"}


@rule(
    code="TYP041",
    title="Path of a file",
    why="The file is no part of the transaction, the backup or the privileges: it goes, moves or changes alone.",
    example="CREATE TABLE letter (id int PRIMARY KEY, scan_path text);",
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, url text, career_path text, node_path text, file_name text);
        INSERT INTO letter SELECT n, 'https://example.org/' || n || '.html', 'nurse', '/1/' || n || '/', n || '.pdf'
        FROM generate_series(1, 50) AS n;
        ANALYZE letter;
    """,
    by_default=False,
)
def path_of_file(observation: Observation) -> Iterator[Finding]:
    """Texts whose values are paths of files; where none were seen, those named so."""

    def is_path(table: Table, column: Column) -> bool:
        values = seen_values(statistics_of(observation, table).column(column.name))[:ENOUGH]
        if len(values) < FEWEST:
            return not values and _is_named_so(column.name)
        paths = sum(PATH.fullmatch(value) is not None for value in values)
        return paths >= MOSTLY * len(values) and not meanings(column.name) & OF_WEB

    texts = columns_of_type(observation, lambda type_: type_.partition("(")[0] in TEXT_TYPES, is_path)
    for table, columns in texts:
        for column in columns:
            rows = max(statistics_of(observation, table).rows, 0)
            yield Finding(
                object=named(table, column.name),
                message="holds paths of files",
                severity=Severity.INFO,
                evidence=(catalog("type", column.type), statistic("rows", rows)),
                advice="keep beside it the digest and the size, and look for files without rows and rows without files",
            )


def _is_named_so(name: str) -> bool:
    said = meanings(name)
    return bool(said & ROADS) and bool(said & FILES)
