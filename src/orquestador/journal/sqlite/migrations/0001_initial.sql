-- One row per thing to keep right (design §5). Columns beside `doc` are derived from it at every save (journal/columns.py).
CREATE TABLE work (
    n             INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    channel       TEXT NOT NULL,
    ref           TEXT NOT NULL,
    state         TEXT NOT NULL,
    wanted        INTEGER NOT NULL,
    done          INTEGER NOT NULL,
    rev           INTEGER NOT NULL,
    due_at        REAL NOT NULL,
    -- 1 once `due_at` has passed: claims look among these alone, so that work of the future costs them nothing.
    ready         INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    urgency       REAL NOT NULL DEFAULT 0,
    own_seq       INTEGER NOT NULL DEFAULT 0,
    reason        TEXT,
    failing_since REAL,
    created_at    REAL NOT NULL,
    updated_at    REAL NOT NULL,
    owner         TEXT,
    lease_until   REAL,
    sku           TEXT,
    number        TEXT,
    managed       INTEGER NOT NULL DEFAULT 0,
    job_id        TEXT,
    effect_open   INTEGER NOT NULL DEFAULT 0,
    effect_due_at REAL,
    began_at      REAL,
    doc           TEXT
);
CREATE INDEX work_claimable ON work (kind, channel, urgency DESC, due_at)
    WHERE ready = 1 AND owner IS NULL AND job_id IS NULL AND state IN ('due', 'waiting');
CREATE INDEX work_unfinished ON work (ready, kind, due_at) WHERE state IN ('due', 'waiting');
CREATE INDEX work_recent ON work (kind, state, updated_at);
CREATE INDEX work_leased ON work (owner, lease_until) WHERE owner IS NOT NULL;
CREATE INDEX work_effects ON work (effect_due_at) WHERE effect_due_at IS NOT NULL;
CREATE INDEX work_open_effects ON work (effect_open) WHERE effect_open = 1;
CREATE INDEX work_sku ON work (sku) WHERE sku IS NOT NULL;
CREATE INDEX work_number ON work (number) WHERE number IS NOT NULL;
CREATE INDEX work_in_job ON work (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX work_began ON work (channel, began_at) WHERE began_at IS NOT NULL;

-- How many rows there are of each sort, so that `status` and metrics never count them.
CREATE TABLE tallies (
    kind    TEXT NOT NULL,
    channel TEXT NOT NULL,
    state   TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    PRIMARY KEY (kind, channel, state)
) WITHOUT ROWID;
CREATE TRIGGER work_born AFTER INSERT ON work BEGIN
    INSERT INTO tallies VALUES (new.kind, new.channel, new.state, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER work_moved AFTER UPDATE OF state ON work WHEN new.state <> old.state BEGIN
    UPDATE tallies SET rows = rows - 1 WHERE kind = old.kind AND channel = old.channel AND state = old.state;
    INSERT INTO tallies VALUES (new.kind, new.channel, new.state, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

-- Units per order and SKU (ports.Units); rows of zeros find an order by SKU.
CREATE TABLE order_units (
    work       INTEGER NOT NULL,
    sku        TEXT NOT NULL,
    channel    TEXT NOT NULL,
    unproven   INTEGER NOT NULL,
    held       INTEGER NOT NULL,
    held_until REAL NOT NULL,
    reserved   INTEGER NOT NULL,
    counts     INTEGER NOT NULL,
    PRIMARY KEY (work, sku)
) WITHOUT ROWID;
CREATE INDEX order_units_sku ON order_units (sku, work);
CREATE INDEX order_units_counting ON order_units (sku, channel, unproven, held, held_until, reserved)
    WHERE counts = 1;

-- Inbound notices as they came. `seq` is given by the writer, in commit order.
CREATE TABLE receipts (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    channel     TEXT NOT NULL,
    source      TEXT NOT NULL,
    dedupe      TEXT,
    received_at REAL NOT NULL,
    kind        TEXT NOT NULL,
    event       TEXT NOT NULL,
    body_backed INTEGER NOT NULL,
    reason      TEXT,
    refs        TEXT NOT NULL,
    trace_id    TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    body        BLOB NOT NULL
);
CREATE UNIQUE INDEX receipts_dedupe ON receipts (dedupe, source, channel) WHERE dedupe IS NOT NULL;
CREATE INDEX receipts_recent ON receipts (received_at, id);

-- Which receipts speak of a row; it may name a listing that we do not have.
CREATE TABLE receipt_works (
    work_id TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (work_id, seq)
) WITHOUT ROWID;

CREATE TABLE sources (
    source   TEXT NOT NULL,
    channel  TEXT NOT NULL,
    receipts INTEGER NOT NULL,
    last_at  REAL NOT NULL,
    PRIMARY KEY (source, channel)
) WITHOUT ROWID;

-- Order ids and numbers, owned for ever by the first who claimed them.
CREATE TABLE names (
    channel TEXT NOT NULL,
    name    TEXT NOT NULL,
    work_id TEXT NOT NULL,
    PRIMARY KEY (channel, name)
) WITHOUT ROWID;
CREATE INDEX names_owner ON names (channel, work_id);

CREATE TABLE jobs (
    id          TEXT PRIMARY KEY,
    channel     TEXT NOT NULL,
    open        INTEGER NOT NULL,
    computed_at REAL NOT NULL,
    doc         TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX jobs_open ON jobs (channel, computed_at) WHERE open = 1;
CREATE INDEX jobs_recent ON jobs (channel, computed_at);

CREATE TABLE budgets (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The writer's own: the last `receipts.seq` given, and up to which instant closed orders were shrunk.
CREATE TABLE counters (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('receipt_seq', 0), ('shrunk_until', 0);
