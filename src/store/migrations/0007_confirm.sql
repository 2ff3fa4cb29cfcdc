-- The letters that ask an agent whether a mail is his, by time: they are counted before one more is written.
CREATE INDEX letter_confirm ON letter (created) WHERE template = 'confirm';
