//! Identifier inputs under way: sequenced, not yet decided. They are the only barrier between partitions: a
//! record that names something they touch waits until they are decided; all others pass.

use std::collections::BTreeMap;
use umbral_intake::directory::{Directory, Touched};
use umbral_model::input::{Body, Identifier, Input};

/// Whether an input changes the directory when it is applied.
pub fn changes_directory(body: &Body) -> bool {
    matches!(
        body,
        Body::MemberAdded(_)
            | Body::MemberRemoved(_)
            | Body::IdentifierAdded(_)
            | Body::IdentifierRemoved(_)
    )
}

/// Identifier inputs under way, by position.
#[derive(Default)]
pub(crate) struct Pending {
    inputs: BTreeMap<u64, Input>,
    touched: Touched,
}

impl Pending {
    /// Nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Whether who holds `identifier` may depend on an input under way.
    pub(crate) fn concerns(&self, identifier: &Identifier) -> bool {
        !self.is_empty() && self.touched.concerns(identifier)
    }

    /// Notes what an identifier input touches; `false` if it must wait for one under way.
    pub(crate) fn touch(&mut self, directory: &Directory, input: &Input) -> bool {
        self.touched.note(directory, input)
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
        if self.inputs.is_empty() {
            self.touched.clear();
        }
    }
}
