"""Keys that a column holds though no name says so: its values are among theirs, and not by chance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.statistics import ColumnStatistics, TableStatistics
from pgrefit.rules._ask import statistics_of
from pgrefit.rules._names import BY, MARKS, reference_name, stems

from ._directory import keys_of
from ._hints import partner
from ._key import Key, Option, flat
from ._kinds import has_kinds, keeps_records
from ._lead import Lead
from ._link import FAR_ALONG, FAR_OFF, FEWEST_TIGHT, FEWEST_VALUES_ALONE, looseness
from ._readings import says_key
from ._vocabulary import CODES, COUNTED, ELSEWHERE, GENERIC, NODES, QUANTITIES, THINGS

MOST_GONE = 1.5  # so many times as many values as keys: some refer to nothing
MOST_KEYS = 200  # that are compared with one column
MOST_OPTIONS = 8  # those of the narrowest bounds
GAPS = 1.1  # so many times as many numbers as rows
EDGE = 0.05  # share of the values at either end that may refer to nothing
NARROWEST = 4  # bytes of texts (one of them the length) that are equal by no chance
AS_WIDE = 0.5  # how much the widths of texts of one kind may differ
COUNTS = {(word,) for word in COUNTED - CODES}
AMOUNTS = {(word,) for word in QUANTITIES | {"count", "total", "number"}}
BY_CHANCE = 0.1  # that some key ends there
BY_CHANCE_OF_KEYS = 0.3  # where the name says that it is a foreign key
FEWEST_NAMING = 2  # tables that name the same thing
IN_ORDER = 0.98  # correlation with the order of rows, of what is reckoned from a number that goes up with them
WIDE_APART = 4  # times as many numbers as rows, of a key that is not the primary one
NONE = {0, -1}  # that people write for none


@dataclass(frozen=True, slots=True)
class Domain:
    """The values of a key, as far as the server's statistics tell."""

    key: Key
    least: int
    greatest: int
    rows: int
    width: int

    @property
    def reach(self) -> int:
        """How many whole numbers there are from the least to the greatest."""
        return self.greatest - self.least + 1

    @property
    def tells(self) -> bool:
        """Whether its numbers have gaps, or begin far from where counting does."""
        return self.gaps or self.least * FAR_OFF >= self.reach

    @property
    def gaps(self) -> bool:
        """Whether some of the numbers between its least and its greatest are none of its own."""
        return self.reach >= GAPS * self.rows

    def holds(self, least: int, greatest: int) -> bool:
        """Whether numbers between these may all be among them, and are so by no chance."""
        inside = self.least <= least and greatest <= self.greatest
        return inside and (self.gaps or greatest - least >= FAR_ALONG * (self.reach - 1))


def by_values(observation: Observation, lead: Lead, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """More keys of the column's kind that its values may be, by the bounds or the width of both."""
    known = {option.key for option in options}
    near = sorted(_near(observation, lead), key=lambda domain: (domain.reach, domain.rows, domain.key.table.name))
    found = [domain for domain in near if domain.key not in known][:MOST_OPTIONS]
    opposed = partner(lead.table, lead.column) is not None
    return tuple(
        Option(domain.key, 0, by_values=domain.tells or lead.family == "text" or not opposed) for domain in found
    )


def _near(observation: Observation, lead: Lead) -> Iterator[Domain]:
    statistics = statistics_of(observation, lead.table)
    column = statistics.column(lead.column.name)
    if column is None or lead.column.default is not None:
        return
    values = _distinct(statistics, column)
    domains = _domains(observation).get(lead.family, {})
    near = [d for schema in domains.values() for d in schema]
    near = near if len(near) <= MOST_KEYS else domains.get(lead.table.name.schema, [])
    inner = _inner(column) if lead.family == "whole" else None
    may_end = inner is not None and not _of_kinds(observation, lead)
    tight = _tight(observation.snapshot, lead, column, values, near) if may_end else None
    marked = reference_name(lead.column.name).marked
    two_ends = marked and partner(lead.table, lead.column) is not None
    reckoned = inner is not None and not marked and abs(column.correlation or 0) >= IN_ORDER
    number = _is_number(lead)
    for domain in near if values >= FEWEST_VALUES_ALONE and len(near) <= MOST_KEYS else ():
        itself = domain.key.column.name == lead.column.name or (reckoned and not domain.gaps)
        own = domain.key.table.name == lead.table.name and itself
        told = domain.tells or two_ends or domain is tight
        numbers = inner is not None and domain.holds(*inner) and told
        texts = lead.family == "text" and _as_wide(column, domain) and values <= MOST_GONE * domain.rows
        if (numbers or texts) and not own and (not number or _same_number(lead, domain)):
            yield domain


def _tight(db: Snapshot, lead: Lead, column: ColumnStatistics, values: float, near: list[Domain]) -> Domain | None:
    """The one key whose numbers end where those of a column end that is named like a reference, or are all in use."""
    numbers = [number for number in _numbers(column) if number not in NONE]
    named = reference_name(lead.column.name)
    marked = named.marked and named.base[-1] not in BY
    if marked and numbers and says_key(lead.column):
        all_used = [d for d in near if (d.least, d.greatest, d.rows) == (numbers[0], numbers[-1], values)]
        if len(all_used) == 1:
            return all_used[0]
    if not (marked and numbers and values >= FEWEST_TIGHT) or set(named.base) & (ELSEWHERE | NODES | THINGS):
        return None
    chance = len(near) * looseness(values)
    if (
        chance > (BY_CHANCE if not says_key(lead.column) else BY_CHANCE_OF_KEYS)
        and _tables_that_name(db)[named.base[-1]] < FEWEST_NAMING
    ):
        return None
    reached = [
        d for d in near if 0 <= d.greatest - numbers[-1] <= looseness(values) * d.reach and d.least <= numbers[0]
    ]
    return reached[0] if len(reached) == 1 else None


@remembered
def _tables_that_name(db: Snapshot) -> Counter[str]:
    """In how many tables there are references by that word: movie_id, linked_movie_id."""
    counted: Counter[str] = Counter()
    for table in db.own_tables():
        named = (reference_name(column.name) for column in table.columns)
        counted.update({name.base[-1] for name in named if name.marked})
    return counted


def _of_kinds(observation: Observation, lead: Lead) -> bool:
    """Whether rows of several tables may be meant, or such as are gone."""
    return lead.several or keeps_records(lead.table) or has_kinds(observation, lead.table)


def _same_number(lead: Lead, domain: Domain) -> bool:
    """Whether the key has the very name, that of a number: year."""
    name = flat(lead.column.name)
    return domain.tells and flat(domain.key.column.name) == name and name not in {"", *MARKS, *CODES}


def _is_number(lead: Lead) -> bool:
    """Whether the name is that of a quantity, a count, or of what every table has."""
    parts = stems(lead.column.name)
    quantity = parts[:1] in COUNTS or parts[-1:] in AMOUNTS or flat(lead.column.name) in GENERIC
    return quantity and not reference_name(lead.column.name).marked


def _as_wide(column: ColumnStatistics, domain: Domain) -> bool:
    mine, theirs = column.average_width, domain.width
    return min(mine, theirs) >= NARROWEST and abs(mine - theirs) <= AS_WIDE * theirs


@remembered
def _domains(observation: Observation) -> dict[str, dict[str, list[Domain]]]:
    """The main keys of one column, by family and schema."""
    found: defaultdict[str, defaultdict[str, list[Domain]]] = defaultdict(lambda: defaultdict(list))
    keys = keys_of(observation.snapshot)
    for key in (key for near in keys.of_table.values() for key in near):
        statistics = statistics_of(observation, key.table)
        column = statistics.column(key.column.name)
        family = keys.family(key.column)
        bounds = _numbers(column) if column and family == "whole" else [0, 0] if family == "text" else []
        if column and bounds and statistics.rows >= FEWEST_VALUES_ALONE:
            domain = Domain(key, bounds[0], bounds[-1], statistics.rows, column.average_width)
            wide = family == "whole" and domain.reach >= WIDE_APART * domain.rows  # met by no chance
            if not (key.primary or wide):
                continue
            found[family][key.table.name.schema].append(domain)
    return {family: dict(schemas) for family, schemas in found.items()}


def _numbers(column: ColumnStatistics) -> list[int]:
    try:
        return sorted(int(value) for value in (*column.bounds, *column.values))
    except ValueError:
        return []


def _inner(column: ColumnStatistics) -> tuple[int, int] | None:
    """The least and the greatest value, but for a few at either end."""
    numbers = [number for number in _numbers(column) if number not in NONE]
    cut = int(len(numbers) * EDGE)
    return (numbers[cut], numbers[-1 - cut]) if numbers else None


def _distinct(statistics: TableStatistics, column: ColumnStatistics) -> float:
    return column.distinct if column.distinct >= 0 else -column.distinct * max(statistics.rows, 0)
