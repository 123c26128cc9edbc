-- The tags that there are, without reading every ticket.
CREATE INDEX tickets_tags ON tickets (tags) WHERE tags <> '';
