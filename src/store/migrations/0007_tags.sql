-- Priority (0 low, 1 normal, 2 high, 3 urgent) and tags (`|billing|vip|`, empty for none) of a ticket: copies for queues, as the others.
ALTER TABLE tickets ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tickets ADD COLUMN tags TEXT NOT NULL DEFAULT '';
