-- What is to be done so that a topic shows the status of its ticket in Telegram. A row is made by the ticket's first move while that
-- is switched on, so what nobody touches is never edited. door: 1 the topic is to be closed, 0 to be open, absent: as it is.
CREATE TABLE mirror_status (
    group_id   INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    -- Since when something is to be done; absent: all is as it should be.
    due        INTEGER,
    not_before INTEGER NOT NULL DEFAULT 0,
    -- When Telegram was last asked for another icon, and to close or reopen it: each at most once a minute.
    icon_at    INTEGER NOT NULL DEFAULT 0,
    door_at    INTEGER NOT NULL DEFAULT 0,
    door       INTEGER,
    -- The notice in the outbox before which nothing is closed.
    notice     INTEGER,
    -- What was asked for and is not known to have been said by the stream: its echo is no happening.
    echo       INTEGER,
    -- The desk has closed it.
    ours       INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- Why the last change was given up.
    why        TEXT,
    PRIMARY KEY (group_id, topic)
) WITHOUT ROWID;
CREATE INDEX mirror_status_due ON mirror_status (due) WHERE due IS NOT NULL;
