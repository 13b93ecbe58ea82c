"""D16 polymorphic orphans, D20 lists of keys, D21 cycles in a hierarchy."""

from __future__ import annotations

from typing import Any

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.references import BEYOND, with_orphans
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Planted, Table, Values, World, planted


def _polymorphic(
    w: World, spelt: str, share: float, *, plural: bool, parents: tuple[Table, ...] = ()
) -> tuple[Table, tuple[str, str], int]:
    parents = parents or (w.parent(), w.parent())
    child, _ = w.child(parents[0], 600)
    while child in parents:
        child = w.table(800)
    which = w.draw.choices((0, 1), k=child.rows)
    keys = [w.draw.choice(parents[n].key.values) for n in which]
    lost = with_orphans(w, keys, share) if share else 0
    names = [p.name if plural else w.class_name(p) for p in parents]
    kinds = [spelt.format(names[n]) for n in which]
    owner = words.field("owner", w.language)
    kind = w.add_named(child, w.style(f"{owner}_{words.field('kind', w.language)}"), "text NOT NULL", kinds)
    key = w.add_named(child, w.style(f"{owner}_id"), "bigint NOT NULL", keys)
    return child, (key, kind), lost


ALSO_KIND = ("unchecked-enumeration", "half-filled-polymorphic-reference")


@defect("D16", *ALSO_KIND)
def class_names(w: World) -> Planted:
    child, columns, lost = _polymorphic(w, "{}", 0.02, plural=False)
    return planted(child, *columns, counts=[lost])


@defect("D16", *ALSO_KIND)
def table_names(w: World) -> Planted:
    child, columns, lost = _polymorphic(w, "{}", 0.01, plural=True)
    return planted(child, *columns, counts=[lost])


@defect("D16", *ALSO_KIND)
def namespaced_class_names(w: World) -> Planted:
    child, columns, lost = _polymorphic(w, "App\\Models\\{}", 0.015, plural=False)
    return planted(child, *columns, counts=[lost])


@decoy("D16", *ALSO_KIND)
def all_are_there(w: World) -> Planted:
    child, columns, _ = _polymorphic(w, "{}", 0, plural=False)
    return planted(child, *columns)


@decoy("D16", "unchecked-enumeration")
def channel_and_its_id(w: World) -> Planted:
    host = w.host()
    channel = words.field("channel", w.language)
    kinds = w.draw.choices(("email", "sms", "push"), k=host.rows)
    keys = w.draw.sample(range(10**9, 2 * 10**9), host.rows)
    kind = w.add_named(host, w.style(f"{channel}_{words.field('kind', w.language)}"), "text NOT NULL", kinds)
    return planted(host, w.add_named(host, w.style(f"{channel}_id"), "bigint NOT NULL", keys), kind)


@decoy("D16", *ALSO_KIND)
def subclasses_of_one_table(w: World) -> Planted:
    """Some are told by their subclass, which shares the table of its superclass."""
    parent, other = w.parent(), w.parent()
    child, (key, kind), _ = _polymorphic(w, "{}", 0, plural=False, parents=(parent, other))
    values = child.columns[kind].values
    kinds = dict(zip(parent.key.values, w.draw.choices(("Admin", "Manager", "Guest"), k=parent.rows), strict=True))
    w.add(parent, "kind", "text NOT NULL CHECK ({c} IN ('Admin', 'Manager', 'Guest'))", list(kinds.values()))
    child.columns[kind].values = [
        kinds[own] if told == w.class_name(parent) else told
        for own, told in zip(child.columns[key].values, values, strict=True)
    ]
    return planted(child, key, kind)


def _lists(w: World, parent: Table, rows: int, lost: int) -> list[list[Any]]:
    found = [w.draw.sample(parent.key.values, w.draw.randint(1, 6)) for _ in range(rows)]
    for row in w.draw.sample(range(rows), lost):
        found[row][0] = w.uuid() if not isinstance(found[row][0], int) else BEYOND + row
    return found


def _listed(w: World, spelt: str, *, key: str = "bigint") -> Planted:
    parent = w.parent(key=key)
    child, _ = w.child(parent)
    lost = w.draw.randint(2, 9)
    separator = "|" if "|" in spelt else ", " if ", " in spelt else ","
    texts = [
        spelt.replace(separator, "").replace("X", separator.join(map(str, keys)))
        for keys in _lists(w, parent, child.rows, lost)
    ]
    singular = w.singular(parent)
    name = w.style(f"{singular}_{words.field('list', w.language)}")
    return planted(child, w.add_named(child, name, "text NOT NULL", texts), counts=[lost])


@defect("D20", "list-in-text")
def with_commas(w: World) -> Planted:
    return _listed(w, "X,")


@defect("D20", "list-in-text")
def with_commas_and_blanks(w: World) -> Planted:
    return _listed(w, "X, ")


@defect("D20", "list-in-text")
def in_braces(w: World) -> Planted:
    return _listed(w, "{X,}")


@defect("D20", "list-in-text")
def of_uuids(w: World) -> Planted:
    return _listed(w, "X,", key="uuid")


@decoy("D20")
def prose_with_commas(w: World) -> Planted:
    w.parent()
    host = w.host()
    texts = [f"{w.sentence(2, 5)}, {w.sentence(2, 5).lower()}, {w.sentence(1, 3).lower()}" for _ in range(host.rows)]
    return planted(host, w.add(host, "description", "text NOT NULL", texts))


@decoy("D20")
def coordinates(w: World) -> Planted:
    host = w.host()
    texts = [f"{w.draw.uniform(-80, 80):.4f},{w.draw.uniform(-170, 170):.4f}" for _ in range(host.rows)]
    return planted(host, w.add(host, "position", "text NOT NULL", texts))


@decoy("D20", "list-in-text")
def words_with_commas(w: World) -> Planted:
    host = w.host()
    pool = w.vocabulary(40)
    texts = [",".join(w.draw.sample(pool, w.draw.randint(1, 4))) for _ in range(host.rows)]
    return planted(host, w.add(host, "tags", "text NOT NULL", texts))


@decoy("D20")
def number_with_thousands(w: World) -> Planted:
    host = w.host()
    texts = [f"{w.draw.randint(-90_000, 900_000):,} {w.draw.choice(('kg', 'km'))}" for _ in range(host.rows)]
    return planted(host, w.add(host, "limit", "text NOT NULL", texts))


def _tree(w: World, *, declared: bool, cycle: int, depth: bool = False) -> Planted:
    tree = w.parent(w.draw.randint(250, 1500))
    keys = tree.key.values
    above: Values = [
        None if n < 4 else keys[n - 1 if depth and n % 40 else w.draw.randrange(n)] for n in range(len(keys))
    ]
    ring = w.draw.sample(range(len(keys) // 2, len(keys)), cycle) if cycle else []
    for place, row in enumerate(ring):
        above[row] = keys[ring[place - 1]]
    parent = words.field("parent", w.language)
    name = w.add_named(tree, w.style(w.reference_to(parent)), "bigint", above)
    if declared:
        w.foreign_key(tree, name, tree)
    return planted(tree, name, counts=[cycle] if cycle else [])


@defect("D21")
def two_of_each_other(w: World) -> Planted:
    return _tree(w, declared=True, cycle=2)


@defect("D21")
def ring_of_six(w: World) -> Planted:
    return _tree(w, declared=True, cycle=6)


@defect("D21", "missing-foreign-key")
def ring_not_declared(w: World) -> Planted:
    return _tree(w, declared=False, cycle=3)


@decoy("D21")
def deep_tree(w: World) -> Planted:
    return _tree(w, declared=True, cycle=0, depth=True)


@decoy("D21")
def roots_of_themselves(w: World) -> Planted:
    found = _tree(w, declared=True, cycle=0)
    (name,) = found.columns
    column = found.table.columns[name]
    column.values = [own if up is None else up for up, own in zip(column.values, found.table.key.values, strict=True)]
    column.type = "bigint NOT NULL"
    return found


@decoy("D21")
def stations_of_a_circle_line(w: World) -> Planted:
    ring = w.parent(w.draw.randint(250, 400))
    keys = ring.key.values
    column = w.add_named(ring, w.style(w.reference_to(words.field("next", w.language))), "bigint", [*keys[1:], keys[0]])
    w.foreign_key(ring, column, ring)
    ring.columns[column].type = "bigint NOT NULL UNIQUE"
    return planted(ring, column)
