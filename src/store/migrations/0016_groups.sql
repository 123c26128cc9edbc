-- Several groups: what was kept once for the desk's one group is kept for each. `key:group`, as in code.
UPDATE meta SET key = key || ':' || (SELECT min(id) FROM groups)
    WHERE key IN ('buried', 'early_pins', 'doubted_topics', 'gap_in_backfill', 'seed_top', 'scanned_blind', 'fetch_after',
        'send_after', 'edit_after', 'edit_barred', 'clocks', 'routing')
    AND EXISTS (SELECT 1 FROM groups);
