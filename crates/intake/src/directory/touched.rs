//! What the inputs of an open batch touch of the directory.

use super::Directory;
use super::given::Given;
use super::key::Key;
use super::stock::stocked_by;
use super::unclaimed::KeptPurchase;
use rustc_hash::FxHashSet;
use umbral_model::ids::{AccountId, MemberId, PurchaseId};
use umbral_model::input::{Body, Identifier, Input};

/// The identifiers, members and unclaimed purchases that the inputs of an open batch touch. Inputs of one batch are
/// checked against the directory before any of them is decided, so none may build on another: an input that
/// touches what the batch has touched begins the next batch.
#[derive(Default, Debug)]
pub struct Touched {
    keys: FxHashSet<Key>,
    members: FxHashSet<(AccountId, MemberId)>,
    purchases: FxHashSet<PurchaseId>,
}

/// What one input touches.
#[derive(Default)]
struct Touches {
    member: Option<MemberId>,
    keys: Vec<Key>,
    purchases: Vec<PurchaseId>,
}

impl Touches {
    fn of(directory: &Directory, input: &Input) -> Touches {
        let mut touches = Touches::default();
        match &input.body {
            Body::MemberRemoved(removed) => {
                let holders = directory.read_holders();
                let holder = holders.find(&input.account, &removed.member);
                touches.keys = holder.map_or_else(Vec::new, |holder| holders.keys(holder).to_vec());
                touches.member = Some(removed.member.clone());
            }
            Body::IdentifierRemoved(change) => {
                touches.keys.extend(Key::of(&change.identifier).ok());
                touches.member = Some(change.member.clone());
            }
            Body::CardsStocked(_) => {
                touches.keys = stocked_by(input)
                    .filter_map(|of| Key::of(&of).ok())
                    .collect();
            }
            Body::PurchaseClaimed(claimed) => touches.purchases.push(claimed.purchase.clone()),
            _ => {
                let Some(given) = Given::by(input) else {
                    return touches;
                };
                let keys = given.identifiers.iter();
                touches.keys = keys.filter_map(|of| Key::of(of).ok()).collect();
                touches.member = Some(given.member);
            }
        }
        if let (Body::Enrolled(_), Some(key)) = (&input.body, touches.keys.first()) {
            touches.purchases = directory.lock_unclaimed().under(key).to_vec();
        }
        touches
    }
}

impl Touched {
    /// Notes what the input touches; `false`, and nothing is noted, if the batch touched any of it already.
    pub fn note(&mut self, directory: &Directory, input: &Input) -> bool {
        let Touches {
            member,
            keys,
            purchases,
        } = Touches::of(directory, input);
        let member = member.map(|member| (input.account.clone(), member));
        let touches_it = member
            .as_ref()
            .is_some_and(|member| self.members.contains(member))
            || keys.iter().any(|key| self.keys.contains(key))
            || purchases.iter().any(|id| self.purchases.contains(id));
        if touches_it {
            return false;
        }
        self.members.extend(member);
        self.keys.extend(keys);
        self.purchases.extend(purchases);
        true
    }

    /// Notes a purchase that the batch puts into the quarantine because nobody known made it.
    pub fn note_kept(&mut self, kept: &KeptPurchase) {
        self.keys.extend(kept.key().cloned());
        self.purchases.insert(kept.id().clone());
    }

    /// Whether who holds the identifier may depend on what is noted.
    pub fn concerns(&self, identifier: &Identifier) -> bool {
        Key::of(identifier).is_ok_and(|key| self.keys.contains(&key))
    }

    /// Forgets everything: the batch is decided.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.members.clear();
        self.purchases.clear();
    }
}
