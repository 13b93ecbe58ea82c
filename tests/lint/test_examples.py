"""Mistakes that guides to safe migrations warn of, each with the way they advise: the first is found, the other not."""

from dataclasses import dataclass

import pytest

from lint.linting import said

BEFORE = """
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL, plan varchar(20), balance numeric(10, 2), meta jsonb);
CREATE TABLE payments (id bigint PRIMARY KEY, account_id bigint, paid_at timestamptz, note text);
CREATE INDEX payments_account ON payments (account_id);
CREATE INDEX payments_paid ON payments (paid_at);
CREATE TABLE seats (id bigint NOT NULL, row_id integer);
CREATE UNIQUE INDEX seats_id ON seats (id);
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE readings (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
"""


@dataclass(frozen=True, kw_only=True)
class Pair:
    rule: str
    bad: str
    good: str


PAIRS = (
    Pair(
        rule="foreign-key-without-not-valid",
        bad="ALTER TABLE payments ADD CONSTRAINT fk FOREIGN KEY (account_id) REFERENCES accounts (id);",
        good="""BEGIN;
            ALTER TABLE payments ADD CONSTRAINT fk FOREIGN KEY (account_id) REFERENCES accounts (id) NOT VALID; COMMIT;
            BEGIN; ALTER TABLE payments VALIDATE CONSTRAINT fk; COMMIT;""",
    ),
    Pair(
        rule="check-without-not-valid",
        bad="ALTER TABLE accounts ADD CONSTRAINT solvent CHECK (balance >= 0);",
        good="ALTER TABLE accounts ADD CONSTRAINT solvent CHECK (balance >= 0) NOT VALID;",
    ),
    Pair(
        rule="validated-in-same-transaction",
        bad="""BEGIN; ALTER TABLE accounts ADD CONSTRAINT solvent CHECK (balance >= 0) NOT VALID;
            ALTER TABLE accounts VALIDATE CONSTRAINT solvent; COMMIT;""",
        good="""BEGIN; ALTER TABLE accounts ADD CONSTRAINT solvent CHECK (balance >= 0) NOT VALID; COMMIT;
            BEGIN; ALTER TABLE accounts VALIDATE CONSTRAINT solvent; COMMIT;""",
    ),
    Pair(
        rule="set-not-null-scans",
        bad="ALTER TABLE accounts ALTER COLUMN plan SET NOT NULL;",
        good="""ALTER TABLE accounts ADD CONSTRAINT planned CHECK (plan IS NOT NULL) NOT VALID;
            -- pgrefit:ignore validated-in-same-transaction each statement is run by itself
            ALTER TABLE accounts VALIDATE CONSTRAINT planned;
            ALTER TABLE accounts ALTER COLUMN plan SET NOT NULL; ALTER TABLE accounts DROP CONSTRAINT planned;""",
    ),
    Pair(
        rule="required-column-without-default",
        bad="ALTER TABLE accounts ADD COLUMN country text NOT NULL;",
        good="ALTER TABLE accounts ADD COLUMN country text NOT NULL DEFAULT 'CH';",
    ),
    Pair(
        rule="volatile-default-rewrites-table",
        bad="ALTER TABLE accounts ADD COLUMN ref uuid NOT NULL DEFAULT uuid_generate_v4();",
        good="""ALTER TABLE accounts ADD COLUMN ref uuid;
            ALTER TABLE accounts ALTER COLUMN ref SET DEFAULT gen_random_uuid();""",
    ),
    Pair(
        rule="serial-column-rewrites-table",
        bad="ALTER TABLE seats ADD COLUMN number bigserial;",
        good="CREATE TABLE rows (number bigserial PRIMARY KEY);",
    ),
    Pair(
        rule="type-change-rewrites-table",
        bad="ALTER TABLE accounts ALTER COLUMN id TYPE numeric;",
        good="ALTER TABLE accounts ALTER COLUMN plan TYPE varchar(60), ALTER COLUMN balance TYPE numeric(14, 2);",
    ),
    Pair(
        rule="index-without-concurrently",
        bad="CREATE INDEX payments_note ON payments (note);",
        good="CREATE INDEX CONCURRENTLY IF NOT EXISTS payments_note ON payments (note);",
    ),
    Pair(
        rule="concurrently-in-transaction",
        bad="BEGIN; CREATE INDEX CONCURRENTLY payments_note ON payments (note); COMMIT;",
        good="""DROP INDEX CONCURRENTLY IF EXISTS payments_note;
            CREATE INDEX CONCURRENTLY payments_note ON payments (note);""",
    ),
    Pair(
        rule="unique-constraint-builds-index",
        bad="ALTER TABLE accounts ADD CONSTRAINT one_name UNIQUE (name);",
        good="""CREATE UNIQUE INDEX CONCURRENTLY one_name_idx ON accounts (name);
            ALTER TABLE accounts ADD CONSTRAINT one_name UNIQUE USING INDEX one_name_idx;""",
    ),
    Pair(
        rule="primary-key-builds-index",
        bad="ALTER TABLE seats ADD CONSTRAINT seats_pkey PRIMARY KEY (id);",
        good="ALTER TABLE seats ADD CONSTRAINT seats_pkey PRIMARY KEY USING INDEX seats_id;",
    ),
    Pair(
        rule="renamed-column",
        bad="ALTER TABLE accounts RENAME COLUMN plan TO tier;",
        good="ALTER TABLE accounts ADD COLUMN tier text;",
    ),
    Pair(
        rule="unbatched-change-of-rows",
        bad="UPDATE payments SET note = '' WHERE note IS NULL;",
        good="UPDATE payments SET note = '' WHERE id > 1000 AND id <= 2000 AND note IS NULL;",
    ),
    Pair(
        rule="concurrently-under-lock-timeout",
        bad="SET lock_timeout TO '1s'; CREATE INDEX CONCURRENTLY payments_note ON payments (note);",
        good="SET lock_timeout TO 0; CREATE INDEX CONCURRENTLY payments_note ON payments (note);",
    ),
    Pair(
        rule="backfill-in-ddl-transaction",
        bad="""BEGIN; ALTER TABLE accounts ADD COLUMN tier text; UPDATE accounts SET tier = plan; COMMIT;""",
        good="ALTER TABLE accounts ADD COLUMN tier text;",
    ),
    Pair(
        rule="more-work-under-exclusive-lock",
        bad="""BEGIN; ALTER TABLE accounts ADD COLUMN tier text;
            INSERT INTO payments (id, note) SELECT id, name FROM accounts; COMMIT;""",
        good="BEGIN; ALTER TABLE accounts ADD COLUMN tier text; INSERT INTO payments (id) VALUES (1); COMMIT;",
    ),
    Pair(
        rule="drop-index-without-concurrently",
        bad="DROP INDEX payments_paid;",
        good="DROP INDEX CONCURRENTLY payments_paid;",
    ),
    Pair(
        rule="dropped-column",
        bad="ALTER TABLE accounts DROP COLUMN plan;",
        good="ALTER TABLE accounts ALTER COLUMN plan DROP DEFAULT;",
    ),
    Pair(
        rule="truncated-table",
        bad="TRUNCATE TABLE accounts CASCADE;",
        good="CREATE TEMP TABLE scratch (id bigint); TRUNCATE scratch;",
    ),
    Pair(
        rule="exclusion-constraint",
        bad="ALTER TABLE payments ADD CONSTRAINT apart EXCLUDE USING btree (account_id WITH =);",
        good="CREATE TABLE slots (id bigint PRIMARY KEY, EXCLUDE USING btree (id WITH =));",
    ),
    Pair(
        rule="detach-without-concurrently",
        bad="ALTER TABLE readings DETACH PARTITION readings_1;",
        good="ALTER TABLE readings DETACH PARTITION readings_1 CONCURRENTLY;",
    ),
    Pair(
        rule="json-column",
        bad="ALTER TABLE accounts ADD COLUMN extra json;",
        good="ALTER TABLE accounts ADD COLUMN extra jsonb;",
    ),
    Pair(
        rule="foreign-key-type-mismatch",
        bad="CREATE TABLE visits (id bigint PRIMARY KEY, account_id text REFERENCES accounts (id));",
        good="CREATE TABLE visits (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id));",
    ),
    Pair(
        rule="enum-value-used-at-once",
        bad="BEGIN; ALTER TYPE state ADD VALUE 'gone' AFTER 'old'; SELECT 'gone'::state; COMMIT;",
        good="ALTER TYPE state ADD VALUE 'gone' AFTER 'old';",
    ),
)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.rule)
def test_the_mistake_is_found(pair: Pair) -> None:
    assert pair.rule in said(pair.bad, before=BEFORE)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.rule)
def test_the_advised_way_is_not_blamed(pair: Pair) -> None:
    assert said(pair.good, before=BEFORE) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.rule)
def test_nothing_is_said_of_tables_that_the_file_makes(pair: Pair) -> None:
    """They are empty and nobody uses them: no lock is worth a word, only shapes are."""
    shapes = {
        "json-column", "foreign-key-type-mismatch", "concurrently-in-transaction", "concurrently-under-lock-timeout",
        "unbatched-change-of-rows",
    }  # fmt: skip
    if pair.rule not in shapes:
        assert pair.rule not in said(BEFORE + pair.bad)
