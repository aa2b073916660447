//! A catalog's own cases of collections: bills and payments through the engine, hour by hour, and the steps that
//! come out.

use crate::partition::{Decision, Partition};
use crate::world::World;
use smol_str::{SmolStr, format_smolstr};
use umbral_catalog::case::{CollectionsCase, Followed};
use umbral_catalog::problem::Problem;
use umbral_catalog::version::CatalogSet;
use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, BillId, EventId, PaymentId, Source, ZoneName, ZoneNo};
use umbral_model::input::{BillIssued, Body, CustomerAdded, Input, InputKey, PaymentReceived};
use umbral_model::journal::AccountEvent;
use umbral_model::money::Money;
use umbral_model::rejection::Rejection;
use umbral_model::time::{Date, NANOS_PER_SECOND, Timestamp, ZoneRules};

const HOUR: i64 = 3_600 * NANOS_PER_SECOND;
/// Second of the local day on which payments of a case come.
const NOON: i64 = 12 * 3_600;

/// Runs cases against catalogs; one problem for each that does not hold, in the order of the cases.
pub fn run_collections_cases(catalogs: &CatalogSet, cases: &[CollectionsCase]) -> Vec<Problem> {
    if cases.is_empty() {
        return Vec::new();
    }
    let world = world_of(catalogs);
    let judged = cases.iter().map(|case| case.judge(&follow(&world, case)));
    judged.flatten().collect()
}

fn world_of(catalogs: &CatalogSet) -> World {
    let mut world = World::new();
    for version in catalogs.iter() {
        world.add_zone(version.catalog.zone.clone());
        let key = key(&format_smolstr!("catalog {}", version.number));
        world.activate((*version.catalog).clone(), version.effective_from, key);
    }
    world
}

/// What becomes of a case's account.
fn follow(world: &World, case: &CollectionsCase) -> Result<Followed, Rejection> {
    let mut trial = Trial::new(world, case);
    trial.open(case)?;
    for (number, (on, amount)) in case.payments.iter().enumerate() {
        trial.go_to(trial.zone.instant_of(*on, NOON));
        let id = format_smolstr!("payment {}", number + 1);
        trial.input(&id, payment(&id, *amount))?;
    }
    let after = trial.zone.start_of_day(case.until.plus_days(1));
    trial.go_to(after.plus_nanos(-1));
    Ok(trial.followed)
}

/// One account on its way.
struct Trial<'w> {
    world: &'w World,
    zone: &'w ZoneRules,
    partition: Partition,
    account: AccountId,
    clock: Timestamp,
    events: Vec<AccountEvent>,
    followed: Followed,
}

impl<'w> Trial<'w> {
    fn new(world: &'w World, case: &CollectionsCase) -> Trial<'w> {
        // The account lives in the time zone of the catalog.
        let zone = world.zone(ZoneNo::default());
        let first = case.bills.iter().map(|(due_on, _)| *due_on).min();
        let first = first.unwrap_or(case.until).plus_days(-1);
        Trial {
            world,
            zone,
            partition: Partition::new(),
            account: AccountId::new(SmolStr::new_static("case")),
            clock: zone.start_of_day(first),
            events: Vec::new(),
            followed: Followed::default(),
        }
    }

    /// The customer comes a day before the first bill is due, and all bills with him.
    fn open(&mut self, case: &CollectionsCase) -> Result<(), Rejection> {
        let customer = Body::CustomerAdded(CustomerAdded {
            class: case.class.as_str().into(),
            plan: None,
            profile: None,
            time_zone: ZoneName::new(self.zone.name.clone()),
            cycle_day: 1,
            vip_rank: case.vip_rank,
            member_category: None,
        });
        self.input("customer", customer)?;
        let cycle_end = self.zone.local(self.clock).date;
        for (number, (due_on, amount)) in case.bills.iter().enumerate() {
            let id = format_smolstr!("bill {}", number + 1);
            self.input(&id, bill(&id, cycle_end, *due_on, *amount))?;
        }
        Ok(())
    }

    fn input(&mut self, id: &str, body: Body) -> Result<(), Rejection> {
        let input = Input {
            key: key(id),
            occurred_at: self.clock,
            account: self.account.clone(),
            member: None,
            currency: None,
            actor: None,
            reason: None,
            forced: false,
            body,
        };
        let decision = self
            .partition
            .process(self.world, self.clock, &input, 0, &mut self.events);
        self.note();
        match decision {
            Decision::Refused(rejection) => Err(rejection),
            Decision::Applied | Decision::Duplicate => Ok(()),
        }
    }

    /// Time passes, an hour at a time: what customers notice does not wait for days.
    fn go_to(&mut self, to: Timestamp) {
        while self.clock < to {
            self.clock = self.clock.plus_nanos(HOUR).min(to);
            self.partition
                .tick(self.world, self.clock, &mut self.events);
            self.note();
        }
    }

    fn note(&mut self) {
        for event in self.events.drain(..) {
            match event.event.body {
                EventBody::StepDue(due) => {
                    self.followed.steps.push((due.due_on, due.action.clone()));
                }
                EventBody::CaseClosed(closed) => self.followed.closed_on = Some(closed.day),
                EventBody::CaseOpened(_) | EventBody::CaseReopened(_) => {
                    self.followed.closed_on = None;
                }
                _ => {}
            }
        }
    }
}

fn key(id: &str) -> InputKey {
    InputKey {
        source: Source::new(SmolStr::new_static("case")),
        event_id: EventId::new(id),
    }
}

fn bill(id: &SmolStr, cycle_end: Date, due_on: Date, amount: Money) -> Body {
    Body::BillIssued(BillIssued {
        bill: BillId::new(id.clone()),
        cycle_end,
        amount,
        due_on,
        lines: Vec::new(),
        replaces: None,
        keep_due_on: false,
    })
}

fn payment(id: &SmolStr, amount: Money) -> Body {
    Body::PaymentReceived(PaymentReceived {
        payment: PaymentId::new(id.clone()),
        amount,
        method: SmolStr::new_static("transfer"),
        allocations: Vec::new(),
        pending: false,
    })
}
