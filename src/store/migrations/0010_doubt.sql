-- Why a letter is held, as a word of a closed set, for the leads' lists. What an earlier version held has none.
ALTER TABLE envelope ADD COLUMN doubt TEXT;
-- Held envelopes are few, and listed each day.
CREATE INDEX envelope_held ON envelope (letter) WHERE state = 'held';

-- Mails that the border distrusts and that became part of a ticket, with the word for why; at is the moment of the decision, so that each
-- is listed once.
CREATE TABLE suspect (
    at    INTEGER NOT NULL,
    cause INTEGER NOT NULL REFERENCES cause,
    why   TEXT NOT NULL,
    PRIMARY KEY (at, cause)
) STRICT, WITHOUT ROWID;
