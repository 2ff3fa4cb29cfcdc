//! Discovery and bodies. Everything is asked for by UID and with PEEK, so that no flag changes and nobody else's view does.
//!
//! Small mails come many to a command; a large one in windows, because async-imap holds a literal in memory as a whole.

use std::collections::HashMap;

use async_imap::imap_proto::{AttributeValue, Response};
use chrono::{DateTime, Utc};

use super::Mark;
use super::plan::{Found, WINDOW, Wanted, uid_set};
use super::session::{Rejected, Session};

/// A message with its bytes.
pub(super) struct Fetched {
    pub wanted: Wanted,
    /// The whole message, or its header when `whole_size` is set.
    pub raw: Vec<u8>,
    pub whole_size: Option<u64>,
}

/// A message that the server does not give out in any form.
pub(super) struct Unread {
    pub wanted: Wanted,
    /// What the server does in its place.
    pub why: String,
    /// Its header, where at least that can be had; cut where it is very long.
    pub header: Vec<u8>,
}

/// What came of a group.
#[derive(Default)]
pub(super) struct Group {
    pub mails: Vec<Fetched>,
    pub unread: Vec<Unread>,
}

/// The header of a message, for a look at what servers wrote into it.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its bytes, cut where it is very long.
    pub raw: Vec<u8>,
    /// INTERNALDATE.
    pub at: Option<DateTime<Utc>>,
}

/// What a server does that has a mail, calls the command done and sends nothing of it.
const NOTHING: &str = "the server answered UID FETCH with OK, but without the mail";

/// Of a header so many bytes are looked at.
const HEADER: usize = 32 * 1024;

/// How a body came.
enum Body {
    Whole(Vec<u8>),
    /// More than may be taken, whatever RFC822.SIZE said.
    TooLarge(u64),
    Gone,
    /// It lies there, but is not given out.
    Withheld(String),
}

impl Session {
    /// What lies in the folder from this UID on. `n:*` names the last message even when its UID is below n (RFC 3501 section 6.4.8);
    /// that one is left out.
    pub(super) async fn discover(&mut self, from: u32) -> anyhow::Result<Vec<Found>> {
        let mut found = Vec::new();
        // Some servers call every set wrong in an empty folder.
        if self.exists == 0 {
            return Ok(found);
        }
        // And some know no `*` here.
        let forms = ["*", "4294967295"].map(|last| format!("UID FETCH {from}:{last} (UID RFC822.SIZE INTERNALDATE)"));
        self.one_of(&forms, |response| found.extend(discovered(response).filter(|message| message.uid >= from))).await?;
        Ok(found)
    }

    /// Asks in the first of several forms that the server does not reject.
    async fn one_of(&mut self, forms: &[String], mut each: impl FnMut(&Response<'_>)) -> anyhow::Result<()> {
        let mut last = Ok(());
        for form in forms {
            last = self.checked(form, &mut each).await;
            match &last {
                Err(error) if error.is::<Rejected>() => tracing::debug!("{error}: asking in another form"),
                _ => break,
            }
        }
        last
    }

    /// The headers of the newest messages of the open folder, oldest first.
    pub(super) async fn newest(&mut self, count: u32) -> anyhow::Result<Vec<Header>> {
        let mut headers = Vec::new();
        let last = self.exists;
        if last > 0 {
            let first = last.saturating_sub(count.saturating_sub(1)).max(1);
            let forms = [format!("<0.{HEADER}>"), String::new()];
            let forms = forms.map(|part| format!("FETCH {first}:{last} (UID INTERNALDATE BODY.PEEK[HEADER]{part})"));
            self.one_of(&forms, |response| {
                headers.extend(body(response).map(|raw| Header { raw: raw.to_vec(), at: arrival(response) }));
            })
            .await?;
        }
        Ok(headers)
    }

    /// Which of these messages lack the mark, or lie there unmoved.
    pub(super) async fn unmarked(&mut self, first: u32, last: u32, mark: &Mark) -> anyhow::Result<Vec<u32>> {
        let mut uids = Vec::new();
        self.checked(&format!("UID FETCH {first}:{last} (UID FLAGS)"), |response| {
            let flags = attributes(response).find_map(|one| if let AttributeValue::Flags(flags) = one { Some(flags) } else { None });
            let wears = |name: &str| flags.is_some_and(|flags| flags.iter().any(|flag| flag.eq_ignore_ascii_case(name)));
            let marked = match mark {
                Mark::None => false,
                Mark::Seen => wears("\\Seen"),
                Mark::Keyword(keyword) => wears(keyword),
            };
            uids.extend(uid(response).filter(|_| flags.is_some() && !marked));
        })
        .await?;
        Ok(uids)
    }

    /// Reads a group. Messages that others removed meanwhile are missing in the answer; the rest keep their order.
    pub(super) async fn read(&mut self, group: &[Wanted], limit: u64) -> anyhow::Result<Group> {
        let small = |wanted: &&Wanted| wanted.size <= WINDOW && u64::from(wanted.size) <= limit;
        let asked: Vec<u32> = group.iter().filter(small).map(|wanted| wanted.uid).collect();
        // Refused together, they are asked for one by one below.
        let mut bodies = unless_rejected(self.bodies(asked.iter().copied()).await)?;
        let missing: Vec<u32> = group.iter().filter(small).map(|wanted| wanted.uid).filter(|uid| !bodies.contains_key(uid)).collect();
        if missing.len() == asked.len() {
            for uid in missing {
                bodies.extend(unless_rejected(self.bodies([uid]).await)?);
            }
        } else if !missing.is_empty() {
            bodies.extend(unless_rejected(self.bodies(missing).await)?);
        }
        let mut read = Group::default();
        for &wanted in group {
            let body = match bodies.remove(&wanted.uid) {
                Some(raw) => Body::Whole(raw),
                None => self.large(wanted, limit).await?,
            };
            self.sort_in(&mut read, wanted, body).await?;
        }
        Ok(read)
    }

    async fn sort_in(&mut self, read: &mut Group, wanted: Wanted, body: Body) -> anyhow::Result<()> {
        let header = match &body {
            Body::TooLarge(_) | Body::Withheld(_) => self.header(wanted.uid).await?,
            Body::Whole(_) | Body::Gone => Ok(Vec::new()),
        };
        match (body, header) {
            (Body::Whole(raw), _) => read.mails.push(Fetched { wanted, raw, whole_size: None }),
            (Body::TooLarge(size), Ok(raw)) => read.mails.push(Fetched { wanted, raw, whole_size: Some(size) }),
            (Body::TooLarge(_), Err(why)) => read.unread.push(Unread { wanted, why, header: Vec::new() }),
            (Body::Withheld(why), header) => {
                let mut header = header.unwrap_or_default();
                header.truncate(HEADER);
                read.unread.push(Unread { wanted, why, header });
            }
            (Body::Gone, _) => tracing::info!(uid = wanted.uid, "a mail was removed by others before it could be read"),
        }
        Ok(())
    }

    /// The header of a mail, or why the server does not give that out either.
    async fn header(&mut self, uid: u32) -> anyhow::Result<Result<Vec<u8>, String>> {
        match self.part(uid, "HEADER", 0).await {
            Ok(header) => Ok(header.filter(|bytes| !bytes.is_empty()).ok_or_else(|| NOTHING.to_owned())),
            Err(error) => Ok(Err(error.downcast::<Rejected>()?.to_string())),
        }
    }

    /// Small bodies by one command. An empty one is left out like a missing one: no mail is empty, but some servers answer so when
    /// they cannot read it.
    async fn bodies(&mut self, uids: impl IntoIterator<Item = u32>) -> anyhow::Result<HashMap<u32, Vec<u8>>> {
        let (set, mut bodies) = (uid_set(uids), HashMap::new());
        if !set.is_empty() {
            let forms = ["(UID BODY.PEEK[])", "BODY.PEEK[]"].map(|items| format!("UID FETCH {set} {items}"));
            self.one_of(&forms, |response| {
                bodies.extend(
                    uid(response).zip(body(response)).filter(|(_, bytes)| !bytes.is_empty()).map(|(uid, bytes)| (uid, bytes.to_vec())),
                );
            })
            .await?;
        }
        Ok(bodies)
    }

    /// A body in windows, up to the first empty or short one: RFC822.SIZE is a hint, some servers get it wrong.
    async fn large(&mut self, wanted: Wanted, limit: u64) -> anyhow::Result<Body> {
        let size = u64::from(wanted.size);
        if size > limit {
            return Ok(Body::TooLarge(size));
        }
        let mut raw: Vec<u8> = Vec::with_capacity(usize::try_from(size)?);
        loop {
            let window = match self.part(wanted.uid, "", raw.len()).await {
                // No windows on this server, or not this one: all of it at once.
                Err(error) if error.is::<Rejected>() => return self.at_once(wanted.uid).await,
                window => window?,
            };
            let Some(window) = window else { return self.at_once(wanted.uid).await };
            if window.is_empty() && raw.is_empty() && size > 0 {
                return self.at_once(wanted.uid).await;
            }
            raw.extend_from_slice(&window);
            let total = u64::try_from(raw.len())?;
            if total > limit {
                return Ok(Body::TooLarge(total.max(size)));
            }
            if window.is_empty() || (window.len() < usize::try_from(WINDOW)? && total >= size) {
                if total != size {
                    tracing::debug!(uid = wanted.uid, total, size, "RFC822.SIZE is not the size of the body");
                }
                return Ok(Body::Whole(raw));
            }
        }
    }

    /// A body by one command, as the last resort.
    async fn at_once(&mut self, uid: u32) -> anyhow::Result<Body> {
        match self.bodies([uid]).await {
            Ok(mut bodies) => match bodies.remove(&uid) {
                Some(raw) => Ok(Body::Whole(raw)),
                None if self.look(uid).await?.is_none() => Ok(Body::Gone),
                None => Ok(Body::Withheld(NOTHING.to_owned())),
            },
            Err(error) => Ok(Body::Withheld(error.downcast::<Rejected>()?.to_string())),
        }
    }

    /// What discovery sees of one message; `None` when it lies there no more.
    pub(super) async fn look(&mut self, wanted: u32) -> anyhow::Result<Option<Found>> {
        let mut found = None;
        if self.exists > 0 {
            self.checked(&format!("UID FETCH {wanted} (UID RFC822.SIZE INTERNALDATE)"), |response| {
                found = discovered(response).filter(|message| message.uid == wanted).or(found);
            })
            .await?;
        }
        Ok(found)
    }

    /// One window of a section; `None` when the message is gone.
    async fn part(&mut self, wanted: u32, section: &str, offset: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let mut part = None;
        let mut forms = vec![format!("UID FETCH {wanted} (UID BODY.PEEK[{section}]<{offset}.{WINDOW}>)")];
        if !section.is_empty() {
            forms.push(format!("UID FETCH {wanted} (UID BODY.PEEK[{section}])"));
        }
        self.one_of(&forms, |response| {
            if uid(response) == Some(wanted)
                && let Some(bytes) = body(response)
            {
                part = Some(bytes.to_vec());
            }
        })
        .await?;
        Ok(part)
    }
}

/// Nothing came where the command was refused; other errors stay errors.
fn unless_rejected(outcome: anyhow::Result<HashMap<u32, Vec<u8>>>) -> anyhow::Result<HashMap<u32, Vec<u8>>> {
    outcome.or_else(|error| error.downcast::<Rejected>().map(|_| HashMap::new()))
}

/// The attributes of a FETCH response; none for any other.
fn attributes<'r>(response: &'r Response<'_>) -> impl Iterator<Item = &'r AttributeValue<'r>> {
    let list = if let Response::Fetch(_, list) = response { list.as_slice() } else { &[] };
    list.iter()
}

fn uid(response: &Response<'_>) -> Option<u32> {
    attributes(response).find_map(|one| if let AttributeValue::Uid(uid) = one { Some(*uid) } else { None })
}

/// The bytes of a body section; NIL counts as none of them.
fn body<'r>(response: &'r Response<'_>) -> Option<&'r [u8]> {
    attributes(response)
        .find_map(|one| if let AttributeValue::BodySection { data, .. } = one { Some(data.as_deref().unwrap_or_default()) } else { None })
}

/// A FETCH response that others' changes caused has no RFC822.SIZE and is no discovery.
fn discovered(response: &Response<'_>) -> Option<Found> {
    let size = attributes(response).find_map(|one| if let AttributeValue::Rfc822Size(size) = one { Some(*size) } else { None })?;
    Some(Found { uid: uid(response)?, size, at: arrival(response) })
}

fn arrival(response: &Response<'_>) -> Option<DateTime<Utc>> {
    attributes(response).find_map(|one| if let AttributeValue::InternalDate(date) = one { internal_date(date) } else { None })
}

/// RFC 3501 section 9, date-time: ` 7-Feb-1994 21:52:25 -0800`.
fn internal_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates() {
        let cases = [
            (" 7-Feb-1994 21:52:25 -0800", Some("1994-02-08T05:52:25Z")),
            ("17-Jul-1996 02:44:25 +0000", Some("1996-07-17T02:44:25Z")),
            ("7-Feb-1994 21:52:25 +0530", Some("1994-02-07T16:22:25Z")),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(internal_date(text), expected.map(|at| at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn answers_are_told_from_what_others_cause() {
        let parse = |text: &'static str| Response::parse(text.as_bytes()).unwrap().1;
        let own = parse("* 3 FETCH (UID 9 RFC822.SIZE 120 INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\")\r\n");
        assert_eq!(discovered(&own).map(|found| (found.uid, found.size, found.at.is_some())), Some((9, 120, true)));
        for others in ["* 3 FETCH (FLAGS (\\Seen))\r\n", "* 3 FETCH (UID 9 FLAGS (\\Seen))\r\n", "* 4 EXISTS\r\n"] {
            assert_eq!(discovered(&parse(others)), None);
            assert_eq!(body(&parse(others)), None);
        }
        let window = parse("* 3 FETCH (UID 9 BODY[]<0> {3}\r\nabc)\r\n");
        assert_eq!((uid(&window), body(&window)), (Some(9), Some(b"abc".as_slice())));
        assert_eq!(body(&parse("* 3 FETCH (UID 9 BODY[] NIL)\r\n")), Some(b"".as_slice()));
        assert_eq!(body(&parse("* 3 FETCH (UID 9 BODY[HEADER]<0> {2}\r\na\n)\r\n")), Some(b"a\n".as_slice()));
    }
}
