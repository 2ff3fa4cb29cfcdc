//! The desk's own questions that a mail answers: the token that was mailed with a question tells which.

use crate::domain::confirm;
use crate::domain::foresight::Foresight;
use crate::domain::policy::{Approver, Policy};
use crate::domain::thread::{By, Thread};
use crate::domain::ticket::{Ticket, TicketNo};
use crate::domain::trust::Sender;
use crate::domain::{Case, Decision, Incoming, Need, approvals};

use super::Scene;

/// A question that a mail answers.
pub enum Answered<'a> {
    /// May this be done?
    Approval {
        /// Who was asked.
        approver: &'a Approver,
        /// About which ticket.
        ticket: TicketNo,
        /// Which of its questions, counted from 0.
        question: usize,
    },
    /// Is a mail in an agent's name his?
    Confirmation(confirm::Answer<'a>),
}

impl<'a> Answered<'a> {
    /// What this mail answers; history answers nothing, nor does a mail that was confirmed itself (`granted`) confirm another.
    pub fn by(incoming: &Incoming, granted: bool, policy: &'a Policy) -> Option<Answered<'a>> {
        if incoming.quiet {
            return None;
        }
        let Foresight { mail, origin, tokens, .. } = incoming.foresight.as_ref();
        let ruling = approvals::answered(mail, origin, tokens, policy).map(|(approver, ticket, question)| Answered::Approval {
            approver,
            ticket,
            question,
        });
        let confirming = || confirm::answered(mail, origin, tokens, policy).filter(|_| !granted).map(Answered::Confirmation);
        ruling.or_else(confirming)
    }

    /// What the answer says of its sender, and of the conversation that it belongs to.
    pub fn place(&self, sender: &mut Sender, thread: &mut Thread) {
        match self {
            Answered::Approval { approver, ticket, .. } => {
                sender.because =
                    format!("From is {} and the mail carries the token that was mailed to approver {}", approver.address, approver.handle);
                thread.because = format!("it answers the mail that asks for an approval on {ticket}");
                (thread.ticket, thread.by, thread.linked) = (Some(*ticket), By::MessageId, None);
            }
            Answered::Confirmation(answer) => answer.place(sender, thread),
        }
    }

    /// What follows.
    ///
    /// # Errors
    /// The [`Need`] for what must be known first.
    pub fn decide(&self, case: &Case, scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
        match self {
            Answered::Approval { approver, question, .. } => approvals::answer(case, scene, ticket, approver, *question, policy),
            Answered::Confirmation(answer) => confirm::answer(case, scene, answer, ticket, policy),
        }
    }
}
