//! Kinds of record that rows become, and how their fields are filled.

use super::units::Unit;
use super::values::{Row, Shown, Text};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use umbral_model::ids::{AccountId, EventId, PaymentId, PurchaseId, ServiceName};
use umbral_model::input::{
    Body, CardsStocked, ChargeAdded, Direction, PartyNumber, PaymentReceived, Purchase,
    PurchaseLine, Scope, Usage,
};
use umbral_model::money::Money;
use umbral_model::number::{CONTROL_CHARACTERS, NETWORK_FORM, is_network, plain_number};
use umbral_model::rejection::{Reason, Rejection};

/// One `[[record]]`: the rows that it takes, and what they become.
#[derive(Clone, Debug)]
pub(super) struct RecordRule {
    pub(super) when: Option<When>,
    pub(super) kind: Kind,
}

/// Rows whose column says one of these.
#[derive(Clone, Debug)]
pub(super) struct When {
    pub(super) column: usize,
    pub(super) is: Vec<SmolStr>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Usage(Box<UsageRule>),
    Purchase(Box<PurchaseRule>),
    Charge {
        amount: Amount,
        code: Text,
    },
    Payment {
        payment_id: Option<Text>,
        amount: Amount,
        method: Text,
    },
    Stock(Box<StockRule>),
}

#[derive(Clone, Debug)]
pub(super) struct StockRule {
    pub(super) card_type: Text,
    pub(super) number: Text,
    pub(super) last: Option<Text>,
    pub(super) personalised_for: Option<Text>,
}

#[derive(Clone, Debug)]
pub(super) struct UsageRule {
    pub(super) service: Text,
    pub(super) quantity: Quantity,
    pub(super) direction: Option<Text>,
    pub(super) to: Option<Text>,
    pub(super) zone: Option<Text>,
    pub(super) network: Option<Text>,
    pub(super) duration: Option<Quantity>,
    pub(super) scope: Option<Text>,
}

#[derive(Clone, Debug)]
pub(super) struct PurchaseRule {
    pub(super) purchase_id: Option<Text>,
    pub(super) method: Text,
    pub(super) location: Option<Text>,
    pub(super) partner: Option<Text>,
    pub(super) category: Text,
    pub(super) item: Option<Text>,
    pub(super) qty: Option<usize>,
    pub(super) net: Amount,
    pub(super) tax: Option<Amount>,
    pub(super) discount: Option<Amount>,
}

/// Where a quantity comes from.
#[derive(Clone, Debug)]
pub(super) enum Quantity {
    /// So many events in every row.
    Constant(u64),
    /// A column of one unit.
    Column { column: usize, unit: Unit },
    /// A column whose unit depends on the service.
    ByService {
        column: usize,
        units: FxHashMap<SmolStr, Unit>,
    },
}

/// Where an amount of money comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Constant(Money),
    Column(usize),
}

impl RecordRule {
    /// Whether it takes the row.
    pub(super) fn takes(&self, row: &Row<'_>) -> Result<bool, Rejection> {
        match &self.when {
            None => Ok(true),
            Some(when) => {
                let text = row.field(when.column)?;
                Ok(when.is.iter().any(|is| is == text))
            }
        }
    }

    /// What the row becomes.
    pub(super) fn body(&self, row: &Row<'_>, event_id: &EventId) -> Result<Body, Rejection> {
        match &self.kind {
            Kind::Usage(rule) => rule.body(row),
            Kind::Purchase(rule) => rule.body(row, event_id),
            Kind::Stock(rule) => rule.body(row),
            Kind::Charge { amount, code } => Ok(Body::ChargeAdded(ChargeAdded {
                amount: amount.need(row)?,
                code: code.need(row)?,
            })),
            Kind::Payment {
                payment_id,
                amount,
                method,
            } => Ok(Body::PaymentReceived(PaymentReceived {
                payment: PaymentId::new(own_id(payment_id.as_ref(), row, event_id)?),
                amount: amount.need(row)?,
                method: method.need(row)?,
                allocations: Vec::new(),
                pending: false,
            })),
        }
    }
}

impl UsageRule {
    fn body(&self, row: &Row<'_>) -> Result<Body, Rejection> {
        let service = self.service.need(row)?;
        let duration = match &self.duration {
            Some(duration) => duration.get(row, &service)?,
            None => None,
        };
        let quantity = self.quantity.get(row, &service)?;
        Ok(Body::Usage(Usage {
            quantity: quantity.ok_or_else(|| row.empty(self.quantity.column()))?,
            service: ServiceName::new(service),
            direction: word(self.direction.as_ref(), row, DIRECTIONS)?.unwrap_or_default(),
            to: other_party(self.to.as_ref(), row)?,
            zone: optional(self.zone.as_ref(), row)?,
            network: network(self.network.as_ref(), row)?,
            duration,
            scope: word(self.scope.as_ref(), row, SCOPES)?,
            continued: None,
            reservation: None,
        }))
    }
}

impl PurchaseRule {
    fn body(&self, row: &Row<'_>, event_id: &EventId) -> Result<Body, Rejection> {
        let amount = |amount: Option<Amount>| match amount {
            Some(amount) => amount.get(row).map(Option::unwrap_or_default),
            None => Ok(Money::ZERO),
        };
        let qty = match self.qty {
            None => 1,
            Some(column) => row
                .decimal(column, pieces)?
                .ok_or_else(|| row.empty(column))?,
        };
        let line = PurchaseLine {
            category: self.category.need(row)?,
            item: optional(self.item.as_ref(), row)?.unwrap_or_default(),
            qty,
            net: Some(self.net.need(row)?),
            tax: amount(self.tax)?,
            discount: amount(self.discount)?,
        };
        Ok(Body::Purchase(Purchase {
            purchase: PurchaseId::new(own_id(self.purchase_id.as_ref(), row, event_id)?),
            method: self.method.need(row)?,
            location: optional(self.location.as_ref(), row)?,
            partner: optional(self.partner.as_ref(), row)?,
            card: None,
            points_part: None,
            lines: vec![line],
        }))
    }
}

impl StockRule {
    fn body(&self, row: &Row<'_>) -> Result<Body, Rejection> {
        Ok(Body::CardsStocked(CardsStocked {
            card_type: self.card_type.need(row)?,
            number: self.number.need(row)?,
            last: optional(self.last.as_ref(), row)?,
            personalised_for: optional(self.personalised_for.as_ref(), row)?.map(AccountId::new),
        }))
    }
}

impl Quantity {
    fn get(&self, row: &Row<'_>, service: &str) -> Result<Option<u64>, Rejection> {
        match self {
            Quantity::Constant(events) => Ok(Some(*events)),
            Quantity::Column { column, unit } => {
                row.decimal(*column, |number| unit.base_units(number))
            }
            Quantity::ByService { column, units } => match units.get(service) {
                Some(unit) => row.decimal(*column, |number| unit.base_units(number)),
                None => Err(Rejection::new(
                    Reason::MalformedField,
                    format!("the mapping has no unit for the service {service}; add it to `unit`"),
                )),
            },
        }
    }

    fn column(&self) -> usize {
        match self {
            Quantity::Constant(_) => usize::MAX,
            Quantity::Column { column, .. } | Quantity::ByService { column, .. } => *column,
        }
    }
}

impl Amount {
    fn get(self, row: &Row<'_>) -> Result<Option<Money>, Rejection> {
        match self {
            Amount::Constant(money) => Ok(Some(money)),
            Amount::Column(column) => row.decimal(column, |text| {
                Money::parse(text).map_err(|error| error.to_string())
            }),
        }
    }

    fn need(self, row: &Row<'_>) -> Result<Money, Rejection> {
        self.get(row)?.ok_or_else(|| match self {
            Amount::Constant(_) => Rejection::from(Reason::MissingField),
            Amount::Column(column) => row.empty(column),
        })
    }
}

fn whole_number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "not a whole number".to_owned())
}

/// Most pieces of a purchase line, as in every other form of it.
fn pieces(text: &str) -> Result<u32, String> {
    let qty = whole_number(text)?;
    match (1..=PurchaseLine::QTY_MOST).contains(&qty) {
        true => Ok(qty),
        false => Err(PurchaseLine::QTY_FORM.to_owned()),
    }
}

fn other_party(text: Option<&Text>, row: &Row<'_>) -> Result<PartyNumber, Rejection> {
    let Some(number) = optional(text, row)? else {
        return Ok(PartyNumber::default());
    };
    match plain_number(&number) {
        Some(plain) => Ok(PartyNumber::split(&plain)),
        None => Err(malformed("to", text, row, CONTROL_CHARACTERS)),
    }
}

fn network(text: Option<&Text>, row: &Row<'_>) -> Result<Option<SmolStr>, Rejection> {
    let code = optional(text, row)?;
    match &code {
        Some(code) if !is_network(code) => {
            let why = format!("{:?} {NETWORK_FORM}", Shown(code).to_string());
            Err(malformed("network", text, row, &why))
        }
        _ => Ok(code),
    }
}

/// The refusal of a field's text, with the column that it came from.
fn malformed(field: &str, text: Option<&Text>, row: &Row<'_>, why: &str) -> Rejection {
    let from = match text.map(Text::column) {
        None | Some(usize::MAX) => String::new(),
        Some(column) => format!(" (column {})", row.name(column)),
    };
    Rejection::new(Reason::MalformedField, format!("{field}{from}: {why}"))
}

fn optional(text: Option<&Text>, row: &Row<'_>) -> Result<Option<SmolStr>, Rejection> {
    text.map_or(Ok(None), |text| text.get(row))
}

/// An id of the row's own, or its event id.
fn own_id(text: Option<&Text>, row: &Row<'_>, event_id: &EventId) -> Result<SmolStr, Rejection> {
    match text {
        Some(text) => text.need(row),
        None => Ok(event_id.as_str().into()),
    }
}

/// The words of `direction`.
pub(super) const DIRECTIONS: &[(&str, Direction)] = &[
    ("originating", Direction::Originating),
    ("terminating", Direction::Terminating),
];

/// The words of `scope`.
pub(super) const SCOPES: &[(&str, Scope)] = &[
    ("all", Scope::All),
    ("voice", Scope::Voice),
    ("data", Scope::Data),
    ("roaming_data", Scope::RoamingData),
];

fn word<T: Copy>(
    text: Option<&Text>,
    row: &Row<'_>,
    words: &[(&str, T)],
) -> Result<Option<T>, Rejection> {
    let Some(found) = optional(text, row)? else {
        return Ok(None);
    };
    match words.iter().find(|(word, _)| *word == found) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(Rejection::new(
                Reason::MalformedField,
                format!(
                    "`{found}` is none of {}; translate it in the mapping",
                    known.join(", ")
                ),
            ))
        }
    }
}
