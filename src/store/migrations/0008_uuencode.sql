-- A file may stand inside the text of its mail, in uuencode.
CREATE TABLE letter_file_any (
    letter   INTEGER NOT NULL REFERENCES letter,
    n        INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    blob     INTEGER NOT NULL REFERENCES blob,
    start    INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    transfer TEXT NOT NULL CHECK (transfer IN ('plain', 'base64', 'quoted_printable', 'uuencode')),
    PRIMARY KEY (letter, n)
) STRICT, WITHOUT ROWID;
INSERT INTO letter_file_any SELECT letter, n, at, blob, start, length, transfer FROM letter_file;
DROP TABLE letter_file;
ALTER TABLE letter_file_any RENAME TO letter_file;
