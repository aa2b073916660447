//! Who held a number when. The directory follows the journal: it is folded from the identifier inputs that
//! were applied, and resolves every later record at its `occurred_at`, so a number that changes hands
//! charges whoever held it then. Purchases that nobody known made wait here for whoever claims them.

mod cards;
mod copy;
mod given;
mod holders;
mod key;
mod stock;
mod tenure;
mod touched;
mod unclaimed;

pub use copy::{BadDirectory, DirectoryCopy, Held};
pub use given::given_by;
pub use key::{BadIdentifier, Key, normalise};
pub use stock::stocked_by;
pub use touched::Touched;
pub use unclaimed::{Fate, KeptPurchase, found_by, reason_of};

use cards::Numbers;
use copy::Saved;
use dashmap::DashMap;
use given::Given;
use holders::Holders;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use stock::Stock;
use tenure::{Interval, Tenure};
use umbral_model::ids::{AccountId, MemberId, PurchaseId};
use umbral_model::input::{Body, Identifier, Input, InputKey};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use unclaimed::Unclaimed;

/// The directory of identifiers. Readable and writable from several threads; a write is one identifier
/// input, so readers that must see it wait for it at the sequencer, not here.
#[derive(Default)]
pub struct Directory {
    tenures: DashMap<Key, Tenure, FxBuildHasher>,
    holders: RwLock<Holders>,
    /// What a copy that is being made must not miss.
    saved: Saved,
    /// Shared with a copy that is being made.
    unclaimed: Mutex<Arc<Unclaimed>>,
    /// By type of card: where the numbers go on that are given out here.
    numbers: Mutex<Numbers>,
    /// Cards that were printed. Shared with a copy that is being made.
    stock: Mutex<Arc<Stock>>,
}

/// Who holds an identifier in the way of a claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The other account.
    pub account: AccountId,
    /// Its member; empty for the account itself.
    pub member: MemberId,
    /// Start of its interval.
    pub from: Timestamp,
    /// End of its interval, exclusive; [`Timestamp::MAX`] while it goes on.
    pub to: Timestamp,
}

/// Why a claim or release was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The identifier's text has not the form of its kind.
    Malformed(BadIdentifier),
    /// Somebody else holds it in an overlapping interval.
    Taken(Conflict),
    /// The number of a card that another account has or had.
    Used(Conflict),
    /// The number of a card that lies in stock.
    InStock(SmolStr),
    /// The member does not hold it at that time.
    NotHeld,
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Rejection {
        match refused {
            Refused::Malformed(bad) => Rejection::new(Reason::MalformedField, bad.to_string()),
            Refused::NotHeld => Rejection::new(
                Reason::UnknownIdentifier,
                "the member does not hold the identifier at that time",
            ),
            Refused::InStock(number) => Rejection::new(
                Reason::IdentifierTaken,
                format!("card {number} is in stock already; give it out with card_issued"),
            ),
            Refused::Taken(other) => Rejection::new(
                Reason::IdentifierTaken,
                format!(
                    "{} holds the identifier from {}; remove it there first",
                    holder_of(&other),
                    other.from
                ),
            ),
            Refused::Used(other) => Rejection::new(
                Reason::IdentifierTaken,
                format!(
                    "the card is or was that of {} from {}; numbers of cards are not used again: give another one",
                    holder_of(&other),
                    other.from
                ),
            ),
        }
    }
}

impl Directory {
    /// An empty directory.
    pub fn new() -> Directory {
        Directory::default()
    }

    /// Number of identifiers that anybody holds or held.
    pub fn len(&self) -> usize {
        self.tenures.len()
    }

    /// Whether nobody ever held anything.
    pub fn is_empty(&self) -> bool {
        self.tenures.is_empty()
    }

    /// Who held the identifier at an instant: an account, and its member where it was a member's. `None` if nobody
    /// did, or if its text has not the form of its kind.
    pub fn resolve(
        &self,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Option<(AccountId, Option<MemberId>)> {
        let key = Key::of(identifier).ok()?;
        let holder = self.tenures.get(&key)?.holder_at(at)?;
        let (account, member) = self.read_holders().get(holder)?;
        let member = (member != MemberId::default()).then_some(member);
        Some((account, member))
    }

    /// Takes up a purchase that was put into the quarantine because nobody known made it.
    pub fn keep(&self, kept: KeptPurchase) {
        Arc::make_mut(&mut self.lock_unclaimed()).keep(kept);
    }

    /// What stood at a position of the quarantine was taken up again: nobody can claim it any more.
    pub fn take_up(&self, position: u64) {
        let mut unclaimed = self.lock_unclaimed();
        if unclaimed.holds(position) {
            Arc::make_mut(&mut unclaimed).take_up(position);
        }
    }

    /// Forgets purchases that are too old to be claimed; gives their numbers.
    pub fn forget_old(&self, at: Timestamp) -> Vec<PurchaseId> {
        let mut unclaimed = self.lock_unclaimed();
        match unclaimed.has_old(at) {
            true => Arc::make_mut(&mut unclaimed).forget_old(at),
            false => Vec::new(),
        }
    }

    /// What became of a purchase that came into the quarantine under this key, and its position there.
    pub fn fate_of(&self, purchase: &PurchaseId, key: &InputKey) -> Option<(u64, Fate)> {
        self.lock_unclaimed().fate_of(purchase, key)
    }

    /// Fills into a claim or an enrolment the purchases that wait for it, and into what gives cards out what they were
    /// printed as.
    pub fn fill_in(&self, input: &mut Input) {
        self.lock_unclaimed().fill_in(input);
        self.fill_in_stock(input);
    }

    /// Reads what [`Directory::resolve`] of these identifiers will need, so that memory answers for many at
    /// once; it changes nothing. The shards stay locked for reading meanwhile: a lock for each look-up would
    /// have them wait for one another.
    pub fn warm<'i>(&self, identifiers: impl Iterator<Item = &'i Identifier>) {
        let shards: SmallVec<[_; 64]> = self.tenures.shards().iter().map(|s| s.read()).collect();
        let found = identifiers.filter_map(|identifier| {
            let key = Key::of(identifier).ok()?;
            let hash = self.tenures.hash_usize(&key);
            let shard = shards.get(self.tenures.determine_shard(hash))?;
            let (_, tenure) = shard.get(hash as u64, |(known, _)| *known == key)?;
            tenure.get().last_holder()
        });
        let found: SmallVec<[u32; 64]> = found.collect();
        self.read_holders().touch(&found);
    }

    /// Gives the identifier to a member from an instant until further notice. A claim before an interval
    /// of the same member moves its start; one within it changes nothing.
    pub fn claim(
        &self,
        identifier: &Identifier,
        account: &AccountId,
        member: &MemberId,
        from: Timestamp,
    ) -> Result<(), Refused> {
        let key = Key::of(identifier).map_err(Refused::Malformed)?;
        let mut holders = self.write_holders();
        let holder = holders.number(account, member);
        self.save(&key);
        let mut tenure = self.tenures.entry(key.clone()).or_default();
        let claimed = tenure.claim(holder, from);
        match claimed {
            Ok(()) => {
                holders.note(holder, key);
                Ok(())
            }
            Err(other) => Err(Refused::Taken(conflict(&holders, other))),
        }
    }

    /// Takes the identifier from the member at an instant, which must lie in its interval.
    pub fn release(
        &self,
        identifier: &Identifier,
        account: &AccountId,
        member: &MemberId,
        at: Timestamp,
    ) -> Result<(), Refused> {
        let key = Key::of(identifier).map_err(Refused::Malformed)?;
        let holder = self
            .read_holders()
            .find(account, member)
            .ok_or(Refused::NotHeld)?;
        self.save(&key);
        let mut tenure = self.tenures.get_mut(&key).ok_or(Refused::NotHeld)?;
        tenure
            .release(holder, at)
            .then_some(())
            .ok_or(Refused::NotHeld)
    }

    /// Whether an identifier input could be applied: `identifier taken`, `unknown identifier` or a
    /// malformed number otherwise. Other inputs always can.
    pub fn check(&self, input: &Input) -> Result<(), Rejection> {
        if let Some(number) = self.in_stock_already(input) {
            return Err(Refused::InStock(number).into());
        }
        match &input.body {
            Body::CardsStocked(_) => {
                stocked_by(input).try_for_each(|number| self.check_unused(None, &number))
            }
            Body::IdentifierRemoved(change) => {
                self.check_release(input, &change.member, &change.identifier)
            }
            _ => Given::by(input).map_or(Ok(()), |given| self.check_given(input, &given)),
        }
        .map_err(Rejection::from)
    }

    /// Follows an input that was applied. Folding the applied inputs of a journal in order gives the
    /// directory back; a claim that cannot be is left out, as [`Directory::check`] would have refused it.
    pub fn apply(&self, input: &Input) {
        let (account, at) = (&input.account, input.occurred_at);
        match &input.body {
            Body::MemberRemoved(removed) => self.end_member(account, &removed.member, at),
            Body::IdentifierRemoved(change) => {
                let _ = self.release(&change.identifier, account, &change.member, at);
            }
            Body::CardsStocked(stocked) => self.stock(stocked),
            _ => {
                if let Some(given) = Given::by(input) {
                    for identifier in &given.identifiers {
                        let _ = self.claim(identifier, account, &given.member, at);
                        self.give_out(identifier);
                    }
                }
            }
        }
        self.note_number(&input.body);
        if !found_by(&input.body).is_empty() {
            Arc::make_mut(&mut self.lock_unclaimed()).apply(input);
        }
    }

    fn end_member(&self, account: &AccountId, member: &MemberId, at: Timestamp) {
        let holders = self.read_holders();
        let Some(holder) = holders.find(account, member) else {
            return;
        };
        for key in holders.keys(holder) {
            self.save(key);
            if let Some(mut tenure) = self.tenures.get_mut(key) {
                tenure.end(holder, at);
            }
        }
    }

    fn check_given(&self, input: &Input, given: &Given) -> Result<(), Refused> {
        for identifier in &given.identifiers {
            if given.is_card {
                self.check_unused(Some(&input.account), identifier)?;
            }
            match self.check_claim(input, &given.member, identifier) {
                Err(Refused::Taken(other))
                    if given.may_be_own && other.account == input.account => {}
                checked => checked?,
            }
        }
        Ok(())
    }

    /// Holds a card's number to never having been anybody's but the account's.
    fn check_unused(
        &self,
        account: Option<&AccountId>,
        identifier: &Identifier,
    ) -> Result<(), Refused> {
        let key = Key::of(identifier).map_err(Refused::Malformed)?;
        let last = self.tenures.get(&key).and_then(|tenure| tenure.last());
        let holders = self.read_holders();
        match last.map(|last| conflict(&holders, last)) {
            Some(other) if account != Some(&other.account) => Err(Refused::Used(other)),
            _ => Ok(()),
        }
    }

    fn check_claim(
        &self,
        input: &Input,
        member: &MemberId,
        identifier: &Identifier,
    ) -> Result<(), Refused> {
        let key = Key::of(identifier).map_err(Refused::Malformed)?;
        let holders = self.read_holders();
        let holder = holders.find(&input.account, member).unwrap_or(u32::MAX);
        match self.tenures.get(&key) {
            None => Ok(()),
            Some(tenure) => tenure
                .clone()
                .claim(holder, input.occurred_at)
                .map_err(|other| Refused::Taken(conflict(&holders, other))),
        }
    }

    fn check_release(
        &self,
        input: &Input,
        member: &MemberId,
        identifier: &Identifier,
    ) -> Result<(), Refused> {
        let key = Key::of(identifier).map_err(Refused::Malformed)?;
        let held = self
            .tenures
            .get(&key)
            .and_then(|tenure| tenure.holder_at(input.occurred_at));
        match self.read_holders().find(&input.account, member) {
            Some(holder) if held == Some(holder) => Ok(()),
            _ => Err(Refused::NotHeld),
        }
    }

    fn lock_numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_stock(&self) -> MutexGuard<'_, Arc<Stock>> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_unclaimed(&self) -> MutexGuard<'_, Arc<Unclaimed>> {
        self.unclaimed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read_holders(&self) -> RwLockReadGuard<'_, Holders> {
        self.holders.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_holders(&self) -> RwLockWriteGuard<'_, Holders> {
        self.holders.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn holder_of(other: &Conflict) -> String {
    match other.member == MemberId::default() {
        true => format!("account {}", other.account),
        false => format!("member {} of account {}", other.member, other.account),
    }
}

fn conflict(holders: &Holders, other: Interval) -> Conflict {
    let (account, member) = holders.get(other.holder).unwrap_or_default();
    Conflict {
        account,
        member,
        from: other.from,
        to: other.to,
    }
}
