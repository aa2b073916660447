//! The derived streams, folded from the journal: what `umbral tail` prints.

use crate::entries::Walk;
use crate::{CatalogNames, History, HistoryError};
use core::ops::ControlFlow;
use umbral_model::event::Stream;
use umbral_model::ids::AccountId;
use umbral_wire::{OutputEvent, json, outputs};

/// Which outputs are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TailFilter {
    /// Only these streams; empty for all that are published.
    pub streams: Vec<Stream>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Also events that only change state, and repeats.
    pub internal_too: bool,
    /// Only what this deployment was the first to publish: nothing of what was copied into it.
    pub new_only: bool,
}

impl TailFilter {
    fn takes(&self, output: &OutputEvent<'_>) -> bool {
        let stream = output.body.stream();
        let wanted = match stream {
            Stream::Internal => self.internal_too,
            _ => self.streams.is_empty() || self.streams.contains(&stream),
        };
        let own = |account: &AccountId| output.account_id == Some(account);
        wanted && self.account.as_ref().is_none_or(own)
    }
}

/// Reads the derived streams from the beginning, and on when more was committed.
pub struct Tail {
    walk: Walk,
    filter: TailFilter,
}

impl History {
    /// The derived streams.
    pub fn tail(&self, filter: TailFilter) -> Result<Tail, HistoryError> {
        Ok(Tail {
            walk: Walk::new(self, None)?,
            filter,
        })
    }
}

impl Tail {
    /// Hands every further output to `sink`, as it is and as a line of JSON, up to the end of what is
    /// committed or until `sink` breaks. Call again to see what came since.
    pub fn poll(
        &mut self,
        sink: &mut dyn FnMut(&OutputEvent<'_>, &str) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, HistoryError> {
        let filter = &self.filter;
        let stopped = self.walk.go(|walked| {
            let names = CatalogNames(&walked.world.catalogs);
            let currency = names.currency();
            for (_, entry) in &walked.entries {
                for mut output in outputs(entry) {
                    if !filter.takes(&output) || (filter.new_only && walked.copied) {
                        continue;
                    }
                    output.currency = output.account_id.and(currency);
                    let line = json::output_with(&output, &names);
                    if sink(&output, &line).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(stopped.map_or(ControlFlow::Continue(()), ControlFlow::Break))
    }
}
