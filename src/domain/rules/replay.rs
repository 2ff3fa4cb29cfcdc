//! What rules say of mails that were judged before, against what was said then and what agents have set since: a fold for
//! `rules replay`.

use serde::Serialize;

use crate::domain::ticket::Level;

/// What rules decide of a ticket that people notice first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Classification {
    /// Category id; `None` is unclassified.
    pub category: Option<String>,
    /// Whose queue.
    pub team: Option<String>,
    /// How soon.
    pub urgency: Level,
}

/// How many mails are judged otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// All.
    pub mails: usize,
    /// Those judged otherwise in anything.
    pub changed: usize,
    /// Of these, those that had no category.
    pub newly_classified: usize,
    /// Of these, those that have none any more.
    pub now_unclassified: usize,
    /// Of these, those of which no ticket would be made.
    pub no_ticket: usize,
    /// Mails on whose ticket an agent has set a category.
    pub set: usize,
    /// Of these, those that were opened with it.
    pub agreed: usize,
    /// Of these, those that would get it now.
    pub agree: usize,
}

impl Figures {
    /// Counts one mail: what it was, what it is now (`None`: no ticket), and the category that an agent has set since.
    pub fn add(&mut self, was: &Classification, now: Option<&Classification>, set: Option<&str>) {
        let category = now.and_then(|now| now.category.as_deref());
        self.mails += 1;
        self.changed += usize::from(now != Some(was));
        self.newly_classified += usize::from(was.category.is_none() && category.is_some());
        self.now_unclassified += usize::from(was.category.is_some() && now.is_some() && category.is_none());
        self.no_ticket += usize::from(now.is_none());
        self.set += usize::from(set.is_some());
        self.agreed += usize::from(set.is_some() && was.category.as_deref() == set);
        self.agree += usize::from(set.is_some() && category == set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_counted() {
        let of = |category: &str| Classification {
            category: (!category.is_empty()).then(|| category.to_owned()),
            team: None,
            urgency: Level::Medium,
        };
        let urgent = Classification { urgency: Level::High, ..of("a") };
        let mut figures = Figures::default();
        for (was, now, set) in [
            (of("a"), Some(of("a")), None),
            (of("a"), Some(of("b")), Some("b")),
            (of("a"), Some(urgent), Some("a")),
            (of("a"), Some(of("")), Some("a")),
            (of(""), Some(of("a")), Some("b")),
            (of(""), Some(of("")), None),
            (of("a"), None, None),
        ] {
            figures.add(&was, now.as_ref(), set);
        }
        let wanted = Figures { mails: 7, changed: 5, newly_classified: 1, now_unclassified: 1, no_ticket: 1, set: 4, agreed: 2, agree: 2 };
        assert_eq!(figures, wanted);
    }
}
