//! What must be decided once for all partitions: who gets a purchase that nobody known made, and which number a card has.
//! One partition of the inbox has all records that ask for it, so whoever routes that one decides.
//!
//! What it decided is in the compacted topic of parked records, in that partition, under keys that no parked record has:
//! purchases that were kept, and the inputs that got something, as they were sent on.

use super::routes::Routes;
use crate::input::{SAID, header};
use crate::said::Said;
use rdkafka::message::{BorrowedMessage, Message};
use std::collections::{BTreeMap, BTreeSet};
use umbral_intake::directory::{Directory, Fate, KeptPurchase, found_by, given_by};
use umbral_model::ids::{AccountId, PurchaseId};
use umbral_model::input::{
    Address, Body, CardIssued, Identifier, IdentifierKind, Incoming, IncomingBody, Input, InputKey,
};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_runtime::{Catalogs, SystemTime, TimeSource};
use umbral_wire::{as_sent, json};

/// The partition of the inbox that has them.
pub(crate) const REGISTRY: u16 = 0;

/// Before the numbers of purchases. Keys of parked records begin with a source, which is never empty.
const PURCHASE: &str = "/purchase/";
/// Before the keys of inputs that got something.
const GIVEN: &str = "/given/";

/// Whether only the registry can decide a record: it claims a purchase, enrols somebody, or brings cards.
pub(crate) fn is_for_registry(body: &Body) -> bool {
    matches!(
        body,
        Body::PurchaseClaimed(_)
            | Body::CardsStocked(_)
            | Body::CardIssued(_)
            | Body::CardReplaced(_)
            | Body::Enrolled(_)
    )
}

/// The purchase that a record is.
pub(crate) fn purchase_of(incoming: &Incoming) -> Option<&PurchaseId> {
    match &incoming.body {
        IncomingBody::Account(Body::Purchase(purchase)) => Some(&purchase.purchase),
        _ => None,
    }
}

/// A record that keeps what was decided.
pub(crate) struct Noted {
    pub key: String,
    /// None: it is forgotten.
    pub value: Option<String>,
    pub said: Option<String>,
}

impl Noted {
    /// Of a purchase that waits, or of one with its account that waits no longer.
    pub(crate) fn purchase(id: &PurchaseId, incoming: &Incoming) -> Noted {
        Noted {
            key: format!("{PURCHASE}{id}"),
            value: Some(json::incoming(incoming)),
            said: None,
        }
    }

    /// Of an input that got something.
    pub(crate) fn given(input: &Input) -> Noted {
        let InputKey { source, event_id } = &input.key;
        let sent = as_sent(&input.body).map(|body| Input {
            body,
            ..input.clone()
        });
        Noted {
            key: format!("{GIVEN}{source}/{event_id}"),
            value: Some(json::input(sent.as_ref().unwrap_or(input))),
            said: Said::of(&input.body).and_then(|said| said.write()),
        }
    }

    /// Of a purchase that is too old for anybody.
    pub(crate) fn forgotten(id: &PurchaseId) -> Noted {
        Noted {
            key: format!("{PURCHASE}{id}"),
            value: None,
            said: None,
        }
    }
}

/// Whether the registry has to remember an input: it has something that nobody else may get.
pub(crate) fn is_to_be_noted(input: &Input) -> bool {
    names_card(input) || !found_by(&input.body).is_empty()
}

fn names_card(input: &Input) -> bool {
    let given = given_by(input);
    given.iter().any(|one| one.kind == IdentifierKind::Card)
        || matches!(input.body, Body::CardsStocked(_))
}

/// What came of an input.
#[derive(Default)]
pub(crate) struct Decided {
    /// What its partition is told.
    pub said: Option<Said>,
    pub noted: Option<Noted>,
    /// Keys of the purchases that it got.
    pub purchases: Vec<InputKey>,
}

/// What is read of an earlier owner's.
#[derive(Default)]
pub(crate) struct Reading {
    purchases: BTreeMap<Vec<u8>, Incoming>,
    given: Vec<Input>,
}

impl Reading {
    /// Takes a record; says whether it was the registry's.
    pub(crate) fn take(&mut self, message: &BorrowedMessage<'_>) -> bool {
        let key = message.key().unwrap_or_default();
        let mut read = message
            .payload()
            .and_then(|value| json::parse_incoming(value).ok());
        if key.starts_with(PURCHASE.as_bytes()) {
            match read {
                Some(incoming) => self.purchases.insert(key.to_vec(), incoming),
                None => self.purchases.remove(key),
            };
            return true;
        }
        if !key.starts_with(GIVEN.as_bytes()) {
            return false;
        }
        if let (Some(incoming), Some(said)) = (&mut read, header(message, SAID))
            && let Err(error) = Said::fill_in(said, incoming)
        {
            tracing::warn!(offset = message.offset(), %error, "a record of the parked topic is none of ours");
        }
        self.given.extend(read.and_then(Incoming::into_input));
        true
    }
}

/// The registry.
pub(crate) struct Registry {
    /// What was kept and given. Phones in it are as they were given: whose they are now, all partitions know.
    directory: Directory,
    /// Cards that got a number, by the input that asked for it: the same one gets the same again.
    numbered: BTreeMap<InputKey, Vec<CardIssued>>,
    /// Inputs that brought cards into stock: they may come again.
    stocked: BTreeSet<InputKey>,
    /// Purchases that were kept so far.
    kept: u64,
    newest: Timestamp,
}

impl Registry {
    /// As an earlier owner left it.
    pub(crate) fn new(reading: Reading) -> Registry {
        let mut registry = Registry {
            directory: Directory::new(),
            numbered: BTreeMap::new(),
            stocked: BTreeSet::new(),
            kept: 0,
            newest: Timestamp::MIN,
        };
        for incoming in reading.purchases.into_values() {
            let has_account = matches!(incoming.address, Some(Address::Account(..)));
            registry.put(incoming);
            if has_account {
                registry.directory.take_up(registry.kept);
            }
        }
        for input in &reading.given {
            registry.remember(input);
        }
        registry
    }

    fn put(&mut self, incoming: Incoming) {
        self.kept += 1;
        self.newest = self.newest.max(incoming.occurred_at);
        if let Some(kept) = KeptPurchase::of(self.kept, incoming) {
            self.directory.keep(kept);
        }
    }

    fn remember(&mut self, input: &Input) {
        self.directory.apply(input);
        let cards = match &input.body {
            Body::CardIssued(issued) if issued.allocated => std::slice::from_ref(issued),
            Body::Enrolled(enrolled) => &enrolled.cards,
            Body::CardsStocked(_) => {
                self.stocked.insert(input.key.clone());
                return;
            }
            _ => return,
        };
        if !cards.is_empty() {
            self.numbered.insert(input.key.clone(), cards.to_vec());
        }
    }

    /// Keeps a purchase that nobody known made. Of two with one number the first counts.
    pub(crate) fn keep(&mut self, incoming: &Incoming) -> Option<Noted> {
        let id = purchase_of(incoming)?;
        if self.directory.fate_of(id, &incoming.key).is_some() {
            return None;
        }
        self.put(incoming.clone());
        // Another one has the number already where it has no fate now.
        self.directory.fate_of(id, &incoming.key)?;
        Some(Noted::purchase(id, incoming))
    }

    /// Whether somebody has the purchase already that this is.
    pub(crate) fn is_given(&self, incoming: &Incoming) -> bool {
        let fate = purchase_of(incoming).and_then(|id| self.directory.fate_of(id, &incoming.key));
        fate.is_some_and(|(_, fate)| fate != Fate::Waits)
    }

    /// A purchase that was kept comes again, and this account made it: it waits no longer. Gives whose it is: of one
    /// that was claimed meanwhile who claimed it.
    pub(crate) fn take_up(
        &mut self,
        incoming: &Incoming,
        made_by: Address,
    ) -> (Address, Option<Noted>) {
        let known = purchase_of(incoming).and_then(|id| {
            let (position, fate) = self.directory.fate_of(id, &incoming.key)?;
            Some((id, position, fate))
        });
        match known {
            Some((id, position, Fate::Waits)) => {
                self.directory.take_up(position);
                let noted = Noted::purchase(
                    id,
                    &Incoming {
                        address: Some(made_by.clone()),
                        ..incoming.clone()
                    },
                );
                (made_by, Some(noted))
            }
            Some((_, _, Fate::Claimed(account, _))) => (Address::Account(account, None), None),
            _ => (made_by, None),
        }
    }

    /// Decides what an input gets.
    pub(super) fn decide(
        &mut self,
        mut input: Input,
        known: &Routes,
        catalogs: &Catalogs,
    ) -> Decided {
        if self.stocked.contains(&input.key) {
            // Its partition knows it for a repeat.
            return Decided::default();
        }
        if let Err(refused) = self.number_and_check(&mut input, known, catalogs) {
            return Decided {
                said: Some(Said::refused(refused)),
                ..Decided::default()
            };
        }
        if !is_of_another(&input) {
            self.directory.fill_in(&mut input);
        }
        if let Err(refused) = suits(&input) {
            return Decided {
                said: Some(Said::refused(refused)),
                ..Decided::default()
            };
        }
        let noted = is_to_be_noted(&input).then(|| Noted::given(&input));
        if noted.is_some() {
            self.remember(&input);
        }
        let found = found_by(&input.body).iter();
        Decided {
            said: Said::of(&input.body),
            noted,
            purchases: found.map(|found| found.key.clone()).collect(),
        }
    }

    fn number_and_check(
        &self,
        input: &mut Input,
        known: &Routes,
        catalogs: &Catalogs,
    ) -> std::result::Result<(), Rejection> {
        match (&mut input.body, self.numbered.get(&input.key)) {
            (Body::CardIssued(issued), Some(cards)) if issued.number.is_none() => {
                issued.clone_from(&cards[0]);
            }
            (Body::Enrolled(enrolled), Some(cards)) => enrolled.cards.clone_from(cards),
            _ => {}
        }
        let catalog = catalogs.at(input.occurred_at);
        let is_known = |number: &Identifier| known.is_known(number);
        self.directory.number_card(input, catalog, is_known)?;
        if names_card(input) {
            self.directory.check(input)?;
        }
        known.check(input)
    }

    /// Forgets purchases that are too old for anybody.
    pub(crate) fn forget_old(&mut self) -> Vec<Noted> {
        // A purchase of the far future makes nothing old.
        let at = self.newest.min(SystemTime.now());
        let forgotten = self.directory.forget_old(at);
        forgotten.iter().map(Noted::forgotten).collect()
    }
}

/// Holds a card from stock to what it was printed as, before it counts as given out.
fn suits(input: &Input) -> Result<(), Rejection> {
    let Body::CardIssued(CardIssued {
        card_type,
        stock: Some(stock),
        ..
    }) = &input.body
    else {
        return Ok(());
    };
    stock
        .suits(card_type, &input.account)
        .map_err(|unsuited| Rejection::new(Reason::BadCard, unsuited.to_string()))
}

/// Whether a claim is by another account than its own: its partition refuses it.
fn is_of_another(input: &Input) -> bool {
    match &input.body {
        Body::PurchaseClaimed(claimed) => {
            let by: Option<&AccountId> = claimed.account.as_ref();
            by.is_some_and(|by| *by != input.account)
        }
        _ => false,
    }
}
