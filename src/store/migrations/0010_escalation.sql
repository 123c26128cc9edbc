-- When a rule escalates a ticket next, as the rules of the last start have it.
ALTER TABLE tickets ADD COLUMN escalate_at INTEGER;
CREATE INDEX tickets_escalate ON tickets (escalate_at) WHERE escalate_at IS NOT NULL;

-- Every firing of a rule, by its event. due_at: the instant for which it was due. reached: it counts for the rule's cap.
CREATE TABLE firings (
    event    INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    topic    INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    due_at   INTEGER NOT NULL,
    reached  INTEGER NOT NULL
);
CREATE INDEX firings_rule ON firings (rule, due_at) WHERE reached;
