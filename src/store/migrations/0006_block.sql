-- The letters of a decision say nearly the same: they are packed together. A letter's text_size bytes of text begin at start; its final bytes
-- follow, and end before stop.
ALTER TABLE wording ADD COLUMN start INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wording ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;
UPDATE wording SET stop = (SELECT size FROM blob WHERE id = wording.blob);
