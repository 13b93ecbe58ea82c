"""Several values in one text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, known, named, statistics_of
from pgrefit.rules._columns import columns_of_type, domain_of, seen_values
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import words

LISTS = {"csv", "ids", "uuids", "guids"}  # a name that says so
PLURALS = {
    "accounts", "allergies", "attributes", "authors", "categories", "codes", "countries", "domains", "emails",
    "features", "flags", "genres", "groups", "hobbies", "hosts", "ingredients", "interests", "keys", "keywords",
    "labels", "languages", "list", "members", "names", "numbers", "options", "permissions", "phones", "recipients",
    "roles", "scopes", "skills", "symptoms", "tags", "teams", "topics", "types", "urls", "users", "values",
    "attachments", "coupons", "files", "subjects", "competencies", "hashtags", "actors", "cast", "directors", "anexos",
    "archivos", "arquivos", "anhaenge", "dateien", "allegati", "fichiers", "autori", "autores", "auteurs", "autoren",
    "schlagworte", "stichworte", "etiquetas", "etiquettes", "tagi", "etykiety", "idiomas", "langues", "lingue",
    "sprachen", "jezyki", "alergias", "allergien", "allergie", "alergie", "competences", "competenze", "habilidades",
    "faehigkeiten", "umiejetnosci", "soggetti", "temas", "themen", "tematy", "generos", "gatunki", "zutaten",
    "ingredientes", "ingredienti", "skladniki", "sintomas", "symptome", "sintomi", "telefonos", "telefones", "correos",
    "palabras", "palavras", "parole", "mitglieder", "membros", "miembros", "participantes", "teilnehmer", "invitados",
}  # fmt: skip
ITEMS = re.compile(r"\[?[^,;|\s][^,;|]{0,60}(?:\s?[,;|]\s?[^,;|]{1,60})+\]?")
SHARE = 0.3  # of the values that ANALYZE kept
FEWEST = 2  # values, and lists among them
SENTENCE = 5  # words of a part of prose
MARKS = (";", "|", ",", "/", "\n")
FRAMED = re.compile(r"\{[^{}:]+\}|([,;|#])[^,;|#]+\1([^,;|#]+\1)*")  # {a,b} as an array is written, and |1|2|
WHOLE = re.compile(r"[<>~+-]?\d+")
BETWEEN = re.compile(r"[,;|#]")
FEWEST_LISTS, FEWEST_MARKED = 6, 4  # that tell, where no name does; with a mark that prose has not
MOST_ITEM_WORDS, LONGEST_ITEM = 5, 40
NEARLY_ALL = 0.98  # of the parts, that are items
RECURRING = 2.5  # times that an item occurs
MANY_LENGTHS, OFTEN = 3, 4  # different numbers of items; times that an item occurs
WANDERING = 0.3  # share of the items that are first in one text and not in another
TWO_OF_ONE = {"address", "street", "place", "location", "name", "title", "path", "file", "url", "date", "time", "city",
              "region", "coordinates", "position", "version", "format", "ratio", "unit", "formula", "note", "comment",
              "remark", "description", "message", "text", "body", "content", "summary"}  # fmt: skip


@rule(
    code="RED011",
    title="List kept in a text",
    why=(
        "No foreign key holds its items, no index finds one, and removing one means rewriting the text; a search by"
        " LIKE for 7 finds 17."
    ),
    example="CREATE TABLE project (id int PRIMARY KEY, member_ids text NOT NULL);",
    clean="""
        CREATE TABLE project (id int PRIMARY KEY, member_ids int[], label_ids jsonb, tags text, emails text, kids text);
        INSERT INTO project SELECT n, '{}', '[]', 'tag ' || n, n || '@example.org', 'a, b'
        FROM generate_series(1, 50) AS n;
        ANALYZE project;
    """,
)
def list_in_text(observation: Observation) -> Iterator[Finding]:
    """Columns of text named x_ids or x_csv, and those named in the plural whose sampled values are lists.

    Also those, whatever their name, whose values are joined from the same few items in different places.
    """

    def may_hold_lists(_: Table, column: Column) -> bool:
        domain = domain_of(observation.snapshot, column.type)
        return not (column.type if domain is None else domain.base).endswith("[]")

    for table, columns in columns_of_type(
        observation, lambda type_: type_.partition("(")[0] in TEXT_TYPES, may_hold_lists
    ):
        for column in columns:
            share = _share_of_lists(observation, table, column)
            last = {*words(column.name)[-1:], *(words(column.name)[:1])}
            by_name = bool({*words(column.name)[-1:]} & LISTS)
            lists = share >= SHARE and bool(last & (LISTS | PLURALS))
            if lists or (by_name and share < 0) or _joins_items(observation, table, column):
                yield _finding(table, column, share)


def _share_of_lists(observation: Observation, table: Table, column: Column) -> float:
    """The share of lists among the values that ANALYZE kept, 0 where they are no two; -1 where no values tell."""
    values = [value for value in seen_values(statistics_of(observation, table).column(column.name)) if value.strip()]
    lists = sum(_is_list(value) for value in values)
    if len(values) < FEWEST:
        return -1.0
    return lists / len(values) if lists >= FEWEST else 0.0


def _joins_items(observation: Observation, table: Table, column: Column) -> bool:
    """Whether the values, whatever the name, are joined from items that recur, now first and now behind another."""
    values = [value.strip() for value in seen_values(statistics_of(observation, table).column(column.name))]
    if len(values) < FEWEST_MARKED or meanings(column.name) & TWO_OF_ONE:
        return False
    return _are_framed(values) or any(_are_joined(values, mark) for mark in MARKS)


def _are_framed(values: list[str]) -> bool:
    """Whether all are written as lists are, so that one item can be searched for with its marks."""
    filled = [value for value in values if value not in {"", "{}"}]
    lists = [value for value in filled if BETWEEN.search(value.strip("{},;|#"))]
    whole = all(FRAMED.fullmatch(value) for value in filled)
    items = (item for value in lists for item in BETWEEN.split(value.strip("{},;|#")))
    return (
        whole
        and len(lists) >= max(FEWEST_LISTS, SHARE * len(filled))
        and all(0 < len(i) <= LONGEST_ITEM for i in items)
    )


def _are_joined(values: list[str], mark: str) -> bool:
    if mark == "\n" and any(":" in value for value in values):  # lines that say what they are about
        return False
    split = [[item.strip() for item in value.strip("[]{}").split(mark)] for value in values if value]
    lists = [items for items in split if len(items) > 1]
    if mark == "," and all(len(items) == 2 and all(map(WHOLE.fullmatch, items)) for items in lists):  # 12,5
        return False
    occurring = Counter(chain(*split))
    items = sum(seen for item, seen in occurring.items() if _is_item(item, mark))
    fewest = FEWEST_MARKED if mark in ";|" else FEWEST_LISTS
    if len(lists) < max(fewest, SHARE * len(split)) or items < NEARLY_ALL * sum(occurring.values()):
        return False
    if sum(occurring.values()) < RECURRING * len(occurring) or len({*map(len, split)}) == 1:
        return False
    first, behind = {items[0] for items in split}, Counter(item for items in lists for item in items[1:])
    wandering = sum(seen for item, seen in behind.items() if item in first)
    of_many_lengths = len({*map(len, split)}) >= MANY_LENGTHS and sum(occurring.values()) >= OFTEN * len(occurring)
    return mark in ";|" or of_many_lengths or wandering >= WANDERING * sum(behind.values())


def _is_item(text: str, mark: str) -> bool:
    """A word or a few; a number, but not as in 3/4."""
    told = any(map(str.isalpha if mark == "/" else str.isalnum, text))
    return told and 0 < len(text) <= LONGEST_ITEM and len(text.split()) <= MOST_ITEM_WORDS


def _is_list(value: str) -> bool:
    items = re.split(r"[,;|]", value)
    return ITEMS.fullmatch(value.strip()) is not None and all(len(item.split()) < SENTENCE for item in items)


def _finding(table: Table, column: Column, share: float) -> Finding:
    seen = share >= 0
    return Finding(
        object=named(table, column.name),
        message="holds lists as text" if seen else "is named like a list, and is a text",
        severity=Severity.WARNING if seen else Severity.INFO,
        evidence=known((
            catalog("type", column.type),
            Evidence(measure="share of lists among values that ANALYZE kept", source="statistics",
                     value=round(share, 2) if share >= SHARE else ()),
        )),
        advice="make a table of its own with a row for each item; or an array, where nothing else refers to the items",
    )  # fmt: skip
