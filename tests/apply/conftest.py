"""A database with the small plan's table, and a template of it to make many."""

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest

from apply.small_plan import prepared
from pgrefit.pg.cluster import Cluster

_numbers = itertools.count(1)


@pytest.fixture
def shop(db18: psycopg.Connection) -> psycopg.Connection:
    """The start of the small plan on PostgreSQL 18."""
    return prepared(db18)


@pytest.fixture
def shops(cluster18: Cluster) -> Iterator[Callable[[], psycopg.Connection]]:
    """Makes fresh databases with the start of the small plan."""
    template, made = f"shop_{next(_numbers)}", []
    cluster18.create_database(template)
    with psycopg.connect(cluster18.dsn(template), autocommit=True) as conn:
        prepared(conn)

    def fresh() -> psycopg.Connection:
        name = f"{template}_{len(made)}"
        cluster18.create_database(name, template)
        made.append((name, psycopg.connect(cluster18.dsn(name), autocommit=True)))
        return made[-1][1]

    yield fresh
    for name, conn in made:
        conn.close()
        cluster18.drop_database(name)
    cluster18.drop_database(template)
