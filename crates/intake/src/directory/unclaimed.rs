//! Purchases that nobody known made. Each waits until somebody claims it, or enrols under the identifier by which it
//! was made; what became of it is remembered, so that nobody gets it twice.

use super::key::Key;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use umbral_catalog::tables::Catalog;
use umbral_model::ids::{AccountId, PurchaseId};
use umbral_model::input::{
    Address, Body, Incoming, IncomingBody, Input, InputKey, UnclaimedPurchase,
};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{NANOS_PER_DAY, Timestamp};

/// Older purchases than this are forgotten: no programme lets them be claimed.
const KEPT: i64 = 400 * NANOS_PER_DAY;

/// A purchase as it was put into the quarantine.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct KeptPurchase {
    /// Its position.
    position: u64,
    /// By what its buyer is known, if by anything.
    key: Option<Key>,
    purchase: UnclaimedPurchase,
}

impl KeptPurchase {
    /// What is kept of an input at a position; none if it is no purchase.
    pub fn of(position: u64, incoming: Incoming) -> Option<KeptPurchase> {
        let IncomingBody::Account(Body::Purchase(purchase)) = incoming.body else {
            return None;
        };
        let key = match &incoming.address {
            Some(Address::Identifier(identifier)) => Key::of(identifier).ok(),
            _ => None,
        };
        Some(KeptPurchase {
            position,
            key,
            purchase: UnclaimedPurchase {
                key: incoming.key,
                occurred_at: incoming.occurred_at,
                purchase,
            },
        })
    }

    /// Its position.
    pub fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub(super) fn id(&self) -> &PurchaseId {
        &self.purchase.purchase.purchase
    }
}

/// What became of a purchase.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Fate {
    /// Nothing yet: it waits.
    Waits,
    /// An account has it, by this input.
    Claimed(AccountId, InputKey),
    /// It was taken out of the quarantine again.
    TakenUp,
}

/// A purchase and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Waiting {
    kept: KeptPurchase,
    fate: Fate,
}

impl Waiting {
    fn is_kept_at(&self, at: Timestamp) -> bool {
        self.kept.purchase.occurred_at >= at.plus_nanos(-KEPT)
    }

    /// Whether an input may have it: nobody has, or that input has it already and comes again.
    fn is_free_for(&self, key: &InputKey) -> bool {
        match &self.fate {
            Fate::Waits => true,
            Fate::Claimed(_, by) => by == key,
            Fate::TakenUp => false,
        }
    }
}

/// All of them, by their numbers.
#[derive(Clone, Default)]
pub(super) struct Unclaimed {
    all: BTreeMap<PurchaseId, Waiting>,
    under: FxHashMap<Key, SmallVec<[PurchaseId; 1]>>,
    by_age: BTreeSet<(Timestamp, PurchaseId)>,
    by_position: FxHashMap<u64, PurchaseId>,
}

impl Unclaimed {
    /// Takes a purchase up. Of two with one number the first counts; one that comes again under its own key stands
    /// where it came last.
    pub(super) fn keep(&mut self, kept: KeptPurchase) {
        if let Some(known) = self.all.get_mut(kept.id()) {
            if known.kept.purchase.key == kept.purchase.key {
                self.by_position.remove(&known.kept.position);
                self.by_position.insert(kept.position, kept.id().clone());
                known.kept.position = kept.position;
            }
            return;
        }
        let fate = Fate::Waits;
        self.put(Waiting { kept, fate });
    }

    /// Puts a purchase that is not there yet.
    pub(super) fn put(&mut self, waiting: Waiting) {
        let kept = &waiting.kept;
        let id = kept.id().clone();
        if let Some(key) = &kept.key {
            self.under.entry(key.clone()).or_default().push(id.clone());
        }
        self.by_age.insert((kept.purchase.occurred_at, id.clone()));
        self.by_position.insert(kept.position, id.clone());
        self.all.insert(id, waiting);
    }

    /// Forgets what is too old at an instant; gives the numbers.
    pub(super) fn forget_old(&mut self, at: Timestamp) -> Vec<PurchaseId> {
        let oldest = at.plus_nanos(-KEPT);
        let mut forgotten = Vec::new();
        while let Some((made, id)) = self.by_age.first().cloned() {
            if made >= oldest {
                break;
            }
            self.by_age.pop_first();
            forgotten.push(id.clone());
            let Some(waiting) = self.all.remove(&id) else {
                continue;
            };
            self.by_position.remove(&waiting.kept.position);
            let Some(key) = waiting.kept.key else {
                continue;
            };
            if let Some(ids) = self.under.get_mut(&key) {
                ids.retain(|known| *known != id);
                if ids.is_empty() {
                    self.under.remove(&key);
                }
            }
        }
        forgotten
    }

    /// What became of a purchase with this number and key, and its position.
    pub(super) fn fate_of(&self, purchase: &PurchaseId, key: &InputKey) -> Option<(u64, Fate)> {
        let known = self.all.get(purchase)?;
        let kept = &known.kept;
        (kept.purchase.key == *key).then(|| (kept.position, known.fate.clone()))
    }

    pub(super) fn has_old(&self, at: Timestamp) -> bool {
        let oldest = at.plus_nanos(-KEPT);
        self.by_age.first().is_some_and(|(made, _)| *made < oldest)
    }

    /// Numbers of the purchases made under an identifier.
    pub(super) fn under(&self, key: &Key) -> &[PurchaseId] {
        self.under.get(key).map_or(&[], SmallVec::as_slice)
    }

    /// The one after a number, or the first.
    pub(super) fn after(&self, id: Option<&PurchaseId>) -> impl Iterator<Item = &Waiting> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = id.map_or(Unbounded, Excluded);
        self.all
            .range((from, Unbounded))
            .map(|(_, waiting)| waiting)
    }

    /// Fills in what waits for an input.
    pub(super) fn fill_in(&self, input: &mut Input) {
        let (own, account, at) = (&input.key, &input.account, input.occurred_at);
        match &mut input.body {
            Body::PurchaseClaimed(claimed) => {
                let known = self.all.get(&claimed.purchase);
                let known = known.filter(|waiting| waiting.is_kept_at(at));
                claimed.found = known
                    .filter(|waiting| waiting.is_free_for(own))
                    .map(|waiting| Box::new(waiting.kept.purchase.clone()));
                claimed.taken = known.is_some_and(|waiting| match &waiting.fate {
                    Fate::Waits => false,
                    Fate::Claimed(by, _) => by != account,
                    Fate::TakenUp => true,
                });
            }
            Body::Enrolled(enrolled) => {
                let key = enrolled.identifier.as_ref().map(Key::of);
                let Some(Ok(key)) = key else { return };
                let ids = self.under(&key).iter();
                let mut found: Vec<UnclaimedPurchase> = ids
                    .filter_map(|id| self.all.get(id))
                    .filter(|waiting| waiting.is_kept_at(at) && waiting.is_free_for(own))
                    .map(|waiting| waiting.kept.purchase.clone())
                    .collect();
                found.sort_by(|a, b| {
                    let order =
                        |one: &UnclaimedPurchase| (one.occurred_at, one.purchase.purchase.clone());
                    order(a).cmp(&order(b))
                });
                enrolled.unclaimed = found;
            }
            _ => {}
        }
    }

    /// An input was applied: what it found is its account's.
    pub(super) fn apply(&mut self, input: &Input) {
        for purchase in found_by(&input.body) {
            if let Some(waiting) = self.all.get_mut(&purchase.purchase.purchase)
                && waiting.kept.purchase.key == purchase.key
            {
                waiting.fate = Fate::Claimed(input.account.clone(), input.key.clone());
            }
        }
    }

    /// What stood at a position of the quarantine was taken up again.
    pub(super) fn take_up(&mut self, position: u64) {
        let id = self.by_position.get(&position);
        if let Some(waiting) = id.and_then(|id| self.all.get_mut(id))
            && waiting.fate == Fate::Waits
        {
            waiting.fate = Fate::TakenUp;
        }
    }

    pub(super) fn holds(&self, position: u64) -> bool {
        self.by_position.contains_key(&position)
    }
}

impl Waiting {
    pub(super) fn id(&self) -> &PurchaseId {
        self.kept.id()
    }
}

/// Why an input concerns nobody: of a purchase that could earn points by the catalog in force it is that nobody known
/// made it, otherwise what it was.
pub fn reason_of(incoming: &Incoming, catalog: Option<&Catalog>, why: Rejection) -> Rejection {
    let is_purchase = matches!(incoming.body, IncomingBody::Account(Body::Purchase(_)));
    let is_nobodys = matches!(why.reason, Reason::UnknownIdentifier | Reason::MissingField);
    let has_programme = catalog.is_some_and(|catalog| !catalog.programmes.is_empty());
    if !is_purchase || !is_nobodys || !has_programme {
        return why;
    }
    let detail = "it earned nothing, and is kept until it is claimed or its buyer enrols";
    Rejection::new(Reason::UnidentifiedPurchase, detail)
}

/// The purchases that a claim or an enrolment found.
pub fn found_by(body: &Body) -> &[UnclaimedPurchase] {
    match body {
        Body::PurchaseClaimed(claimed) => {
            claimed.found.as_deref().map_or(&[], std::slice::from_ref)
        }
        Body::Enrolled(enrolled) => &enrolled.unclaimed,
        _ => &[],
    }
}
