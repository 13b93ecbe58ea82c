"""Columns of a type that does harm, and columns of the same look that do none."""

from __future__ import annotations

from benchmarks.audit.defects.planting import Plot, Variant, named

# What a column is; the rule that it breaks, if any; rules of which it is a decoy.
COLUMNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("json", "json-instead-of-jsonb", ()),
    ("json NOT NULL DEFAULT '{}'", "json-instead-of-jsonb", ()),
    ("jsonb", "", ("json-instead-of-jsonb",)),
    ("text NOT NULL DEFAULT '{\"json\": 1}'", "", ("json-instead-of-jsonb",)),
    ("timestamp", "timestamp-without-time-zone", ()),
    ("timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP", "timestamp-without-time-zone", ()),
    ("timestamp without time zone NOT NULL DEFAULT now()", "timestamp-without-time-zone", ()),
    ("timestamptz(0)", "", ("timestamp-without-time-zone",)),
    ("date", "", ("timestamp-without-time-zone",)),
    ("time", "", ("timestamp-without-time-zone",)),
    ("money", "money-type", ()),
    ("money NOT NULL DEFAULT 0", "money-type", ()),
    ("numeric(12,2) NOT NULL DEFAULT 0", "", ("money-type", "float-for-money")),
    ("char(20)", "blank-padded-text", ()),
    ("character(100) NOT NULL DEFAULT ''", "blank-padded-text", ()),
    ("char(2)", "", ("blank-padded-text",)),
    ("character varying(20)", "", ("blank-padded-text",)),
    ('"char"', "", ("blank-padded-text",)),
    ("text NOT NULL DEFAULT 'NULL'", "null-as-text-default", ()),
    ("varchar(30) DEFAULT 'NULL'", "null-as-text-default", ()),
    ("text DEFAULT 'null'", "null-as-text-default", ()),
    ("varchar(30) DEFAULT NULL", "", ("null-as-text-default",)),
    ("text DEFAULT NULL::text", "", ("null-as-text-default",)),
    ("text DEFAULT 'nullable'", "", ("null-as-text-default",)),
    ("jsonb DEFAULT 'null'", "", ("null-as-text-default",)),
    ("boolean DEFAULT true", "three-valued-boolean", ()),
    ("boolean DEFAULT false", "three-valued-boolean", ()),
    ("boolean NOT NULL", "", ("three-valued-boolean",)),
    ("boolean NOT NULL DEFAULT true", "", ("three-valued-boolean",)),
    ("regproc", "type-that-blocks-upgrade", ()),
    ("regprocedure", "type-that-blocks-upgrade", ()),
    ("regnamespace", "type-that-blocks-upgrade", ()),
    ("regconfig NOT NULL DEFAULT 'english'", "type-that-blocks-upgrade", ()),
    ("regoperator[]", "type-that-blocks-upgrade", ()),
    ("regclass", "", ("type-that-blocks-upgrade",)),
    ("regtype", "", ("type-that-blocks-upgrade",)),
    ("regrole", "", ("type-that-blocks-upgrade",)),
    ("timestamptz NOT NULL DEFAULT 'now'::timestamptz", "moment-frozen-in-default", ()),
    ("timestamptz DEFAULT 'now'", "moment-frozen-in-default", ()),
    ("timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP", "", ("moment-frozen-in-default",)),
    ("timestamptz DEFAULT 'infinity'", "", ("moment-frozen-in-default",)),
    ("timestamptz DEFAULT '1970-01-01 00:00:00+00'", "", ("moment-frozen-in-default",)),
    ("date NOT NULL DEFAULT '9999-12-31'", "", ("moment-frozen-in-default",)),
    ("date NOT NULL DEFAULT CURRENT_DATE", "", ("moment-frozen-in-default",)),
    ("bytea", "", ("large-object-reference",)),
)
# A float whose name says that it is money, in several languages, or that it is none.
AMOUNTS = (
    "unit_price", "total_amount", "account_balance", "shipping_cost", "discount_amount", "monthly_salary", "tax_amount",
    "preis", "gesamtbetrag", "gehalt", "precio_unitario", "importe_total", "salario", "prix_unitaire", "montant",
    "preço", "custo_total", "цена", "сумма", "cena", "kwota",
)  # fmt: skip
MEASURES = (
    "latitude", "longitude", "score", "temperature", "weight_kg", "height", "probability", "similarity", "altitude",
    "geschwindigkeit", "gewicht", "temperatura", "peso", "longueur", "largeur", "температура", "вес", "waga",
    "progress_ratio", "cost_factor_percent", "load_average",
)  # fmt: skip
PASSWORDS = (
    "password",
    "passwd",
    "user_password",
    "passwort",
    "contraseña",
    "mot_de_passe",
    "senha",
    "пароль",
    "hasło",
)
HASHED = (
    "password_hash", "password_digest", "encrypted_password", "password_changed_at", "password_salt",
    "passwort_hash", "hashed_password", "password_reset_required", "password_attempts",
)  # fmt: skip


def column(kind: str, rule: str, decoys: tuple[str, ...]) -> Variant:
    def column_of_type(p: Plot) -> None:
        name = p.name()
        table = p.host(f"{name} {kind}")
        if rule:
            p.defect(rule, table, name)
        p.decoy(*decoys)

    return named(column_of_type, kind)


def _ending(p: Plot, ending: str, kind: str) -> tuple[str, str]:
    name = p.name(*ending.split("_"))
    return p.host(f"{name} {kind}"), name


def money_as_float(p: Plot) -> None:
    kind = p.draw.choice(("double precision", "real NOT NULL DEFAULT 0", "float8 NOT NULL DEFAULT 0", "float(10)"))
    p.defect("float-for-money", *_ending(p, p.draw.choice(AMOUNTS), kind))


def measure_as_float(p: Plot) -> None:
    _ending(p, p.draw.choice(MEASURES), p.draw.choice(("double precision", "real", "float8 NOT NULL DEFAULT 0")))
    p.decoy("float-for-money")


def money_as_numeric(p: Plot) -> None:
    _ending(p, p.draw.choice(AMOUNTS), p.draw.choice(("numeric(12,2)", "bigint", "integer NOT NULL DEFAULT 0")))
    p.decoy("float-for-money")


def password_in_clear(p: Plot) -> None:
    table, name = p.name(), None
    name = p.name(*p.draw.choice(PASSWORDS).split("_"))
    p.bare(table, [f"{p.name('id')} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", f"{name} text NOT NULL"])
    p.do(f"INSERT INTO {table} ({name}) SELECT 'secret' || x FROM generate_series(1, 60) AS x")
    p.defect("readable-password", table, name)
    p.either("secret-open-to-all", table, name)


def password_by_hash_alone(p: Plot) -> None:
    """The column says password, what is in it is none."""
    table, name = p.name(), p.name("password")
    p.bare(table, [f"{p.name('id')} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", f"{name} text NOT NULL"])
    p.do(
        f"INSERT INTO {table} ({name}) SELECT '$2b$12$' || md5(x::text) || left(md5(x::text), 21) "
        "FROM generate_series(1, 60) AS x"
    )
    p.decoy("readable-password")


def password_as_hash(p: Plot) -> None:
    ending = p.draw.choice(HASHED)
    kinds = {"at": "timestamptz", "required": "boolean NOT NULL DEFAULT false", "attempts": "integer"}
    _ending(p, ending, kinds.get(ending.rsplit("_", 1)[1], "text"))
    p.decoy("readable-password")


def serial_reference(p: Plot) -> None:
    parent, a = p.plain(keyed="bigint"), p.name("id")
    table = p.table(f"{a} bigserial REFERENCES {parent}", host=False)
    p.index(table, f"({a})")
    p.defect("reference-filled-by-sequence", table, a)


def serial_beside_key(p: Plot) -> None:
    """A running number that refers to nothing."""
    number = p.name("no")
    p.table(f"{number} bigint GENERATED BY DEFAULT AS IDENTITY", host=False)
    p.decoy("reference-filled-by-sequence")


def nothing_required(p: Plot) -> None:
    table = p.name()
    parts = [f"{p.name()} {kind}" for kind in ("text", "integer", "date", "numeric", "jsonb", "text", "timestamptz")]
    p.bare(table, [f"{p.name('id')} bigint PRIMARY KEY", *parts])
    p.defect("nothing-required", table)


def little_required(p: Plot) -> None:
    table = p.name()
    parts = [f"{p.name()} {kind}" for kind in ("text NOT NULL", "integer", "date", "numeric", "jsonb", "text")]
    p.bare(table, [f"{p.name('id')} bigint PRIMARY KEY", *parts])
    p.decoy("nothing-required")


def no_columns(p: Plot) -> None:
    table = p.name()
    p.do(f"CREATE TABLE {table} ()")
    p.defect("table-without-content", table)
    p.either("table-without-primary-key", table)


def too_many_columns(p: Plot) -> None:
    table = p.name()
    parts = [f"{p.name('value', str(number))} text NOT NULL" for number in range(260)]
    p.bare(table, [f"{p.name('id')} bigint PRIMARY KEY", *parts])
    p.defect("many-columns", table)
    p.either("numbered-columns", table)


def wide_but_not_too_wide(p: Plot) -> None:
    table = p.name()
    p.bare(table, [f"{p.name('id')} bigint PRIMARY KEY", f"{p.name()} text NOT NULL", *p.filler(30)])
    p.decoy("many-columns")


def types_of_a_name(p: Plot) -> None:
    """One name, text in one table and a number in others: it may well mean something else there."""
    name = p.name("code")
    first = p.table(f"{name} integer NOT NULL", host=False)
    second = p.table(f"{name} integer NOT NULL", host=False)
    third = p.table(f"{name} text NOT NULL", host=False)
    p.either("name-with-several-types", name, name, first, second, third)


def moments_of_a_name(p: Plot) -> None:
    """When something happened, with a zone in some tables and without in one."""
    name = p.name("at")
    for _ in range(4):
        p.table(f"{name} timestamptz NOT NULL", host=False)
    odd = p.table(f"{name} date NOT NULL", host=False)
    p.defect("name-with-several-types", odd, name)


def content_by_number(p: Plot) -> None:
    p.defect("large-object-reference", *_ending(p, p.draw.choice(("photo", "file_content", "document", "blob")), "oid"))


def number_of_a_relation(p: Plot) -> None:
    _ending(p, p.draw.choice(("relid", "owner", "no")), "oid")
    p.decoy("large-object-reference")


def one_type_of_a_name(p: Plot) -> None:
    name = p.name("code")
    for _ in range(3):
        p.table(f"{name} text NOT NULL", host=False)
    p.decoy("name-with-several-types")


VARIANTS: tuple[Variant, ...] = (
    *(column(*row) for row in COLUMNS),
    *((money_as_float, measure_as_float) * 3), money_as_numeric, *((password_in_clear, password_as_hash) * 2),
    password_by_hash_alone,
    serial_reference, serial_beside_key, nothing_required, little_required, no_columns, too_many_columns,
    wide_but_not_too_wide, types_of_a_name, moments_of_a_name, one_type_of_a_name, content_by_number,
    number_of_a_relation,
)  # fmt: skip
