//! Why something is not simply believed: closed sets of reasons, with the words that leads read.
//!
//! What is stored is the word of [`Doubt::as_str`] and its like; sentences may change, these may not.

use serde::{Deserialize, Serialize};

use super::sentence::Sentence;

/// Why a letter is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Parts of the notification may stand among the words.
    Internal,
    /// It reads like an automatic answer.
    Absence,
    /// Somebody else's reply went out meanwhile.
    Crossing,
    /// The border says that the sender may be forged.
    Forged,
    /// It names several senders.
    Senders,
    /// The notification that it answers was seen by people outside.
    Seen,
    /// Nothing proves who wrote it.
    Unproved,
}

impl Doubt {
    /// Every reason.
    pub const ALL: [Doubt; 7] =
        [Doubt::Internal, Doubt::Absence, Doubt::Crossing, Doubt::Forged, Doubt::Senders, Doubt::Seen, Doubt::Unproved];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Doubt::Internal => "internal",
            Doubt::Absence => "absence",
            Doubt::Crossing => "crossing",
            Doubt::Forged => "forged",
            Doubt::Senders => "senders",
            Doubt::Seen => "seen",
            Doubt::Unproved => "unproved",
        }
    }

    /// What is stored, read; `None` for a word that this version does not know.
    pub fn parse(word: &str) -> Option<Doubt> {
        Doubt::ALL.into_iter().find(|doubt| doubt.as_str() == word)
    }

    /// Is it in doubt whether the agent wrote it at all? Else it is his, and only its words are in doubt.
    pub fn is_of_the_writer(self) -> bool {
        match self {
            Doubt::Forged | Doubt::Senders | Doubt::Seen | Doubt::Unproved => true,
            Doubt::Internal | Doubt::Absence | Doubt::Crossing => false,
        }
    }

    /// One plain line for a lead, without a full stop.
    pub fn line(self) -> Sentence {
        let (en, zh) = match self {
            Doubt::Internal => ("parts of a notification may stand among the words", "文字中可能夹有内部通知的内容"),
            Doubt::Absence => ("it reads like an automatic answer", "内容像是自动回复"),
            Doubt::Crossing => ("a colleague had answered in the meantime", "同事在此期间已先行答复"),
            Doubt::Forged => ("our mail server says that the sender may be forged", "邮件服务器认为发件人可能是伪造的"),
            Doubt::Senders => ("it names several senders", "邮件写有多个发件人"),
            Doubt::Seen => ("people outside have seen the notification that it answers", "所回复的通知已被外部人员看到"),
            Doubt::Unproved => ("nothing proves who wrote it", "无法证明由谁所写"),
        };
        Sentence::new(en, zh)
    }

    /// The line for a letter that a version held which kept no reason.
    pub fn line_without() -> Sentence {
        Sentence::new("an earlier version held it and kept no reason", "由旧版本暂扣，未记录原因")
    }
}

/// Why the border distrusts a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// It is marked as spam.
    Spam,
    /// It failed DMARC: From may be forged.
    Dmarc,
}

impl Suspicion {
    /// Every reason.
    pub const ALL: [Suspicion; 2] = [Suspicion::Spam, Suspicion::Dmarc];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Suspicion::Spam => "spam",
            Suspicion::Dmarc => "dmarc",
        }
    }

    /// What is stored, read; `None` for a word that this version does not know.
    pub fn parse(word: &str) -> Option<Suspicion> {
        Suspicion::ALL.into_iter().find(|suspicion| suspicion.as_str() == word)
    }

    /// One plain line for a lead, without a full stop.
    pub fn line(self) -> Sentence {
        let (en, zh) = match self {
            Suspicion::Spam => ("marked as spam", "被标为垃圾邮件"),
            Suspicion::Dmarc => ("the sender may be forged (DMARC)", "发件人可能是伪造的（DMARC）"),
        };
        Sentence::new(en, zh)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_word_and_a_line_of_its_own() {
        let lines = Doubt::ALL.map(Doubt::line).into_iter().chain(Suspicion::ALL.map(Suspicion::line)).chain([Doubt::line_without()]);
        let lines: Vec<Sentence> = lines.collect();
        for (language, of) in [("en", lines.iter().map(|l| &l.en).collect::<BTreeSet<_>>()), ("zh", lines.iter().map(|l| &l.zh).collect())]
        {
            assert_eq!(of.len(), lines.len(), "{language}");
        }
        for doubt in Doubt::ALL {
            assert_eq!(Doubt::parse(doubt.as_str()), Some(doubt));
            assert_eq!(serde_json::to_value(doubt).unwrap(), doubt.as_str());
        }
        for suspicion in Suspicion::ALL {
            assert_eq!(Suspicion::parse(suspicion.as_str()), Some(suspicion));
        }
        assert_eq!((Doubt::parse("of a later version"), Suspicion::parse("")), (None, None));
    }
}
