"""What the rows of a table are for, as far as its columns tell."""

from __future__ import annotations

import re

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.sql_tree import value_list
from pgrefit.rules._ask import WHOLE_TYPES, is_text
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import words

ATTEMPTS = {"attempt", "retry", "try", "versuch", "versuche", "intento", "tentativa", "tentative", "poging", "proba",
            "percobaan", "deneme", "forsok", "forsoek"}  # fmt: skip
OF_PEOPLE = {"login", "password", "signin", "sign", "pin", "otp", "failed", "max", "maximum", "quiz", "exam", "test"}
ERRORS = {"error", "exception", "failure", "fehler", "erreur", "errore", "erro", "fout", "blad"}
MOMENTS = {"timestamp with time zone", "timestamp without time zone"}
MOST_COLUMNS = 10  # of a table that only takes in what another one then gets
LOGS = {"log", "audit", "trail", "protokoll", "dziennik", "bitacora", "logg", "loggbok", "jejak", "denetim"}
OF_LOGS = "access|action|aenderungs?|audit|change|error|ereignis|event|handelse|sys|system|user|zugriffs?"
LOG = re.compile(rf"(?:{OF_LOGS})s?logg?s?")  # in one word
SETTINGS = {"setting", "config", "configuration", "parameter", "option", "preference", "flag", "einstellung", "ayar",
            "ayarlar", "setelan", "pengaturan", "installning", "installningar", "instelling", "instellingen",
            "ustawienie", "ustawienia", "configuracao", "configuracion", "impostazione", "settei"}  # fmt: skip


def is_passed_on(table: Table) -> bool:
    """Whether each row is a message or a job: it counts the attempts, and is done with at some moment."""
    counted = (c for c in table.columns if c.type in WHOLE_TYPES and meanings(c.name) & ATTEMPTS)
    return any(not meanings(c.name) & OF_PEOPLE for c in counted) and any(map(_comes_later, table.columns))


def is_landed(table: Table) -> bool:
    """Whether rows wait here as they came: with what was wrong with them, and when they were taken over."""
    errors = any(is_text(c) and not c.not_null and meanings(c.name) & ERRORS for c in table.columns)
    small = len(table.columns) <= MOST_COLUMNS and not table.foreign_keys
    return errors and small and any(map(_comes_later, table.columns))


def is_log(name: Relation) -> bool:
    """Whether the table is named as one that keeps what happened, also to rows that are gone."""
    return bool(meanings(name.name) & LOGS) or any(map(LOG.fullmatch, words(name.name)))


def is_of_settings(table: Table) -> bool:
    """Whether it has the settings of the application: by its name, with a text as the key, or in a single row."""
    keyed = tuple(c for c in table.columns if (c.name,) == table.primary_key and is_text(c))
    return has_one_row(table) or (bool(keyed) and bool(meanings(table.name.name) & SETTINGS))


def has_one_row(table: Table) -> bool:
    """Whether it can hold a single row: its key is a boolean, or is checked to be one value."""
    if len(table.primary_key) != 1:
        return False
    key = table.column(table.primary_key[0])
    checks = (check for check in table.checks if check.columns == table.primary_key and check.expression)
    lists = (value_list(check.expression) for check in checks if check.expression)
    return key.type == "boolean" or any(found is not None and len(found[1]) == 1 for found in lists)


def is_part(table: Table) -> bool:
    """Whether its rows have no identity of their own: another table's key is a part of theirs."""
    return any({*key.columns} & {*table.primary_key} for key in table.foreign_keys)


def _comes_later(column: Column) -> bool:
    return column.type in MOMENTS and not column.not_null and column.default is None
