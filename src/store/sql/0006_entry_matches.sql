-- When each entry of a list last matched a click, whether or not it had the last word. Written with the clicks.
CREATE TABLE entry_match (
    list  TEXT NOT NULL,
    entry TEXT NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (list, entry)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_match_by_last ON entry_match (last);
