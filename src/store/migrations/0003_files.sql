-- Files of letters: their bytes lie once, in the mail that brought them, and are set in when a letter goes out.

-- What a decided mail brought, as JSON; NULL where there are no files.
ALTER TABLE message ADD COLUMN files TEXT;

-- The size of a letter's files as base64 in lines; NULL without files.
ALTER TABLE letter ADD COLUMN files INTEGER;

-- Behind the first `at` of the letter's own bytes stands what `blob` has from `start` on. A blob that a letter needs cannot be deleted.
CREATE TABLE letter_file (
    letter   INTEGER NOT NULL REFERENCES letter,
    n        INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    blob     INTEGER NOT NULL REFERENCES blob,
    start    INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    transfer TEXT NOT NULL CHECK (transfer IN ('plain', 'base64', 'quoted_printable')),
    PRIMARY KEY (letter, n)
) STRICT, WITHOUT ROWID;
