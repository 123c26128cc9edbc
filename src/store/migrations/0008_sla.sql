-- The clocks of tickets, as the rules of the last start have them. due_at: the earliest deadline of those that run. alarm_at: when the
-- desk has something to say of them next.
ALTER TABLE tickets ADD COLUMN due_at INTEGER;
ALTER TABLE tickets ADD COLUMN alarm_at INTEGER;

CREATE INDEX tickets_due ON tickets (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_alarm ON tickets (alarm_at) WHERE alarm_at IS NOT NULL;

-- Queues are put in order from this index alone.
DROP INDEX tickets_queue;
CREATE INDEX tickets_queue ON tickets (status, assignee, snoozed_until, waiting_since, last_at, imported, due_at);
