//! Which files go where: a requester's to the agents, an agent's own to the requester, and nothing back to where it came from.
//!
//! A file is known again by what is in it, and belongs to whoever brought it first. What somebody else than the agent who writes brought
//! may have come with a notification, so it never goes to the requester (promise 5). No notification brings an agent his own files.

use super::TicketFile;
use super::attachment::{Attachment, FileHash, is_rich_text};
use super::message::{Address, Attach, Defect, Reading};
use super::notify::say;
use super::policy::{Agent, Policy};
use super::ticket::Ticket;

/// Files for agents: those that go along, and those that are only named.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// What goes along.
    pub attach: Vec<Attach>,
    named: Vec<(Attachment, Stays)>,
    limit: u64,
}

/// Why a file does not go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stays {
    /// Nothing of an encrypted mail can be read.
    Encrypted,
    /// It came with an earlier mail.
    Known,
    /// With it the files would be larger than the limit.
    TooLarge,
    /// It is a program: servers would refuse the whole mail.
    Program,
}

impl Bundle {
    fn of(policy: &Policy) -> Bundle {
        Bundle { limit: policy.limits.attachments, ..Bundle::default() }
    }

    /// The files of a requester's mail. `known` are those of the ticket's earlier mails.
    pub fn of_mail(mail: &Reading, known: &[TicketFile], policy: &Policy) -> Bundle {
        let mut bundle = Bundle::of(policy);
        let encrypted = mail.defects.contains(&Defect::Encrypted);
        for file in mail.attachments.iter().filter(|file| !is_signature(file)) {
            if encrypted {
                bundle.name(file, Stays::Encrypted);
            } else if first(known, file.hash).is_some() {
                bundle.name(file, Stays::Known);
            } else {
                bundle.add(Attach { file: file.clone(), mail: None });
            }
        }
        bundle
    }

    /// What goes to a colleague with an agent's own words: his own files, and at a handover those of the requester's mails.
    pub fn of_colleague(own: &Own, handed_over: &[TicketFile], ticket: &Ticket, policy: &Policy) -> Bundle {
        let mut bundle = Bundle::of(policy);
        own.attach.iter().for_each(|attach| bundle.add(attach.clone()));
        let outsider = |known: &TicketFile| known.from.as_ref().is_none_or(|a| ticket.takes_part(a) || policy.agent_at(a).is_none());
        for known in handed_over {
            if !is_signature(&known.file) && first(handed_over, known.file.hash).is_some_and(outsider) {
                bundle.add(Attach { file: known.file.clone(), mail: Some(known.mail.clone()) });
            }
        }
        bundle
    }

    fn add(&mut self, attach: Attach) {
        if self.attach.iter().any(|a| a.file.hash == attach.file.hash) {
            return;
        }
        if attach.file.is_program() {
            self.name(&attach.file, Stays::Program);
            return;
        }
        let size: u64 = self.attach.iter().map(|a| a.file.size).sum();
        if size.saturating_add(attach.file.size) > self.limit {
            self.name(&attach.file, Stays::TooLarge);
        } else {
            self.attach.push(attach);
        }
    }

    /// Pictures inside a text that are not sent are not missed: they are logos.
    fn name(&mut self, file: &Attachment, why: Stays) {
        if matches!(why, Stays::TooLarge | Stays::Program) || !file.inline {
            self.named.push((file.clone(), why));
        }
    }

    /// The names of the files that are there.
    pub fn names(&self) -> Vec<String> {
        let encrypted = self.named.iter().filter(|(_, why)| *why == Stays::Encrypted).map(|(file, _)| file);
        self.attach.iter().map(|a| &a.file).chain(encrypted).map(|file| file.name.clone()).collect()
    }

    /// A sentence for each file that an agent does not find in his mail: why, and how to get at it.
    pub fn not_attached(&self, language: &str, ticket: &Ticket, policy: &Policy) -> Vec<String> {
        let mailbox = policy.mailbox(&ticket.mailbox).map_or("", |mailbox| mailbox.address.as_str());
        let sentence = |(file, why): &(Attachment, Stays)| {
            let Attachment { name, size, .. } = file;
            match why {
                Stays::Encrypted => None,
                Stays::Known => {
                    let en = format!("{name} is the same file as in an earlier mail.");
                    Some(say(language, en, format!("{name} 与之前邮件中的文件相同。")))
                }
                Stays::Program => {
                    let en = format!(
                        "{name} is a program, which mail servers refuse to pass on; handle it with care. It is in the original mail in the \
                         mailbox {mailbox}; ask whoever looks after that mailbox."
                    );
                    let zh = format!(
                        "{name} 是可执行程序，邮件服务器会拒收，未一并转交，请谨慎处理。请在邮箱 {mailbox} 的原邮件中查看，或联系邮箱管理员。"
                    );
                    Some(say(language, en, zh))
                }
                Stays::TooLarge => {
                    let (size, limit) = (megabytes(*size), megabytes(self.limit));
                    let en = format!(
                        "{name} ({size} MB) is too large: the files of one mail may have {limit} MB together. It is in the original mail in \
                         the mailbox {mailbox}; ask whoever looks after that mailbox."
                    );
                    let zh = format!(
                        "{name}（{size} MB）过大：每封邮件的附件合计不超过 {limit} MB。请在邮箱 {mailbox} 的原邮件中查看，或联系邮箱管理员。"
                    );
                    Some(say(language, en, zh))
                }
            }
        };
        self.named.iter().filter_map(sentence).collect()
    }
}

/// An agent's own files.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// What goes to the requester.
    pub attach: Vec<Attach>,
    /// Names of attachments that somebody else brought.
    pub known: Vec<String>,
    /// Names of attachments that are, or hold, a mail that may be the desk's.
    pub inside: Vec<String>,
}

impl Own {
    /// The agent's own among the files of his mail. Attached mails stay behind, they may hold notifications in any encoding, and so do files
    /// of any kind that hold a sign; and what others brought. Pictures inside the text go with words alone, each once, for signatures have logos.
    pub fn of(mail: &Reading, words: &str, known: &[TicketFile], agent: &Agent) -> Own {
        let mut own = Own::default();
        // Rich Text, where a mail has no other text, is the mail's own, with what that quotes.
        let unread = mail.defects.contains(&Defect::RichText);
        for file in mail.attachments.iter().filter(|file| !is_signature(file)) {
            if file.sign || is_mail(file) || unread && is_rich_text(&file.media_type) {
                own.inside.push(file.name.clone());
                continue;
            }
            let picture = file.inline && file.media_type.starts_with("image/");
            let brought = first(known, file.hash);
            if brought.is_some_and(|k| k.from.as_ref().is_none_or(|from| !is_of(agent, from))) {
                own.known.extend((!file.inline).then(|| file.name.clone()));
                continue;
            }
            let unwanted = picture && (words.is_empty() || brought.is_some() || stands_outside(file, mail, words));
            if !unwanted && !own.attach.iter().any(|a| a.file.hash == file.hash) {
                own.attach.push(Attach { file: file.clone(), mail: None });
            }
        }
        own
    }

    /// A sentence on each kind of file that is not sent along.
    pub fn not_sent(&self, language: &str) -> Vec<String> {
        let known =
            (&self.known, "Not sent along, for the ticket has it from an earlier mail: {}.", "工单之前的邮件中已有，未再发送：{}。");
        let inside = (
            &self.inside,
            "Not sent along, for it may hold a mail of the desk with your sign: {}. Send what is needed of it as another kind of file.",
            "可能含有服务台发给您的邮件及您的凭证，未一并发送：{}。如需发送其中的内容，请另存为其他类型的文件。",
        );
        let named = [known, inside].into_iter().filter(|(names, ..)| !names.is_empty());
        named.map(|(names, en, zh)| say(language, en, zh).replacen("{}", &names.join(", "), 1)).collect()
    }

    /// Decoded bytes of all.
    pub fn size(&self) -> u64 {
        self.attach.iter().map(|a| a.file.size).sum()
    }
}

/// The file of the mail that brought it first.
fn first(known: &[TicketFile], hash: FileHash) -> Option<&TicketFile> {
    known.iter().find(|k| k.file.hash == hash)
}

fn is_of(agent: &Agent, address: &Address) -> bool {
    agent.address == *address || agent.aliases.contains(address)
}

/// Outlook writes `[cid:…]` where a picture stands: in what was cut away, a quote or a signature, it is not part of the words.
fn stands_outside(picture: &Attachment, mail: &Reading, words: &str) -> bool {
    picture.cid.as_deref().is_some_and(|cid| mail.text.contains(cid) && !words.contains(cid))
}

/// A mail as a file: by its type, or by its name, for mailers know few types.
fn is_mail(file: &Attachment) -> bool {
    const TYPES: [&str; 5] =
        ["application/vnd.ms-outlook", "application/mbox", "multipart/related", "application/ms-tnef", "application/vnd.ms-tnef"];
    const ENDINGS: [&str; 6] = ["eml", "emlx", "msg", "mht", "mhtml", "mbox"];
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.trim());
    file.media_type.starts_with("message/")
        // Outlook packs the whole mail into it, the quoted notification too.
        || file.name.eq_ignore_ascii_case("winmail.dat")
        || TYPES.contains(&file.media_type.as_str())
        || ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// Signs the mail that it came in and no other (RFC 8551, RFC 3156): of no use to anybody else.
fn is_signature(file: &Attachment) -> bool {
    matches!(file.media_type.as_str(), "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature")
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::CauseKey;
    use crate::domain::attachment::{Fingerprint, Print};
    use crate::domain::policy::Role;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn li() -> Agent {
        Agent {
            handle: "li".into(),
            name: "Li Wei".into(),
            address: address("li@desk.test"),
            aliases: vec![address("wei.li@desk.test")],
            team: None,
            role: Role::Agent,
            language: None,
        }
    }

    fn file(name: &str, content: &str, inline: bool) -> Attachment {
        let media_type = match name.rsplit('.').next() {
            Some("png") => "image/png",
            Some("eml") => "message/rfc822",
            Some("p7s") => "application/pkcs7-signature",
            Some("tnef") => "application/ms-tnef",
            _ => "application/octet-stream",
        };
        let mut print = Fingerprint::default();
        print.add(content.as_bytes());
        let Print { size, hash, sign } = print.end();
        let cid = inline.then(|| format!("{name}@here"));
        Attachment { name: name.into(), media_type: media_type.into(), size, inline, cid, hash, sign, ..Attachment::default() }
    }

    fn known(from: &str, content: &str) -> TicketFile {
        TicketFile { mail: CauseKey("mail:x".into()), from: Address::parse(from), file: file("x.bin", content, false) }
    }

    fn names(attach: &[Attach]) -> Vec<&str> {
        attach.iter().map(|a| a.file.name.as_str()).collect()
    }

    #[test]
    fn an_agents_own_files() {
        let alice = || vec![known("alice@ext.test", "shot"), known("li@desk.test", "shot")];
        let mine = || vec![known("li@desk.test", "guide"), known("alice@ext.test", "guide")];
        let alias = || vec![known("wei.li@desk.test", "guide")];
        for (case, files, words, known, goes, told) in [
            ("his own", vec![file("a.pdf", "a", false), file("b.png", "b", true)], "see", vec![], vec!["a.pdf", "b.png"], vec![]),
            ("no words, no picture", vec![file("a.pdf", "a", false), file("b.png", "b", true)], "", vec![], vec!["a.pdf"], vec![]),
            (
                "a mail and a signature",
                vec![file("m.eml", "m", false), file("smime.p7s", "s", false)],
                "see",
                vec![],
                vec![],
                vec!["m.eml"],
            ),
            (
                "saved mails",
                vec![file("n.eml", "n", false), file("N.MSG", "m", false), file("n.mht", "h", true)],
                "see",
                vec![],
                vec![],
                vec!["n.eml", "N.MSG", "n.mht"],
            ),
            (
                "his notification under another name",
                vec![file("n.html", "<p>Ref: pd.1042.li.fyihqkft3xe4bys2</p>", true), file("a.pdf", "a", false)],
                "see",
                mine(),
                vec!["a.pdf"],
                vec!["n.html"],
            ),
            (
                "what Outlook packs a mail into",
                vec![file("winmail.dat", "x", false), file("part-2.tnef", "y", false)],
                "see",
                vec![],
                vec![],
                vec!["winmail.dat", "part-2.tnef"],
            ),
            ("hers", vec![file("shot.png", "shot", false)], "see", alice(), vec![], vec!["shot.png"]),
            ("hers, in a quote", vec![file("shot.png", "shot", true)], "see", alice(), vec![], vec![]),
            ("his own again", vec![file("guide.pdf", "guide", false)], "see", mine(), vec!["guide.pdf"], vec![]),
            ("his own by another address", vec![file("guide.pdf", "guide", false)], "see", alias(), vec!["guide.pdf"], vec![]),
            ("his logo again", vec![file("logo.png", "guide", true)], "see", mine(), vec![], vec![]),
            ("a document that Apple Mail shows inside", vec![file("a.pdf", "a", true)], "", vec![], vec!["a.pdf"], vec![]),
            ("twice in one mail", vec![file("a.png", "a", true), file("b.png", "a", true)], "see", vec![], vec!["a.png"], vec![]),
            ("a picture among the words", vec![file("a.png", "a", true)], "see [cid:a.png@here]", vec![], vec!["a.png"], vec![]),
            ("a picture in the signature", vec![file("sig.png", "a", true)], "see", vec![], vec![], vec![]),
            (
                "nobody's",
                vec![file("a.pdf", "a", false)],
                "see",
                vec![TicketFile { from: None, ..known("x@y.test", "a") }],
                vec![],
                vec!["a.pdf"],
            ),
        ] {
            let text = format!("{words}\n-- \n[cid:sig.png@here]");
            let mail = Reading { text, attachments: files, ..Reading::default() };
            let own = Own::of(&mail, words, &known, &li());
            let stays: Vec<&str> = own.known.iter().chain(&own.inside).map(String::as_str).collect();
            assert_eq!((names(&own.attach), stays), (goes, told), "{case}");
        }
    }

    proptest! {
        /// Promise 5: nothing that somebody else brought first goes to the requester, whatever the client makes of it.
        #[test]
        fn what_others_brought_never_goes_back(
            brought in proptest::collection::vec((0..4_usize, 0..6_usize), 0..8),
            sent in proptest::collection::vec((0..6_usize, any::<bool>(), 0..3_usize), 0..8),
            words in "[a-z]{0,3}",
        ) {
            let people = ["alice@ext.test", "li@desk.test", "wang@desk.test", "nobody"];
            let brought: Vec<TicketFile> = brought.iter().map(|(who, what)| known(people[*who], &what.to_string())).collect();
            let kinds = ["png", "pdf", "eml"];
            let attachments = sent.iter().map(|(what, inline, kind)| file(&format!("f.{}", kinds[*kind]), &what.to_string(), *inline));
            let mail = Reading { attachments: attachments.collect(), ..Reading::default() };
            for Attach { file, mail } in Own::of(&mail, &words, &brought, &li()).attach {
                let first = brought.iter().find(|k| k.file.hash == file.hash);
                prop_assert!(mail.is_none() && first.is_none_or(|k| k.from == Some(address("li@desk.test"))));
            }
        }
    }
}
