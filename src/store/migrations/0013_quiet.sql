-- Since when nobody but staff has spoken; NULL while somebody else spoke last. A copy for the queue *Quiet*, as the others.
ALTER TABLE tickets ADD COLUMN quiet_since INTEGER;
UPDATE tickets SET quiet_since = CAST(unixepoch(json_extract(fold, '$.staff_wrote_at'), 'subsec') * 1000 AS INTEGER)
    WHERE json_extract(fold, '$.staff_spoke_last');
