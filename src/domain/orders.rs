//! What an agent ordered, carried out: all or nothing.
