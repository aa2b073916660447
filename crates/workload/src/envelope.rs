//! Keys and envelopes: every source numbers its own inputs.

use crate::text::Text;
use smol_str::SmolStr;
use umbral_model::ids::{AccountId, EventId, Source};
use umbral_model::input::InputKey;
use umbral_model::input::{Address, Body, Identifier, IdentifierKind, Incoming, IncomingBody};
use umbral_model::money::Currency;
use umbral_model::time::Timestamp;

/// A system that sends inputs.
#[derive(Clone, Copy)]
pub(crate) enum Sender {
    Crm,
    Mediation,
    Shop,
    Billing,
    Bank,
    Collections,
    Club,
}

impl Sender {
    const NAMES: [(&'static str, &'static str); 7] = [
        ("crm", "c-"),
        ("med1", "u-"),
        ("shop", "s-"),
        ("billing", "b-"),
        ("bank", "p-"),
        ("collections", "k-"),
        ("club", "l-"),
    ];
}

/// Numbers of the inputs sent so far, by sender.
#[derive(Default)]
pub(crate) struct Envelope {
    sent: [u64; 7],
}

impl Envelope {
    /// Wraps a body of an account.
    pub(crate) fn of_account(
        &mut self,
        sender: Sender,
        at: i64,
        account: SmolStr,
        body: Body,
    ) -> Incoming {
        let address = Address::Account(AccountId::new(account), None);
        self.wrap(sender, at, Some(address), body)
    }

    /// Wraps a body of whoever has a number.
    pub(crate) fn of_number(&mut self, at: i64, number: SmolStr, body: Body) -> Incoming {
        let address = Address::Identifier(Identifier {
            kind: IdentifierKind::Msisdn,
            value: number,
        });
        self.wrap(Sender::Mediation, at, Some(address), body)
    }

    /// Wraps a body of whom the address says, if it says anybody.
    pub(crate) fn wrap(
        &mut self,
        sender: Sender,
        at: i64,
        address: Option<Address>,
        body: Body,
    ) -> Incoming {
        let (name, prefix) = Sender::NAMES[sender as usize];
        let sent = &mut self.sent[sender as usize];
        *sent += 1;
        Incoming {
            key: InputKey {
                source: Source::new(SmolStr::new_static(name)),
                event_id: EventId::new(Text::new(prefix).number(*sent, 1).into_smol()),
            },
            occurred_at: Timestamp::from_seconds(at),
            address,
            currency: None,
            actor: None,
            reason: None,
            forced: false,
            body: IncomingBody::Account(body),
        }
    }

    /// Inputs that a sender has sent.
    pub(crate) fn sent(&self, sender: Sender) -> u64 {
        self.sent[sender as usize]
    }
}

/// The operator's currency.
pub(crate) fn euro() -> Option<Currency> {
    Currency::parse("EUR")
}
