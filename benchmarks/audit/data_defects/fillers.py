"""Columns in which nothing is wrong: what stands between the planted ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.world import Table, World


def _note(w: World, t: Table) -> None:
    w.add(t, "note", "text", [w.sentence() if w.draw.random() < 0.6 else None for _ in range(t.rows)])


def _balance(w: World, t: Table) -> None:
    w.add(t, "balance", "numeric(12,2) NOT NULL", [round(w.draw.gauss(20, 400), 2) for _ in range(t.rows)])


def _surname(w: World, t: Table) -> None:
    w.add(t, "last", "text NOT NULL", w.draw.choices(w.vocabulary(90), k=t.rows))


def _created(w: World, t: Table) -> None:
    w.add(t, "created", "timestamptz NOT NULL DEFAULT now()", [w.moment() for _ in range(t.rows)])


def _active(w: World, t: Table) -> None:
    w.add(t, "active", "boolean NOT NULL", [w.draw.random() < 0.7 for _ in range(t.rows)])


def _quantity(w: World, t: Table) -> None:
    numbers = [w.draw.randint(1, 60) for _ in range(t.rows)]
    w.add(t, "quantity", "integer NOT NULL CHECK ({c} > 0)", numbers)


def _temperature(w: World, t: Table) -> None:
    w.add(t, "temperature", "double precision NOT NULL", [round(w.draw.gauss(9, 11), 1) for _ in range(t.rows)])


def _city(w: World, t: Table) -> None:
    w.add(t, "city", "text NOT NULL", w.draw.choices(w.vocabulary(80), k=t.rows))


def _closed(w: World, t: Table) -> None:
    moments = [w.moment() + timedelta(days=900) for _ in range(t.rows)]
    w.add(t, "closed", "timestamptz", w.sparse(moments, 0.4))


def _step(w: World, t: Table) -> None:
    known = words.STATES[w.language]
    check = ", ".join(f"'{state}'" for state in known)
    w.add(t, "step", f"text NOT NULL CHECK ({{c}} IN ({check}))", w.draw.choices(known, k=t.rows))


def _reference(w: World, t: Table) -> None:
    others = [o for o in w.tables if o is not t and w.reference(o) not in t.columns]
    if others:
        parent = w.draw.choice(others)
        kind = parent.key.type.split()[0]
        keys = w.draw.choices(parent.key.values, k=t.rows)
        name = w.add_named(t, w.reference(parent), f"{kind} NOT NULL", keys)
        w.foreign_key(t, name, parent)


FILLERS: tuple[Callable[[World, Table], None], ...] = (
    _note, _balance, _surname, _created, _active, _quantity, _temperature, _city, _closed, _step, _reference,
)  # fmt: skip


def fill(w: World) -> None:
    """Some of them into every table."""
    for table in list(w.tables):
        for filler in w.draw.sample(FILLERS, w.draw.randint(2, 5)):
            filler(w, table)
