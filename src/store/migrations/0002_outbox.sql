-- How soon it goes: 0 what a person wrote, 1 what the desk writes by itself.
ALTER TABLE outbox ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
-- The highest message on the agent's screen when it was sent off; absent: sent whatever was written since.
ALTER TABLE outbox ADD COLUMN seen INTEGER;
-- When its agent last said that it may go.
ALTER TABLE outbox ADD COLUMN said_at INTEGER NOT NULL DEFAULT 0;
-- Held without an end: why it waits for a word of its agent (JSON).
ALTER TABLE outbox ADD COLUMN doubt TEXT;
-- The first part of the long text that it is a part of.
ALTER TABLE outbox ADD COLUMN first INTEGER;
UPDATE outbox SET said_at = created_at;
CREATE INDEX outbox_first ON outbox (first) WHERE first IS NOT NULL;

-- When something was asked of Telegram in a group: the last minute of it, for the pace.
CREATE TABLE pace (
    group_id INTEGER NOT NULL,
    at       INTEGER NOT NULL
);
CREATE INDEX pace_group ON pace (group_id, at);

-- Edits and deletions of our own messages. Each says what the message is to be, so that it can be repeated.
CREATE TABLE changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id   INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    message    INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    text       TEXT,
    state      TEXT NOT NULL,
    why        TEXT,
    created_at INTEGER NOT NULL,
    not_before INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX changes_message ON changes (group_id, message);
CREATE INDEX changes_open ON changes (id) WHERE state IN ('queued', 'sending');
