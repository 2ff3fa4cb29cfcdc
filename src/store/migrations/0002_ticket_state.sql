-- Live tickets, figures by status and what was touched since a moment all come from one index; the one by time alone could
-- not tell a live ticket from a closed one without reading both.
CREATE INDEX ticket_state ON ticket (status, updated);
DROP INDEX ticket_updated;
