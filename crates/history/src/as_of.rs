//! An account as it was at an instant: its state folded from the journal, and its latest charges explained.

use crate::account::{AccountReport, LatestCharge, report_of};
use crate::bill::kind_and_code;
use crate::entries::{Walk, partition_of, seen_by};
use crate::{History, HistoryError};
use core::ops::ControlFlow;
use std::collections::VecDeque;
use std::sync::Arc;
use umbral_engine::{Partition, World};
use umbral_model::event::{ChargeKind, EventBody, UsageRated};
use umbral_model::ids::AccountId;
use umbral_model::input::{Body, InputKey};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;
use umbral_rating::explanation::{Explained, Usage};
use umbral_wire::body_hash;

/// Charges that a report shows.
const LATEST_CHARGES: usize = 10;

impl History {
    /// An account as it was when the clock stood at `as_of`, or as it is now.
    pub fn account_at(
        &self,
        account: &AccountId,
        as_of: Option<Timestamp>,
    ) -> Result<AccountReport, HistoryError> {
        let mut walk = Walk::new(self, Some(partition_of(self, account)))?;
        let mut fold = AccountFold::new(account.clone());
        walk.go(|walked| {
            fold.world = Arc::clone(walked.world);
            for (_, entry) in &walked.entries {
                if as_of.is_some_and(|as_of| entry.clock > as_of) {
                    return Ok(ControlFlow::Break(()));
                }
                fold.take(entry);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        fold.report().ok_or_else(|| HistoryError::UnknownAccount {
            account: account.to_string(),
            at: as_of.map(|at| at.to_string()),
        })
    }
}

/// One account on its way through the journal.
struct AccountFold {
    account: AccountId,
    world: Arc<World>,
    partition: Partition,
    clock: Timestamp,
    latest: VecDeque<Entry>,
}

impl AccountFold {
    fn new(account: AccountId) -> AccountFold {
        AccountFold {
            account,
            world: Arc::default(),
            partition: Partition::new(),
            clock: Timestamp::MIN,
            latest: VecDeque::new(),
        }
    }

    fn take(&mut self, entry: &Entry) {
        let Some(own) = seen_by(entry, &self.account) else {
            return;
        };
        let hash = match &own.input {
            JournaledInput::Account(input) => body_hash(input),
            _ => 0,
        };
        self.partition.replay(&self.world, &own, hash);
        self.clock = own.clock;
        let charges = |event: &EventBody| {
            matches!(
                event,
                EventBody::UsageRated(_)
                    | EventBody::UsageCorrected(_)
                    | EventBody::ChargePosted(_)
            )
        };
        if own.events.iter().any(|event| charges(&event.event.body)) {
            self.latest.push_front(own);
            self.latest.truncate(LATEST_CHARGES);
        }
    }

    fn report(self) -> Option<AccountReport> {
        let view = self
            .partition
            .account(&self.world, self.clock, &self.account)?;
        let mut latest: Vec<LatestCharge> = self
            .latest
            .iter()
            .flat_map(|entry| charges_of(&self.world, entry))
            .collect();
        latest.truncate(LATEST_CHARGES);
        Some(report_of(view, self.clock, latest))
    }
}

fn charges_of(world: &World, entry: &Entry) -> Vec<LatestCharge> {
    let charges = entry.events.iter().rev();
    let charges = charges.filter_map(|event| {
        let at = event.event.effective_at;
        match &event.event.body {
            EventBody::UsageRated(rated) => {
                let mut found = charge(entry, at, "usage", rated.charge.amount);
                if let Some(usage) = usage_of(entry) {
                    explain(world, rated, usage, &mut found);
                }
                Some(found)
            }
            EventBody::UsageCorrected(correction) => {
                let mut found = charge(entry, at, "correction", correction.difference);
                found.code = Some(text_of(&correction.root));
                Some(found)
            }
            EventBody::ChargePosted(posted) => {
                let (kind, code) = kind_and_code(posted);
                let mut found = charge(entry, at, kind, posted.amount);
                found.code = Some(match &posted.kind {
                    ChargeKind::Purchase(..) | ChargeKind::LateFee { .. } => {
                        posted.code.to_string()
                    }
                    _ => code,
                });
                Some(found)
            }
            _ => None,
        }
    });
    charges.collect()
}

fn charge(entry: &Entry, at: Timestamp, kind: &'static str, amount: Money) -> LatestCharge {
    LatestCharge {
        position: entry.position,
        at,
        kind,
        amount,
        code: None,
        explanation: None,
        tree: Vec::new(),
    }
}

fn text_of(key: &InputKey) -> String {
    format!("{}/{}", key.source, key.event_id)
}

/// Adds what re-computes the price.
fn explain(world: &World, rated: &UsageRated, usage: Usage, found: &mut LatestCharge) {
    if let Some(explained) = Explained::of(&world.catalogs, &rated.charge, usage) {
        let mut json = vec![b'{'];
        explained.write_json(&mut json);
        json.push(b'}');
        found.explanation = serde_json::from_slice(&json).ok();
        found.tree = explained.tree();
    }
}

/// The record of an entry, as it is explained.
fn usage_of(entry: &Entry) -> Option<Usage> {
    let JournaledInput::Account(input) = &entry.input else {
        return None;
    };
    let Body::Usage(usage) = &input.body else {
        return None;
    };
    Some(Usage {
        start: input.occurred_at,
        quantity: usage.quantity,
        duration: usage.duration,
    })
}
