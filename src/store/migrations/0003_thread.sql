-- What a thread has beyond its texts. entries.flags: 8 pinned.

-- When the desk came to know that a message was deleted in Telegram.
ALTER TABLE entries ADD COLUMN deleted_at INTEGER;

CREATE INDEX entries_pinned ON entries (group_id, topic, message) WHERE flags & 8;

-- Whatever is taken out of the index leaves the file; until now it only was marked.
INSERT INTO entries_fts (entries_fts, rank) VALUES ('secure-delete', 1);

-- The text of deleted messages is there still: the next start asks the rules whether it stays.
INSERT OR REPLACE INTO meta (key, value) VALUES ('kept_deleted', '');
