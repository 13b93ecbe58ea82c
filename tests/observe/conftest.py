"""A database that holds one object of every kind."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

EVERY_KIND = (Path(__file__).parent / "every_kind.sql").read_text()
ROLES = ("reader", 'Wri"ter')
Load = Callable[[psycopg.Connection], None]


@pytest.fixture(scope="session")
def fill() -> Load:
    """Fill an empty database with one object of every kind."""

    def load(connection: psycopg.Connection) -> None:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
        for role in ROLES:
            if role not in there:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        connection.execute(EVERY_KIND)
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET work_mem = '5MB'").format(database))

    return load


@pytest.fixture
def full(db: psycopg.Connection, fill: Load) -> psycopg.Connection:
    """A filled database, on a server of each version in turn."""
    fill(db)
    return db


@pytest.fixture
def full18(db18: psycopg.Connection, fill: Load) -> psycopg.Connection:
    """A filled database on PostgreSQL 18."""
    fill(db18)
    return db18
