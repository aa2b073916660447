//! Who held a number when. The directory follows the journal: it is folded from the identifier inputs that
//! were applied, and resolves every later record at its `occurred_at`, so a number that changes hands
//! charges whoever held it then.

mod copy;
mod holders;
mod key;
mod tenure;

pub use copy::{BadDirectory, DirectoryCopy, Held};
pub use key::{BadIdentifier, Key, normalise};

use copy::Saved;
use dashmap::DashMap;
use holders::Holders;
use rustc_hash::{FxBuildHasher, FxHashSet};
use smallvec::SmallVec;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tenure::{Interval, Tenure};
use umbral_model::ids::{AccountId, MemberId};
use umbral_model::input::{Body, Identifier, Input};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// The directory of identifiers. Readable and writable from several threads; a write is one identifier
/// input, so readers that must see it wait for it at the sequencer, not here.
#[derive(Default)]
pub struct Directory {
    tenures: DashMap<Key, Tenure, FxBuildHasher>,
    holders: RwLock<Holders>,
    /// What a copy that is being made must not miss.
    saved: Saved,
}

/// Who holds an identifier in the way of a claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The other account.
    pub account: AccountId,
    /// Its member.
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
            Refused::Taken(other) => Rejection::new(
                Reason::IdentifierTaken,
                format!(
                    "member {} of account {} holds the identifier from {}; remove it there first",
                    other.member, other.account, other.from
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

    /// Who held the identifier at an instant; `None` if nobody did, or if its text has not the form of its
    /// kind.
    pub fn resolve(&self, identifier: &Identifier, at: Timestamp) -> Option<(AccountId, MemberId)> {
        let key = Key::of(identifier).ok()?;
        let holder = self.tenures.get(&key)?.holder_at(at)?;
        self.read_holders().get(holder)
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
        match &input.body {
            Body::MemberAdded(added) => added
                .identifiers
                .iter()
                .try_for_each(|identifier| self.check_claim(input, &added.member, identifier)),
            Body::IdentifierAdded(change) => {
                self.check_claim(input, &change.member, &change.identifier)
            }
            Body::IdentifierRemoved(change) => {
                self.check_release(input, &change.member, &change.identifier)
            }
            _ => Ok(()),
        }
        .map_err(Rejection::from)
    }

    /// Follows an input that was applied. Folding the applied inputs of a journal in order gives the
    /// directory back; a claim that cannot be is left out, as [`Directory::check`] would have refused it.
    pub fn apply(&self, input: &Input) {
        let (account, at) = (&input.account, input.occurred_at);
        match &input.body {
            Body::MemberAdded(added) => {
                for identifier in &added.identifiers {
                    let _ = self.claim(identifier, account, &added.member, at);
                }
            }
            Body::MemberRemoved(removed) => self.end_member(account, &removed.member, at),
            Body::IdentifierAdded(change) => {
                let _ = self.claim(&change.identifier, account, &change.member, at);
            }
            Body::IdentifierRemoved(change) => {
                let _ = self.release(&change.identifier, account, &change.member, at);
            }
            _ => {}
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

    fn read_holders(&self) -> RwLockReadGuard<'_, Holders> {
        self.holders.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_holders(&self) -> RwLockWriteGuard<'_, Holders> {
        self.holders.write().unwrap_or_else(PoisonError::into_inner)
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

/// The identifiers and members that the inputs of an open batch touch. Inputs of one batch are checked
/// against the directory before any of them is decided, so none may build on another: an input that
/// touches what the batch has touched begins the next batch.
#[derive(Default, Debug)]
pub struct Touched {
    keys: FxHashSet<Key>,
    members: FxHashSet<(AccountId, MemberId)>,
}

impl Touched {
    /// Notes what the input touches; `false`, and nothing is noted, if the batch touched any of it already.
    pub fn note(&mut self, directory: &Directory, input: &Input) -> bool {
        let (member, keys) = match &input.body {
            Body::MemberAdded(added) => (&added.member, keys_of(&added.identifiers)),
            Body::MemberRemoved(removed) => {
                let holders = directory.read_holders();
                let keys = holders
                    .find(&input.account, &removed.member)
                    .map_or_else(Vec::new, |holder| holders.keys(holder).to_vec());
                (&removed.member, keys)
            }
            Body::IdentifierAdded(change) | Body::IdentifierRemoved(change) => (
                &change.member,
                keys_of(std::slice::from_ref(&change.identifier)),
            ),
            _ => return true,
        };
        let member = (input.account.clone(), member.clone());
        if self.members.contains(&member) || keys.iter().any(|key| self.keys.contains(key)) {
            return false;
        }
        self.members.insert(member);
        self.keys.extend(keys);
        true
    }

    /// Whether who holds the identifier may depend on what is noted.
    pub fn concerns(&self, identifier: &Identifier) -> bool {
        Key::of(identifier).is_ok_and(|key| self.keys.contains(&key))
    }

    /// Forgets everything: the batch is decided.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.members.clear();
    }
}

fn keys_of(identifiers: &[Identifier]) -> Vec<Key> {
    identifiers
        .iter()
        .filter_map(|identifier| Key::of(identifier).ok())
        .collect()
}
