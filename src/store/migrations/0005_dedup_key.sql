-- The key by which a machine's mails about one thing find their ticket, as a 64-bit hash; the doc has its text. Tickets without a key,
-- which are nearly all, are not in the index.
ALTER TABLE ticket ADD COLUMN dedup INTEGER;
CREATE INDEX ticket_dedup ON ticket (dedup) WHERE dedup IS NOT NULL;
