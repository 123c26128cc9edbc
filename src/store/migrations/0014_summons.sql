-- What rules say to staff in Telegram. Each row is one call under one random_id; once it is settled nobody needs its words.
CREATE TABLE summons (
    id INTEGER PRIMARY KEY,
    -- The ticket that it is about; NULL for a sum of several.
    group_id INTEGER,
    topic INTEGER,
    rule TEXT NOT NULL,
    reach TEXT NOT NULL,
    text TEXT NOT NULL,
    random_id INTEGER NOT NULL UNIQUE,
    -- queued, sending, sent, refused, dropped
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX summons_open ON summons (id) WHERE state IN ('queued', 'sending');
