-- Times are microseconds since 1970 in UTC.
--
-- What is looked up by a text without order (Message-IDs, addresses, cause keys, hashes) is indexed by 64 bits of its SHA-256, and
-- the text is verified. A new entry of such an index changes a page of its own, so that these indexes set the cost of a mail once
-- there are many: they are few and as narrow as can be.

-- Named values: the next ticket number, the batch marker, the last slot of a summary.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Bytes in zstd frames of at most one MiB of content each: the first here, the others in blob_piece, so that no bytes of a
-- large mail are ever held several times over. Received mails are found by SHA-256; letters have no hash.
CREATE TABLE blob (
    id   INTEGER PRIMARY KEY,
    hash BLOB,
    size INTEGER NOT NULL,
    zstd BLOB NOT NULL
) STRICT;
CREATE INDEX blob_hash ON blob (substr(hash, 1, 8)) WHERE hash IS NOT NULL;

CREATE TABLE blob_piece (
    blob  INTEGER NOT NULL REFERENCES blob,
    piece INTEGER NOT NULL,
    zstd  BLOB NOT NULL,
    UNIQUE (blob, piece)
) STRICT;

CREATE TABLE folder (
    id     INTEGER PRIMARY KEY,
    host   TEXT NOT NULL,
    user   TEXT NOT NULL,
    folder TEXT NOT NULL,
    UNIQUE (host, user, folder)
) STRICT;

CREATE TABLE cursor (
    folder      INTEGER PRIMARY KEY REFERENCES folder,
    uidvalidity INTEGER NOT NULL,
    next_uid    INTEGER NOT NULL,
    since       INTEGER NOT NULL
) STRICT;

-- Everything that happened, once. A note is JSON; a mail has none, but a row in message. stem is the hash of what stands before
-- the first full stop of the key: all mails of one Message-ID share it. That no key comes twice is looked up before each insert,
-- inside the transaction.
CREATE TABLE cause (
    id       INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,
    stem     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('pending', 'done', 'quarantined')),
    alone    INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    number   INTEGER,
    ended    INTEGER,
    why      TEXT NOT NULL DEFAULT '',
    note     TEXT
) STRICT;
CREATE INDEX cause_stem ON cause (stem);
CREATE INDEX cause_pending ON cause (at, id) WHERE state = 'pending';
CREATE INDEX cause_quarantined ON cause (id) WHERE state = 'quarantined';

-- A received mail. What stands after same_id is known once it is decided. The text comes last: it may be long.
CREATE TABLE message (
    cause      INTEGER PRIMARY KEY REFERENCES cause,
    mailbox    TEXT NOT NULL,
    blob       INTEGER NOT NULL REFERENCES blob,
    whole_size INTEGER,
    quiet      INTEGER NOT NULL,
    same_id    INTEGER NOT NULL,
    ticket     INTEGER REFERENCES ticket,
    internal   INTEGER NOT NULL DEFAULT 0,
    sender     TEXT,
    text       TEXT
) STRICT;

CREATE TABLE place (
    folder      INTEGER NOT NULL REFERENCES folder,
    uidvalidity INTEGER NOT NULL,
    uid         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    cause       INTEGER NOT NULL REFERENCES cause,
    PRIMARY KEY (folder, uidvalidity, uid, name)
) STRICT, WITHOUT ROWID;

-- doc is the ticket as JSON; the columns before it are projected from it.
CREATE TABLE ticket (
    number    INTEGER PRIMARY KEY,
    version   INTEGER NOT NULL,
    status    TEXT NOT NULL,
    team      TEXT,
    owner     TEXT,
    category  TEXT,
    priority  TEXT NOT NULL,
    requester INTEGER NOT NULL,
    next_due  INTEGER,
    updated   INTEGER NOT NULL,
    doc       TEXT NOT NULL
) STRICT;
CREATE INDEX ticket_due ON ticket (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX ticket_requester ON ticket (requester) WHERE status IN ('new', 'open', 'waiting');
CREATE INDEX ticket_updated ON ticket (updated);

-- One row a decision; its number is the order of decisions.
CREATE TABLE journal (
    id      INTEGER PRIMARY KEY,
    cause   INTEGER NOT NULL UNIQUE REFERENCES cause,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    policy  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    because TEXT NOT NULL,
    changes TEXT NOT NULL
) STRICT;

CREATE TABLE journal_ticket (
    ticket  INTEGER NOT NULL REFERENCES ticket,
    journal INTEGER NOT NULL REFERENCES journal,
    PRIMARY KEY (ticket, journal)
) STRICT, WITHOUT ROWID;

-- The final bytes of a letter lie in its blob behind the first text_size bytes, which are its text.
CREATE TABLE letter (
    id           INTEGER PRIMARY KEY,
    cause        INTEGER NOT NULL REFERENCES cause,
    key          TEXT NOT NULL,
    class        INTEGER NOT NULL,
    template     TEXT NOT NULL,
    mailbox      TEXT NOT NULL,
    ticket       INTEGER REFERENCES ticket,
    reverse_path TEXT,
    message_id   TEXT NOT NULL,
    subject      TEXT NOT NULL,
    blob         INTEGER NOT NULL REFERENCES blob,
    text_size    INTEGER NOT NULL,
    not_before   INTEGER,
    created      INTEGER NOT NULL,
    UNIQUE (cause, key)
) STRICT;
CREATE INDEX letter_ticket ON letter (ticket) WHERE ticket IS NOT NULL;

-- One recipient each. class is the letter's: 0 reply, 1 notice, 2 automatic, 3 summary.
CREATE TABLE envelope (
    id             INTEGER PRIMARY KEY,
    letter         INTEGER NOT NULL REFERENCES letter,
    recipient      TEXT NOT NULL,
    recipient_hash INTEGER NOT NULL,
    class          INTEGER NOT NULL,
    state          TEXT NOT NULL
        CHECK (state IN ('queued', 'held', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_at        INTEGER NOT NULL,
    queued         INTEGER NOT NULL,
    ended          INTEGER,
    why            TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX envelope_letter ON envelope (letter);
CREATE INDEX envelope_queue ON envelope (class, queued, id, next_at) WHERE state = 'queued';
CREATE INDEX envelope_wake ON envelope (next_at) WHERE state = 'queued';
CREATE INDEX envelope_sending ON envelope (id) WHERE state = 'sending';
CREATE INDEX envelope_automatic ON envelope (recipient_hash, queued) WHERE class = 2;

-- Which ticket a Message-ID leads to, for the ids of letters and of what received mails refer to, known or not; once each. A received
-- mail itself is found by the stem of its cause.
CREATE TABLE known_id (
    hash   INTEGER NOT NULL,
    id     TEXT NOT NULL,
    ticket INTEGER NOT NULL REFERENCES ticket,
    letter INTEGER REFERENCES letter
) STRICT;
CREATE INDEX known_id_hash ON known_id (hash);
