-- The first shape. Instants are Unix milliseconds; every key begins with the group.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- What Telegram says about a group (JSON) and how far its first synchronisation is (JSON).
CREATE TABLE groups (
    id    INTEGER PRIMARY KEY,
    facts TEXT,
    sync  TEXT
);

CREATE TABLE people (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    username TEXT,
    bot      INTEGER NOT NULL
);

-- `applied`: the highest message id the lifecycle has consumed. `collected`: the first backfill of the topic is complete.
CREATE TABLE topics (
    group_id   INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    title      TEXT NOT NULL,
    icon       INTEGER,
    closed     INTEGER NOT NULL DEFAULT 0,
    hidden     INTEGER NOT NULL DEFAULT 0,
    gone       INTEGER NOT NULL DEFAULT 0,
    ignored    INTEGER,
    created_at INTEGER,
    creator    INTEGER,
    applied    INTEGER NOT NULL DEFAULT 0,
    collected  INTEGER NOT NULL DEFAULT 0,
    last_message INTEGER,
    last_at    INTEGER,
    last_text  TEXT,
    last_staff INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (group_id, topic)
) WITHOUT ROWID;

-- The fold of each ticket's events. The columns are copies for queues; `fold` is the ticket (JSON).
CREATE TABLE tickets (
    group_id      INTEGER NOT NULL,
    topic         INTEGER NOT NULL,
    status        TEXT NOT NULL,
    assignee      TEXT,
    customer      INTEGER,
    waiting_since INTEGER,
    snoozed_until INTEGER,
    imported      INTEGER NOT NULL DEFAULT 0,
    last_at       INTEGER NOT NULL,
    wake_at       INTEGER,
    fold          TEXT NOT NULL,
    PRIMARY KEY (group_id, topic)
);
CREATE INDEX tickets_queue ON tickets (status, assignee, snoozed_until, waiting_since, last_at, imported);
CREATE INDEX tickets_wake ON tickets (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX tickets_customer ON tickets (customer);

-- What a thread shows. kind: 0 message, 1 internal note, 2 activity. flags: 1 deleted, 2 late, 4 service.
-- side: 0 not staff, 1 staff, 2 automation. rank: the message's id, or more than any, for the order within an instant.
-- `content` is the message (JSON) unless it is nothing but plain text.
CREATE TABLE entries (
    id        INTEGER PRIMARY KEY,
    group_id  INTEGER NOT NULL,
    topic     INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    message   INTEGER,
    author    INTEGER,
    side      INTEGER NOT NULL,
    agent     TEXT,
    at        INTEGER NOT NULL,
    rank      INTEGER NOT NULL,
    edited_at INTEGER,
    reply_to  INTEGER,
    flags     INTEGER NOT NULL DEFAULT 0,
    event     INTEGER,
    outbox    INTEGER,
    text      TEXT NOT NULL,
    content   TEXT
);
CREATE UNIQUE INDEX entries_message ON entries (group_id, message) WHERE message IS NOT NULL;
CREATE INDEX entries_thread ON entries (group_id, topic, at, rank, id);
-- Few are ever deleted, and each may have been the first message of a topic that went with it.
CREATE INDEX entries_deleted ON entries (group_id, message) WHERE flags & 1 <> 0;
-- General: one long topic of which only the newest messages are asked for.
CREATE INDEX entries_general ON entries (group_id, message) WHERE topic = 1 AND kind = 0;

-- Earlier texts of edited messages.
CREATE TABLE versions (
    group_id INTEGER NOT NULL,
    message  INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    text     TEXT NOT NULL,
    content  TEXT,
    PRIMARY KEY (group_id, message, until)
) WITHOUT ROWID;

-- Filled apart from inserting, in bulk; `meta.indexed` says up to which entry.
CREATE VIRTUAL TABLE entries_fts USING fts5 (
    text, content = 'entries', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

-- The activity log: append-only, in commit order.
CREATE TABLE events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    event    TEXT NOT NULL
);
CREATE INDEX events_ticket ON events (group_id, topic, id);

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id   INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    entry      INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    text       TEXT NOT NULL,
    reply_to   INTEGER,
    random_id  INTEGER NOT NULL UNIQUE,
    state      TEXT NOT NULL,
    until      INTEGER,
    message    INTEGER,
    why        TEXT,
    created_at INTEGER NOT NULL,
    not_before INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_open ON outbox (state, group_id, topic);

-- Receipts of commands, so that a repeat has no second effect.
CREATE TABLE commands (
    id      TEXT PRIMARY KEY,
    at      INTEGER NOT NULL,
    receipt TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE drafts (
    agent    TEXT NOT NULL,
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    text     TEXT NOT NULL,
    note     INTEGER NOT NULL,
    PRIMARY KEY (agent, group_id, topic)
) WITHOUT ROWID;

CREATE TABLE seen (
    agent    TEXT NOT NULL,
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    message  INTEGER NOT NULL,
    PRIMARY KEY (agent, group_id, topic)
) WITHOUT ROWID;

-- Ranges of ids that were looked at, disjoint and not touching. Absent from `entries` inside one = unseen.
CREATE TABLE coverage (
    group_id INTEGER NOT NULL,
    from_id  INTEGER NOT NULL,
    to_id    INTEGER NOT NULL,
    PRIMARY KEY (group_id, from_id)
) WITHOUT ROWID;

-- Histories of topics that a user account reads: everything at or above `below` is known; done = the beginning was reached.
CREATE TABLE histories (
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    below    INTEGER,
    done     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (group_id, topic)
) WITHOUT ROWID;
