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

-- Whom the notes of a ticket's episode name: until now it stood in the log only.
UPDATE tickets SET fold = json_set(fold, '$.mentioned', json((
    SELECT json_group_array(DISTINCT named.value) FROM events, json_each(events.event, '$.mentions') AS named
    WHERE events.group_id = tickets.group_id AND events.topic = tickets.topic AND events.id >= (
        SELECT max(opened.id) FROM events AS opened WHERE opened.group_id = tickets.group_id AND opened.topic = tickets.topic
        AND json_extract(opened.event, '$.type') = 'opened')
    )))
WHERE EXISTS (SELECT 1 FROM mentions WHERE mentions.group_id = tickets.group_id AND mentions.topic = tickets.topic)
   OR EXISTS (SELECT 1 FROM events WHERE events.group_id = tickets.group_id AND events.topic = tickets.topic
              AND json_extract(events.event, '$.mentions[0]') IS NOT NULL);
UPDATE tickets SET fold = json_remove(fold, '$.mentioned') WHERE json_extract(fold, '$.mentioned[0]') IS NULL;
