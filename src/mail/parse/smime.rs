//! Opaque S/MIME (RFC 8551 section 3.5.2): the mail inside a CMS SignedData (RFC 5652 section 5), taken out for reading. No signature is
//! checked and none gives trust.
//!
//! A crate for CMS was weighed: three more for one nested octet string. What is read here is BER as far as it frames things.

/// 1.2.840.113549.1.7.2, 1.2.840.113549.1.7.1.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// Elements inside one another that are followed.
const DEPTH: usize = 16;

const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const EXPLICIT: u8 = 0xa0;

/// The signed mail inside; `None` where it is encrypted or no CMS at all.
pub fn signed_content(bytes: &[u8]) -> Option<Vec<u8>> {
    let info = Element::read(bytes)?.0.inside(SEQUENCE)?;
    let (kind, rest) = Element::read(info)?;
    if kind.inside(OBJECT_ID)? != SIGNED_DATA {
        return None;
    }
    let signed = Element::read(Element::read(rest)?.0.inside(EXPLICIT)?)?.0.inside(SEQUENCE)?;
    let (_version, rest) = Element::read(signed)?;
    let (_digests, rest) = Element::read(rest)?;
    let content = Element::read(rest)?.0.inside(SEQUENCE)?;
    let (kind, rest) = Element::read(content)?;
    if kind.inside(OBJECT_ID)? != DATA {
        return None;
    }
    let octets = Element::read(Element::read(rest)?.0.inside(EXPLICIT)?)?.0;
    let mut out = Vec::new();
    octets.collect(&mut out, 0)?;
    Some(out)
}

/// One element of BER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what follows it.
    fn read(bytes: &'a [u8]) -> Option<(Element<'a>, &'a [u8])> {
        Element::read_at(bytes, 0)
    }

    fn read_at(bytes: &'a [u8], depth: usize) -> Option<(Element<'a>, &'a [u8])> {
        let (&tag, rest) = bytes.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags of more than one byte do not stand in what is read here.
        if tag & 0x1f == 0x1f || depth > DEPTH {
            return None;
        }
        if first == 0x80 {
            let length = endless(rest, depth)?;
            let (content, after) = rest.split_at_checked(length)?;
            return Some((Element { tag, content }, after.get(2..)?));
        }
        let (length, rest) = match first {
            0..0x80 => (usize::from(first), rest),
            _ => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
                (digits.iter().fold(0_usize, |n, d| n << 8 | usize::from(*d)), rest)
            }
        };
        // The last element of a mail that was cut off.
        let (content, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        Some((Element { tag, content }, after))
    }

    fn inside(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// The bytes of an octet string, in one piece or in many.
    fn collect(&self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        match self.tag {
            OCTETS => out.extend_from_slice(self.content),
            PIECES if depth <= DEPTH => {
                let mut rest = self.content;
                while !rest.is_empty() {
                    let (piece, after) = Element::read(rest)?;
                    piece.collect(out, depth + 1)?;
                    rest = after;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// How long the content of an element without a length is: up to the two zeros that end it.
fn endless(content: &[u8], depth: usize) -> Option<usize> {
    let mut rest = content;
    while !rest.starts_with(&[0, 0]) {
        rest = Element::read_at(rest, depth + 1)?.1;
    }
    Some(content.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x83, 0, (content.len() >> 8) as u8, content.len() as u8], content].concat()
    }

    fn endless_element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn signed(octets: &[u8], frame: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let content = frame(SEQUENCE, &[element(OBJECT_ID, DATA), frame(EXPLICIT, octets)].concat());
        let data = frame(SEQUENCE, &[element(2, &[1]), element(0x31, &[]), content, element(0x31, b"signers")].concat());
        frame(SEQUENCE, &[element(OBJECT_ID, SIGNED_DATA), frame(EXPLICIT, &data)].concat())
    }

    #[test]
    fn the_mail_inside_is_found() {
        let whole = element(OCTETS, b"Content-Type: text/plain\r\n\r\nhi");
        let pieces = [element(OCTETS, b"Content-Type: text/plain\r\n\r\n"), element(OCTETS, b"hi")].concat();
        for bytes in [signed(&whole, element), signed(&whole, endless_element), signed(&endless_element(PIECES, &pieces), endless_element)]
        {
            assert_eq!(signed_content(&bytes).as_deref(), Some(&b"Content-Type: text/plain\r\n\r\nhi"[..]));
        }
        assert_eq!(signed_content(b"0\x80\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x03\xa0\x80"), None);
        assert_eq!(signed_content(&[0x24, 0x80].repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(0x80), Just(SEQUENCE), Just(EXPLICIT), any::<u8>()], 0..300)) {
            signed_content(&bytes);
        }
    }
}
