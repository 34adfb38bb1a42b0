-- How far each spool has been read into this store: written in the transaction that writes the events, so that none
-- comes twice and none is left out. `spool` is the id of the spool's folder.
CREATE TABLE drained (
    spool   BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    events  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Clicks stand in a table for each month of UTC from here on (click_month.sql); the program moves what `click` holds.
