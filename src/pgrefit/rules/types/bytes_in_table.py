"""Binary contents in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._languages import meanings

FEW = 10  # of a schema that are told one by one
AS_TEXT = re.compile(r"data:[\w.+/-]+;base64,")
SMALL = 128  # bytes of a digest, a key or a signature, as stored
# What is short, and belongs to its row.
SHORT = {
    "bitmap", "bloom", "checksum", "cipher", "ciphertext", "code", "crc", "digest", "empreinte", "encrypted", "etag",
    "fingerprint", "geom", "hash", "hll", "huella", "id", "ip", "iv", "key", "mac", "md5", "nonce", "password",
    "pruefsumme", "salt", "secret", "seed", "sha", "sha256", "signature", "sketch", "sum", "tag", "token", "uuid",
    "vector",
}  # fmt: skip


@rule(
    code="TYP040",
    title="Binary content in a table",
    why="Backups, replicas and the cache carry it along, and every reader gets it whole through a connection.",
    example="CREATE TABLE letter (id int PRIMARY KEY, scan bytea);",
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, sha256 bytea, encrypted_iban bytea, seal bytea,
                             CHECK (octet_length(seal) = 32));
    """,
    by_default=False,
)
def bytes_in_table(observation: Observation) -> Iterator[Finding]:
    """Columns of bytes that are no digest, key or token, by name, by a check of their length and by their width.

    And texts of such bytes in base64.
    """

    def keeps_contents(table: Table, column: Column) -> bool:
        checked = any(column.name in check.columns and "length" in str(check.expression) for check in table.checks)
        return not checked and not meanings(column.name) & SHORT and not _is_small(observation, table, column)

    def written_out(table: Table, column: Column) -> bool:
        seen = statistics_of(observation, table)
        values = seen_values(seen.column(column.name))
        named_so = any(mark in column.name.lower() for mark in ("base64", "b64"))
        return (named_so and seen.toast_bytes > 0) or (bool(values) and all(map(AS_TEXT.match, values)))

    in_bytes = columns_of_type(observation, lambda type_: type_ == "bytea", keeps_contents)
    in_texts = columns_of_type(observation, lambda type_: type_ == "text", written_out)
    found = (*in_bytes, *in_texts)
    each = ((t.name.schema, _finding(observation, t, column)) for t, columns in found for column in columns)
    return by_schema(each, "columns keep binary contents in their tables", few=FEW)


def _finding(observation: Observation, table: Table, column: Column) -> Finding:
    size = statistics_of(observation, table).toast_bytes
    return Finding(
        object=named(table, column.name),
        message="keeps binary contents in the table",
        severity=Severity.INFO,
        evidence=(catalog("type", column.type), statistic("bytes out of line", size)),
        advice="keep them in a store of objects, and here their address, size and digest",
        cost=Cost(bytes=size) if size else None,
    )


def _is_small(observation: Observation, table: Table, column: Column) -> bool:
    seen = statistics_of(observation, table)
    width = seen.column(column.name)
    return width is not None and seen.toast_bytes == 0 and 0 < width.average_width <= SMALL
