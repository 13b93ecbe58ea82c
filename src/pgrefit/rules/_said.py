"""What the owner says in a comment to be so on purpose: who knows of it wants no finding."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from pgrefit.rules._languages import UMLAUTS
from pgrefit.rules._names import MOST_NAMES

# The beginnings of words and phrases, without accents, in the languages in which most schemas are written.
PURPOSE = (
    "by design", "on purpose", "purposely", "deliberate", "intentional", "intended", "intentionally", "by choice",
    "absichtlich", "mit absicht", "bewusst", "gewollt", "opzettelijk", "met opzet", "bewust", "a proposito", "adrede",
    "intencional", "deliberad", "de proposito", "propositad", "di proposito", "volutamente", "intenzional", "a dessein",
    "volontaire", "deliberement", "intentionnel", "expres", "celowo", "swiadomie", "umyslnie", "zamierzon", "avsiktlig",
    "med flit", "medvetet", "med vilje", "bevidst", "bevisst", "tarkoituksella", "kasten", "kasitli", "bilerek",
    "bilincli", "sengaja", "disengaja", "zamerne", "umyslne", "namerno", "szandekos", "намеренно", "специально",
    "умышленно", "осознанно", "意図的", "わざと", "故意", "有意",
)  # fmt: skip
NONE = {
    "no", "not", "none", "never", "without", "ohne", "kein", "keine", "keinen", "zonder", "geen", "sin", "sem", "nao",
    "senza", "non", "sans", "pas", "aucun", "aucune", "ningun", "ninguna", "nenhum", "nenhuma", "nessun", "nessuna",
    "bez", "brak", "nie", "utan", "ingen", "inga", "uden", "uten", "olmadan", "yok", "tanpa", "tidak", "без", "нет",
}  # fmt: skip
UNDONE = re.compile(
    r"\b(?:todo|fixme|xxx|hack|yet|missing|should|forgot\w*|to be (?:added|done)|fehl\w+|noch|nog|ontbreekt|falta\w*"
    r"|todavia|ainda|manque\w*|encore|manca|ancora|brakuje|jeszcze|saknas|eksik|belum)\b"
)
FOREIGN_KEYS = (
    "foreign key", "foreign-key", "fk", "fks", "referential", "fremdschluessel", "vreemde sleutel", "klucz obc",
    "kluczy obc", "klucza obc", "kluczem obc", "kluczami obc", "clave foranea", "claves foraneas", "llave foranea",
    "llaves foraneas", "chave estrangeira", "chaves estrangeiras", "cle etrangere", "cles etrangeres",
    "chiave esterna", "chiavi esterne", "frammande nyck", "fremmednogl", "fremmednokkel", "yabanci anahtar",
    "kunci asing", "cizi klic", "внешн", "外部キー", "外键",
)  # fmt: skip
OUTLIVING = (
    "outlive", "outliving", "survive", "may be erased", "may be gone", "may be deleted", "may no longer exist",
    "ueberleb", "overleef", "sobrevive", "przetrwa", "survit", "survivent", "sopravviv", "overlever",
)  # fmt: skip
AS_IT_WAS = (
    "as signed", "as printed", "as invoiced", "as billed", "as sold", "as delivered", "as agreed", "as ordered",
    "as declared", "as it was", "as of ", "at the time", "at that time", "at time of", "at signing", "when signed",
    "when issued", "when sold", "on the day", "price paid", "snapshot", "frozen", "must not change", "does not change",
    "zum zeitpunkt", "wie unterschrieben", "wie gedruckt", "ten tijde", "op het moment", "no momento", "na data da",
    "en el momento", "al momento", "au moment", "w chwili", "w momencie", "w dniu", "vid tidpunkten", "pada saat",
    "anindaki", "tarihindeki",
)  # fmt: skip
ROW_SECURITY = ("row security", "row level security", "row-level security", "rls", "policy", "policies")
PRIMARY_KEYS = (
    "primary key", "unique key", "key", "pk", "duplicate", "primaerschluessel", "schluessel", "duplikate", "dubletten",
    "primaire sleutel", "clave primaria", "chave primaria", "duplicad", "cle primaire", "doublon", "chiave primaria",
    "klucz glown", "klucza glown", "duplikat", "primarnyck", "birincil anahtar", "kunci utama", "主キー", "重複",
)  # fmt: skip
VACUUM = ("autovacuum", "vacuum")
SHORT = 3  # letters, of what is a word by itself
NEAR = 4  # words between “no” and what there is none of
TO_US = re.compile(r"pgrefit:ignore.*")  # up to the end of the line: it is counted as left out, and not unsaid
SENTENCE = re.compile(r"[.;!\n]\s|[。\n]")
WORD = re.compile(r"\w+")


def is_meant(comment: str, about: tuple[str, ...]) -> bool:
    """Whether a sentence of the comment speaks of that, and says that it is so on purpose, or that there is none."""
    return bool(comment) and _is_meant(comment, about)


def on_purpose(comment: str) -> bool:
    """Whether the comment says of what it is on that it is meant so."""
    return bool(comment) and any(not UNDONE.search(sentence) for sentence in _about(comment, PURPOSE))


def as_it_was(comment: str) -> bool:
    """Whether the comment says that the value is kept as it was at some time."""
    return bool(comment) and bool(_about(comment, AS_IT_WAS))


def outlives(comment: str) -> bool:
    """Whether the comment says that rows stay when what they refer to goes, or that no foreign key is wanted."""
    return bool(comment) and (is_meant(comment, FOREIGN_KEYS) or bool(_about(comment, OUTLIVING)))


@lru_cache(maxsize=MOST_NAMES)
def _is_meant(comment: str, about: tuple[str, ...]) -> bool:
    said = [sentence for sentence in _about(comment, about) if not UNDONE.search(sentence)]
    return any(_pattern(PURPOSE).search(sentence) or _denies(sentence, about) for sentence in said)


def _about(comment: str, phrases: tuple[str, ...]) -> list[str]:
    """The sentences that have one of these phrases, in small letters without accents."""
    text = TO_US.sub("", comment.lower() if comment.isascii() else _plain(comment))
    if not any(phrase in text for phrase in phrases):
        return []
    return [sentence for sentence in SENTENCE.split(text) if _pattern(phrases).search(sentence)]


@lru_cache(maxsize=MOST_NAMES)
def _plain(comment: str) -> str:
    apart = unicodedata.normalize("NFKD", comment.lower().translate(UMLAUTS).replace("ı", "i"))
    plain = "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")
    return unicodedata.normalize("NFC", plain)


@cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Where a word begins so; in languages without blanks anywhere. Short ones are whole words."""
    found: list[str] = []
    for phrase in phrases:
        start = "" if phrase[0] > "\u2fff" else r"\b"
        end = r"\b" if len(phrase) <= SHORT else ""
        found.append(start + re.escape(phrase) + end)
    return re.compile("|".join(found))


def _denies(sentence: str, about: tuple[str, ...]) -> bool:
    places = (found.start() for found in _pattern(about).finditer(sentence))
    return any(set(WORD.findall(sentence[:place])[-NEAR:]) & NONE for place in places)
