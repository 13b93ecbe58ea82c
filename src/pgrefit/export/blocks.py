"""What pgrefit's executor does around a statement, as blocks of PL/pgSQL that need nothing but the server.

The settings and the numbers are the executor's own (apply/session, apply/settings): `Ground` brings them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation

NOTHING = Expression("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the executor brings with it, and a script has to bring itself."""

    settings: Mapping[str, str]  # of every transaction of a step
    path: Expression  # a query of one text: the search_path of batches, which fire an application's triggers
    tables: tuple[Statement, ...]  # make what the steps keep rows and values in
    lock_wait_ms: int
    batch_lock_wait_ms: int
    tries: int
    pause_ms: tuple[int, int]
    batch_target_ms: int
    first_batch_rows: int
    max_batch_rows: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which step a script runs: what its statements read from the settings pgrefit.run and pgrefit.step."""

    run: str  # a UUID
    step: str
    title: str


def block(body: Statement) -> Statement:
    """DO, dollar-quoted so that a person can read it."""
    return ddl("DO {body}", body=raw(quoted(body)))


def quoted(text: Statement) -> Expression:
    """A string between dollar quotes that do not occur in it."""
    number = 0
    while (tag := f"$pgrefit{number or ''}$") in text or text.endswith(tag[:-1]):
        number += 1
    return Expression(f"{tag}{text}{tag}")


def opening(ground: Ground, place: Place, locks: tuple[Lock, ...]) -> Statement:
    """The first block of a transaction: its settings, then the step's locks, waited for briefly and again."""
    return block(
        ddl(
            "\nBEGIN\n  -- The tool's own settings, which the last block puts back.\n  {keep}\n  {set}{ladder}\nEND\n",
            keep=raw(_keep(ground)), set=raw(_set(ground, place, ground.lock_wait_ms)),
            ladder=raw(_ladder(ground, locks)),
        )
    )  # fmt: skip


def closing(place: Place, proof: Statement | None) -> Statement:
    """The last block of a transaction: the step's proof, where there is one, and the tool's settings again."""
    return block(ddl("\nBEGIN{check}\n  {back}\nEND\n", check=raw(_check(place, proof)), back=raw(_BACK)))


def assertion(ground: Ground, place: Place, proof: Statement) -> Statement:
    """A block that does nothing but ask a step's proof."""
    return block(
        ddl(
            "\nBEGIN\n  {keep}\n  {set}{check}\n  {back}\nEND\n",
            keep=raw(_keep(ground)), set=raw(_set(ground, place, ground.lock_wait_ms)),
            check=raw(_check(place, proof)), back=raw(_BACK),
        )
    )  # fmt: skip


def refusal(message: str) -> Statement:
    """A block that fails and says why."""
    return block(ddl("\nBEGIN\n  RAISE EXCEPTION USING MESSAGE = {message};\nEND\n", message=Literal(message)))


def batches(ground: Ground, place: Place, action: Batches, proof: Statement | None) -> Statement:
    """A loop over ranges of the key, one transaction a range; until the proof holds, where there is one.

    It commits: the tool must run it outside of a transaction, as a statement of its own.
    """
    return block(
        ddl(
            _LOOP, set=raw(_set(ground, place, ground.batch_lock_wait_ms, indent=10)), path=raw(ground.path),
            passes=ground.passes if proof else 1, tries=ground.tries, first=ground.first_batch_rows,
            most=ground.max_batch_rows, target=ground.batch_target_ms / 1000, pause=raw(_pause(ground, "tries")),
            page_one=raw(quoted(_page(action, after=NOTHING))), page=raw(quoted(_page(action, after=_after(action)))),
            cursor=raw(_elements("place", action)), statement=raw(quoted(action.statement)),
            low=raw(_elements("low", action)), high=raw(_elements("high", action)),
            proving=raw(_proving(ground, place, action.table, proof)),
        )
    )  # fmt: skip


def _set(ground: Ground, place: Place, lock_wait_ms: int, *, indent: int = 2) -> Statement:
    """Set what the executor sets, for this transaction."""
    line = Expression("\n" + " " * indent)
    pairs = {**ground.settings, "statement_timeout": "0", "lock_timeout": f"{lock_wait_ms}ms"}
    values = [expression("({n}, {v})", n=Literal(name), v=Literal(value)) for name, value in pairs.items()]
    return ddl(
        "PERFORM pg_catalog.set_config('pgrefit.run', {run}, true);{line}"
        "PERFORM pg_catalog.set_config('pgrefit.step', {step}, true);{line}"
        "PERFORM pg_catalog.set_config(s.name, s.value, true) FROM (VALUES{line}    {values}{line}"
        "  ) AS s (name, value) WHERE EXISTS (SELECT FROM pg_catalog.pg_settings AS p WHERE p.name = s.name);",
        run=Literal(place.run), step=Literal(place.step), line=raw(line),
        values=raw(Expression(f",{line}    ".join(values))),
    )  # fmt: skip


def _keep(ground: Ground) -> Statement:
    names = [expression("{n}", n=Literal(name)) for name in (*ground.settings, "statement_timeout", "lock_timeout")]
    return ddl(
        "PERFORM pg_catalog.set_config('pgrefit.kept', pg_catalog.jsonb_object_agg(s.name, s.setting)::text, true)"
        "\n    FROM pg_catalog.pg_settings AS s WHERE s.name IN ({names});", names=raw(joined(names)),
    )  # fmt: skip


_BACK: Statement = ddl(
    "PERFORM pg_catalog.set_config('pgrefit.run', '', true), pg_catalog.set_config('pgrefit.step', '', true);"
    "\n  PERFORM pg_catalog.set_config(k.key, k.value, true)"
    "\n    FROM pg_catalog.jsonb_each_text(pg_catalog.current_setting('pgrefit.kept')::jsonb) AS k;"
)


def _check(place: Place, proof: Statement | None) -> Statement:
    if proof is None:
        return Statement("")
    return ddl(
        "\n  IF ({proof}) IS NOT TRUE THEN\n    RAISE EXCEPTION USING MESSAGE = {message};\n  END IF;",
        proof=raw(proof), message=Literal(_not_proven(place)),
    )  # fmt: skip


def _not_proven(place: Place) -> str:
    return f"the proof of step {place.step} does not hold: {place.title}"


def _ladder(ground: Ground, locks: tuple[Lock, ...]) -> Statement:
    """Take the locks for which clients would queue, one short wait each; give all of them back and pause if refused."""
    taking = [_take(lock) for lock in locks if lock.mode.strength >= LockMode.SHARE_UPDATE_EXCLUSIVE.strength]
    if not taking:
        return Statement("")
    return ddl(
        "\n  -- A lock that is not granted at once is given up and asked for again: nobody queues behind us for long."
        "\n  FOR tries IN 1..{tries} LOOP\n    BEGIN{taking}\n      EXIT;"
        "\n    EXCEPTION WHEN lock_not_available THEN\n      IF tries = {tries} THEN RAISE; END IF;\n    END;"
        "\n    {pause}\n  END LOOP;",
        tries=ground.tries, taking=raw(Expression("".join(taking))), pause=raw(_pause(ground, "tries")),
    )  # fmt: skip


def _take(lock: Lock) -> Statement:
    """LOCK TABLE, where it is a table and is there."""
    return ddl(
        "\n      IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({name})"
        " AND relkind IN ('r', 'p')) THEN\n        LOCK TABLE ONLY {table} IN {mode} MODE;\n      END IF;",
        name=Literal(expression("{t}", t=lock.on)), table=lock.on, mode=raw(Expression(lock.mode.sql)),
    )  # fmt: skip


def _pause(ground: Ground, tries: str) -> Statement:
    first, last = (milliseconds / 1000 for milliseconds in ground.pause_ms)
    return ddl(
        "PERFORM pg_catalog.pg_sleep("
        "least({last}, {first} * 1.6 ^ ({tries} - 1)) * (0.7 + 0.6 * pg_catalog.random()));",
        first=first, last=last, tries=raw(Expression(tries)),
    )  # fmt: skip


def _page(action: Batches, *, after: Expression) -> Statement:
    """The ends of the next range and its number of keys; parameters: its size, then the last key of the one before."""
    columns = [expression("t.{c}", c=name) for name in action.key]
    texts = joined([expression("{c}::text", c=raw(c)) for c in columns])
    return ddl(
        "WITH page AS (SELECT {columns} FROM {table} AS t {after} ORDER BY {up} LIMIT $1)"
        " SELECT (SELECT ARRAY[{texts}] FROM page AS t ORDER BY {up} LIMIT 1),"
        " (SELECT ARRAY[{texts}] FROM page AS t ORDER BY {down} LIMIT 1), (SELECT pg_catalog.count(*) FROM page)",
        columns=raw(joined(columns)), table=action.table, after=raw(after), texts=raw(texts),
        up=raw(joined([expression("{c} USING <", c=raw(c)) for c in columns])),
        down=raw(joined([expression("{c} USING >", c=raw(c)) for c in columns])),
    )  # fmt: skip


def _after(action: Batches) -> Expression:
    columns = joined([expression("t.{c}", c=name) for name in action.key])
    casts = ", ".join(f"${number}::{type_}" for number, type_ in enumerate(action.types, 2))
    return expression("WHERE ({c}) > ({v})", c=raw(columns), v=raw(Expression(casts)))


def _elements(array: str, action: Batches) -> Expression:
    return Expression(", ".join(f"{array}[{number}]" for number, _ in enumerate(action.key, 1)))


def _proving(ground: Ground, place: Place, table: Relation, proof: Statement | None) -> Statement:
    """After a pass: has it come to its end?"""
    if proof is None:
        return Statement("")
    return ddl(
        "\n    IF changed THEN\n      ANALYZE (SKIP_LOCKED) {table};\n      COMMIT;\n    END IF;\n    {set}"
        "\n    EXECUTE {proof} INTO proven;\n    COMMIT;\n    EXIT WHEN proven;"
        "\n    IF pass = {passes} THEN\n      RAISE EXCEPTION USING MESSAGE = {message};\n    END IF;",
        table=table, set=raw(_set(ground, place, ground.lock_wait_ms, indent=4)), proof=raw(quoted(proof)),
        passes=ground.passes,
        message=Literal(_not_proven(place)),
    )  # fmt: skip


_LOOP: LiteralString = """
DECLARE
  place text[];  -- the last key that was visited
  low text[];
  high text[];
  visited bigint;
  size bigint := {first};
  began timestamptz;
  tries integer;
  touched bigint;
  changed boolean;
  proven boolean;
BEGIN
  FOR pass IN 1..{passes} LOOP
    place := NULL;
    changed := false;
    LOOP  -- a range of the key, in a transaction of its own
      tries := 0;
      LOOP
        BEGIN
          {set}
          -- An application's triggers find what they name where its own sessions do.
          PERFORM pg_catalog.set_config('search_path', ({path}), true);
          PERFORM pg_catalog.set_config('enable_seqscan', 'off', true);
          began := pg_catalog.clock_timestamp();
          IF place IS NULL THEN
            EXECUTE {page_one} INTO low, high, visited USING size;
          ELSE
            EXECUTE {page} INTO low, high, visited USING size, {cursor};
          END IF;
          IF visited > 0 THEN
            EXECUTE {statement} USING {low}, {high};
            GET DIAGNOSTICS touched = ROW_COUNT;
            changed := changed OR touched > 0;
          END IF;
          EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
          tries := tries + 1;
          IF tries = {tries} THEN RAISE; END IF;
        END;
        COMMIT;
        {pause}
      END LOOP;
      COMMIT;
      EXIT WHEN visited = 0;
      place := high;
      -- About as many rows as take the time that others may have to wait for one of them.
      size := greatest(1, least({most}, size * least(2, greatest(0.5, {target} / greatest(0.001,
        extract(epoch FROM pg_catalog.clock_timestamp() - began))))));
    END LOOP;{proving}
  END LOOP;
END
"""
