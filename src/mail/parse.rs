//! Raw bytes → [`Reading`], once; total: any bytes give a reading.

use crate::domain::message::Reading;

/// Reads a mail. `whole_size` is set where `raw` holds the header only.
pub fn read(_raw: &[u8], _whole_size: Option<u64>) -> Reading {
    Reading::default()
}

/// The decoded bytes of a part by its index ([`crate::domain::message::Attachment::part`]).
pub fn part(_raw: &[u8], _index: u32) -> Option<Vec<u8>> {
    None
}
