-- Idempotency store, call journal and webhook inbox of the SDK, for SQLite 3.24 and later.
--
--   sqlite3 FILE < migrations/sqlite/001_idempotency_and_webhooks.sql
--
-- The same tables as for PostgreSQL, whose file explains the columns. Times are unix seconds.
-- Runs any number of times.

-- Readers do not stop the writer; the setting stays with the file.
PRAGMA journal_mode = WAL;

BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS molam_migrations (
    name       TEXT PRIMARY KEY,
    applied_at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
);

CREATE TABLE IF NOT EXISTS server_idempotency (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    idempotency_key TEXT NOT NULL,
    route           TEXT NOT NULL DEFAULT '',
    status          TEXT NOT NULL DEFAULT 'completed',
    response        TEXT,
    fingerprint     TEXT,
    fence           INTEGER NOT NULL DEFAULT 0,
    lease_until     REAL,
    claimed_at      REAL,
    last_error      TEXT,
    created_at      REAL NOT NULL,
    updated_at      REAL NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS server_idempotency_key_route
    ON server_idempotency (idempotency_key, route);
CREATE INDEX IF NOT EXISTS server_idempotency_created_at ON server_idempotency (created_at);

CREATE TABLE IF NOT EXISTS call_journal (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    idempotency_key TEXT NOT NULL,
    method          TEXT NOT NULL,
    path            TEXT NOT NULL,
    headers         TEXT NOT NULL DEFAULT '{}',
    body            BLOB,
    encrypted       INTEGER NOT NULL DEFAULT 0,
    fingerprint     TEXT NOT NULL,
    account         TEXT NOT NULL DEFAULT '',
    owner           TEXT NOT NULL DEFAULT '',
    fence           INTEGER NOT NULL,
    lease_until     REAL,
    settled_at      REAL,
    outcome         TEXT,
    created_at      REAL NOT NULL
);

CREATE INDEX IF NOT EXISTS call_journal_open ON call_journal (id) WHERE settled_at IS NULL;
CREATE INDEX IF NOT EXISTS call_journal_settled ON call_journal (settled_at)
    WHERE settled_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS call_journal_key ON call_journal (idempotency_key);

CREATE TABLE IF NOT EXISTS received_webhooks (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     TEXT NOT NULL,
    type         TEXT NOT NULL DEFAULT '',
    payload      BLOB,
    received_at  REAL NOT NULL,
    resource     TEXT,
    event_time   REAL,
    state        TEXT NOT NULL DEFAULT 'pending',
    tries        INTEGER NOT NULL DEFAULT 0,
    due_at       REAL NOT NULL,
    fence        INTEGER NOT NULL DEFAULT 0,
    last_error   TEXT,
    processed_at REAL
);

CREATE UNIQUE INDEX IF NOT EXISTS received_webhooks_event_id ON received_webhooks (event_id);
CREATE INDEX IF NOT EXISTS received_webhooks_due ON received_webhooks (due_at, seq)
    WHERE state IN ('pending', 'processing');
CREATE INDEX IF NOT EXISTS received_webhooks_unfinished ON received_webhooks (resource)
    WHERE state IN ('pending', 'processing', 'parked');
DROP INDEX IF EXISTS received_webhooks_received_at;
CREATE INDEX IF NOT EXISTS received_webhooks_parked ON received_webhooks (seq) WHERE state = 'parked';
CREATE INDEX IF NOT EXISTS received_webhooks_finished ON received_webhooks (received_at)
    WHERE payload IS NOT NULL AND state IN ('processed', 'skipped');
CREATE INDEX IF NOT EXISTS received_webhooks_emptied ON received_webhooks (received_at)
    WHERE payload IS NULL AND state IN ('processed', 'skipped');

CREATE TABLE IF NOT EXISTS webhook_subscriptions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    url         TEXT NOT NULL,
    secret      TEXT,
    kid         TEXT NOT NULL DEFAULT '1',
    -- A JSON array of types; NULL: every type.
    event_types TEXT,
    active      INTEGER NOT NULL DEFAULT 1,
    created_at  REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
    updated_at  REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
);

CREATE INDEX IF NOT EXISTS webhook_subscriptions_active ON webhook_subscriptions (url) WHERE active;

CREATE TABLE IF NOT EXISTS molam_upkeep (
    name    TEXT PRIMARY KEY,
    reached REAL,
    done_at REAL
);

INSERT INTO molam_upkeep (name)
VALUES ('payloads'), ('events'), ('full events'), ('answers'), ('calls')
ON CONFLICT (name) DO NOTHING;

INSERT INTO molam_migrations (name) VALUES ('001_idempotency_and_webhooks')
ON CONFLICT (name) DO NOTHING;

COMMIT;
