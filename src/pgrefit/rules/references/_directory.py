"""The keys of a database, and those that the columns of a table may be named after."""

from __future__ import annotations

from collections import Counter, defaultdict

from pgrefit.model.lookup import remembered
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._names import stems

from ._key import Key, table_word
from ._keys import Keys
from ._ranking import MOST_ALIKE
from ._vocabulary import LISTS

MOST_SHARED = 1_000_000  # keys that all tenants share, entered for each of them


@remembered
def keys_of(db: Snapshot) -> Keys:
    """All keys of one column of a database; of partitioned tables those of the whole."""
    keys = Keys(db)
    for table in db.own_tables():
        listed = {"text"} if set(stems(table.name.name)) & LISTS else set[str]()
        if table.partition_of is None:
            for column, primary in _single(table).items():
                if keys.family(table.column(column)) not in {"", *listed}:
                    keys.add(table, table.column(column), primary=primary)
    keys.settle()
    return keys


def keys_for(db: Snapshot, table: Table) -> Keys:
    """The keys that a column of the table may be named after."""
    return _keys_of_tenants(db).get(table.name.schema) or keys_of(db)


@remembered
def _keys_of_tenants(db: Snapshot) -> dict[str, Keys]:
    """Where very many schemas have the same tables, one for each tenant: the keys of each, and of what all share."""
    of_schema: defaultdict[str, list[Key]] = defaultdict(list)
    for keys in keys_of(db).of_table.values():
        of_schema[keys[0].table.name.schema] += keys
    alike = Counter(table_word(keys[0].table) for keys in keys_of(db).of_table.values())
    tenants = {
        schema: keys
        for schema, keys in of_schema.items()
        if any(alike[table_word(key.table)] > MOST_ALIKE for key in keys)
    }
    shared = [key for schema, keys in of_schema.items() if schema not in tenants for key in keys]
    found = {schema: Keys(db) for schema in tenants}
    for schema, keys in tenants.items():
        for key in (*keys, *(shared if len(shared) * len(tenants) <= MOST_SHARED else ())):
            found[schema].enter(key)
    return found


def _single(table: Table) -> dict[str, bool]:
    """Columns that alone are a key, and whether the primary one, or the only one of a table without."""
    deferrable = {c.name for c in table.constraints if c.deferrable}
    found = {
        index.columns[0]: index.primary
        for index in sorted(table.indexes, key=lambda index: index.primary)
        if index.unique and index.valid and index.predicate is None and len(index.columns) == 1
        and index.constraint not in deferrable
    }  # fmt: skip
    alone = len(found) == 1 and not table.primary_key
    return {name: primary or alone for name, primary in found.items() if name is not None}
