"""What the words of a column's name say of its values."""

from __future__ import annotations

from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import words

KEYS = {
    "email", "mail", "slug", "sku", "username", "login", "isbn", "iban", "barcode", "ean", "gtin", "vin", "imei",
    "code", "handle", "guid", "uuid", "ulid", "permalink", "subdomain", "hostname", "ssn", "cpf", "cnpj", "dni", "nif",
    "cif", "curp", "rfc", "pesel", "regon", "nip", "siret", "siren", "rut", "cuit", "bsn", "iccid", "imsi", "matricule",
    "matricula", "plate", "nummernschild", "aktenzeichen", "npi", "nhs", "mrn",
}  # fmt: skip
DRAWN = {"uuid", "guid", "ulid"}
OF_THE_ROW = {"public", "external", "global", "row", "record", "object", "unique"}
NUMBERED = {
    "invoice", "order", "account", "serial", "ticket", "customer", "contract", "case", "employee", "member",
    "article", "product", "part", "policy", "booking", "passport", "license", "registration", "tracking", "reference",
}  # fmt: skip
NUMBERS = {"number", "no", "nr", "num", "ref", "reference"}
NO_KEYS = {
    "zip", "postal", "post", "area", "dial", "country", "currency", "language", "locale", "status", "error",
    "response", "http", "exit", "return", "promo", "coupon", "discount", "voucher", "color", "colour", "category",
    "state", "region", "province", "city", "source", "reset", "billing", "shipping", "contact", "recipient", "sender",
    "from", "to", "cc", "reply", "group", "type", "kind", "tax", "phone", "house", "room", "line", "page", "parent",
    "reason", "department", "unit", "level", "grade", "class", "airport", "station", "warehouse", "bin", "location",
    "shelf", "batch", "lot", "previous", "old", "template", "sort", "hash", "password", "secret", "verification",
    "confirmation", "security", "pocztowy", "insee", "commune", "gemeinde", "municipality", "ibge", "ags",
    "product", "customer", "guest", "buyer", "seller", "author", "editor", "referral",
    "referrer", "host", "pickup", "odbioru", "odbior", "recogida", "retirada", "retrait", "abholung",
}  # fmt: skip
CASELESS = {
    "email", "mail", "slug", "sku", "username", "login", "isbn", "iban", "barcode", "vin", "handle", "permalink",
    "subdomain", "hostname", "domain", "code", "nickname",
}  # fmt: skip
SECRETS = {"token", "hash", "secret", "password", "digest", "signature", "checksum", "nonce", "salt", "cursor", "etag"}
CODES = {
    "zip", "zipcode", "postal", "postcode", "plz", "phone", "mobile", "fax", "tel", "telephone", "cell", "ssn", "vat",
    "iban", "bic", "swift", "account", "isbn", "ean", "upc", "gtin", "asin", "sku", "code", "number", "no", "nr",
    "num", "ref", "reference", "serial", "imei", "pin", "card", "version", "release", "build", "extension", "ext",
    "id", "key", "identifier", "barcode", "tracking", "route", "flight", "gate", "room", "house", "apartment", "unit",
    "license", "plate", "passport", "symbol", "ticker", "chapter", "section", "tax", "routing", "sort", "vin", "npi",
    "ndc", "icd", "fips", "naics", "sic", "isrc", "issn", "oid", "hash", "token", "name", "label", "title", "ip",
    "otp", "password", "lot", "lote", "batch", "bin", "shelf", "locker", "seat", "bay", "dock", "plot", "badge", "sala",
    "salle", "aula", "desk", "terminal", "msisdn", "imsi", "iccid", "cpf", "cnpj", "nip", "pesel", "siret", "siren",
    "dni", "branch", "folio", "matricule", "matricula", "ramal", "protocolo", "expediente", "dossier", "firmware", "fw",
}  # fmt: skip
ENUMERATIONS = {
    "status", "state", "type", "kind", "level", "role", "priority", "mode", "phase", "stage", "severity", "gender",
    "sex", "visibility", "method", "tier", "frequency", "direction", "outcome", "result", "scope", "action", "class",
    "interval", "period", "plan", "urgency", "condition", "availability", "strategy", "policy", "size",
    "difficulty", "approval", "resolution", "disposition", "verdict", "access", "permission", "channel", "rank",
    "flag",
}  # fmt: skip
OPEN_LISTS = {
    "category", "city", "town",
    "country", "region", "province", "county", "district", "name", "title", "brand", "department",
    "street", "address", "author", "artist", "owner", "company", "manufacturer", "maker", "model", "make", "vendor",
    "supplier", "browser", "os", "platform", "device", "agent", "url", "uri", "path", "host", "domain", "ip", "email",
    "mail", "user", "by", "timezone", "tz", "zone", "locale", "language", "lang", "currency", "tag", "label", "color",
    "colour", "note", "comment", "remark", "reason", "description", "message", "text", "summary", "code", "sku",
    "version", "release", "location", "place", "venue", "warehouse", "branch", "store", "team", "nationality",
    "species", "genre", "publisher", "building", "room", "airline", "airport", "carrier", "bank", "school", "subject",
    "topic", "keyword", "product", "item", "file", "table", "column", "queue", "event", "sector", "industry",
    "profession", "occupation", "job", "data", "value", "val", "answer", "content", "body", "key", "token", "hash",
    "id", "uuid", "referrer", "source", "campaign", "approver", "reviewer",
    "operator", "assignee", "handler", "clerk", "driver", "doctor", "teacher", "cashier", "validator", "valideur",
    "inspector", "technician", "engineer", "salesperson", "rep", "username", "login", "nickname", "manager",
    "supervisor", "instructor", "courier", "variant", "stanowisko", "puesto", "poste", "beruf", "zawod",
}  # fmt: skip
FREE_TEXT = {
    "note", "comment", "remark", "description", "message", "text", "body", "content", "summary", "answer", "question",
    "html", "markdown", "md", "bio", "about", "details", "snippet", "template", "sql", "query", "script", "prefix",
    "suffix", "separator", "delimiter", "indent", "format", "pattern", "regex", "xml", "yaml", "source", "log",
    "output", "input", "error", "stacktrace", "trace", "prompt", "value", "val", "payload", "raw", "feedback",
    "review", "signature", "memo", "expression", "formula", "clause",
}  # fmt: skip
PLACES = {"city", "town", "zip", "zipcode", "postcode", "postal", "country", "street"}
ADDRESSES = {"address", "addr", "billing", "shipping", "ship", "home", "mailing", "postal", "us"}
ENDINGS = {"cd", "code", "ind", "val", "value", "txt", "name", "key", "nm"}
FLAGS_FIRST = {
    "flg", "flag", "b", "bln", "bool",
    "is", "has", "can", "should", "was", "did", "needs", "allow", "allows", "enable", "use", "uses", "show", "hide",
    "do", "does", "must", "include", "includes", "requires", "accepts", "supports", "wants", "force", "skip",
    "ignore", "ist", "hat",
}  # fmt: skip
FLAGS_LAST = {
    "flg", "ind", "indicator",
    "flag", "active", "visible", "hidden", "public", "private", "default", "paid", "read", "done", "yn", "valid",
    "bool", "primary", "featured", "optional", "mandatory", "online", "aktiv", "opt", "sent",
}  # fmt: skip
NO_FLAGS = {
    "count",
    "number",
    "no",
    "total",
    "amount",
    "speed",
    "seed",
    "feed",
    "need",
    "bed",
    "red",
    "times",
    "hundred",
}


def means(column: Column, wanted: set[str]) -> bool:
    """Whether a word of the column's name is one of these, in whatever language."""
    return not meanings(column.name).isdisjoint(wanted)


def ends_as(column: Column, wanted: set[str]) -> bool:
    """Whether the last word of the column's name, numbers and `code` and its like aside, is one of these.

    Or the first, where it is of a language that begins with it: estado_pedido.
    """
    parts = [word for word in english(column.name) if not word.isdigit()]
    while len(parts) > 1 and parts[-1] in ENDINGS:
        parts.pop()
    foreign = len(parts) > 1 and parts[0] not in words(column.name)
    return bool(parts) and (parts[-1] in wanted or (foreign and parts[0] in wanted))


def is_key_like(table: Table, column: Column) -> bool:
    """Whether the name promises one row for each value: email, sku, invoice_number; not billing_email, zip_code."""
    parts = english(column.name)
    rest, own = {*parts} - KEYS - NUMBERS, {*english(table.name.name)}
    if {*parts} & DRAWN:  # of another thing, or of this row
        return rest <= own | OF_THE_ROW
    if {*parts} & KEYS or "email" in "".join(parts):
        return not (rest - own) & NO_KEYS
    return len(parts) > 1 and bool({parts[0], parts[-1]} & NUMBERS) and bool(rest & NUMBERED)


def is_place(table: Table, column: Column) -> bool:
    """Whether `state` is a part of an address: the table has a city or a postal code too."""
    return {*english(column.name)} <= {"state", *ADDRESSES} and any(means(other, PLACES) for other in table.columns)


def is_flag_like(column: Column) -> bool:
    """Whether the name asks a question that is answered by yes or no."""
    parts = words(column.name)
    if not parts or set(parts) & NO_FLAGS:
        return False
    last = {parts[-1], *english(column.name)[-1:]}
    return parts[0] in FLAGS_FIRST or bool(last & FLAGS_LAST) or (parts[-1].endswith("ed") and len(parts[-1]) > 4)
