-- The file that leaves with a reply (JSON).
ALTER TABLE outbox ADD COLUMN file TEXT;
