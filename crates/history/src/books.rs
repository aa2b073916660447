//! The adding up of bills: an account's months as they come out of its events.

use crate::bill::{Bill, Month, detail_of, kind_and_code};
use crate::entries::{Walked, account_of};
use crate::lines::{Place, Totals, sum};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::event::{ChargeKind, ChargePosted, EventBody, UsageCorrection, UsageRated};
use umbral_model::ids::{AccountId, ZoneName};
use umbral_model::input::InputKey;
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Timestamp, ZoneRules};

/// The kind of the line that holds corrections of other months.
const CORRECTION: &str = "correction";

/// The account's months as they are being added up.
pub(crate) struct Books {
    account: AccountId,
    only: Option<Month>,
    currency: Option<Currency>,
    zone: Arc<ZoneRules>,
    months: BTreeMap<Month, Totals>,
    corrections: Corrections,
}

/// What corrections need to know of the records before them.
#[derive(Default)]
struct Corrections {
    /// Records in the lines of a wanted month.
    records: FxHashMap<InputKey, (Month, Place)>,
    /// Records of which a correction is a line of its own; so are all later ones.
    beside: FxHashSet<InputKey>,
    /// Corrections that wait for their record.
    parked: FxHashMap<InputKey, Place>,
    /// Position of the last correction, and the month in which it counts.
    last: Option<(u64, Month)>,
}

impl Books {
    /// For all months of an account, or only one.
    pub(crate) fn new(account: AccountId, only: Option<Month>) -> Books {
        Books {
            account,
            only,
            currency: None,
            zone: Arc::new(ZoneRules::utc()),
            months: BTreeMap::new(),
            corrections: Corrections::default(),
        }
    }

    /// Whether the account was opened.
    pub(crate) fn is_known(&self) -> bool {
        self.currency.is_some()
    }

    /// Months that have something to show, in order.
    pub(crate) fn months(&self) -> impl Iterator<Item = Month> + '_ {
        self.months.keys().copied()
    }

    /// Takes the events of a batch.
    pub(crate) fn take(&mut self, walked: &Walked<'_>) {
        for (_, entry) in &walked.entries {
            self.take_entry(walked.world, entry);
        }
    }

    /// Takes the account's events of one entry.
    pub(crate) fn take_entry(&mut self, world: &World, entry: &Entry) {
        for event in &entry.events {
            if account_of(entry, event) == Some(&self.account) {
                let at = event.event.effective_at;
                self.take_event(world, entry, at, &event.event.body);
            }
        }
    }

    fn take_event(&mut self, world: &World, entry: &Entry, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::AccountOpened(opened) => {
                self.currency = Some(opened.currency);
                self.move_to(world, &opened.time_zone);
            }
            EventBody::ZoneSet(set) => self.move_to(world, &set.time_zone),
            EventBody::UsageRated(rated) => self.add_record(world, entry, at, rated),
            EventBody::UsageCorrected(correction) => self.correct(world, entry, correction),
            EventBody::CorrectionParked(parked) => {
                if let Some(place) = Place::of(&parked.input.body) {
                    let key = parked.input.key.clone();
                    self.corrections.parked.insert(key, place);
                }
            }
            EventBody::ChargePosted(posted) => {
                let month = self.month_of_charge(entry, at, posted);
                if let Some(totals) = self.totals(month) {
                    let (kind, code) = kind_and_code(posted);
                    totals.add_charge(kind, code, posted.amount, detail_of(posted));
                }
            }
            EventBody::PurchaseRecorded(recorded) => {
                if let Some(totals) = self.totals(self.month_of(at)) {
                    totals.purchases += 1;
                    totals.paid_at_once += recorded.total;
                }
            }
            _ => {}
        }
    }

    fn move_to(&mut self, world: &World, name: &ZoneName) {
        let rules = world
            .zones
            .number(name.as_str())
            .and_then(|number| world.zones.rules(number));
        if let Some(rules) = rules {
            self.zone = Arc::clone(rules);
        }
    }

    /// The month of an instant, by the account's zone as it is now.
    pub(crate) fn month_of(&self, at: Timestamp) -> Month {
        Month::of(self.zone.local(at).date)
    }

    /// Tiers that a correction moved count where the correction does.
    fn month_of_charge(&self, entry: &Entry, at: Timestamp, posted: &ChargePosted) -> Month {
        match (&posted.kind, self.corrections.last) {
            (ChargeKind::Volume(_), Some((position, month))) if position == entry.position => month,
            _ => self.month_of(at),
        }
    }

    /// The first instant of a month, by the account's zone as it is now.
    pub(crate) fn starts_at(&self, month: Month) -> Timestamp {
        self.zone.start_of_day(month.first().unwrap_or_default())
    }

    /// What the month came to so far, if it is wanted.
    fn totals(&mut self, month: Month) -> Option<&mut Totals> {
        let wanted = self.only.is_none_or(|only| only == month);
        wanted.then(|| self.months.entry(month).or_default())
    }

    fn add_record(&mut self, world: &World, entry: &Entry, at: Timestamp, rated: &UsageRated) {
        let month = self.month_of(at);
        let Some(totals) = self.totals(month) else {
            return;
        };
        let JournaledInput::Account(input) = &entry.input else {
            return;
        };
        let place = Place::of(&input.body).unwrap_or_default();
        totals.add_usage(world, &place, rated);
        let key = input.key.clone();
        self.corrections.records.insert(key, (month, place));
    }

    /// A record that is corrected in its own month counts as it stands now. What was billed is not rewritten:
    /// a later correction is a line of the month in which it came.
    fn correct(&mut self, world: &World, entry: &Entry, correction: &UsageCorrection) {
        let own = match &entry.input {
            JournaledInput::Account(input) => Some(input),
            _ => None,
        };
        let came = self.month_of(entry.clock);
        let (was, is) = (
            self.month_of(correction.occurred_at),
            self.month_of(correction.started_at),
        );
        // A correction that waited for its record comes with it.
        let with_record = own.is_some_and(|input| input.key == correction.root);
        let known = &mut self.corrections;
        let parked = known.parked.remove(&correction.correction);
        let within =
            was == is && (came == was || with_record) && !known.beside.contains(&correction.root);
        known.last = Some((entry.position, if within { was } else { came }));
        if !within {
            known.beside.insert(correction.root.clone());
            known.records.remove(&correction.root);
            if let Some(totals) = self.totals(came) {
                let code = corrected_service(world, correction);
                totals.add_charge(CORRECTION, code, correction.difference, None);
            }
            return;
        }
        let Some((month, before)) = known.records.get_mut(&correction.root) else {
            return;
        };
        let said = own.filter(|input| input.key == correction.correction);
        let said = said.and_then(|input| Place::of(&input.body)).or(parked);
        let after = said.unwrap_or_else(|| before.clone());
        let (month, before) = (*month, std::mem::replace(before, after.clone()));
        if let Some(totals) = self.totals(month) {
            if let Some(rated) = &correction.before {
                totals.take_back(world, &before, rated);
            }
            if let Some(rated) = &correction.after {
                totals.add_usage(world, &after, rated);
            }
        }
    }

    /// The bill of a month; one without anything is a bill of zero.
    pub(crate) fn bill(&self, month: Month) -> Bill {
        let totals = self.months.get(&month);
        let (usage, charges) = totals.map(Totals::lines).unwrap_or_default();
        let usage_total = sum(usage.iter().map(|line| line.amount));
        let charges_total = sum(charges.iter().map(|line| line.amount));
        Bill {
            account_id: self.account.to_string(),
            month,
            time_zone: self.zone.name.to_string(),
            from: self.starts_at(month),
            to: self.starts_at(month.next()),
            currency: self
                .currency
                .map(|currency| currency.to_string())
                .unwrap_or_default(),
            discounted: sum(usage.iter().map(|line| line.discounted)),
            usage,
            charges,
            usage_total,
            charges_total,
            total: usage_total + charges_total,
            paid_at_once: totals.map_or(Money::ZERO, |totals| totals.paid_at_once),
            purchases_paid_at_once: totals.map_or(0, |totals| totals.purchases),
        }
    }
}

/// The service of a corrected record: what it is now, or what it was.
fn corrected_service(world: &World, correction: &UsageCorrection) -> String {
    use umbral_wire::Names;
    let names = crate::CatalogNames(&world.catalogs);
    let rated = correction.after.as_ref().or(correction.before.as_ref());
    rated
        .and_then(|rated| names.service(rated.charge.version, rated.charge.service))
        .map(|(name, _)| name.to_string())
        .unwrap_or_default()
}
