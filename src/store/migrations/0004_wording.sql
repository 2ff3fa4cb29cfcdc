-- A letter's words are written beside the decisions and stored after them, in the same batch: no letter can be flushed without its words.
-- This step runs without foreign keys, since tables are replaced that others refer to.

-- The final bytes lie in the blob behind the first text_size bytes, which are the text. files is the size of the files that are set in,
-- as base64 in lines; NULL without files.
CREATE TABLE wording (
    letter    INTEGER PRIMARY KEY REFERENCES letter,
    subject   TEXT NOT NULL,
    blob      INTEGER NOT NULL REFERENCES blob,
    text_size INTEGER NOT NULL,
    files     INTEGER
) STRICT;
INSERT INTO wording SELECT id, subject, blob, text_size, files FROM letter;

CREATE TABLE new_letter (
    id           INTEGER PRIMARY KEY REFERENCES wording DEFERRABLE INITIALLY DEFERRED,
    cause        INTEGER NOT NULL REFERENCES cause,
    key          TEXT NOT NULL,
    class        INTEGER NOT NULL,
    template     TEXT NOT NULL,
    mailbox      TEXT NOT NULL,
    ticket       INTEGER REFERENCES ticket,
    reverse_path TEXT,
    message_id   TEXT NOT NULL,
    not_before   INTEGER,
    created      INTEGER NOT NULL,
    UNIQUE (cause, key)
) STRICT;
INSERT INTO new_letter SELECT id, cause, key, class, template, mailbox, ticket, reverse_path, message_id, not_before, created FROM letter;
DROP TABLE letter;
ALTER TABLE new_letter RENAME TO letter;
CREATE INDEX letter_ticket ON letter (ticket) WHERE ticket IS NOT NULL;
