//! Customers and their money: joining, purchases, bills, payments, top-ups.

use crate::Maker;
use crate::agenda::{Appointment, DAYS_TO_PAY, Errand};
use crate::calendar::Month;
use crate::envelope::{Sender, euro};
use crate::people::{Class, account_id, member_id, msisdn};
use crate::text::Text;
use smol_str::SmolStr;
use umbral_model::ids::{BillId, ClassName, MemberId, PaymentId, PlanName, PurchaseId, ZoneName};
use umbral_model::input::{
    BillIssued, Body, CustomerAdded, Identifier, IdentifierKind, Incoming, MemberAdded,
    PaymentReceived, Purchase, PurchaseLine,
};
use umbral_model::money::{Currency, Money};

const MICROS_PER_CENT: i64 = 10_000;
/// What the shops sell: category, item, least and greatest price in cents.
const GOODS: [(&str, &str, u64, u64); 6] = [
    ("accessories", "case", 990, 3490),
    ("accessories", "charger", 1290, 2990),
    ("audio", "headphones", 1990, 8990),
    ("phones", "phone", 9900, 39900),
    ("cards", "gift_card", 1000, 5000),
    ("home", "router", 3990, 7990),
];

impl Maker {
    /// `customer_added` of an owner, at the first midnight.
    pub(crate) fn customer(&mut self, owner: u32, month: &Month) -> Incoming {
        self.counts.customers += 1;
        let class = self.people.class(owner);
        let body = Body::CustomerAdded(CustomerAdded {
            class: ClassName::new(SmolStr::new_static(class.name())),
            plan: Some(PlanName::new(SmolStr::new_static(class.plan()))),
            profile: None,
            time_zone: ZoneName::new(SmolStr::new_static("Europe/Madrid")),
            cycle_day: month.cycle_day(),
            vip_rank: u16::from(class == Class::Vip),
            member_category: None,
        });
        let account = account_id(owner);
        self.envelope
            .of_account(Sender::Crm, month.begins, account, body)
    }

    /// `member_added` of a line with its number.
    pub(crate) fn member(&mut self, line: u32, month: &Month) -> Incoming {
        self.counts.members += 1;
        let body = Body::MemberAdded(MemberAdded {
            member: MemberId::new(member_id(line)),
            plan: None,
            identifiers: vec![Identifier {
                kind: IdentifierKind::Msisdn,
                value: msisdn(line),
            }],
        });
        let account = account_id(self.people.owner(line));
        self.envelope
            .of_account(Sender::Crm, month.begins, account, body)
    }

    /// A purchase in a shop, most paid at once; one of a hundred in dollars.
    pub(crate) fn purchase(&mut self, at: i64) -> Incoming {
        self.counts.purchases += 1;
        let line = self.people.somebody(&mut self.random);
        let owner = self.people.owner(line);
        let method = self.method(owner);
        let foreign = self.random.below(100) == 0;
        let lines: Vec<PurchaseLine> = (0..self.random.between(1, 3))
            .map(|_| self.purchase_line())
            .collect();
        if method == "on_account" && !foreign {
            let cents: i64 = lines
                .iter()
                .filter_map(|line| line.net.map(Money::micros))
                .sum();
            self.people.owe(owner, (cents / 100) as u64);
        }
        let number = self.envelope.sent(Sender::Shop) + 1;
        let location = Text::new("L").number(self.random.between(1, 40), 2);
        let body = Body::Purchase(Purchase {
            purchase: PurchaseId::new(Text::new("P").number(number, 1).into_smol()),
            method: SmolStr::new_static(method),
            location: Some(location.into_smol()),
            partner: None,
            lines,
        });
        let account = account_id(owner);
        let mut input = self.envelope.of_account(Sender::Shop, at, account, body);
        input.currency = if foreign {
            Currency::parse("USD")
        } else {
            euro()
        };
        self.counts.other_currencies += u64::from(foreign);
        input
    }

    fn method(&mut self, owner: u32) -> &'static str {
        let prepaid = self.people.class(owner) == Class::Prepaid;
        match self.random.below(100) {
            0..55 => "cash",
            55..85 => "card",
            _ if prepaid => "cash",
            _ => "on_account",
        }
    }

    /// Prices include the tax.
    fn purchase_line(&mut self) -> PurchaseLine {
        // Dear things are bought seldom.
        let choice = match self.random.below(40) {
            0 => 3,
            pick => [0, 1, 2, 4, 5][(pick % 5) as usize],
        };
        let (category, item, low, high) = GOODS[choice];
        let cents = self.random.between(low, high) as i64;
        PurchaseLine {
            category: SmolStr::new_static(category),
            item: SmolStr::new_static(item),
            qty: 1,
            net: Some(Money::from_micros(cents * MICROS_PER_CENT)),
            tax: Money::ZERO,
            discount: Money::ZERO,
        }
    }

    /// Does what an appointment is for.
    pub(crate) fn keep(&mut self, appointment: &Appointment, month: &Month) -> Incoming {
        let at = month.begins + i64::from(appointment.second);
        let amount = Money::from_micros(i64::from(appointment.cents) * MICROS_PER_CENT);
        let (sender, body) = match appointment.errand {
            Errand::Bill => (Sender::Billing, self.bill(appointment, amount, month)),
            Errand::Payment => {
                self.counts.payments += 1;
                (Sender::Bank, self.payment(amount, "transfer"))
            }
            Errand::TopUp => {
                self.counts.top_ups += 1;
                (Sender::Bank, self.payment(amount, "top_up"))
            }
        };
        let account = account_id(appointment.owner);
        let mut input = self.envelope.of_account(sender, at, account, body);
        input.currency = euro();
        input
    }

    fn bill(&mut self, appointment: &Appointment, amount: Money, month: &Month) -> Body {
        self.counts.bills += 1;
        let number = Text::new("B")
            .number(u64::from(appointment.owner) + 1, 7)
            .with("-")
            .number(u64::from(month.index), 1);
        Body::BillIssued(BillIssued {
            bill: BillId::new(number.into_smol()),
            cycle_end: month.first_day,
            amount,
            due_on: month.first_day.plus_days(DAYS_TO_PAY),
            lines: Vec::new(),
            replaces: None,
            keep_due_on: false,
        })
    }

    fn payment(&mut self, amount: Money, method: &'static str) -> Body {
        let number = self.envelope.sent(Sender::Bank) + 1;
        Body::PaymentReceived(PaymentReceived {
            payment: PaymentId::new(Text::new("PAY").number(number, 1).into_smol()),
            amount,
            method: SmolStr::new_static(method),
            allocations: Vec::new(),
            pending: false,
        })
    }
}
