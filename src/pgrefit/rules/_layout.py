"""How long a row is on disk, from the types of its columns and what ANALYZE found in them.

Derived from the server's own layout of tuples: a value begins at a multiple of its type's alignment; a text, numeric or
other value of varying length is packed where it has at most 126 bytes, and then begins anywhere. ANALYZE
measures values as they are stored (compressed, or as a pointer to the TOAST table), so TOAST needs no rule of its own.

Lengths are in bytes. What a row's padding comes to depends on where its values happen to end, so a row is followed as a
distribution over the eight remainders of its length by eight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pgrefit.changes._types import STRINGS, bare
from pgrefit.model.lookup import remembered
from pgrefit.model.snapshot import Column, Snapshot, UserType
from pgrefit.model.statistics import ColumnStatistics

WORD = 8
PACKED = 127  # the longest value with a header of one byte, header included
LONG_HEADER = 3  # what the longer header has more
UNIFORM = tuple((n - 3, 1 / WORD) for n in range(WORD))
FIXED = {
    "boolean": (1, 1), '"char"': (1, 1), "smallint": (2, 2), "integer": (4, 4), "bigint": (8, 8), "real": (4, 4),
    "double precision": (8, 8), "date": (4, 4), "timestamp without time zone": (8, 8),
    "timestamp with time zone": (8, 8), "time without time zone": (8, 8), "time with time zone": (12, 8),
    "interval": (16, 8), "uuid": (16, 1), "money": (8, 8), "oid": (4, 4), "macaddr": (6, 4), "macaddr8": (8, 4),
    "name": (64, 1), "point": (16, 8), "line": (24, 8), "lseg": (32, 8), "box": (32, 8), "circle": (24, 8),
    "pg_lsn": (8, 8), "xid": (4, 4), "xid8": (8, 8), "cid": (4, 4), "tid": (6, 2), "regclass": (4, 4),
    "regproc": (4, 4), "regprocedure": (4, 4), "regtype": (4, 4), "regrole": (4, 4), "regnamespace": (4, 4),
}  # fmt: skip
ALIGNED_TO_EIGHT = {"path", "polygon", "bigint[]", "double precision[]", "timestamp with time zone[]",
                    "timestamp without time zone[]", "interval[]"}  # fmt: skip
ENUM = (4, 4)

Share = tuple[float, float]  # how often, and the length summed over these cases


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a row in whole words: its mean, and whether all rows that have no NULL are equally long."""

    mean: float
    fixed: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Values of a column that begin at the same alignment and whose lengths leave the same remainder."""

    alignment: int
    remainder: int
    share: float
    length: float  # mean


def alignment_of(db: Snapshot, column: Column) -> tuple[int, int] | None:
    """Length and alignment of a type of fixed length; None of one of varying length."""
    type_ = bare(column.type)
    user = _user_types(db).get(type_)
    while user is not None and user.kind == "domain":
        type_ = bare(user.base)
        user = _user_types(db).get(type_)
    return ENUM if user is not None and user.kind == "enum" else FIXED.get(type_)


@remembered
def _user_types(db: Snapshot) -> dict[str, UserType]:
    """By the name that a column's type has: qualified, quoted where needed."""
    return {".".join(map(_quoted, (type_.name.schema, type_.name.name))): type_ for type_ in db.types}


def _quoted(name: str) -> str:
    plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


def row_length(
    db: Snapshot, columns: Sequence[Column], known: Iterable[ColumnStatistics], *, header: int, header_with_nulls: int
) -> Length | None:
    """The length of rows of these columns after a header of 24 (or so) bytes; None where ANALYZE has not seen one.

    Both headers are whole words; the second is that of a row which holds a NULL.
    """
    statistics = {each.column: each for each in known}
    ends: list[Share] = [(1.0, 0.0), *((0.0, 0.0) for _ in range(WORD - 1))]
    without_null, all_fixed = 1.0, True
    for column in columns:
        seen = statistics.get(column.name)
        if column.generated == "virtual":
            without_null = 0.0
            continue
        size = alignment_of(db, column)
        if seen is None:
            if size is None or not column.not_null:
                return None
            seen = ColumnStatistics(column=column.name, null_fraction=0.0, average_width=size[0], distinct=0.0)
        nulls = min(max(seen.null_fraction, 0.0), 1.0)
        without_null *= 1 - nulls
        all_fixed = all_fixed and size is not None
        ends = _after(ends, _values(column, size, seen), nulls)
    mean = sum(total + share * (-number % WORD) for number, (share, total) in enumerate(ends))
    head = header * without_null + header_with_nulls * (1 - without_null)
    return Length(head + mean, fixed=all_fixed and without_null in {0.0, 1.0})


def least_length(known: Iterable[ColumnStatistics]) -> float:
    """What the values of a row have at least, in the mean: quickly told, without what lies between them."""
    return sum((1 - each.null_fraction) * each.average_width for each in known)


def _after(ends: list[Share], values: list[_Outcome], nulls: float) -> list[Share]:
    """Where rows end once a column is added to those that ended so."""
    after = [(share * nulls, total * nulls) for share, total in ends]
    for number, (share, total) in enumerate(ends):
        if not share:
            continue
        for value in values:
            padding = -number % value.alignment
            place = (number + padding + value.remainder) % WORD
            weight = value.share * (1 - nulls)
            often, so_far = after[place]
            after[place] = (often + share * weight, so_far + (total + share * (padding + value.length)) * weight)
    return after


def _values(column: Column, size: tuple[int, int] | None, seen: ColumnStatistics) -> list[_Outcome]:
    if size is not None:
        length, alignment = size
        return [_Outcome(alignment, length % WORD, 1.0, length)]
    long = 8 if bare(column.type) in ALIGNED_TO_EIGHT else 4
    lengths = _measured(column, seen) or tuple((max(seen.average_width + step, 1), share) for step, share in UNIFORM)
    folded: defaultdict[tuple[int, int], list[Share]] = defaultdict(list)
    for length, share in lengths:
        folded[1 if length <= PACKED else long, length % WORD].append((share, share * length))
    return [_Outcome(alignment, remainder, share, total / share)
            for (alignment, remainder), parts in folded.items()
            if (share := sum(part[0] for part in parts)) and (total := sum(part[1] for part in parts))]  # fmt: skip


def _measured(column: Column, seen: ColumnStatistics) -> tuple[tuple[int, float], ...]:
    """Lengths of the values that ANALYZE kept, with shares that add up to 1; () where they do not tell the average."""
    if bare(column.type) not in {*STRINGS, "numeric"}:
        return ()
    rest = max(1 - seen.null_fraction - sum(seen.frequencies), 0.0) / max(len(seen.bounds), 1)
    shares = (*seen.frequencies, *(rest for _ in seen.bounds))
    lengths = [
        (_stored(column, text), share) for text, share in zip((*seen.values, *seen.bounds), shares, strict=False)
    ]
    total = sum(share for _, share in lengths)
    if not total:
        return ()
    average = sum(length * share for length, share in lengths) / total
    if abs(average - seen.average_width) > 1.5:  # a whole number of bytes is kept; the bounds are a sample of a sample
        return ()
    return tuple((length, share / total) for length, share in lengths)


def _stored(column: Column, text: str) -> int:
    """Bytes of a text or a numeric with its header."""
    length = (_numeric(text) if bare(column.type) == "numeric" else len(text.encode())) + 1
    return length if length <= PACKED else length + LONG_HEADER


def _numeric(text: str) -> int:
    """Two bytes, and two for each group of four digits; groups are counted from the decimal point, zeros left out."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return 2
    if not value.is_finite() or not value:
        return 2
    whole, _, fraction = f"{abs(value):f}".partition(".")
    whole = whole.lstrip("0")
    groups = "0" * (-len(whole) % 4) + whole + fraction + "0" * (-len(fraction) % 4)
    quads = list(_quads(groups))
    while quads and quads[-1] == "0000":
        quads.pop()
    while quads and quads[0] == "0000":
        quads.pop(0)
    return 2 + 2 * len(quads)


def _quads(digits: str) -> Iterator[str]:
    return (digits[place : place + 4] for place in range(0, len(digits), 4))
