"""D06 counters and sums that drifted, D17 copies that drifted from their parent."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Planted, Table, Values, World, planted

COUNT = "integer NOT NULL CHECK ({c} >= 0)"


def _family(w: World, *, declared: bool = True) -> tuple[Table, Table, Values]:
    """A parent, a new child of it, and the child's references."""
    parent = w.parent(w.draw.randint(200, 600))
    child = w.table(w.draw.randint(4, 9) * parent.rows)
    child.plants += 1
    keys = w.draw.choices(parent.key.values, k=child.rows)
    name = w.add_named(child, w.reference(parent), "bigint NOT NULL", keys)
    if declared:
        w.foreign_key(child, name, parent)
    return parent, child, keys


def _drifted(w: World, values: list[int]) -> int:
    rows = w.pick(len(values), 0.03)
    for row in rows:
        values[row] += w.draw.randint(1, 4)
    return len(rows)


def _count_of(w: World, child: Table) -> str:
    word = words.thing(child.thing, w.language)
    count = words.field("count", w.language)
    return f"{count}_{word[1]}" if w.language in {"german", "spanish"} else f"{word[1]}_{count}"


@defect("D06")
def number_of_children(w: World) -> Planted:
    parent, child, keys = _family(w)
    found = Counter(keys)
    values = [found[key] for key in parent.key.values]
    wrong = _drifted(w, values)
    return planted(parent, w.add_named(parent, w.style(_count_of(w, child)), COUNT, values), counts=[wrong])


@defect("D06")
def sum_of_children(w: World) -> Planted:
    parent, child, keys = _family(w)
    amounts = [Decimal(w.draw.randint(100, 50_000)) / 100 for _ in keys]
    w.add(child, "amount", "numeric(10,2) NOT NULL CHECK ({c} > 0)", amounts)
    sums = dict.fromkeys(parent.key.values, Decimal(0))
    for key, amount in zip(keys, amounts, strict=True):
        sums[key] += amount
    values = list(sums.values())
    rows = w.pick(parent.rows, 0.03)
    for row in rows:
        values[row] += Decimal("3.5")
    name = w.add(parent, ("total", "amount"), "numeric(12,2) NOT NULL CHECK ({c} >= 0)", values)
    return planted(parent, name, counts=[len(rows)])


@defect("D06")
def number_of_published_children(w: World) -> Planted:
    parent, child, keys = _family(w)
    shown = [w.draw.random() < 0.6 for _ in keys]
    w.add(child, "published", "boolean NOT NULL", shown)
    found = Counter(key for key, show in zip(keys, shown, strict=True) if show)
    values = [found[key] for key in parent.key.values]
    wrong = _drifted(w, values)
    name = w.style(f"{words.field('published', w.language)}_{_count_of(w, child)}")
    return planted(parent, w.add_named(parent, name, COUNT, values), counts=[wrong])


@decoy("D06")
def published_children_counted_right(w: World) -> Planted:
    """It is not the number of all: it disagrees with that in most rows."""
    parent, child, keys = _family(w)
    states = w.draw.choices(words.STATES[w.language], k=len(keys))
    check = ", ".join(f"'{state}'" for state in words.STATES[w.language])
    w.add(child, "status", f"text NOT NULL CHECK ({{c}} IN ({check}))", states)
    found = Counter(key for key, state in zip(keys, states, strict=True) if state == words.STATES[w.language][1])
    values = [found[key] for key in parent.key.values]
    return planted(parent, w.add_named(parent, w.style(_count_of(w, child)), COUNT, values))


@decoy("D06")
def places_that_there_are(w: World) -> Planted:
    """As many as there may be, of which some are taken."""
    parent, _, keys = _family(w)
    found = Counter(keys)
    values = [found[key] + w.draw.randint(0, 12) for key in parent.key.values]
    return planted(parent, w.add(parent, "capacity", COUNT, values))


@decoy("D06")
def views_of_a_page(w: World) -> Planted:
    parent, _, _ = _family(w)
    values = [int(w.draw.lognormvariate(3, 1)) for _ in range(parent.rows)]
    return planted(parent, w.add(parent, "views", COUNT, values))


def _copied(w: World, concept: str, share: float, *, declared: bool = True) -> Planted:
    parent, child, keys = _family(w, declared=declared)
    reference = next(name for name, column in child.columns.items() if column.values == keys)
    pool = w.vocabulary(300)
    values = w.draw.choices(pool, k=parent.rows)
    w.add(parent, concept, "text NOT NULL", values)
    of_key = dict(zip(parent.key.values, values, strict=True))
    copies = [of_key[key] for key in keys]
    rows = w.pick(child.rows, share)
    for row in rows:
        copies[row] = w.draw.choice([v for v in w.draw.sample(pool, 3) if v != copies[row]])
    name = w.style(f"{w.singular(parent)}_{words.field(concept, w.language)}")
    return planted(child, w.add_named(child, name, "text NOT NULL", copies), reference, counts=[len(rows)])


@defect("D17", "repeated-fact", "unchecked-enumeration")
def name_of_the_parent(w: World) -> Planted:
    return _copied(w, "name", 0.012)


@defect("D17", "repeated-fact", "unchecked-enumeration")
def category_of_the_parent(w: World) -> Planted:
    return _copied(w, "category", 0.005)


@defect("D17", "repeated-fact", "missing-foreign-key", "unchecked-enumeration")
def name_where_no_key_is_declared(w: World) -> Planted:
    return _copied(w, "label", 0.01, declared=False)


@decoy("D17")
def price_when_it_was_sold(w: World) -> Planted:
    parent, child, keys = _family(w)
    prices = [w.draw.randint(100, 9000) for _ in range(parent.rows)]
    w.add(parent, "price", "integer NOT NULL CHECK ({c} > 0)", prices)
    of_key = dict(zip(parent.key.values, prices, strict=True))
    sold = [round(of_key[key] * w.draw.choice((1, 1, 1, 1, 0.9, 0.8, 1.1))) for key in keys]
    return planted(child, w.add(child, "price", "integer NOT NULL CHECK ({c} > 0)", sold))


@decoy("D17")
def address_when_it_was_sent(w: World) -> Planted:
    parent, child, keys = _family(w)
    homes = [f"{w.word()} {w.draw.randint(1, 90)}" for _ in range(parent.rows)]
    w.add(parent, ("address", "owner"), "text NOT NULL", homes)
    of_key = dict(zip(parent.key.values, homes, strict=True))
    sent = [of_key[key] if w.draw.random() < 0.82 else f"{w.word()} {w.draw.randint(1, 90)}" for key in keys]
    return planted(child, w.add(child, "address", "text NOT NULL", sent))


@decoy("D17")
def a_name_of_its_own(w: World) -> Planted:
    parent, child, _ = _family(w)
    pool = w.vocabulary(300)
    w.add(parent, "name", "text NOT NULL", w.draw.choices(pool, k=parent.rows))
    return planted(child, w.add(child, "name", "text NOT NULL", w.draw.choices(pool, k=child.rows)))
