"""D01 references without a foreign key, D02 references kept as text."""

from __future__ import annotations

import hashlib
from typing import Any

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Planted, Table, Values, World, planted

BEYOND = 5_000_000


def with_orphans(w: World, values: Values, share: float) -> int:
    """Let some refer to what is not there; their number."""
    rows = w.pick(len(values), share)
    for row in rows:
        values[row] = w.uuid() if not isinstance(values[row], int) else BEYOND + w.draw.randint(1, 900)
    return len(rows)


@defect("D01")
def numberwith_orphans(w: World) -> Planted:
    parent = w.parent()
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, w.draw.uniform(0.002, 0.04))
    return planted(child, w.add_named(child, w.reference(parent), "bigint NOT NULL", keys), counts=[lost])


@defect("D01")
def optional_uuid(w: World) -> Planted:
    parent = w.parent(key="uuid")
    child, keys = w.child(parent)
    return planted(child, w.add_named(child, w.reference(parent), "uuid", w.sparse(keys, 0.3)), counts=[0])


@defect("D01", "sentinel-value")
def zero_for_none(w: World) -> Planted:
    parent = w.parent()
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, 0.005)
    present = [row for row, key in enumerate(keys) if key < BEYOND]
    zeros = w.draw.sample(present, max(3, child.rows // 8))
    for row in zeros:
        keys[row] = 0
    name = w.add_named(child, w.reference(parent), "bigint NOT NULL", keys)
    return planted(child, name, counts=[lost, lost + len(zeros)])


@defect("D01")
def parents_soft_deleted(w: World) -> Planted:
    parent = w.parent()
    gone = [w.moment() if w.draw.random() < 0.2 else None for _ in range(parent.rows)]
    w.add(parent, "deleted", "timestamptz", gone)
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, 0.01)
    return planted(child, w.add_named(child, w.reference(parent), "bigint NOT NULL", keys), counts=[lost])


@defect("D01")
def by_a_code(w: World) -> Planted:
    parent = w.parent(w.draw.randint(60, 150))
    letters = "ABCDEFGHKLMNPRSTUVWXYZ"
    codes = w.draw.sample([f"{a}{b}{n}" for a in letters for b in letters for n in range(10, 20)], parent.rows)
    w.add(parent, "code", "text NOT NULL UNIQUE", codes)
    child, _ = w.child(parent)
    values = w.draw.choices(codes, k=child.rows)
    rows = w.pick(child.rows, 0.01)
    for row in rows:
        values[row] = f"ZZ{w.draw.randint(10, 99)}"
    singular = w.singular(parent)
    name = w.style(f"{singular}_{words.field('code', w.language)}")
    return planted(child, w.add_named(child, name, "text NOT NULL", values), counts=[len(rows)])


@defect("D01")
def named_for_its_role(w: World) -> Planted:
    parent = w.parent()
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, 0.01)
    prefix = w.draw.choice(words.PREFIXES[w.language])
    singular = w.singular(parent)
    name = w.style(f"{prefix}_{w.reference_to(singular)}")
    return planted(child, w.add_named(child, name, "bigint NOT NULL", keys), counts=[lost])


@decoy("D01")
def id_of_another_system(w: World) -> Planted:
    host = w.host()
    values = [f"cus_{w.draw.getrandbits(60):x}" for _ in range(host.rows // 2)]
    return planted(host, w.add(host, "external", "text NOT NULL", w.draw.choices(values, k=host.rows)))


@decoy("D01")
def small_number_within_keys(w: World) -> Planted:
    w.parent()
    host = w.host()
    return planted(host, w.add(host, "floor", "smallint NOT NULL", [w.draw.randint(-2, 40) for _ in range(host.rows)]))


@decoy("D01")
def keys_of_an_old_system(w: World) -> Planted:
    parent = w.parent()
    child, _ = w.child(parent)
    pool = w.draw.sample(range(BEYOND, 2 * BEYOND), child.rows // 2)
    singular = w.singular(parent)
    name = w.style(f"{words.field('old', w.language)}_{w.reference_to(singular)}")
    return planted(child, w.add_named(child, name, "bigint NOT NULL", w.draw.choices(pool, k=child.rows)))


@decoy("D01")
def reference_that_is_declared(w: World) -> Planted:
    parent = w.parent()
    child, keys = w.child(parent)
    name = w.add_named(child, w.reference(parent), "bigint NOT NULL", keys)
    w.foreign_key(child, name, parent)
    return planted(child, name)


@decoy("D01")
def id_of_a_request(w: World) -> Planted:
    host = w.host()
    pool = [w.uuid() for _ in range(host.rows // 2 + 1)]
    return planted(host, w.add(host, "request", "uuid NOT NULL", w.draw.choices(pool, k=host.rows)))


@decoy("D01")
def line_number_of_a_document(w: World) -> Planted:
    parent = w.parent()
    host, keys = w.child(parent)
    name = w.add_named(host, w.reference(parent), "bigint NOT NULL", keys)
    w.foreign_key(host, name, parent)
    return planted(host, w.add(host, "line", "integer NOT NULL CHECK ({c} > 0)", _line_numbers(keys)))


def _line_numbers(keys: Values) -> list[int]:
    """The next number within each key, now and then the same again."""
    last = dict[Any, int]()
    for n, key in enumerate(keys):
        last[key] = last.get(key, 0) + (n % 9 != 0 or key not in last)
        keys[n] = last[key]
    return keys


def _as_text(w: World, spelt: str) -> tuple[Table, str, int]:
    parent = w.parent(key="uuid")
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, 0.01) if w.draw.random() < 0.5 else 0
    some = set(w.pick(child.rows, 0.3))
    values = [
        spelt.format(str(key).upper() if spelt == "{}" and row in some else key)
        if row in some or spelt != "{} "
        else str(key)
        for row, key in enumerate(keys)
    ]
    return child, w.add_named(child, w.reference(parent), "text NOT NULL", values), lost


ALSO_TEXT = ("typed-values-in-text", "missing-foreign-key", "padded-text", "spelling-drift")


@defect("D02", *ALSO_TEXT)
def uuid_in_lower_case(w: World) -> Planted:
    parent = w.parent(key="uuid")
    child, keys = w.child(parent)
    lost = with_orphans(w, keys, 0.02)
    values = [str(key) for key in keys]
    name = w.add_named(child, w.reference(parent), "varchar(40) NOT NULL", values)
    return planted(child, name, counts=[lost])


@defect("D02", *ALSO_TEXT)
def uuid_some_in_upper_case(w: World) -> Planted:
    child, name, lost = _as_text(w, "{}")
    return planted(child, name, counts=[lost])


@defect("D02", *ALSO_TEXT)
def uuid_in_braces(w: World) -> Planted:
    child, name, lost = _as_text(w, "{{{}}}")
    return planted(child, name, counts=[lost])


@defect("D02", *ALSO_TEXT)
def uuid_with_a_blank(w: World) -> Planted:
    child, name, lost = _as_text(w, "{} ")
    return planted(child, name, counts=[lost])


@decoy("D02", "typed-values-in-text")
def uuid_of_nothing(w: World) -> Planted:
    w.parent(key="uuid")
    host = w.host()
    pool = [str(w.uuid()) for _ in range(host.rows // 2 + 1)]
    return planted(host, w.add(host, ("request", "reference"), "text NOT NULL", w.draw.choices(pool, k=host.rows)))


@decoy("D02")
def checksum(w: World) -> Planted:
    host = w.host()
    pool = [hashlib.md5(str(n).encode()).hexdigest() for n in range(host.rows // 2 + 1)]
    return planted(host, w.add(host, "hash", "text NOT NULL", w.draw.choices(pool, k=host.rows)))


@decoy("D02", "typed-values-in-text")
def text_reference_to_text_key(w: World) -> Planted:
    parent = w.parent(key="text")
    parent.key.values = [str(w.uuid()) for _ in range(parent.rows)]
    child, keys = w.child(parent)
    name = w.add_named(child, w.reference(parent), "text NOT NULL", keys)
    w.foreign_key(child, name, parent)
    return planted(child, name)


@decoy("D02")
def short_token(w: World) -> Planted:
    host = w.host()
    pool = [f"{w.draw.getrandbits(64):016x}-{w.draw.getrandbits(16):04x}" for _ in range(host.rows // 3 + 1)]
    return planted(host, w.add(host, "token", "text NOT NULL", w.draw.choices(pool, k=host.rows)))
