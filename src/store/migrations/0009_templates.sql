-- The events that came along with a reply (JSON): what is taken back with it if it is taken back before it has left.
ALTER TABLE outbox ADD COLUMN brought TEXT;

-- Replies that were made of a template, by the first row of the reply. `reopened_at`: the ticket came back soon after.
CREATE TABLE template_uses (
    outbox      INTEGER PRIMARY KEY,
    group_id    INTEGER NOT NULL,
    topic       INTEGER NOT NULL,
    agent       TEXT NOT NULL,
    template    TEXT NOT NULL,
    language    TEXT,
    edited      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    reopened_at INTEGER
);
CREATE INDEX template_uses_ticket ON template_uses (group_id, topic, at);
CREATE INDEX template_uses_name ON template_uses (template, language);
