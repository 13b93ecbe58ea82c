"""D03 typed values in text, D07 structured text, D08 keys of JSON, D09 enumerations and their drift."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Concept, Planted, World, planted


def _typed(w: World, concept: Concept, one: Callable[[], str], failing: Sequence[str]) -> Planted:
    """Text of which all but a few rows are of another type; nothing repeats so seldom that it looks like a key."""
    host = w.host(300)
    pool = [one() for _ in range(host.rows // 3)]
    values = w.draw.choices(pool, k=host.rows)
    rows = w.pick(host.rows, w.draw.uniform(0.001, 0.01)) if failing and w.draw.random() < 0.7 else []
    for row in rows:
        values[row] = w.draw.choice(failing)
    return planted(host, w.add(host, concept, "text NOT NULL", values), counts=[len(rows)] if rows else [])


@defect("D03", "sentinel-value")
def whole_numbers(w: World) -> Planted:
    return _typed(w, ("amount", "score"), lambda: str(w.draw.randint(-300, 4000)), ["?", "12 x", "abc"])


@defect("D03", "sentinel-value")
def dates_in_text(w: World) -> Planted:
    return _typed(w, "date", lambda: w.moment().date().isoformat(), ["2023-02-31", "03/04/2023", "later"])


@defect("D03", "sentinel-value")
def decimals_in_text(w: World) -> Planted:
    return _typed(w, ("net", "price"), lambda: f"{w.draw.uniform(-5, 900):.2f}", ["12,50", "1.2.3", "EUR 5"])


@defect("D03", "sentinel-value")
def moments_in_text(w: World) -> Planted:
    return _typed(w, "updated", lambda: w.moment().isoformat(sep=" ")[:19], ["2023-13-01 10:00:00", "now?"])


@defect("D03", "unchecked-enumeration", "flag-as-number")
def truth_in_text(w: World) -> Planted:
    host = w.host(300)
    values = w.draw.choices(("true", "false"), (2, 1), k=host.rows)
    return planted(host, w.add(host, "published", "varchar(5) NOT NULL", values))


@decoy("D03")
def zip_codes(w: World) -> Planted:
    return _typed(w, "zip", lambda: f"{w.draw.randint(1000, 99_999):05}", [])


@decoy("D03")
def zip_codes_without_zeros(w: World) -> Planted:
    """Of one part of a country: they could all be numbers, and are none."""
    return _typed(w, "zip", lambda: f"{w.draw.randint(80_000, 86_999)}", [])


@decoy("D03")
def phones(w: World) -> Planted:
    return _typed(w, "phone", lambda: f"{w.draw.choice(('0', '+49', '00'))}{w.draw.randint(10**8, 10**10)}", [])


@decoy("D03")
def house_numbers(w: World) -> Planted:
    return _typed(w, "house", lambda: f"{w.draw.randint(1, 190)}{w.draw.choice(('', '', '', 'a', 'b', '-3'))}", [])


@decoy("D03")
def versions(w: World) -> Planted:
    return _typed(w, "version", lambda: f"{w.draw.randint(1, 9)}.{w.draw.choice(('0', '1', '10', '20', '1.2'))}", [])


@decoy("D03")
def bar_codes(w: World) -> Planted:
    return _typed(w, ("serial", "code"), lambda: str(w.draw.randint(4 * 10**12, 5 * 10**12)), [])


def _text(w: World, concept: str, one: Callable[[], str]) -> Planted:
    host = w.host(300)
    return planted(host, w.add(host, concept, "text NOT NULL", [one() for _ in range(host.rows)]))


@defect("D07")
def lines_of_label_and_value(w: World) -> Planted:
    labels = [w.named(c).replace("_", " ").capitalize() for c in ("path", "size", "owner")]

    def one() -> str:
        values = (f"/srv/{w.word().lower()}.pdf", w.draw.randint(1, 999), w.word())
        return "\n".join(f"{label}: {value}" for label, value in zip(labels, values, strict=True))

    return _text(w, "details", one)


@defect("D07")
def pairs_with_semicolons(w: World) -> Planted:
    names = [w.named(c).lower() for c in ("color", "size", "weight")]
    return _text(
        w, "settings",
        lambda: f"{names[0]}={w.word().lower()};{names[1]}={w.draw.randint(30, 60)};{names[2]}={w.draw.randint(1, 99)}",
    )  # fmt: skip


@defect("D07")
def text_behind_a_date(w: World) -> Planted:
    return _text(w, "note", lambda: f"[{w.moment().date().isoformat()}] {w.word()}: {w.sentence()}")


@defect("D07")
def one_label_and_free_text(w: World) -> Planted:
    label = f"{w.word()} {words.field('path', w.language)}".capitalize()
    return _text(
        w,
        "description",
        lambda: f"{w.sentence()}\n{label}: https://files.example.org/{w.word()}/{w.draw.randint(1, 10**6)}",
    )


@decoy("D07")
def prose(w: World) -> Planted:
    return _text(w, "description", lambda: f"{w.sentence()}. {w.sentence()}.")


@decoy("D07")
def prose_with_colons(w: World) -> Planted:
    def one() -> str:
        mark = w.draw.choice((": ", ", ", ". ", " - ", " = "))
        return f"{w.sentence(1, 6)}{mark}{w.sentence(3, 9).lower()}"

    return _text(w, "details", one)


@decoy("D07")
def prose_with_links(w: World) -> Planted:
    def one() -> str:
        link = f" https://{w.word().lower()}.example.com/{w.word().lower()}" if w.draw.random() < 0.4 else ""
        return w.sentence() + link + (". " + w.sentence() if w.draw.random() < 0.5 else "")

    return _text(w, "note", one)


@decoy("D07")
def letters_with_greetings(w: World) -> Planted:
    openings = [w.sentence(1, 2) for _ in range(7)]
    return _text(w, "note", lambda: f"{w.draw.choice(openings)} {w.word()},\n{w.sentence()}.\n{w.word()}")


def _documents(w: World, one: Callable[[], dict[str, object]], kind: str = "jsonb") -> Planted:
    host = w.host(300)
    texts = [json.dumps(one(), ensure_ascii=False) for _ in range(host.rows)]
    return planted(host, w.add(host, "settings", f"{kind} NOT NULL", texts))


@defect("D08")
def scalars_in_every_document(w: World) -> Planted:
    keys = [w.named(c) for c in ("color", "weight", "active")]
    pool = w.vocabulary(30)
    return _documents(
        w,
        lambda: {
            keys[0]: w.draw.choice(pool), keys[1]: w.draw.randint(1, 900), keys[2]: w.draw.random() < 0.5,
        },
    )  # fmt: skip


@defect("D08")
def one_scalar_beside_what_varies(w: World) -> Planted:
    keys, extra = [w.named(c) for c in ("channel", "rating")], w.vocabulary(200)
    return _documents(
        w,
        lambda: {
            keys[0]: w.draw.choice(("web", "app", "tel")), keys[1]: round(w.draw.uniform(1, 5), 1),
            **{key.lower(): w.draw.randint(1, 9) for key in w.draw.sample(extra, w.draw.randint(0, 3))},
        },
    )  # fmt: skip


@defect("D08", "json-instead-of-jsonb")
def scalars_some_of_them_null(w: World) -> Planted:
    keys = [w.named(c) for c in ("currency", "limit")]
    return _documents(
        w,
        lambda: {
            keys[0]: w.draw.choice(("EUR", "USD", "CNY")),
            keys[1]: w.draw.randint(1, 10**4) if w.draw.random() < 0.8 else None,
        },
        "json",
    )  # fmt: skip


@decoy("D08")
def shapes_of_tenants(w: World) -> Planted:
    """Each tenant has keys of its own in all of its documents."""
    pool = w.vocabulary(60)
    shapes = [[key.lower() for key in w.draw.sample(pool, 4)] for _ in range(9)]
    return _documents(w, lambda: {key: w.draw.randint(1, 99) for key in w.draw.choice(shapes)})


@decoy("D08")
def seldom_the_same_key(w: World) -> Planted:
    pool = [key.lower() for key in w.vocabulary(14)]
    return _documents(w, lambda: {key: w.word() for key in w.draw.sample(pool, w.draw.randint(1, 5))})


@decoy("D08")
def nested_documents(w: World) -> Planted:
    pool = [key.lower() for key in w.vocabulary(80)]
    return _documents(w, lambda: {"items": [w.draw.choice(pool) for _ in range(3)], "by": {w.draw.choice(pool): 1}})


def _states(w: World, respelt: Callable[[str], str], share: float) -> Planted:
    host = w.host(400)
    known = words.STATES[w.language]
    values = w.draw.choices(known, (5, 4, 3, 2, 2), k=host.rows)
    changed = [row for row in w.pick(host.rows, share) if respelt(values[row]) != values[row]]
    for row in changed:
        values[row] = respelt(values[row])
    concept = w.draw.choice(("status", "kind", "step", "channel"))
    return planted(host, w.add(host, concept, "text NOT NULL", values), counts=[len(changed)] if changed else [])


ALSO_SPELT = ("unchecked-enumeration", "padded-text", "spelling-drift", "sentinel-value")


@defect("D09", *ALSO_SPELT)
def with_a_blank_behind(w: World) -> Planted:
    return _states(w, lambda value: value + " ", 0.02)


@defect("D09", *ALSO_SPELT)
def in_another_case(w: World) -> Planted:
    return _states(
        w, lambda value: value.title() if value.isupper() else value.upper() if value.isascii() else value + " ", 0.02
    )


@defect("D09", *ALSO_SPELT)
def with_another_separator(w: World) -> Planted:
    return _states(w, lambda value: value.replace("_", " ") if "_" in value else " " + value, 0.03)


@defect("D09", *ALSO_SPELT)
def enumeration_nothing_checks(w: World) -> Planted:
    return _states(w, lambda value: value, 0)


@decoy("D09")
def enumeration_with_check(w: World) -> Planted:
    host = w.host(400)
    known = words.STATES[w.language]
    check = ", ".join(f"'{value}'" for value in known)
    values = w.draw.choices(known, k=host.rows)
    return planted(host, w.add(host, "status", f"text NOT NULL CHECK ({{c}} IN ({check}))", values))


@decoy("D09")
def short_free_text(w: World) -> Planted:
    """What people answered: often the same, never of a list."""
    host = w.host(400)
    common = [w.sentence(1, 3) for _ in range(25)]
    values = [w.draw.choice(common) if w.draw.random() < 0.5 else w.sentence(2, 6) for _ in range(host.rows)]
    return planted(host, w.add(host, "reason", "text NOT NULL", values))


@decoy("D09")
def surnames(w: World) -> Planted:
    host = w.host(400)
    return planted(host, w.add(host, "surname", "text NOT NULL", w.draw.choices(w.vocabulary(70), k=host.rows)))


@decoy("D09")
def formulas_of_chemistry(w: World) -> Planted:
    """Co is cobalt, CO is a gas: case tells them apart."""
    host = w.host(400)
    known = (
        "Co",
        "CO",
        "No",
        "NO",
        "Ni",
        "NI",
        "Cs",
        "CS",
        "Hf",
        "HF",
        "Po",
        "PO",
        "Sn",
        "SN",
        "Os",
        "OS",
        "H2O",
        "CO2",
    )
    more = tuple(f"C{n}H{2 * n + 2}" for n in range(2, 40))
    return planted(host, w.add(host, "formula", "text NOT NULL", w.draw.choices(known + more, k=host.rows)))


@decoy("D09")
def code_of_a_lookup(w: World) -> Planted:
    lookup = w.parent(w.draw.randint(8, 30), key="text")
    lookup.key.values = [f"{word[:3].upper()}{n}" for n, word in enumerate(w.vocabulary(lookup.rows))]
    child, keys = w.child(lookup)
    name = w.add_named(child, w.reference(lookup), "text NOT NULL", keys)
    w.foreign_key(child, name, lookup)
    return planted(child, name)
