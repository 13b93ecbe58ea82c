-- One of every kind of object, most of them under names that need quoting.
CREATE SCHEMA "Sh""op %s {x}";
COMMENT ON SCHEMA "Sh""op %s {x}" IS 'hostile on purpose';
SET search_path = "Sh""op %s {x}";

CREATE TYPE "Mood" AS ENUM ('sad', 'o''k', 'happy');
COMMENT ON TYPE "Mood" IS 'how they feel';
CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE TYPE address AS (street text, "post code" varchar(10));
CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE COLLATION german (provider = libc, locale = 'C');

CREATE SEQUENCE tickets AS integer MINVALUE -2147483648 INCREMENT BY -5 START -10 CYCLE CACHE 7;
COMMENT ON SEQUENCE tickets IS 'counts down';

CREATE TABLE "Customer Ünïcode" (
    "select" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "E-Mail" varchar(255) COLLATE german NOT NULL,
    mood "Mood" DEFAULT 'o''k',
    home address,
    score positive,
    gone text,
    wanted float_range,
    doubled integer GENERATED ALWAYS AS (length("E-Mail") * 2) STORED,
    CONSTRAINT "mail has an @" CHECK ("E-Mail" LIKE '%@%') NO INHERIT,
    CONSTRAINT unique_mail UNIQUE NULLS NOT DISTINCT ("E-Mail") INCLUDE (mood)
) WITH (fillfactor = 80);
ALTER TABLE "Customer Ünïcode" DROP COLUMN gone;
ALTER TABLE "Customer Ünïcode" ALTER COLUMN "E-Mail" SET STATISTICS 500;
ALTER TABLE "Customer Ünïcode" ALTER COLUMN "E-Mail" SET (n_distinct = -1);
ALTER TABLE "Customer Ünïcode" ALTER COLUMN "E-Mail" SET STORAGE external;
COMMENT ON TABLE "Customer Ünïcode" IS 'who buys';
COMMENT ON COLUMN "Customer Ünïcode"."E-Mail" IS 'where to write';
COMMENT ON CONSTRAINT unique_mail ON "Customer Ünïcode" IS 'one each';

CREATE TABLE a12345678901234567890123456789012345678901234567890123456789012 (
    id serial PRIMARY KEY,
    customer bigint,
    placed timestamptz DEFAULT '2020-01-01 00:00+02',
    note text,
    during tsrange,
    CONSTRAINT one_at_a_time EXCLUDE USING gist (during WITH &&)
);
ALTER TABLE a12345678901234567890123456789012345678901234567890123456789012
    ADD CONSTRAINT buyer FOREIGN KEY (customer) REFERENCES "Customer Ünïcode" MATCH FULL
    ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
CREATE INDEX "by %" ON a12345678901234567890123456789012345678901234567890123456789012
    (lower(note) text_pattern_ops DESC NULLS LAST, customer, note COLLATE german) INCLUDE (placed) WITH (fillfactor = 70)
    WHERE note IS NOT NULL;
COMMENT ON INDEX "by %" IS 'finds notes';
CREATE STATISTICS notes (dependencies) ON customer, placed
    FROM a12345678901234567890123456789012345678901234567890123456789012;

CREATE TABLE measures (at date NOT NULL, city text, value numeric(10, 2), PRIMARY KEY (at, city)) PARTITION BY RANGE (at);
CREATE TABLE measures_2020 PARTITION OF measures FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE measures_rest PARTITION OF measures DEFAULT;
CREATE UNLOGGED TABLE parent (id integer, CONSTRAINT positive_id CHECK (id > 0));
CREATE UNLOGGED TABLE child (extra text) INHERITS (parent);

CREATE VIEW "sad people" WITH (security_barrier = true) AS
    SELECT "select", "E-Mail" FROM "Customer Ünïcode" WHERE mood = 'sad';
CREATE MATERIALIZED VIEW per_mood AS SELECT mood, count(*) AS n FROM "Customer Ünïcode" GROUP BY mood;
CREATE UNIQUE INDEX per_mood_key ON per_mood (mood);

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ BEGIN RETURN NEW; END $$;
COMMENT ON FUNCTION touch() IS 'does nothing';
CREATE FUNCTION sum_of(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF
    RETURN a + b;
CREATE PROCEDURE clean() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE my_sum (integer) (sfunc = int4pl, stype = integer);
CREATE FUNCTION mails() RETURNS SETOF varchar LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT "E-Mail" FROM "Customer Ünïcode"; END;

CREATE TRIGGER "on Change" BEFORE INSERT OR UPDATE OF "E-Mail", mood ON "Customer Ünïcode"
    FOR EACH ROW WHEN (NEW.score > 1) EXECUTE FUNCTION touch();
COMMENT ON TRIGGER "on Change" ON "Customer Ünïcode" IS 'watches';
ALTER TABLE "Customer Ünïcode" ENABLE ALWAYS TRIGGER "on Change";
CREATE TRIGGER from_view INSTEAD OF DELETE ON "sad people" FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER emptied AFTER TRUNCATE ON measures FOR EACH STATEMENT EXECUTE FUNCTION touch();

ALTER TABLE "Customer Ünïcode" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE POLICY "own rows" ON "Customer Ünïcode" AS RESTRICTIVE FOR UPDATE TO reader, "Wri""ter"
    USING ("E-Mail" = CURRENT_USER) WITH CHECK (mood <> 'sad');
CREATE POLICY all_rows ON "Customer Ünïcode" USING (true);
COMMENT ON POLICY all_rows ON "Customer Ünïcode" IS 'lets all through';

GRANT SELECT, UPDATE ON "Customer Ünïcode" TO reader WITH GRANT OPTION;
GRANT SELECT ("E-Mail") ON "Customer Ünïcode" TO "Wri""ter";
GRANT USAGE ON SCHEMA "Sh""op %s {x}" TO PUBLIC;
GRANT USAGE ON SEQUENCE tickets TO reader;
REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC;

CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, delete');
CREATE PUBLICATION "some" FOR
    TABLE a12345678901234567890123456789012345678901234567890123456789012 (id, note) WHERE (id > 10),
    TABLE measures WITH (publish_via_partition_root = true);

CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER "Watch" ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION seen();

CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE remote (id integer OPTIONS (name 'ID') NOT NULL) SERVER elsewhere OPTIONS (remote_name 'x');

CREATE SCHEMA pgrefit;
CREATE TABLE pgrefit.journal (id integer);
CREATE TEMPORARY TABLE pg_class (id integer);
