//! Members as small numbers, each with the identifiers that it holds or held.

use super::key::Key;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::hash::BuildHasher;
use umbral_model::ids::{AccountId, MemberId};

/// Identifiers of one member.
pub(super) type Keys = SmallVec<[Key; 1]>;

#[derive(Default)]
pub(super) struct Holders {
    all: Vec<Holder>,
    numbers: HashTable<u32>,
}

pub(super) struct Holder {
    pub(super) account: AccountId,
    pub(super) member: MemberId,
    /// Almost every member has one number.
    pub(super) keys: Keys,
}

impl Holder {
    fn is(&self, account: &AccountId, member: &MemberId) -> bool {
        self.account == *account && self.member == *member
    }

    fn hash(&self) -> u64 {
        hash(&self.account, &self.member)
    }
}

impl Holders {
    pub(super) fn find(&self, account: &AccountId, member: &MemberId) -> Option<u32> {
        let is_it = |number: &u32| self.all[*number as usize].is(account, member);
        self.numbers.find(hash(account, member), is_it).copied()
    }

    /// The member's number, a new one if it has none yet.
    pub(super) fn number(&mut self, account: &AccountId, member: &MemberId) -> u32 {
        if let Some(number) = self.find(account, member) {
            return number;
        }
        let number = self.all.len() as u32;
        self.add(Holder {
            account: account.clone(),
            member: member.clone(),
            keys: Keys::new(),
        });
        number
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The members from a number on.
    pub(super) fn from(&self, number: usize) -> &[Holder] {
        self.all.get(number..).unwrap_or_default()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
        let all = &self.all;
        self.numbers
            .reserve(more, |number| all[*number as usize].hash());
    }

    /// Appends a member as it was; false if it is there already.
    pub(super) fn add(&mut self, holder: Holder) -> bool {
        let (number, all) = (self.all.len() as u32, &self.all);
        let place = self.numbers.entry(
            holder.hash(),
            |known| all[*known as usize].is(&holder.account, &holder.member),
            |known| all[*known as usize].hash(),
        );
        let Entry::Vacant(place) = place else {
            return false;
        };
        place.insert(number);
        self.all.push(holder);
        true
    }

    pub(super) fn get(&self, number: u32) -> Option<(AccountId, MemberId)> {
        let holder = self.all.get(number as usize)?;
        Some((holder.account.clone(), holder.member.clone()))
    }

    /// Reads these members, so that they are near when they are needed.
    pub(super) fn touch(&self, numbers: &[u32]) {
        let holders = numbers
            .iter()
            .filter_map(|number| self.all.get(*number as usize));
        let lengths =
            holders.map(|holder| holder.account.as_str().len() ^ holder.member.as_str().len());
        std::hint::black_box(lengths.fold(0, |all, length| all ^ length));
    }

    /// The identifiers that the member holds or held.
    pub(super) fn keys(&self, number: u32) -> &[Key] {
        self.all
            .get(number as usize)
            .map_or(&[], |holder| &holder.keys)
    }

    pub(super) fn note(&mut self, number: u32, key: Key) {
        let Some(holder) = self.all.get_mut(number as usize) else {
            return;
        };
        if !holder.keys.contains(&key) {
            holder.keys.push(key);
        }
    }
}

fn hash(account: &AccountId, member: &MemberId) -> u64 {
    FxBuildHasher.hash_one((account.as_str(), member.as_str()))
}
