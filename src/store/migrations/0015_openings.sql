-- Tickets that agents open from messages of General, by the row of the outbox that does it. topic: absent until Telegram has created it.
CREATE TABLE openings (
    outbox    INTEGER PRIMARY KEY,
    group_id  INTEGER NOT NULL,
    title     TEXT NOT NULL,
    random_id INTEGER NOT NULL UNIQUE,
    topic     INTEGER,
    forwarded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX openings_topic ON openings (group_id, topic) WHERE topic IS NOT NULL;

-- Their messages: one opens at most one ticket. copy: what it has become in the new topic.
CREATE TABLE opened (
    group_id  INTEGER NOT NULL,
    message   INTEGER NOT NULL,
    outbox    INTEGER NOT NULL,
    author    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    random_id INTEGER NOT NULL UNIQUE,
    copy      INTEGER,
    PRIMARY KEY (group_id, message)
) WITHOUT ROWID;
CREATE INDEX opened_outbox ON opened (outbox);
