-- The letters that ask an agent whether a mail is his or what he meant, by time: they are counted before one more is written.
CREATE INDEX letter_question ON letter (created) WHERE template IN ('confirm', 'agent_error');
