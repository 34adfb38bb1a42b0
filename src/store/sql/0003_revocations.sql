-- What was taken back: all that is named must be true of a link. Rows are only ever added, so that the highest ids tell
-- whether anything has changed, and what was once in force can be read for ever.
CREATE TABLE revocation (
    id           INTEGER PRIMARY KEY,
    time         INTEGER NOT NULL,
    author       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    expires      INTEGER,
    link         BLOB,
    message      BLOB,
    sender       TEXT COLLATE NOCASE,
    tenant       INTEGER,
    key          BLOB,
    issued_from  INTEGER,
    issued_until INTEGER
) STRICT;

CREATE INDEX revocation_by_sender ON revocation (sender) WHERE sender IS NOT NULL;

CREATE TABLE revocation_release (
    id         INTEGER PRIMARY KEY,
    revocation INTEGER NOT NULL UNIQUE REFERENCES revocation (id),
    time       INTEGER NOT NULL,
    author     TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT;

-- The messages that a revocation by message or sender means: those recorded before it, and those recorded since, in the
-- transaction that records them. They stay when the wrap log forgets its messages.
CREATE TABLE revoked_message (
    id         INTEGER PRIMARY KEY,
    revocation INTEGER NOT NULL REFERENCES revocation (id),
    message    BLOB NOT NULL,
    UNIQUE (message, revocation)
) STRICT;

-- Links of ours that were found in those messages: they were minted for another message, and led people astray in this.
CREATE TABLE revoked_link (
    id         INTEGER PRIMARY KEY,
    revocation INTEGER NOT NULL REFERENCES revocation (id),
    link       BLOB NOT NULL,
    UNIQUE (link, revocation)
) STRICT;

CREATE INDEX message_by_sender ON message (sender) WHERE sender IS NOT NULL;

CREATE TRIGGER message_of_revoked_sender AFTER INSERT ON message WHEN NEW.sender IS NOT NULL BEGIN
    INSERT INTO revoked_message (revocation, message)
    SELECT revocation.id, NEW.hash FROM revocation
    WHERE revocation.sender = NEW.sender
      AND ifnull(revocation.tenant = NEW.tenant, 1)
      AND ifnull(revocation.message = NEW.hash, 1)
      AND ifnull(revocation.expires > NEW.time, 1)
      AND NOT EXISTS (SELECT 1 FROM revocation_release WHERE revocation_release.revocation = revocation.id)
      AND NOT EXISTS (SELECT 1 FROM revoked_message
                      WHERE revoked_message.message = NEW.hash AND revoked_message.revocation = revocation.id);
END;

CREATE TRIGGER link_found_in_revoked_message AFTER INSERT ON wrap
WHEN NEW.outcome = 'already_ours' AND NEW.link_id IS NOT NULL BEGIN
    INSERT INTO revoked_link (revocation, link)
    SELECT revocation.id, NEW.link_id FROM message
    JOIN revoked_message ON revoked_message.message = message.hash
    JOIN revocation ON revocation.id = revoked_message.revocation
    WHERE message.id = NEW.message
      AND ifnull(revocation.tenant = message.tenant, 1)
      AND ifnull(revocation.issued_from <= NEW.time, 1)
      AND ifnull(revocation.issued_until > NEW.time, 1)
      AND NOT EXISTS (SELECT 1 FROM revocation_release WHERE revocation_release.revocation = revocation.id)
      AND NOT EXISTS (SELECT 1 FROM revoked_link
                      WHERE revoked_link.link = NEW.link_id AND revoked_link.revocation = revocation.id);
END;

CREATE TRIGGER revocation_is_not_changed BEFORE UPDATE ON revocation
BEGIN SELECT RAISE(ABORT, 'a revocation is never changed: release it'); END;
CREATE TRIGGER revocation_is_not_deleted BEFORE DELETE ON revocation
BEGIN SELECT RAISE(ABORT, 'a revocation is never deleted: release it'); END;
CREATE TRIGGER release_is_not_changed BEFORE UPDATE ON revocation_release
BEGIN SELECT RAISE(ABORT, 'a release is never changed'); END;
CREATE TRIGGER release_is_not_deleted BEFORE DELETE ON revocation_release
BEGIN SELECT RAISE(ABORT, 'a release is never deleted'); END;
CREATE TRIGGER revoked_message_is_not_changed BEFORE UPDATE ON revoked_message
BEGIN SELECT RAISE(ABORT, 'what a revocation means is never changed'); END;
CREATE TRIGGER revoked_message_is_not_deleted BEFORE DELETE ON revoked_message
BEGIN SELECT RAISE(ABORT, 'what a revocation means is never deleted'); END;
CREATE TRIGGER revoked_link_is_not_changed BEFORE UPDATE ON revoked_link
BEGIN SELECT RAISE(ABORT, 'what a revocation means is never changed'); END;
CREATE TRIGGER revoked_link_is_not_deleted BEFORE DELETE ON revoked_link
BEGIN SELECT RAISE(ABORT, 'what a revocation means is never deleted'); END;
