-- How a range of ids was looked at: 1 when the account was not shown everything at the time, so that what showed nothing there may
-- hold something all the same. What was looked at before this version is taken to have been shown wholly.
ALTER TABLE coverage ADD COLUMN partial INTEGER NOT NULL DEFAULT 0;
