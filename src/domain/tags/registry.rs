//! The registry of tags. One entry is one tag: grammar, plan, help mail and `docs/tags.md` derive from it.
//!
//! A closed enum would make every tag visit four files; here a new tag is one entry and one function in `effects`. Names of later
//! releases stand in [`RESERVED`], so that an order that cannot be carried out yet is refused instead of being relayed as text.

use std::sync::LazyLock;

use super::Op;
use super::effects;
use super::grammar::fold_name;
use super::several;
use crate::domain::Query;
use crate::domain::orders::{Plan, Refusal, Scene};
use crate::domain::policy::Role;
use crate::domain::ticket::Ticket;

/// The order of work inside one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Owner, queue, classification.
    Fields,
    /// What becomes of the mail's words, and questions.
    Reply,
    /// Status, last.
    Status,
}

/// What may follow a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: `[take]`.
    Nothing,
    /// One value: `[priority=high]`.
    Value,
    /// Nothing or one value: `[wait]`, `[wait=3d]`.
    Maybe,
    /// Values, separated by commas or given in several tags: `[kb=vpn,wifi]`; `+=` means the same.
    List,
    /// The same, and `-=` takes them away: `[cc-=bob@example.com]`.
    Members,
}

/// On which mails a name is an order at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only on a mail that joins a ticket.
    Ticket,
    /// Also on a mail that joins none.
    Opening,
    /// Also on a mail that joins none and has no text of its own.
    Question,
}

/// What was written after a name.
#[derive(Debug, Clone, Copy)]
pub struct Arg<'a> {
    /// Operation.
    pub op: Op,
    /// Value; empty for a bare tag.
    pub value: &'a str,
}

/// One tag.
#[derive(Debug)]
pub struct TagSpec {
    /// Canonical name.
    pub name: &'static str,
    /// Chinese synonyms; the first is the one shown.
    pub zh: &'static [&'static str],
    /// English synonyms, mostly inflections.
    pub en: &'static [&'static str],
    /// An example, or examples separated by ` or `.
    pub usage: &'static str,
    /// The same in Chinese.
    pub usage_zh: &'static str,
    /// What it does, one sentence.
    pub doc_en: &'static str,
    /// The same in Chinese.
    pub doc_zh: &'static str,
    /// What may follow.
    pub takes: Takes,
    /// On which mails.
    pub scope: Scope,
    /// Who may order it: [`Role::Lead`] keeps it from agents.
    pub role: Role,
    /// When inside one mail.
    pub phase: Phase,
    /// The mail's text is for colleagues: whatever becomes of the order, it never goes to the requester.
    pub inward: bool,
    /// Names with which it cannot stand in one mail.
    pub clashes: &'static [&'static str],
    /// What must be known before it can be applied.
    pub needs: fn(&Arg, &Ticket) -> Vec<Query>,
    /// Carries it out on a plan.
    pub apply: fn(&mut Plan, &Scene, &Arg) -> Result<(), Refusal>,
}

/// A name of a later release.
#[derive(Debug)]
pub struct Reserved {
    /// Canonical name.
    pub name: &'static str,
    /// Chinese synonyms.
    pub zh: &'static [&'static str],
    /// English synonyms.
    pub en: &'static [&'static str],
    /// On which mails.
    pub scope: Scope,
    /// What serves until then, as tags; empty when nothing does.
    pub instead: &'static str,
}

fn nothing(_: &Arg, _: &Ticket) -> Vec<Query> {
    Vec::new()
}

/// A tag without value, needs or clashes on a ticket: the base that entries differ from.
const PLAIN: TagSpec = TagSpec {
    name: "",
    zh: &[],
    en: &[],
    usage: "",
    usage_zh: "",
    doc_en: "",
    doc_zh: "",
    takes: Takes::Nothing,
    scope: Scope::Ticket,
    role: Role::Agent,
    phase: Phase::Fields,
    inward: false,
    clashes: &[],
    needs: nothing,
    apply: effects::quiet,
};

/// Every tag of this release. Inside a phase they are carried out in this order.
pub static TAGS: &[TagSpec] = &[
    TagSpec {
        name: "undo",
        zh: &["撤销", "撤回"],
        en: &["undone"],
        usage: "[undo]",
        usage_zh: "【撤销】",
        doc_en: "Takes back the newest reply of this ticket that has not gone out yet, and what else its mail ordered. Words of this mail go out in its place.",
        doc_zh: "撤回该工单最近一封尚未发出的回复，并撤销同一邮件中的指令。本邮件若有正文，则改发本邮件。",
        needs: |_, ticket| vec![Query::Outbox(ticket.number)],
        apply: effects::undo,
        ..PLAIN
    },
    TagSpec {
        name: "take",
        zh: &["认领", "领取", "接手"],
        usage: "[take]",
        usage_zh: "【认领】",
        doc_en: "You become the owner of the ticket; it moves to your team.",
        doc_zh: "由您负责该工单；工单转入您的小组。",
        clashes: &["assign", "handover"],
        apply: effects::take,
        ..PLAIN
    },
    TagSpec {
        name: "assign",
        zh: &["指派", "分配", "指派给"],
        en: &["assign-to"],
        usage: "[assign=li]",
        usage_zh: "【指派=li】",
        doc_en: "That agent (handle, name or address) becomes the owner; the ticket moves to that agent's team.",
        doc_zh: "由该处理人（代号、姓名或邮箱）负责；工单转入其小组。",
        takes: Takes::Value,
        clashes: &["take", "handover"],
        apply: effects::assign,
        ..PLAIN
    },
    TagSpec {
        name: "team",
        zh: &["小组", "团队"],
        usage: "[team=network]",
        usage_zh: "【小组=network】",
        doc_en: "The ticket moves to the queue of that team; an owner from another team is taken off.",
        doc_zh: "工单转入该小组的队列；原负责人若不在该小组则解除。",
        takes: Takes::Value,
        clashes: &["handover"],
        apply: effects::team,
        ..PLAIN
    },
    TagSpec {
        name: "priority",
        zh: &["优先级", "优先度"],
        en: &["prio"],
        usage: "[priority=high]",
        usage_zh: "【优先级=高】",
        doc_en: "Sets the priority: low, normal, high, urgent.",
        doc_zh: "设定优先级：低、普通、高、紧急。",
        takes: Takes::Value,
        apply: effects::priority,
        ..PLAIN
    },
    TagSpec {
        name: "category",
        zh: &["类别", "分类"],
        usage: "[category=network]",
        usage_zh: "【类别=网络】",
        doc_en: "Sets the category, by its id or any of its names.",
        doc_zh: "设定类别，可写代号或任一名称。",
        takes: Takes::Value,
        apply: effects::category,
        ..PLAIN
    },
    TagSpec {
        name: "requester",
        zh: &["请求人"],
        usage: "[requester=alice@example.com]",
        usage_zh: "【请求人=alice@example.com】",
        doc_en: "That person is the requester from now on; whoever was takes part no more.",
        doc_zh: "将请求人改为该人；原请求人不再参与。",
        takes: Takes::Value,
        apply: several::requester,
        ..PLAIN
    },
    TagSpec {
        name: "cc",
        zh: &["抄送"],
        usage: "[cc+=bob@example.com] or [cc-=bob@example.com]",
        usage_zh: "【抄送+=bob@example.com】或【抄送-=bob@example.com】",
        doc_en: "That person takes part: gets the answers and may write; or takes part no more.",
        doc_zh: "该人参与工单，会收到答复并可来信；用“-=”则不再参与。",
        takes: Takes::Members,
        apply: several::cc,
        ..PLAIN
    },
    TagSpec {
        name: "link",
        zh: &["关联"],
        en: &["linked"],
        usage: "[link=1040] or [link-=1040]",
        usage_zh: "【关联=1040】或【关联-=1040】",
        doc_en: "Both tickets name each other; nothing else changes.",
        doc_zh: "两个工单互相关联，其他不变。",
        takes: Takes::Members,
        needs: several::named_tickets,
        apply: several::link,
        ..PLAIN
    },
    TagSpec {
        name: "approval",
        zh: &["审批", "请审批"],
        usage: "[approval=zhao]",
        usage_zh: "【审批=zhao】",
        doc_en: "Asks that approver (handle, name, or a category in his scope); your text goes to him, not to the requester. Until he answers, the ticket cannot be resolved or closed.",
        doc_zh: "请该审批人（代号、姓名，或其负责的类别）审批；正文发给审批人，不发给请求人。答复之前不能解决或关闭工单。",
        takes: Takes::Value,
        phase: Phase::Reply,
        clashes: &["use"],
        apply: effects::approval,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "note",
        zh: &["备注", "内部备注", "批注"],
        usage: "[note]",
        usage_zh: "【备注】",
        doc_en: "The text of this mail stays internal: it is kept with the ticket and never sent to the requester.",
        doc_zh: "本邮件正文仅供内部：随工单保存，绝不发给请求人。",
        phase: Phase::Reply,
        clashes: &["use"],
        apply: effects::note,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "handover",
        zh: &["转交"],
        en: &["hand-over"],
        usage: "[handover=network]",
        usage_zh: "【转交=network】",
        doc_en: "To another team, or another agent; your text goes there as a note, not to the requester.",
        doc_zh: "转交其他小组或处理人；正文作为交接说明，不发给请求人。",
        takes: Takes::Value,
        phase: Phase::Reply,
        clashes: &["take", "assign", "team", "use"],
        apply: several::handover,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "escalate",
        zh: &["升级"],
        en: &["escalated"],
        usage: "[escalate]",
        usage_zh: "【升级】",
        doc_en: "To the lead of the team, else to every lead; your text goes there as a note, not to the requester. The owner stays.",
        doc_zh: "升级给小组的组长（没有则发给全部组长）；正文作为说明，不发给请求人。负责的处理人不变。",
        phase: Phase::Reply,
        clashes: &["use"],
        apply: several::escalate,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "consult",
        zh: &["咨询"],
        usage: "[consult=expert@example.com]",
        usage_zh: "【咨询=expert@example.com】",
        doc_en: "Asks somebody for advice, inside or outside; your text goes there, and the answers stay internal.",
        doc_zh: "向内部或外部人员咨询；正文只发给对方，答复仅供内部。",
        takes: Takes::List,
        phase: Phase::Reply,
        clashes: &["use"],
        apply: several::consult,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "kb",
        zh: &["知识", "知识库"],
        usage: "[kb=vpn-setup]",
        usage_zh: "【知识=vpn-setup】",
        doc_en: "Sends that knowledge-base article along; several are separated by commas.",
        doc_zh: "随回复附上该知识库文章；多篇用逗号分隔。",
        takes: Takes::List,
        phase: Phase::Reply,
        apply: effects::kb,
        ..PLAIN
    },
    TagSpec {
        name: "use",
        zh: &["套用", "套用模板"],
        usage: "[use=ask-logs]",
        usage_zh: "【套用=ask-logs】",
        doc_en: "Sends that canned reply, in the requester's language, behind your own words if there are any.",
        doc_zh: "发送该常用回复（按请求人的语言），接在您写的内容之后；可以不写正文。",
        takes: Takes::List,
        phase: Phase::Reply,
        clashes: &["note", "approval", "handover", "escalate", "consult"],
        apply: effects::canned,
        ..PLAIN
    },
    TagSpec {
        name: "send",
        zh: &["发送", "发出"],
        usage: "[send]",
        usage_zh: "【发送】",
        doc_en: "Sends the reply that was held back and that the answered mail asks about.",
        doc_zh: "发出所回复的通知询问的那封暂扣回复。",
        phase: Phase::Reply,
        needs: |_, ticket| vec![Query::Held(ticket.number)],
        apply: effects::send,
        ..PLAIN
    },
    TagSpec {
        name: "quiet",
        zh: &["静默", "不通知"],
        en: &["silent"],
        usage: "[quiet]",
        usage_zh: "【静默】",
        doc_en: "No mail that the orders themselves entail; your own words are still sent.",
        doc_zh: "不发送由指令引起的通知；您写的正文仍会发出。",
        phase: Phase::Reply,
        apply: effects::quiet,
        ..PLAIN
    },
    TagSpec {
        name: "new",
        zh: &["新建"],
        usage: "[new]",
        usage_zh: "【新建】",
        doc_en: "Opens a ticket. In an answer on a ticket: another one for the same requester, linked to it; your text begins it and is not sent to him.",
        doc_zh: "新建工单。在回复已有工单时：为同一请求人另建一个并与之关联；正文作为其开头，不发给请求人。",
        scope: Scope::Opening,
        phase: Phase::Reply,
        apply: effects::opening,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "for",
        zh: &["代报"],
        usage: "[for=alice@example.com]",
        usage_zh: "【代报=alice@example.com】",
        doc_en: "On a mail that opens a ticket, a forward too: opens it for that person, who gets the acknowledgment. In an answer on a ticket together with [new].",
        doc_zh: "用于新建工单的邮件（包括转发）：以该人名义新建，回执发给该人。在回复已有工单时须与【新建】同用。",
        takes: Takes::Value,
        scope: Scope::Opening,
        phase: Phase::Reply,
        apply: effects::opening,
        inward: true,
        ..PLAIN
    },
    TagSpec {
        name: "help",
        zh: &["帮助"],
        usage: "[help]",
        usage_zh: "【帮助】",
        doc_en: "Mails you this list.",
        doc_zh: "把本表发给您。",
        scope: Scope::Question,
        phase: Phase::Reply,
        apply: effects::help,
        ..PLAIN
    },
    TagSpec {
        name: "approve",
        zh: &["同意", "批准"],
        en: &["approved"],
        usage: "[approve]",
        usage_zh: "【同意】",
        doc_en: "For approvers, in answer to the mail that asks them: yes. The text may simply begin with \"approved\".",
        doc_zh: "供审批人回复审批邮件：同意。正文以“同意”开头亦可。",
        phase: Phase::Reply,
        clashes: &["reject"],
        apply: effects::ruling,
        ..PLAIN
    },
    TagSpec {
        name: "reject",
        zh: &["拒绝", "不同意", "驳回"],
        en: &["rejected"],
        usage: "[reject]",
        usage_zh: "【拒绝】",
        doc_en: "The same: no. The text may simply begin with \"rejected\".",
        doc_zh: "同上：不同意。正文以“不同意”开头亦可。",
        phase: Phase::Reply,
        clashes: &["approve"],
        apply: effects::ruling,
        ..PLAIN
    },
    TagSpec {
        name: "merge",
        zh: &["合并"],
        en: &["merged"],
        usage: "[merge=1040]",
        usage_zh: "【合并=1040】",
        doc_en: "This ticket is closed and goes on as that one; answers to it go there. Its requester must take part in both.",
        doc_zh: "关闭本工单并入该工单，之后的回复归入该工单。请求人须同为两个工单的参与者。",
        takes: Takes::Value,
        phase: Phase::Status,
        clashes: &["reopen", "wait", "resolve", "close"],
        needs: several::merging,
        apply: several::merge,
        ..PLAIN
    },
    TagSpec {
        name: "reopen",
        zh: &["重开", "重新打开"],
        en: &["reopened", "re-open"],
        usage: "[reopen]",
        usage_zh: "【重开】",
        doc_en: "A resolved or closed ticket is worked on again.",
        doc_zh: "重新处理已解决或已关闭的工单。",
        phase: Phase::Status,
        clashes: &["resolve", "close", "merge"],
        apply: effects::reopen,
        ..PLAIN
    },
    TagSpec {
        name: "wait",
        zh: &["等待", "等待中", "等候"],
        en: &["waiting", "pending"],
        usage: "[wait] or [wait=3d] or [wait=3wd]",
        usage_zh: "【等待】或【等待=3天】或【等待=3工作日】",
        doc_en: "The requester has to answer; with a length of time (h, d, wd for working days, w), until then.",
        doc_zh: "等待请求人答复；可写时长（小时、天、工作日、周），到期为止。",
        takes: Takes::Maybe,
        phase: Phase::Status,
        clashes: &["resolve", "close", "merge"],
        apply: effects::wait,
        ..PLAIN
    },
    TagSpec {
        name: "resolve",
        zh: &["解决", "已解决"],
        en: &["resolved", "solve", "solved"],
        usage: "[resolve]",
        usage_zh: "【解决】",
        doc_en: "The ticket is solved; the requester is asked to confirm.",
        doc_zh: "工单已解决；请请求人确认。",
        phase: Phase::Status,
        clashes: &["close", "reopen", "wait", "merge"],
        apply: effects::resolve,
        ..PLAIN
    },
    TagSpec {
        name: "close",
        zh: &["关闭", "已关闭", "关单"],
        en: &["closed"],
        usage: "[close]",
        usage_zh: "【关闭】",
        doc_en: "The ticket is done; the requester is told.",
        doc_zh: "关闭工单，并告知请求人。",
        phase: Phase::Status,
        clashes: &["resolve", "reopen", "wait", "merge"],
        apply: effects::close,
        ..PLAIN
    },
];

const fn later(
    name: &'static str,
    zh: &'static [&'static str],
    en: &'static [&'static str],
    scope: Scope,
    instead: &'static str,
) -> Reserved {
    Reserved { name, zh, en, scope, instead }
}

/// Names of later releases: refused with a remedy.
pub static RESERVED: &[Reserved] = &[
    later("impact", &["影响"], &[], Scope::Ticket, "[priority=…]"),
    later("urgency", &["紧急度"], &[], Scope::Ticket, "[priority=…]"),
    later("type", &["类型"], &[], Scope::Ticket, ""),
    later("label", &["标签"], &["labels"], Scope::Ticket, ""),
    later("lang", &["语言"], &[], Scope::Ticket, ""),
    later("hold", &["挂起"], &[], Scope::Ticket, "[wait=5d]"),
    later("remind", &["提醒"], &[], Scope::Ticket, "[wait=5d]"),
    later("due", &["期限"], &[], Scope::Ticket, ""),
    later("incident", &["重大事件"], &[], Scope::Ticket, ""),
    later("broadcast", &["广播"], &[], Scope::Ticket, ""),
    later("kb-draft", &["成文"], &[], Scope::Ticket, ""),
    later("publish", &["发布"], &["published"], Scope::Ticket, ""),
    later("visit", &["上门"], &[], Scope::Ticket, ""),
    later("asset", &["资产"], &[], Scope::Ticket, ""),
    later("asset-state", &["资产状态"], &[], Scope::Ticket, ""),
    later("done", &["完成", "已完成"], &[], Scope::Ticket, "[resolve]"),
    later("accept", &["采纳"], &[], Scope::Ticket, ""),
    later("away", &["不在"], &[], Scope::Question, ""),
    later("spam", &["垃圾邮件"], &[], Scope::Ticket, "[close] [quiet]"),
    later("list", &["列表"], &[], Scope::Question, ""),
    later("show", &["查看"], &[], Scope::Question, ""),
    later("history", &["历史"], &[], Scope::Question, ""),
    later("find", &["查找"], &[], Scope::Question, ""),
    later("report", &["报表"], &[], Scope::Question, ""),
];

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Known {
    /// A tag of this release.
    Tag(&'static TagSpec),
    /// A tag of a later one.
    Later(&'static Reserved),
}

impl Known {
    /// Canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Known::Tag(spec) => spec.name,
            Known::Later(later) => later.name,
        }
    }

    /// The Chinese name that is shown.
    pub fn zh(self) -> &'static str {
        let names = match self {
            Known::Tag(spec) => spec.zh,
            Known::Later(later) => later.zh,
        };
        names.first().copied().unwrap_or_else(|| self.name())
    }

    /// On which mails it is an order.
    pub fn scope(self) -> Scope {
        match self {
            Known::Tag(spec) => spec.scope,
            Known::Later(later) => later.scope,
        }
    }

    /// Has it a meaning with a value, in this release?
    pub fn takes_value(self) -> bool {
        matches!(self, Known::Tag(spec) if spec.takes != Takes::Nothing)
    }
}

/// Every folded name and synonym.
static NAMES: LazyLock<Vec<(String, Known)>> = LazyLock::new(|| {
    let now = TAGS.iter().map(|spec| (Known::Tag(spec), spec.zh, spec.en));
    let later = RESERVED.iter().map(|later| (Known::Later(later), later.zh, later.en));
    now.chain(later)
        .flat_map(|(known, zh, en)| {
            std::iter::once(known.name()).chain(zh.iter().copied()).chain(en.iter().copied()).map(move |name| (fold_name(name), known))
        })
        .collect()
});

/// What this name stands for; any case, width or synonym.
pub fn lookup(name: &str) -> Option<Known> {
    let name = fold_name(name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, known)| *known)
}

/// The tag of this canonical name.
pub fn spec(name: &str) -> Option<&'static TagSpec> {
    TAGS.iter().find(|spec| spec.name == name)
}

/// Every folded name and synonym, for did-you-mean.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| name.as_str())
}
