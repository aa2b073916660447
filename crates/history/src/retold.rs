//! An account's inputs decided again from its beginning as if it had always had another plan: the same class,
//! members and cycle, the same inputs in the same order at the same clock. What the sequencer refused stays
//! refused, and members keep plans of their own.

use crate::books::Books;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;
use umbral_engine::{Decision, Partition, World};
use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, EventId, PlanName, Source};
use umbral_model::input::{Body, Input, InputKey, Purchase, RatedRecord};
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome};
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;
use umbral_runtime::decided_by_sequencer;
use umbral_wire::body_hash;

/// A usage record that a plan has no price for.
#[derive(Clone, Debug)]
pub(crate) struct NoPrice {
    /// When its usage began.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// The particulars.
    pub detail: String,
}

/// Records without a price, by the key of the record.
pub(crate) type Unpriced = BTreeMap<InputKey, NoPrice>;

/// What the journal tells of an account, as far as it would be the same under any plan.
pub(crate) struct Told {
    account: AccountId,
    entries: Vec<Scene>,
    /// Records that corrections name.
    named: FxHashSet<InputKey>,
    /// The newest catalogs.
    world: Arc<World>,
    /// The clock after the last batch.
    clock: Timestamp,
    /// Catalogs whose products change no plan, with those that they were made from.
    without_changes: Option<(Arc<World>, Arc<World>)>,
}

/// An entry without its events, and the catalogs that it is decided by.
struct Scene {
    world: Arc<World>,
    entry: Entry,
}

/// What came of it under a plan.
pub(crate) struct Retold {
    /// The account's months.
    pub books: Books,
    /// Records that the plan cannot price.
    pub unpriced: Unpriced,
}

impl Told {
    /// Nothing of an account yet.
    pub(crate) fn new(account: AccountId) -> Told {
        Told {
            account,
            entries: Vec::new(),
            named: FxHashSet::default(),
            world: Arc::default(),
            clock: Timestamp::MIN,
            without_changes: None,
        }
    }

    /// The newest catalogs.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The clock after the last batch.
    pub(crate) fn clock(&self) -> Timestamp {
        self.clock
    }

    /// The next batch: its catalogs, and the clock after it.
    pub(crate) fn note_batch(&mut self, world: &Arc<World>, clock: Timestamp) {
        self.world = Arc::clone(world);
        self.clock = clock;
    }

    /// The next entry of the account, of the batch noted last.
    pub(crate) fn note(&mut self, entry: &Entry) {
        let JournaledInput::Account(input) = &entry.input else {
            return self.keep(Arc::clone(&self.world), entry);
        };
        let is_out = match &entry.outcome {
            Outcome::Applied => false,
            Outcome::DuplicateIgnored => true,
            Outcome::Quarantined(kept) => decided_by_sequencer(kept.reason, &input.body),
        };
        if is_out {
            return;
        }
        self.named.extend(corrected_by(input));
        let world = match &input.body {
            Body::PlanChanged(_) if input.member.is_none() => return,
            Body::Purchase(bought)
                if input.member.is_none() && changes_plan(&self.world, bought) =>
            {
                self.world_without_changes()
            }
            _ => Arc::clone(&self.world),
        };
        self.keep(world, entry);
    }

    fn keep(&mut self, world: Arc<World>, entry: &Entry) {
        let entry = Entry {
            position: entry.position,
            clock: entry.clock,
            version: entry.version,
            input: entry.input.clone(),
            outcome: Outcome::Applied,
            events: Vec::new(),
        };
        self.entries.push(Scene { world, entry });
    }

    fn world_without_changes(&mut self) -> Arc<World> {
        if let Some((of, made)) = &self.without_changes
            && Arc::ptr_eq(of, &self.world)
        {
            return Arc::clone(made);
        }
        let made = Arc::new(without_changes(&self.world));
        self.without_changes = Some((Arc::clone(&self.world), Arc::clone(&made)));
        made
    }

    /// Decides everything again as if the account had always had the plan.
    pub(crate) fn under(&self, plan: &PlanName) -> Retold {
        let mut run = Run {
            told: self,
            plan,
            partition: Partition::new(),
            books: Books::new(self.account.clone(), None),
            roots: Roots::default(),
            records: FxHashMap::default(),
            unpriced: Unpriced::new(),
        };
        for scene in &self.entries {
            run.step(scene);
        }
        run.let_time_pass();
        Retold {
            books: run.books,
            unpriced: run.unpriced,
        }
    }
}

/// Whether a purchase names a product that changes the plan.
fn changes_plan(world: &World, purchase: &Purchase) -> bool {
    let mut versions = world.catalogs.iter();
    versions.any(|version| {
        let mut products = version.catalog.products.iter();
        products.any(|product| {
            let is_bought = |line: &umbral_model::input::PurchaseLine| line.item == product.name;
            product.plan.is_some() && purchase.lines.iter().any(is_bought)
        })
    })
}

/// The same catalogs and zones, where no product changes a plan; every number stays what it is.
fn without_changes(world: &World) -> World {
    let mut made = World::new();
    for zone in world.zones.iter() {
        made.add_zone(zone.as_ref().clone());
    }
    for version in world.catalogs.iter() {
        let mut catalog = version.catalog.as_ref().clone();
        for product in &mut catalog.products {
            product.plan = None;
        }
        let key = InputKey {
            source: Source::default(),
            event_id: EventId::default(),
        };
        made.activate(catalog, version.effective_from, key);
    }
    made
}

/// Which record a correction is of: it may name an earlier correction.
#[derive(Default)]
pub(crate) struct Roots(FxHashMap<InputKey, InputKey>);

impl Roots {
    /// The record that an input is or corrects; none if it is about something else.
    pub(crate) fn of(&mut self, input: &Input) -> Option<InputKey> {
        if matches!(input.body, Body::Usage(_)) {
            return Some(input.key.clone());
        }
        let named = corrected_by(input)?;
        let root = self.0.get(&named).cloned().unwrap_or(named);
        self.0.insert(input.key.clone(), root.clone());
        Some(root)
    }
}

/// What a correction names.
fn corrected_by(input: &Input) -> Option<InputKey> {
    let (id, source) = match &input.body {
        Body::UsageCorrected(body) => (&body.corrects, &body.corrects_source),
        Body::UsageCancelled(body) => (&body.cancels, &body.cancels_source),
        _ => return None,
    };
    Some(InputKey {
        source: source.clone().unwrap_or_else(|| input.key.source.clone()),
        event_id: id.clone(),
    })
}

/// Notes whether a record has a price, by what came of it or of a correction of it.
pub(crate) fn note_price(
    unpriced: &mut Unpriced,
    root: InputKey,
    input: &Input,
    refused: Option<(Reason, &str)>,
    events: &[AccountEvent],
) {
    let is_rated = events.iter().any(|event| {
        let body = &event.event.body;
        matches!(
            body,
            EventBody::UsageRated(_) | EventBody::UsageCorrected(_)
        )
    });
    if is_rated || matches!(input.body, Body::UsageCancelled(_)) {
        unpriced.remove(&root);
        return;
    }
    if let Some((reason, detail)) = refused.filter(|(reason, _)| is_about_prices(*reason)) {
        let without = NoPrice {
            at: input.occurred_at,
            reason,
            detail: detail.to_owned(),
        };
        unpriced.insert(root, without);
    }
}

/// Reasons that a plan gives for having no price.
fn is_about_prices(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownPlan
            | Reason::NoVersion
            | Reason::NoServiceRule
            | Reason::NoDestinationRule
            | Reason::NoRuleAtThatTime
            | Reason::UnknownProfile
            | Reason::UnknownService
            | Reason::PriceOutOfRange
            | Reason::UnknownZone
    )
}

/// The account on its way under another plan.
struct Run<'t> {
    told: &'t Told,
    plan: &'t PlanName,
    partition: Partition,
    books: Books,
    roots: Roots,
    /// What was rated for records that corrections name.
    records: FxHashMap<InputKey, RatedRecord>,
    unpriced: Unpriced,
}

impl Run<'_> {
    fn step(&mut self, scene: &Scene) {
        let mut entry = scene.entry.clone();
        let (clock, mut events) = (entry.clock, Vec::new());
        match &mut entry.input {
            JournaledInput::Raw(_) => {}
            JournaledInput::Tick(_) => self.partition.tick(&scene.world, clock, &mut events),
            JournaledInput::ConfigChanged(_) => {
                self.partition
                    .config_changed(&scene.world, clock, &mut events);
            }
            JournaledInput::Account(input) => self.decide(&scene.world, clock, input, &mut events),
        }
        entry.events = events;
        self.books.take_entry(&scene.world, &entry);
    }

    fn decide(
        &mut self,
        world: &World,
        clock: Timestamp,
        input: &mut Input,
        events: &mut Vec<AccountEvent>,
    ) {
        let root = self.roots.of(input);
        let mut opening = None;
        match &mut input.body {
            Body::CustomerAdded(added) => {
                added.plan = Some(self.plan.clone());
                added.profile = None;
                // A plan that came later is known from the beginning, and prices what it can.
                let is_known = world.catalogs.plan_no(self.plan.as_str()).is_some();
                opening = (!is_known).then_some(self.told.world());
            }
            Body::UsageCorrected(body) => body.original = self.record(root.as_ref()),
            Body::UsageCancelled(body) => body.original = self.record(root.as_ref()),
            _ => {}
        }
        let (world, hash) = (opening.unwrap_or(world), body_hash(input));
        let decision = self.partition.process(world, clock, input, hash, events);
        if let Some(root) = root {
            self.note(root, input, &decision, events);
        }
    }

    /// What stands for a record here in place of what the journal has; none while it has not come.
    fn record(&self, root: Option<&InputKey>) -> Option<Box<RatedRecord>> {
        self.records.get(root?).cloned().map(Box::new)
    }

    fn note(
        &mut self,
        root: InputKey,
        input: &Input,
        decision: &Decision,
        events: &[AccountEvent],
    ) {
        let refused = match decision {
            Decision::Applied => None,
            Decision::Duplicate => return,
            Decision::Refused(rejection) => Some((rejection.reason, rejection.detail.as_str())),
        };
        if input.key == root && refused.is_none() && self.told.named.contains(&root) {
            let record = RatedRecord {
                root: root.clone(),
                occurred_at: input.occurred_at,
                rated: events.iter().find_map(|event| match &event.event.body {
                    EventBody::UsageRated(rated) => Some(rated.clone()),
                    _ => None,
                }),
            };
            self.records.insert(root.clone(), record);
        }
        note_price(&mut self.unpriced, root, input, refused, events);
    }

    /// Timers fire that are due by now and have nothing journaled to fire with.
    fn let_time_pass(&mut self) {
        let (world, clock) = (self.told.world(), self.told.clock);
        let mut events = Vec::new();
        self.partition.tick(world, clock, &mut events);
        let key = InputKey {
            source: Source::default(),
            event_id: EventId::default(),
        };
        let entry = Entry {
            position: u64::MAX,
            clock,
            version: None,
            input: JournaledInput::Tick(key),
            outcome: Outcome::Applied,
            events,
        };
        self.books.take_entry(world, &entry);
    }
}
