-- When something automatic is to be said of a ticket, as the rules of the last start have it.
ALTER TABLE tickets ADD COLUMN say_at INTEGER;
CREATE INDEX tickets_say ON tickets (say_at) WHERE say_at IS NOT NULL;

-- The automatic message of a ticket that has not been sent: what it is, and the instant that made it due. With another one it is taken
-- back; a row whose message was refused or thrown away keeps it from being said again.
CREATE TABLE automatic (
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    since    INTEGER NOT NULL,
    outbox   INTEGER NOT NULL,
    PRIMARY KEY (group_id, topic)
) WITHOUT ROWID;

-- Surveys by the row of the outbox that asks; a press names it. buttons_at: when its buttons are to be taken off; absent: it has none.
CREATE TABLE surveys (
    outbox     INTEGER PRIMARY KEY,
    group_id   INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    customer   INTEGER NOT NULL,
    asked_at   INTEGER NOT NULL,
    message    INTEGER,
    buttons    INTEGER NOT NULL,
    buttons_at INTEGER
);
CREATE INDEX surveys_customer ON surveys (customer, asked_at);
CREATE INDEX surveys_ticket ON surveys (group_id, topic);
CREATE INDEX surveys_buttons ON surveys (buttons_at) WHERE buttons_at IS NOT NULL;

-- Notes that name an agent who has not looked at the ticket since.
CREATE TABLE mentions (
    agent    TEXT NOT NULL,
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    entry    INTEGER NOT NULL,
    PRIMARY KEY (agent, group_id, topic)
) WITHOUT ROWID;
