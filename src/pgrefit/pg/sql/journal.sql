-- The journal of runs, the quarantine and the before-images: made once in the target database, in the schema pgrefit.
CREATE SCHEMA IF NOT EXISTS pgrefit;

CREATE TABLE IF NOT EXISTS pgrefit.run (
    id uuid PRIMARY KEY,
    plan text NOT NULL,
    plan_hash text NOT NULL,
    fingerprint text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'stopped', 'done', 'rolling back', 'rolled back')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

CREATE TABLE IF NOT EXISTS pgrefit.step (
    run uuid NOT NULL REFERENCES pgrefit.run ON DELETE CASCADE,
    id text NOT NULL,
    title text NOT NULL,
    phase text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'started', 'done', 'skipped', 'undone')),
    started_at timestamptz,
    finished_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    rows bigint NOT NULL DEFAULT 0,
    total_rows bigint NOT NULL DEFAULT -1,
    batches bigint NOT NULL DEFAULT 0,
    cursor text[],
    undo_cursor text[],
    message text NOT NULL DEFAULT '',
    PRIMARY KEY (run, id)
);

CREATE TABLE IF NOT EXISTS pgrefit.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    step text NOT NULL,
    source text NOT NULL,
    key text[] NOT NULL,
    reason text NOT NULL,
    row jsonb NOT NULL,
    typed text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS pgrefit.before_image (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    step text NOT NULL,
    source text NOT NULL,
    key text[] NOT NULL,
    columns text[] NOT NULL,
    old text[] NOT NULL,
    new text[] NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS pgrefit.reject (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    step text NOT NULL,
    source text NOT NULL,
    key text[] NOT NULL,
    reason text NOT NULL,
    value text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS pgrefit.verification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    passed boolean NOT NULL,
    checks jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);


-- What later releases added.
ALTER TABLE pgrefit.run
    ADD COLUMN IF NOT EXISTS control text NOT NULL DEFAULT 'go' CHECK (control IN ('go', 'pause', 'stop')),
    ADD COLUMN IF NOT EXISTS control_by text,
    ADD COLUMN IF NOT EXISTS control_at timestamptz,
    ADD COLUMN IF NOT EXISTS waits text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS waits_since timestamptz,
    ADD COLUMN IF NOT EXISTS document text;

ALTER TABLE pgrefit.step
    ADD COLUMN IF NOT EXISTS visited bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS rate double precision NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS mean_rate double precision NOT NULL DEFAULT 0;
