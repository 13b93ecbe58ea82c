"""Passwords that whoever reads the table can read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, statistics_of
from pgrefit.rules._columns import columns_of_type, plain_type, seen_values
from pgrefit.rules._languages import english
from pgrefit.rules._names import words

SECRETS = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "passcode",
    "passord",
    "losenord",
    "wachtwoord",
    "kennwort",
    "passwort",
    "salasana",
    "jelszo",
    "heslo",
    "lozinka",
    "sifre",
    "parool",
    "parola",
    "toegangswoord",
    "toegangscode",
    "zugangswort",
    "zugangscode",
    "codewort",
    "losungswort",
    "accesscode",
)  # that end the name
PHRASES = {("mot", "de", "passe"), ("palavra", "passe"), ("clave", "acceso"), ("clave", "de", "acceso"),
           ("kata", "sandi"), ("access", "code"), ("codigo", "acceso"), ("codigo", "acesso"), ("code", "acces"),
           ("kod", "dostepu"), ("kode", "akses"), ("erisim", "kodu"), ("mat", "khau")}  # fmt: skip
WHOLE = {"mdp", "psw", "pswd", "passw", "adgangskode", "kodeord", "motdepasse", "sandi", "geslo", "pin"}
# What opens a door as a password does.
OTHER_SECRETS = {("api", "secret"), ("client", "secret"), ("app", "secret"), ("secret", "answer"),
                 ("security", "answer")}  # fmt: skip
PIN = re.compile(r"\d{4}")
MADE_UNREADABLE = {"cipher", "crypted", "digest", "encrypted", "enc", "hash", "hashed", "salted", "secured"}
UNREADABLE = re.compile(
    r"\s*|(.)\1*"  # nothing, or a mask of one character
    r"|\S{40,}"  # digests, ciphers and keys
    r"|\$[\w-]+\$\S+|\{[\w-]+\}\S+|SCRAM-SHA-256\$\S+|(?:pbkdf2|scrypt|argon2|bcrypt|sha\d*|md5|vault)[\w-]*[:$]\S+"
    r"|(?:md5|0x|\*)?[0-9a-fA-F]{32,}|[A-Za-z0-9+/_-]{22,}={1,2}"
)
FEWEST = 3  # readable values that are no accident
SHARE = 0.1  # of those that ANALYZE kept
SHORTEST_HASH = 32  # characters, of an MD5 in hex
IN_ADDRESS = re.compile(r"\w[\w+.-]*://[^/\s:@]*:(?P<secret>[^/\s@]{2,})@.+")  # scheme://user:password@host
IN_DOCUMENT = re.compile(
    r'"(?:\w*_)?(?:password|passwd|pwd|passphrase|passwort|kennwort|wachtwoord|senha|contrasena|haslo|heslo'
    r'|sifre|losenord|salasana|kata_?sandi)"\s*:\s*"(?P<secret>[^"]{3,})"',
    re.IGNORECASE,
)
MADE_BY_PROVIDERS = re.compile(
    r"[rs]k_live_\w{16,}|sk-(?:proj-|ant-)?[A-Za-z0-9]{24,}|AKIA[0-9A-Z]{16}|gh[pos]_\w{30,}|glpat-[\w-]{18,}"
    r"|xox[abp]-[\w-]{20,}|AIza[\w-]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}"
)
MASKED = re.compile(r"\W*|(.)\1*|\W*[xX]+\W*|\$\{?\w+\}?|\{\{.*|<.*>|vault:.*|ENC.*")
DOCUMENTS = ("json", "jsonb", "hstore", "public.hstore")
FIRST = 3  # values that tell whether to look at the others
LIMIT = re.compile(r"character(?: varying)?\((\d+)\)")
TEXTS = ("text", "character", "citext", "public.citext")


@rule(
    code="TYP027",
    title="Readable password",
    why=(
        "Who gets hold of a backup, a replica or one careless query has the passwords, which people use elsewhere too;"
        " of a slow, salted hash they would have next to nothing."
    ),
    example="""
        CREATE TABLE login (id int PRIMARY KEY, password text NOT NULL);
        INSERT INTO login SELECT n, 'hunter' || n FROM generate_series(1, 50) AS n;
        ANALYZE login;
    """,
    clean="""
        CREATE TABLE login (id int PRIMARY KEY, password varchar(60) NOT NULL, password_hint text, reset_password_token
                            varchar(20), password_changed text, encrypted_password text, user_password text);
        INSERT INTO login SELECT n, left('$2b$12$' || repeat(md5(n::text), 2), 60), 'dog', 'x' || n, 'today' || n,
                                 'y' || n, '***' FROM generate_series(1, 50) AS n;
        CREATE TABLE account (id int PRIMARY KEY, password text);
        ANALYZE login;
    """,
)
def readable_password(observation: Observation) -> Iterator[Finding]:
    """Text columns named password whose sampled values are no hashes, or that are too short for one.

    And texts and documents of any name in whose values one stands.
    """

    def secret(_: Table, column: Column) -> bool:
        said = tuple(map(_plain, words(column.name)))
        secret = bool(said) and (said[-1].endswith(SECRETS) or english(column.name)[-1:] == ("password",))
        phrase = bool({said[-2:], said[-3:]} & (PHRASES | OTHER_SECRETS) or {*said[-1:]} & WHOLE)
        return (secret or phrase) and not set(said) & MADE_UNREADABLE

    for table, columns in columns_of_type(observation, lambda type_: type_.startswith(TEXTS), secret):
        for column in columns:
            evidence = _evidence(observation, table, column)
            if evidence:
                yield _finding(observation, table, column, evidence, _kind(column))
    yield from _within_values(observation)


def _within_values(observation: Observation) -> Iterator[Finding]:
    """Those in addresses and documents, and keys that providers give out, whatever the column is called."""
    for table, columns in columns_of_type(observation, lambda type_: type_.startswith((*TEXTS, *DOCUMENTS))):
        seen = statistics_of(observation, table)
        for column in columns if seen.columns else ():
            values = seen_values(seen.column(column.name))
            if values and any(map(_inner, values[:FIRST])):
                readable = sum(map(_inner, values))
                if readable >= max(FEWEST, SHARE * len(values)):
                    measure = f"readable, of {len(values)} values that ANALYZE kept"
                    evidence = Evidence(measure=measure, value=readable, source="statistics")
                    yield _finding(observation, table, column, evidence, "passwords or keys within its values")


def _inner(value: str) -> bool:
    """Whether a secret stands in it, and no mask or name of one."""
    if MADE_BY_PROVIDERS.match(value):
        return True
    found = IN_ADDRESS.match(value) if "://" in value else None
    if found is None and value[:1] in {"{", "["}:
        found = IN_DOCUMENT.search(value)
    return found is not None and not MASKED.fullmatch(found["secret"]) and not UNREADABLE.fullmatch(found["secret"])


def _finding(observation: Observation, table: Table, column: Column, evidence: Evidence, kind: str) -> Finding:
    rows = max(statistics_of(observation, table).rows, 0)
    return Finding(
        object=named(table, column.name),
        message=f"holds {kind} that can be read",
        severity=Severity.ERROR if evidence.source == "statistics" else Severity.WARNING,
        evidence=(evidence,),
        advice="keep a hash of each, by argon2, scrypt or bcrypt with a salt; where another system must be"
        " given the password itself, keep it in a vault; and let people choose new ones",
        cost=Cost(rows=rows) if rows else None,
    )


def _plain(word: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _kind(column: Column) -> str:
    last = words(column.name)[-2:]
    return "secrets" if last in OTHER_SECRETS else "PINs" if last[-1] == "pin" else "passwords"


def _evidence(observation: Observation, table: Table, column: Column) -> Evidence | None:
    """What shows that the values are readable, without showing one; None where they seem not to be."""
    values = seen_values(statistics_of(observation, table).column(column.name))
    readable = sum(UNREADABLE.fullmatch(value) is None for value in values)
    if words(column.name)[-1] == "pin" and not all(map(PIN.fullmatch, values or ("",))):
        return None
    if values:
        telling = readable >= max(FEWEST, SHARE * len(values))
        measure = f"readable, of {len(values)} values that ANALYZE kept"
        return Evidence(measure=measure, value=readable, source="statistics") if telling else None
    limit = LIMIT.fullmatch(plain_type(observation.snapshot, column.type))
    return catalog("type, too short for a hash", column.type) if limit and int(limit[1]) < SHORTEST_HASH else None
