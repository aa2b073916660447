//! Identifier inputs under way: sequenced, not yet decided. They are the only barrier between partitions: a
//! record that names something they touch waits until they are decided; all others pass.

use std::collections::{BTreeMap, VecDeque};
use umbral_intake::directory::{Directory, KeptPurchase, Touched};
use umbral_model::input::{Body, Identifier, Input};

/// Whether an input changes the directory when it is applied: identifiers that it gives or takes, purchases that it
/// claims.
pub fn changes_directory(body: &Body) -> bool {
    matches!(
        body,
        Body::MemberAdded(_)
            | Body::MemberRemoved(_)
            | Body::IdentifierAdded(_)
            | Body::IdentifierRemoved(_)
            | Body::CardsStocked(_)
            | Body::CardIssued(_)
            | Body::CardReplaced(_)
            | Body::PurchaseClaimed(_)
            | Body::Enrolled(_)
    )
}

/// Identifier inputs under way, by position.
#[derive(Default)]
pub(crate) struct Pending {
    inputs: BTreeMap<u64, Input>,
    /// Purchases that nobody known made, which go into the quarantine, in order.
    kept: VecDeque<KeptPurchase>,
    /// Positions of the quarantine that are taken up again, each with the position that takes it up, in order.
    taken_up: VecDeque<(u64, u64)>,
    touched: Touched,
}

impl Pending {
    /// Nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.kept.is_empty() && self.taken_up.is_empty()
    }

    /// Whether who holds `identifier` may depend on an input under way.
    pub(crate) fn concerns(&self, identifier: &Identifier) -> bool {
        !self.is_empty() && self.touched.concerns(identifier)
    }

    /// Notes what an identifier input touches; `false` if it must wait for one under way.
    pub(crate) fn touch(&mut self, directory: &Directory, input: &Input) -> bool {
        self.touched.note(directory, input)
    }

    /// Whether cards are on their way into stock or out of it.
    pub(crate) fn moves_stock(&self) -> bool {
        self.inputs.values().any(|input| match &input.body {
            Body::CardsStocked(_) => true,
            Body::CardIssued(issued) => issued.stock.is_some(),
            Body::CardReplaced(replaced) => replaced.stock.is_some(),
            _ => false,
        })
    }

    /// Notes a purchase that goes into the quarantine.
    pub(crate) fn keep(&mut self, kept: KeptPurchase) {
        self.touched.note_kept(&kept);
        self.kept.push_back(kept);
    }

    /// Notes that the input at `position` takes up what stands at `again` of the quarantine.
    pub(crate) fn take_up(&mut self, position: u64, again: u64) {
        self.taken_up.push_back((position, again));
    }

    /// Everything up to `position` is decided: the directory takes up the purchases that went into the quarantine, and
    /// gives up those that came out of it.
    pub(crate) fn settle_kept(&mut self, position: u64, directory: &Directory) {
        while let Some((_, again)) = self.taken_up.pop_front_if(|(of, _)| *of <= position) {
            directory.take_up(again);
        }
        while let Some(kept) = self.kept.pop_front_if(|kept| kept.position() <= position) {
            directory.keep(kept);
        }
        self.forget_if_settled();
    }

    /// Notes that the input is under way.
    pub(crate) fn note(&mut self, position: u64, input: &Input) {
        self.inputs.insert(position, input.clone());
    }

    /// The input at `position` is decided; it is handed back so that the directory can follow it.
    pub(crate) fn settle(&mut self, position: u64) -> Option<Input> {
        let input = self.inputs.remove(&position);
        self.forget_if_settled();
        input
    }

    /// Forgets what is touched as soon as nothing is under way: an input may have touched it and then not
    /// have been sequenced as a change, because it was refused.
    pub(crate) fn forget_if_settled(&mut self) {
        if self.is_empty() {
            self.touched.clear();
        }
    }
}
