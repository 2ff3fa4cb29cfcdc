//! One mail from a file or a pipe, with a bound on what is held of it.

use std::io::Read;

/// A mail as it is read, and its size where that is over the limit: then the bytes are the header alone.
///
/// # Errors
/// It cannot be read to its end.
pub fn mail(from: &mut impl Read, limit: u64) -> std::io::Result<(Vec<u8>, Option<u64>)> {
    let mut raw = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut raw)?;
    if raw.len() as u64 <= limit {
        return Ok((raw, None));
    }
    let whole = raw.len() as u64 + std::io::copy(from, &mut std::io::sink())?;
    raw.truncate(header_length(&raw));
    Ok((raw, Some(whole)))
}

/// Length of the header with its empty line; everything where there is none.
fn header_length(raw: &[u8]) -> usize {
    let lf = raw.windows(2).position(|w| w == b"\n\n").map(|i| i + 2);
    let crlf = raw.windows(4).position(|w| w == b"\r\n\r\n").map(|i| i + 4);
    match (lf, crlf) {
        (Some(a), Some(b)) => a.min(b),
        (one, other) => one.or(other).unwrap_or(raw.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_large_mail_the_header_is_kept() {
        let text = b"Subject: x\r\n\r\na long text";
        for (limit, kept, whole) in
            [(100, text.len(), None), (25, text.len(), None), (24, 14, Some(25)), (13, 14, Some(25)), (0, 1, Some(25))]
        {
            let (raw, size) = mail(&mut text.as_slice(), limit).unwrap();
            assert_eq!((raw.len(), size), (kept, whole), "{limit}");
        }
    }
}
