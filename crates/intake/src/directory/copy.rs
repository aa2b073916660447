//! A copy of the directory as it was at one moment, made piece by piece while identifier inputs go on. What
//! changes meanwhile is saved first, as it was, and goes after the pieces: so the copy is exact, and whoever
//! writes never waits for more than one piece.

use super::Directory;
use super::cards::Numbers;
use super::holders::{Holder, Keys};
use super::key::Key;
use super::stock::{CardNumber, Stock};
use super::tenure::Tenure;
use super::unclaimed::{Unclaimed, Waiting};
use dashmap::DashMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smol_str::SmolStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use umbral_model::ids::{AccountId, MemberId, PurchaseId};
use umbral_model::input::StockedCard;

/// Identifiers that changed since a copy began, as they were then.
#[derive(Default)]
pub(super) struct Saved {
    is_on: AtomicBool,
    before: Mutex<FxHashMap<Key, Tenure>>,
}

impl Saved {
    fn lock(&self) -> MutexGuard<'_, FxHashMap<Key, Tenure>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that are no piece of a directory, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadDirectory(&'static str);

/// What a piece is made of.
#[derive(serde::Serialize, serde::Deserialize)]
enum Written {
    /// A member, and how many identifiers follow: those that it holds or held, with who held them when.
    Member(AccountId, MemberId, u32),
    /// An identifier that has changed meanwhile, as it was.
    Changed(Key, Tenure),
    /// A purchase that nobody known made.
    Waiting(Box<Waiting>),
    /// A type of card and the last number of its own that was given out.
    Number(SmolStr, u64),
    /// A card that was printed, and whether nobody had it yet.
    Printed(CardNumber, StockedCard, bool),
}

/// A copy in the making.
pub struct DirectoryCopy {
    directory: Arc<Directory>,
    /// The member to come.
    next: usize,
    /// Members at the copy's moment.
    end: usize,
    /// Saved identifiers that are not given out yet, once the members are.
    saved: Option<Vec<(Key, Tenure)>>,
    /// Unclaimed purchases at the copy's moment, and the last one that was given out.
    unclaimed: Arc<Unclaimed>,
    given_out: Option<PurchaseId>,
    numbers: Numbers,
    /// Printed cards at the copy's moment, and the last one that was given out.
    stock: Arc<Stock>,
    stocked: Option<CardNumber>,
}

impl DirectoryCopy {
    /// Begins a copy of the directory as it is now. Only whoever changes the directory may call this, and
    /// there is one copy at a time.
    pub fn begin(directory: &Arc<Directory>) -> DirectoryCopy {
        directory.saved.lock().clear();
        directory.saved.is_on.store(true, Ordering::SeqCst);
        DirectoryCopy {
            directory: Arc::clone(directory),
            next: 0,
            end: directory.read_holders().len(),
            saved: None,
            unclaimed: Arc::clone(&directory.lock_unclaimed()),
            given_out: None,
            numbers: directory.lock_numbers().clone(),
            stock: Arc::clone(&directory.lock_stock()),
            stocked: None,
        }
    }

    /// Appends the next piece of about so many members; gives how many it holds. None when nothing is left.
    pub fn next_piece(&mut self, most: usize, out: &mut Vec<u8>) -> Option<usize> {
        if self.next < self.end {
            return Some(self.members(most, out));
        }
        let directory = &self.directory;
        let saved = self.saved.get_or_insert_with(|| {
            let saved = std::mem::take(&mut *directory.saved.lock());
            directory.saved.is_on.store(false, Ordering::SeqCst);
            saved.into_iter().collect()
        });
        let count = saved.len().min(most);
        for (key, tenure) in saved.drain(saved.len() - count..) {
            append(&Written::Changed(key, tenure), out);
        }
        match count {
            0 => self.purchases(most, out).or_else(|| self.cards(most, out)),
            some => Some(some),
        }
    }

    fn purchases(&mut self, most: usize, out: &mut Vec<u8>) -> Option<usize> {
        let unclaimed = Arc::clone(&self.unclaimed);
        let mut count = 0;
        for (card_type, next) in std::mem::take(&mut self.numbers) {
            append(&Written::Number(card_type, next.saturating_sub(1)), out);
            count += 1;
        }
        let last = self.given_out.take();
        for waiting in unclaimed.after(last.as_ref()).take(most) {
            append(&Written::Waiting(Box::new(waiting.clone())), out);
            count += 1;
            self.given_out = Some(waiting.id().clone());
        }
        (count > 0).then_some(count)
    }

    fn cards(&mut self, most: usize, out: &mut Vec<u8>) -> Option<usize> {
        let stock = Arc::clone(&self.stock);
        let (last, mut count) = (self.stocked.clone(), 0);
        for (number, stocked, is_free) in stock.after(last.as_ref()).take(most) {
            append(
                &Written::Printed(number.clone(), stocked.clone(), is_free),
                out,
            );
            count += 1;
            self.stocked = Some(number.clone());
        }
        (count > 0).then_some(count)
    }

    fn members(&mut self, most: usize, out: &mut Vec<u8>) -> usize {
        let holders = self.directory.read_holders();
        let most = most.min(self.end - self.next);
        for holder in holders.from(self.next).iter().take(most) {
            let (account, member) = (holder.account.clone(), holder.member.clone());
            let count = holder.keys.len() as u32;
            append(&Written::Member(account, member, count), out);
            for key in &holder.keys {
                let tenure = self.directory.tenures.get(key);
                let tenure = tenure.map_or_else(Tenure::default, |tenure| tenure.clone());
                append(&(key, tenure), out);
            }
        }
        self.next += most;
        most
    }
}

impl Drop for DirectoryCopy {
    fn drop(&mut self) {
        self.directory.saved.is_on.store(false, Ordering::SeqCst);
        self.directory.saved.lock().clear();
    }
}

/// Who held the identifiers of a piece.
pub struct Held(Vec<(Key, Tenure)>);

fn append<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) {
    let written = postcard::to_extend(value, std::mem::take(out));
    debug_assert!(written.is_ok(), "memory takes everything");
    *out = written.unwrap_or_default();
}

fn take<T: serde::de::DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, BadDirectory> {
    let (value, rest) = postcard::take_from_bytes(bytes)
        .map_err(|_| BadDirectory("the directory is not written as this version writes it"))?;
    *bytes = rest;
    Ok(value)
}

impl Directory {
    /// Keeps an identifier as it is for the copy that is being made, before it changes.
    pub(super) fn save(&self, key: &Key) {
        if !self.saved.is_on.load(Ordering::SeqCst) {
            return;
        }
        let tenure = self.tenures.get(key).map(|tenure| tenure.clone());
        let mut saved = self.saved.lock();
        if !saved.contains_key(key) {
            saved.insert(key.clone(), tenure.unwrap_or_default());
        }
    }

    /// An empty directory with room for so many members with an identifier each.
    pub fn with_capacity(members: usize) -> Directory {
        let tenures = DashMap::with_capacity_and_hasher(members, FxBuildHasher);
        let directory = Directory {
            tenures,
            ..Directory::default()
        };
        directory.write_holders().reserve(members);
        directory
    }

    /// Reads a piece of a copy back; pieces come in order, into an empty directory.
    ///
    /// # Errors
    /// Bytes that are no piece. Part of it may have been read: the directory is of no use then.
    pub fn read_piece(&self, bytes: &[u8]) -> Result<(), BadDirectory> {
        self.read_members(bytes).map(|held| self.put_all(held))
    }

    /// As [`Directory::read_piece`], but who held what is still to be put: that takes as long as all the rest, and may
    /// be done by another thread, in the order of the pieces.
    ///
    /// # Errors
    /// As there.
    pub fn read_members(&self, bytes: &[u8]) -> Result<Held, BadDirectory> {
        let mut holders = self.write_holders();
        let (mut rest, mut held) = (bytes, Vec::new());
        while !rest.is_empty() {
            match take::<Written>(&mut rest)? {
                Written::Changed(key, tenure) => held.push((key, tenure)),
                Written::Waiting(waiting) => {
                    Arc::make_mut(&mut self.lock_unclaimed()).put(*waiting);
                }
                Written::Number(card_type, number) => self.go_on_after(card_type, number),
                Written::Printed(number, stocked, is_free) => {
                    Arc::make_mut(&mut self.lock_stock()).put(number, stocked, is_free);
                }
                Written::Member(account, member, count) => {
                    let mut keys = Keys::with_capacity(count.min(rest.len() as u32) as usize);
                    for _ in 0..count {
                        let (key, tenure) = take::<(Key, Tenure)>(&mut rest)?;
                        keys.push(key.clone());
                        held.push((key, tenure));
                    }
                    let holder = Holder {
                        account,
                        member,
                        keys,
                    };
                    if !holders.add(holder) {
                        return Err(BadDirectory("a member comes twice"));
                    }
                }
            }
        }
        Ok(Held(held))
    }

    /// Puts who held the identifiers of a piece.
    pub fn put_all(&self, held: Held) {
        for (key, tenure) in held.0 {
            self.put(key, tenure);
        }
    }

    fn put(&self, key: Key, tenure: Tenure) {
        if tenure == Tenure::default() {
            self.tenures.remove(&key);
        } else {
            self.tenures.insert(key, tenure);
        }
    }
}
