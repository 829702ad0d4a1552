-- Idempotency store, call journal and webhook inbox of the SDK, for PostgreSQL 11 and later.
--
--   psql -d DB -f migrations/001_idempotency_and_webhooks.sql
--
-- Runs on an empty database, over the tables of 0.1, and any number of times: each table is made
-- if it is missing, then each column is added if it is missing, so that a new database and an
-- upgraded one end up alike. It is one transaction: it happens whole or not at all.

BEGIN;

SET LOCAL client_min_messages = warning;

-- Two deployments that start at once take turns. The number is arbitrary, and ours.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7264905131); END $$;

CREATE TABLE IF NOT EXISTS molam_migrations (
    name       text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- server_idempotency: one row for each key and route ------------------------------------------

CREATE TABLE IF NOT EXISTS server_idempotency (id bigserial PRIMARY KEY);

ALTER TABLE server_idempotency
    ADD COLUMN IF NOT EXISTS idempotency_key text NOT NULL,
    ADD COLUMN IF NOT EXISTS route           text NOT NULL DEFAULT '',
    -- in_progress, failed and released have no response; any other status is an answer's own.
    ADD COLUMN IF NOT EXISTS status          text NOT NULL DEFAULT 'completed',
    -- json and not jsonb: an answer is kept to the letter, and jsonb refuses some legal texts.
    ADD COLUMN IF NOT EXISTS response        json,
    ADD COLUMN IF NOT EXISTS fingerprint     text,
    -- The fencing token of the latest claim; it only grows.
    ADD COLUMN IF NOT EXISTS fence           bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS lease_until     timestamptz,
    -- When the first worker started that may have reached the API; NULL when none has.
    ADD COLUMN IF NOT EXISTS claimed_at      timestamptz,
    ADD COLUMN IF NOT EXISTS last_error      text,
    ADD COLUMN IF NOT EXISTS created_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at      timestamptz NOT NULL DEFAULT now();

-- What 0.1 had and the new rules break: the key unique by itself (it is unique per route now),
-- checks on status, and NOT NULL on columns that a claim in progress cannot fill.
DO $$
DECLARE
    extra record;
BEGIN
    FOR extra IN
        SELECT c.conname
        FROM pg_constraint c
        WHERE c.conrelid = 'server_idempotency'::regclass
          AND ((c.contype IN ('u', 'p')
                AND (SELECT array_agg(a.attname::text) FROM pg_attribute a
                     WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey))
                    = ARRAY['idempotency_key'])
            OR (c.contype = 'c'
                AND EXISTS (SELECT 1 FROM pg_attribute a
                            WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
                              AND a.attname IN ('status', 'response'))))
    LOOP
        EXECUTE format('ALTER TABLE server_idempotency DROP CONSTRAINT %I', extra.conname);
    END LOOP;

    FOR extra IN
        SELECT i.indexrelid::regclass AS index_name
        FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = 'server_idempotency'::regclass
          AND i.indisunique AND i.indnkeyatts = 1 AND a.attname = 'idempotency_key'
    LOOP
        EXECUTE format('DROP INDEX %s', extra.index_name);
    END LOOP;

    FOR extra IN
        SELECT a.attname, a.attname IN ('response', 'lease_until', 'claimed_at') AS ours
        FROM pg_attribute a
        WHERE a.attrelid = 'server_idempotency'::regclass
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
          AND a.attidentity = ''
          AND a.attname <> 'idempotency_key'
          AND NOT EXISTS (SELECT 1 FROM pg_constraint c
                          WHERE c.conrelid = a.attrelid AND c.contype = 'p'
                            AND a.attnum = ANY (c.conkey))
    LOOP
        EXECUTE format('ALTER TABLE server_idempotency ALTER COLUMN %I DROP NOT NULL', extra.attname);
    END LOOP;

    IF (SELECT a.atttypid = 'jsonb'::regtype FROM pg_attribute a
        WHERE a.attrelid = 'server_idempotency'::regclass AND a.attname = 'response') THEN
        ALTER TABLE server_idempotency ALTER COLUMN response DROP DEFAULT;
        ALTER TABLE server_idempotency ALTER COLUMN response TYPE json USING response::json;
    END IF;
END $$;

UPDATE server_idempotency SET route = '' WHERE route IS NULL;
UPDATE server_idempotency SET status = CASE WHEN response IS NULL THEN 'failed' ELSE 'completed' END
WHERE status IS NULL;
-- A row of 0.1 without an answer: somebody started, and nobody knows how it ended.
UPDATE server_idempotency SET claimed_at = created_at
WHERE response IS NULL AND claimed_at IS NULL AND fence = 0;

ALTER TABLE server_idempotency
    ALTER COLUMN route SET NOT NULL,
    ALTER COLUMN route SET DEFAULT '',
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN status SET DEFAULT 'completed',
    ALTER COLUMN created_at SET DEFAULT now();

CREATE UNIQUE INDEX IF NOT EXISTS server_idempotency_key_route
    ON server_idempotency (idempotency_key, route);
CREATE INDEX IF NOT EXISTS server_idempotency_created_at ON server_idempotency (created_at);

-- call_journal: what a client was about to send ------------------------------------------------

CREATE TABLE IF NOT EXISTS call_journal (id bigserial PRIMARY KEY);

ALTER TABLE call_journal
    ADD COLUMN IF NOT EXISTS idempotency_key text NOT NULL,
    ADD COLUMN IF NOT EXISTS method          text NOT NULL,
    -- The path with its query, as sent; without it where that is encrypted.
    ADD COLUMN IF NOT EXISTS path            text NOT NULL,
    -- JSON: fields of the document with their values, those that a caller added without.
    ADD COLUMN IF NOT EXISTS headers         text NOT NULL DEFAULT '{}',
    -- NULL when there was none, and again once the call is settled. Encrypted: header fields and
    -- query too, in one piece.
    ADD COLUMN IF NOT EXISTS body            bytea,
    ADD COLUMN IF NOT EXISTS encrypted       boolean NOT NULL DEFAULT false,
    -- SHA-256 of the body, lower-case hex; empty where the body is encrypted.
    ADD COLUMN IF NOT EXISTS fingerprint     text NOT NULL,
    -- Which account and server the call was for, and which process made it.
    ADD COLUMN IF NOT EXISTS account         text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS owner           text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS fence           bigint NOT NULL,
    ADD COLUMN IF NOT EXISTS lease_until     timestamptz,
    -- NULL while the call is open.
    ADD COLUMN IF NOT EXISTS settled_at      timestamptz,
    ADD COLUMN IF NOT EXISTS outcome         text,
    ADD COLUMN IF NOT EXISTS created_at      timestamptz NOT NULL DEFAULT now();

CREATE INDEX IF NOT EXISTS call_journal_open ON call_journal (id) WHERE settled_at IS NULL;
CREATE INDEX IF NOT EXISTS call_journal_settled ON call_journal (settled_at)
    WHERE settled_at IS NOT NULL;
-- A key's age is that of all its entries.
CREATE INDEX IF NOT EXISTS call_journal_key ON call_journal (idempotency_key);

-- received_webhooks: the inbox ------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS received_webhooks (id bigserial PRIMARY KEY);

ALTER TABLE received_webhooks
    ADD COLUMN IF NOT EXISTS event_id     text NOT NULL,
    ADD COLUMN IF NOT EXISTS type         text NOT NULL DEFAULT '',
    -- The body as it was signed; NULL once its retention has passed.
    ADD COLUMN IF NOT EXISTS payload      bytea,
    ADD COLUMN IF NOT EXISTS received_at  timestamptz NOT NULL DEFAULT now(),
    -- The order of arrival.
    ADD COLUMN IF NOT EXISTS seq          bigserial,
    -- What the event is about; events of one resource can be handled in order.
    ADD COLUMN IF NOT EXISTS resource     text,
    -- When the event was made, by its own account.
    ADD COLUMN IF NOT EXISTS event_time   timestamptz,
    -- pending, processing, processed, parked or skipped. Rows of 0.1 were handled by 0.1: a
    -- worker must not ship their orders again, so they start out as processed.
    ADD COLUMN IF NOT EXISTS state        text NOT NULL DEFAULT 'processed',
    ADD COLUMN IF NOT EXISTS tries        integer NOT NULL DEFAULT 0,
    -- Pending: when to try. Processing: until when the worker holds it.
    ADD COLUMN IF NOT EXISTS due_at       timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS fence        bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS last_error   text,
    ADD COLUMN IF NOT EXISTS processed_at timestamptz;

ALTER TABLE received_webhooks ALTER COLUMN state SET DEFAULT 'pending';

DO $$
DECLARE
    extra record;
    payload_type regtype;
BEGIN
    FOR extra IN
        SELECT a.attname
        FROM pg_attribute a
        WHERE a.attrelid = 'received_webhooks'::regclass
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
          AND a.attidentity = ''
          AND a.attname <> 'event_id'
          AND NOT EXISTS (SELECT 1 FROM pg_constraint c
                          WHERE c.conrelid = a.attrelid AND c.contype = 'p'
                            AND a.attnum = ANY (c.conkey))
    LOOP
        EXECUTE format('ALTER TABLE received_webhooks ALTER COLUMN %I DROP NOT NULL', extra.attname);
    END LOOP;

    SELECT a.atttypid INTO payload_type FROM pg_attribute a
    WHERE a.attrelid = 'received_webhooks'::regclass AND a.attname = 'payload';
    IF payload_type <> 'bytea'::regtype THEN
        ALTER TABLE received_webhooks ALTER COLUMN payload DROP DEFAULT;
        ALTER TABLE received_webhooks
            ALTER COLUMN payload TYPE bytea USING convert_to(payload::text, 'UTF8');
    END IF;
END $$;

UPDATE received_webhooks SET type = '' WHERE type IS NULL;
UPDATE received_webhooks SET received_at = now() WHERE received_at IS NULL;
ALTER TABLE received_webhooks
    ALTER COLUMN type SET NOT NULL,
    ALTER COLUMN received_at SET DEFAULT now(),
    ALTER COLUMN received_at SET NOT NULL;

-- 0.1 may have let an event in twice. No row goes: the later copies get a name of their own.
UPDATE received_webhooks w SET event_id = w.event_id || '#' || w.seq
WHERE EXISTS (SELECT 1 FROM received_webhooks e WHERE e.event_id = w.event_id AND e.seq < w.seq);

CREATE UNIQUE INDEX IF NOT EXISTS received_webhooks_event_id ON received_webhooks (event_id);
CREATE UNIQUE INDEX IF NOT EXISTS received_webhooks_seq ON received_webhooks (seq);
CREATE INDEX IF NOT EXISTS received_webhooks_due ON received_webhooks (due_at, seq)
    WHERE state IN ('pending', 'processing');
CREATE INDEX IF NOT EXISTS received_webhooks_unfinished ON received_webhooks (resource)
    WHERE state IN ('pending', 'processing', 'parked');
CREATE INDEX IF NOT EXISTS received_webhooks_parked ON received_webhooks (seq) WHERE state = 'parked';
-- What a purge looks for, and nothing else: each event is in one of the two once it is finished.
DROP INDEX IF EXISTS received_webhooks_received_at;
CREATE INDEX IF NOT EXISTS received_webhooks_finished ON received_webhooks (received_at)
    WHERE payload IS NOT NULL AND state IN ('processed', 'skipped');
CREATE INDEX IF NOT EXISTS received_webhooks_emptied ON received_webhooks (received_at)
    WHERE payload IS NULL AND state IN ('processed', 'skipped');

-- webhook_subscriptions: where events are sent --------------------------------------------------

CREATE TABLE IF NOT EXISTS webhook_subscriptions (id bigserial PRIMARY KEY);

ALTER TABLE webhook_subscriptions
    ADD COLUMN IF NOT EXISTS url         text NOT NULL,
    ADD COLUMN IF NOT EXISTS secret      text,
    -- Which of the account's secrets signs: the kid of the signature header.
    ADD COLUMN IF NOT EXISTS kid         text NOT NULL DEFAULT '1',
    -- NULL: every type.
    ADD COLUMN IF NOT EXISTS event_types text[],
    ADD COLUMN IF NOT EXISTS active      boolean NOT NULL DEFAULT true,
    ADD COLUMN IF NOT EXISTS created_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at  timestamptz NOT NULL DEFAULT now();

ALTER TABLE webhook_subscriptions ALTER COLUMN secret DROP NOT NULL;

CREATE INDEX IF NOT EXISTS webhook_subscriptions_active ON webhook_subscriptions (url) WHERE active;

-- molam_upkeep: how far the purges have come ------------------------------------------------------

CREATE TABLE IF NOT EXISTS molam_upkeep (
    name    text PRIMARY KEY,
    -- The time of the last row that this round has seen; NULL between two rounds.
    reached timestamptz,
    -- When the last round ended; NULL when there has been none.
    done_at timestamptz
);

INSERT INTO molam_upkeep (name)
VALUES ('payloads'), ('events'), ('full events'), ('answers'), ('calls')
ON CONFLICT (name) DO NOTHING;

-- Retention -------------------------------------------------------------------------------------
-- For schedulers such as pg_cron, by the rules of the SDK's purge methods. Each returns how many rows
-- it changed. What is unfinished or unexplained is never removed, however old; nor is an answer or a
-- call of the last 24 hours, whose key the API remembers, nor what an open call goes by.

CREATE OR REPLACE FUNCTION molam_purge_idempotency(
    older_than timestamptz DEFAULT now() - interval '7 days'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM server_idempotency
    WHERE updated_at < least(older_than, now() - interval '24 hours')
      AND created_at < least(older_than, now() - interval '24 hours')  -- for its index
      AND (response IS NOT NULL OR status = 'released');
    GET DIAGNOSTICS removed = ROW_COUNT;
    UPDATE molam_upkeep SET done_at = now() WHERE name = 'answers';
    RETURN removed;
END $$;

CREATE OR REPLACE FUNCTION molam_purge_journal(
    older_than timestamptz DEFAULT now() - interval '30 days'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM call_journal j
    WHERE j.settled_at < least(older_than, now() - interval '24 hours')
      AND NOT EXISTS (SELECT 1 FROM call_journal o
                      WHERE o.settled_at IS NULL AND o.idempotency_key = j.idempotency_key);
    GET DIAGNOSTICS removed = ROW_COUNT;
    UPDATE molam_upkeep SET done_at = now() WHERE name = 'calls';
    RETURN removed;
END $$;

-- Empties payloads but keeps the event ids, so that a late duplicate is still known.
CREATE OR REPLACE FUNCTION molam_purge_webhook_payloads(
    older_than timestamptz DEFAULT now() - interval '30 days'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    emptied bigint;
BEGIN
    UPDATE received_webhooks SET payload = NULL
    WHERE received_at < older_than AND payload IS NOT NULL AND state IN ('processed', 'skipped');
    GET DIAGNOSTICS emptied = ROW_COUNT;
    UPDATE molam_upkeep SET done_at = now() WHERE name = 'payloads';
    RETURN emptied;
END $$;

CREATE OR REPLACE FUNCTION molam_purge_webhooks(
    older_than timestamptz DEFAULT now() - interval '180 days'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
    others bigint;
BEGIN
    -- Two, since each has an index.
    DELETE FROM received_webhooks
    WHERE received_at < older_than AND payload IS NULL AND state IN ('processed', 'skipped');
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM received_webhooks
    WHERE received_at < older_than AND payload IS NOT NULL AND state IN ('processed', 'skipped');
    GET DIAGNOSTICS others = ROW_COUNT;
    UPDATE molam_upkeep SET done_at = now() WHERE name IN ('events', 'full events');
    RETURN removed + others;
END $$;

INSERT INTO molam_migrations (name) VALUES ('001_idempotency_and_webhooks')
ON CONFLICT (name) DO NOTHING;

COMMIT;
