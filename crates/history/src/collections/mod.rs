//! Collections as collectors look at them: the work list of a day, and the whole story of one case. Both are
//! folded from events alone: what an event says is enough to act on.

mod list;
mod record;
mod story;
mod words;

pub use list::{
    CaseHold, CasePromise, CaseTotals, ListedCase, Moment, NextAction, TakenStep, Wanted, WorkList,
};
pub use story::{CaseStory, Happening, StoryBill, StoryStep};

/// How a case stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CaseStanding {
    /// Steps come.
    Open,
    /// Something holds it.
    Held,
    /// All steps are taken.
    Exhausted,
    /// It is over.
    Closed,
}

impl CaseStanding {
    /// All of them.
    pub const ALL: [CaseStanding; 4] = [
        CaseStanding::Open,
        CaseStanding::Held,
        CaseStanding::Exhausted,
        CaseStanding::Closed,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            CaseStanding::Open => "open",
            CaseStanding::Held => "held",
            CaseStanding::Exhausted => "exhausted",
            CaseStanding::Closed => "closed",
        }
    }
}
