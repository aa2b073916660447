//! An account as it was at an instant: its state folded from the journal, and its latest charges explained.

use crate::account::{AccountReport, LatestCharge, report_of};
use crate::bill::{Month, kind_and_code};
use crate::entries::{Walk, seen_by};
use crate::explained::{add_amounts, explained, usage_of};
use crate::fields::fields_of;
use crate::{CatalogNames, History, HistoryError};
use core::ops::ControlFlow;
use std::collections::VecDeque;
use std::sync::Arc;
use umbral_engine::{AccountView, Partition, World};
use umbral_model::event::{ChargeKind, EventBody};
use umbral_model::ids::AccountId;
use umbral_model::journal::Entry;
use umbral_model::money::Money;
use umbral_model::time::Timestamp;
use umbral_wire::{OutputBody, body_hash_of, outputs};

/// Charges that a report shows.
const LATEST_CHARGES: usize = 10;

impl History {
    /// An account as it was when the clock stood at `as_of`, or as it is now.
    pub fn account_at(
        &self,
        account: &AccountId,
        as_of: Option<Timestamp>,
    ) -> Result<AccountReport, HistoryError> {
        let mut walk = Walk::of(self, account)?;
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

    /// All charges of a month of the account's calendar, oldest first, each with what re-computes it.
    pub fn charges_of_month(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Vec<LatestCharge>, HistoryError> {
        let mut walk = Walk::of(self, account)?;
        let mut fold = AccountFold::new(account.clone());
        let mut charges: Vec<LatestCharge> = Vec::new();
        walk.go(|walked| {
            fold.world = Arc::clone(walked.world);
            for (_, entry) in &walked.entries {
                if let Some(own) = seen_by(entry, account) {
                    charges.extend(charges_of(&fold.world, &own).into_iter().rev());
                }
                fold.take(entry);
            }
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        let world = Arc::clone(&fold.world);
        let report = fold.report().ok_or_else(|| HistoryError::UnknownAccount {
            account: account.to_string(),
            at: None,
        })?;
        let zone = world.zones.number(&report.time_zone);
        let zone = zone.and_then(|number| world.zones.rules(number));
        charges.retain(|charge| {
            zone.is_some_and(|zone| Month::of(zone.local(charge.at).date) == month)
        });
        Ok(charges)
    }
}

/// One account on its way through the journal.
pub(crate) struct AccountFold {
    account: AccountId,
    pub(crate) world: Arc<World>,
    partition: Partition,
    clock: Timestamp,
    latest: VecDeque<Entry>,
}

impl AccountFold {
    pub(crate) fn new(account: AccountId) -> AccountFold {
        AccountFold {
            account,
            world: Arc::default(),
            partition: Partition::new(),
            clock: Timestamp::MIN,
            latest: VecDeque::new(),
        }
    }

    /// Goes on in another world.
    pub(crate) fn enter(&mut self, world: &Arc<World>) {
        self.world = Arc::clone(world);
    }

    /// The clock of the last entry of the account.
    pub(crate) fn clock(&self) -> Timestamp {
        self.clock
    }

    /// The account as it is now.
    pub(crate) fn view(&self) -> Option<AccountView> {
        self.partition
            .account(&self.world, self.clock, &self.account)
    }

    pub(crate) fn take(&mut self, entry: &Entry) {
        let Some(own) = seen_by(entry, &self.account) else {
            return;
        };
        let hash = body_hash_of(&own);
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
        let view = self.view()?;
        let mut latest: Vec<LatestCharge> = self
            .latest
            .iter()
            .flat_map(|entry| charges_of(&self.world, entry))
            .collect();
        latest.truncate(LATEST_CHARGES);
        Some(report_of(view, self.clock, latest))
    }
}

/// The charges of an entry, newest first.
fn charges_of(world: &World, entry: &Entry) -> Vec<LatestCharge> {
    let outputs = outputs(entry).into_iter().rev();
    let charges = outputs.filter_map(|output| {
        let at = output.effective_at;
        let OutputBody::Event(body) = &output.body else {
            return None;
        };
        let mut found = match body {
            EventBody::UsageRated(rated) => {
                let mut found = charge(entry, at, "usage", rated.charge.amount);
                let catalogs = &world.catalogs;
                found.explanation =
                    usage_of(entry).and_then(|usage| explained(catalogs, rated, usage));
                return Some(found);
            }
            EventBody::UsageCorrected(correction) => {
                let mut found = charge(entry, at, "correction", correction.difference);
                found.code = Some(correction.root.to_string());
                found
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
                found
            }
            _ => return None,
        };
        found.explanation = fields_of(&output, &CatalogNames(&world.catalogs));
        if let Some(fields) = &mut found.explanation {
            add_amounts(&world.catalogs, entry, body, fields);
        }
        Some(found)
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
    }
}
