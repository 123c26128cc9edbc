-- Who is there. screens: how many are open in the process that works the desk; a new process begins with none.
CREATE TABLE presence (
    agent   TEXT PRIMARY KEY,
    away    INTEGER NOT NULL,
    screens INTEGER NOT NULL,
    since   INTEGER NOT NULL
) WITHOUT ROWID;

-- Whose turn it was: the number of an agent's last turn in a team. Numbers rise.
CREATE TABLE turns (
    team  TEXT NOT NULL,
    agent TEXT NOT NULL,
    turn  INTEGER NOT NULL,
    PRIMARY KEY (team, agent)
) WITHOUT ROWID;

-- in_line: the place of a ticket that waits to be given away, lowest first. route_at: when routing looks at a ticket by itself: one that
-- is held is let go, one that nobody answers is taken back.
ALTER TABLE tickets ADD COLUMN in_line INTEGER;
ALTER TABLE tickets ADD COLUMN route_at INTEGER;

CREATE INDEX tickets_in_line ON tickets (in_line, topic) WHERE in_line IS NOT NULL;
CREATE INDEX tickets_route ON tickets (route_at) WHERE route_at IS NOT NULL;
