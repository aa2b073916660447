//! Customers and their money: joining, changes of plan, top-ups, and what is due between.

use crate::agenda::{Appointment, Errand};
use crate::calendar::Month;
use crate::envelope::{Sender, euro};
use crate::people::{Class, account_id, member_id, msisdn};
use crate::plans::Plan;
use crate::text::Text;
use crate::{Maker, club, debts};
use smol_str::SmolStr;
use umbral_model::ids::{ClassName, MemberId, PaymentId, PlanName, ZoneName};
use umbral_model::input::{
    Body, CardIssued, CustomerAdded, Effective, Identifier, IdentifierKind, Incoming, MemberAdded,
    PaymentReceived, PlanChanged, TierGranted,
};
use umbral_model::money::Money;

pub(crate) const MICROS_PER_CENT: i64 = 10_000;

/// What some customers have from the first day on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Membership {
    /// The club's card.
    Card,
    /// The gold tier.
    Gold,
}

impl Maker {
    /// `customer_added` of an owner, at the first midnight.
    pub(crate) fn customer(&mut self, owner: u32, month: &Month) -> Incoming {
        self.counts.customers += 1;
        let class = self.people.class(owner);
        let plan = self.people.plan(owner, class, month, 0);
        let body = Body::CustomerAdded(CustomerAdded {
            class: ClassName::new(SmolStr::new_static(class.name())),
            plan: Some(PlanName::new(SmolStr::new_static(plan.name()))),
            profile: None,
            time_zone: ZoneName::new(SmolStr::new_static("Europe/Madrid")),
            cycle_day: month.cycle_day(),
            vip_rank: class.vip_rank(),
            member_category: (class == Class::Staff).then(|| SmolStr::new_static(class.name())),
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

    /// The club's card or the gold tier of an owner who has either from the first day on.
    pub(crate) fn membership(&mut self, owner: u32, kind: Membership, month: &Month) -> Incoming {
        self.counts.memberships += 1;
        let body = match kind {
            Membership::Card => Body::CardIssued(CardIssued {
                number: Some(club::number(club::FIRST, owner)),
                card_type: SmolStr::new_static("club"),
                valid_until: None,
                allocated: false,
                stock: None,
            }),
            Membership::Gold => Body::TierGranted(TierGranted {
                tier: Some(SmolStr::new_static("gold")),
                until: None,
                ledger: None,
            }),
        };
        let account = account_id(owner);
        self.envelope
            .of_account(Sender::Crm, month.begins, account, body)
    }

    /// Does what an appointment is for.
    pub(crate) fn keep(&mut self, appointment: &Appointment, month: &Month) -> Incoming {
        let at = month.begins + i64::from(appointment.second);
        let amount = Money::from_micros(i64::from(appointment.cents) * MICROS_PER_CENT);
        let (sender, body) = match appointment.errand {
            Errand::TopUp => {
                self.counts.top_ups += 1;
                (Sender::Bank, self.top_up(amount))
            }
            Errand::PlanChange => {
                self.counts.plan_changes += 1;
                let body = Body::PlanChanged(PlanChanged {
                    plan: PlanName::new(SmolStr::new_static(Plan::Norte20.name())),
                    effective: Effective::Now,
                });
                (Sender::Crm, body)
            }
            errand if club::is_of(errand) => self.of_club(appointment),
            _ => self.of_debts(appointment, amount, month),
        };
        let account = account_id(appointment.owner);
        let mut input = self.envelope.of_account(sender, at, account, body);
        input.currency = euro();
        debts::sign(&mut input, appointment.errand);
        club::sign(&mut input, appointment.errand);
        input
    }

    fn top_up(&mut self, amount: Money) -> Body {
        let number = self.envelope.sent(Sender::Bank) + 1;
        Body::PaymentReceived(PaymentReceived {
            payment: PaymentId::new(Text::new("TOP").number(number, 1).into_smol()),
            amount,
            method: SmolStr::new_static("top_up"),
            allocations: Vec::new(),
            pending: false,
        })
    }
}
