"""Bring values out of JSON documents into columns of their own types.

While both versions of the application run, a trigger keeps document and columns in step from whichever side is written.
A column that is written wins over the document, and a key is never made for an empty column: NULL becomes a JSON null
where the document has the key, and nothing where it has not. So the document keeps what it had, to the way back. Values
that do not convert stay in the document, and are listed in pgrefit.reject at the end.

A json column (not jsonb) is written anew by the server's rules when a value is put into it: blanks and doubled keys go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._batches import recall_batches, remembering_batches, update_batches
from ._documents import Document, JsonType
from ._guard import purpose
from ._locks import on_family
from ._preconditions import column_taken, fired_by_updating, inherited, missing, rows_unwalkable
from ._rejects import report
from ._sync import create_function, create_trigger, drop_sync, trigger_name


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonField:
    """The keys that lead to a value from the top of the document, and the column that it goes into."""

    path: tuple[str, ...]
    column: str
    type: JsonType = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractJson(Change):
    """Typed columns for values of one json or jsonb column; with `remove` their keys leave the document at the end."""

    table: Relation
    column: str
    fields: tuple[JsonField, ...]
    remove: bool = False

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"bring {', '.join('.'.join(f.path) for f in self.fields)} of {self.table}.{self.column} into columns"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No document, names that are taken, paths that cannot be written back."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        about, document = f"{self.table}.{self.column}", db.table(self.table).column(self.column)
        if document.type not in {"json", "jsonb"} or document.generated:
            yield Obstacle(about, "is no json or jsonb column that can be written")
        yield from rows_unwalkable(db, self.table)
        yield from inherited(db, self.table, self.column)
        yield from self._badly_named(db)

    def _badly_named(self, db: Snapshot) -> Iterator[Obstacle]:
        about, seen = f"{self.table}.{self.column}", set[str]()
        for n, field in enumerate(self.fields):
            yield from column_taken(db, self.table, field.column)
            if field.column in seen:
                yield Obstacle(f"{self.table}.{field.column}", "is named twice")
            seen.add(field.column)
            if not field.path or any(key.lstrip("-").isdigit() for key in field.path):
                yield Obstacle(about, f"a path is made of keys; a number may be a place in a list: {field.path}")
            for other in self.fields[:n]:
                short = min(len(field.path), len(other.path))
                if field.path[:short] == other.path[:short]:
                    yield Obstacle(about, f"{'.'.join(field.path)} and {'.'.join(other.path)} lie within each other")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: columns, sync. Migrate: existing rows. Contract: what did not convert, no sync, keys removed."""
        table = db.table(self.table)
        document = Document(column=self.column, binary=table.column(self.column).type == "jsonb")
        yield self._add_columns(db, table)
        yield self._sync(db, document)
        yield self._fill(table, document)
        yield report(table, f"of which values in {self.column} do not convert", self.column, self._faults(document))
        yield self._stop(db)
        if self.remove:
            yield self._remove(table, document)

    @property
    def _purpose(self) -> str:
        return purpose("json", self.table, self.column)

    def _add_columns(self, db: Snapshot, table: Table) -> Step:
        adds = [expression("ADD COLUMN {c} {t}", c=f.column, t=raw(Expression(f.type))) for f in self.fields]
        drops = [expression("DROP COLUMN IF EXISTS {c}", c=f.column) for f in self.fields]
        grants = (
            ddl("GRANT {privilege} ({c}) ON {table} TO {role} {grantable}", privilege=raw(Expression(grant.privilege)),
                c=f.column, table=self.table, role=grant.grantee or raw(Expression("PUBLIC")),
                grantable=raw(Expression("WITH GRANT OPTION" if grant.grantable else "")))
            for f in self.fields for grant in table.column(self.column).grants
        )  # fmt: skip
        return Step(
            title=f"add columns to {self.table} for values of {self.column}", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {table} {adds}", table=self.table, adds=raw(joined(adds))), *grants),
            undo=(ddl("ALTER TABLE {table} {drops}", table=self.table, drops=raw(joined(drops))),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.column_exists(self.table, f.column) for f in self.fields)),
            hazard="prepared SELECT * over the table must be prepared again",
        )  # fmt: skip

    def _sync(self, db: Snapshot, document: Document) -> Step:
        inserted = joined([_on_insert(document, f) for f in self.fields], "\n")
        updated = joined([_on_update(document, f) for f in self.fields], "\n")
        body = ddl("BEGIN IF TG_OP = 'INSERT' THEN {inserted} ELSE {updated} END IF; RETURN NEW; END",
                   inserted=raw(inserted), updated=raw(updated))  # fmt: skip
        differ = joined([_differs(document, f) for f in self.fields], " OR ")
        return Step(
            title=f"keep {self.table}.{self.column} and its columns in step", phase=Phase.EXPAND,
            do=(create_function(self.table, self._purpose, body), create_trigger(self.table, self._purpose, differ)),
            undo=drop_sync(self.table, self._purpose),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=self._in_step, why="the old version of the application writes the document, the new one the columns",
        )  # fmt: skip

    def _fill(self, table: Table, document: Document) -> Step:
        missing_ = [
            expression("(t.{c} IS NULL AND {v} IS NOT NULL)", c=f.column, v=raw(document.value("t", f.path, f.type)))
            for f in self.fields
        ]
        # Where the column holds a value already the trigger put it there, or the new version of the application.
        sets = [
            expression("{c} = coalesce(t.{c}, {v})", c=f.column, v=raw(document.value("t", f.path, f.type)))
            for f in self.fields
        ]
        condition = joined(missing_, " OR ")
        return Step(
            title=f"fill columns of {self.table} from {self.column}", phase=Phase.MIGRATE,
            do=update_batches(table, joined(sets), condition), undo=Way.NOTHING_LEFT,
            locks=(Lock(self.table, LockMode.ROW_EXCLUSIVE),), work=Work.BATCHES,
            proof=proof.no_row(self.table, condition),
            hazard=fired_by_updating(table, [f.column for f in self.fields]),
        )  # fmt: skip

    def _faults(self, document: Document) -> dict[str, Expression]:
        return {
            f"{'.'.join(f.path)} does not convert to {f.type}": expression(
                "t.{c} IS NULL AND coalesce({found}, 'null') <> 'null' AND {value} IS NULL", c=f.column,
                found=raw(document.found("t", f.path)), value=raw(document.value("t", f.path, f.type)),
            )
            for f in self.fields
        }  # fmt: skip

    def _stop(self, db: Snapshot) -> Step:
        return Step(
            title=f"stop keeping {self.table}.{self.column} and its columns in step", phase=Phase.CONTRACT,
            do=drop_sync(self.table, self._purpose), undo=Way.NO_RETURN,
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.negated(self._in_step),
            why="the new version of the application alone is left, and it writes the columns",
            hazard="what is written into the columns from now on, the document no longer shows",
        )  # fmt: skip

    def _remove(self, table: Table, document: Document) -> Step:
        kept = [
            (f.path, expression("({found} IS NOT NULL AND ({found} = 'null' OR {value} IS NOT NULL))",
                                found=raw(document.found("t", f.path)), value=raw(document.value("t", f.path, f.type))))
            for f in self.fields
        ]  # fmt: skip
        condition = joined([held for _, held in kept], " OR ")
        return Step(
            title=f"remove from {self.table}.{self.column} what its columns hold", phase=Phase.CONTRACT,
            do=remembering_batches(table, {self.column: document.without("t", kept)}, condition),
            undo=recall_batches(table, (self.column,)),
            locks=(Lock(self.table, LockMode.ROW_EXCLUSIVE),), work=Work.BATCHES,
            proof=proof.no_row(self.table, condition),
            why="the whole documents are kept in pgrefit.before_image; what did not convert stays in them",
            hazard="indexes and queries that look for these keys in the document find nothing any more",
        )  # fmt: skip

    @property
    def _in_step(self) -> Statement:
        return proof.trigger_exists(self.table, trigger_name(self.table, self._purpose))


def _on_insert(document: Document, field: JsonField) -> Expression:
    return expression(
        "IF NEW.{c} IS NULL THEN NEW.{c} := {value}; ELSIF {value} IS DISTINCT FROM NEW.{c} THEN {write} END IF;",
        c=field.column, value=raw(document.value("NEW", field.path, field.type)), write=raw(_write(document, field)),
    )  # fmt: skip


def _on_update(document: Document, field: JsonField) -> Expression:
    return expression(
        "IF NEW.{c} IS DISTINCT FROM OLD.{c} THEN IF {value} IS DISTINCT FROM NEW.{c} THEN {write} END IF;"
        " ELSIF NEW.{c} IS NULL OR {new} IS DISTINCT FROM {old} THEN NEW.{c} := {value}; END IF;",
        c=field.column, value=raw(document.value("NEW", field.path, field.type)), write=raw(_write(document, field)),
        new=raw(document.found("NEW", field.path)), old=raw(document.found("OLD", field.path)),
    )  # fmt: skip


def _write(document: Document, field: JsonField) -> Expression:
    value = expression("coalesce(pg_catalog.to_jsonb(NEW.{c}), 'null'::jsonb)", c=field.column)
    return expression(
        "IF {takes} THEN NEW.{d} := {whole}; END IF;", takes=raw(document.takes("NEW", field.path)), d=document.column,
        whole=raw(document.with_value("NEW", field.path, value)),
    )  # fmt: skip


def _differs(document: Document, field: JsonField) -> Expression:
    """The trigger's condition, in which there may be no sub-select."""
    if field.type == "text[]":
        return expression("pg_catalog.to_jsonb(NEW.{c}) IS DISTINCT FROM nullif({found}, 'null'::jsonb)",
                          c=field.column, found=raw(document.found("NEW", field.path)))  # fmt: skip
    return expression("NEW.{c} IS DISTINCT FROM {value}", c=field.column,
                      value=raw(document.value("NEW", field.path, field.type)))  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.parcel (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text, data jsonb NOT NULL DEFAULT '{}');
    INSERT INTO shop.parcel (label, data)
        SELECT 'parcel ' || n, jsonb_build_object('weight', n, 'to', jsonb_build_object('city', 'city ' || n % 5),
                                                  'sent', '2025-01-' || n % 28 + 1, 'more', 'stays')
        FROM generate_series(1, 50) AS n;
    INSERT INTO shop.parcel (data) VALUES
        ('{"weight": "heavy", "sent": "2025-02-30"}'), ('{"weight": null, "to": null}'), ('{"weight": 7.5}'), ('[1]');
    """,
    ExtractJson(
        table=Relation("shop", "parcel"), column="data", remove=True,
        fields=(JsonField(path=("weight",), column="weight", type="numeric"),
                JsonField(path=("to", "city"), column="city"), JsonField(path=("sent",), column="sent", type="date")),
    ),
    writes="""INSERT INTO shop.parcel (label, data) VALUES ('new', '{"weight": 3, "to": {"city": "Ulm"}}')""",
)  # fmt: skip
