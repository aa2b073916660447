//! What becomes of bills: most are paid in time, some late, in parts, after a dispute or a promise, and a few never.
//! Some customers bring debts from before the first day.

use crate::Maker;
use crate::agenda::{Appointment, DAY, DAYS_TO_PAY, Errand, HOUR};
use crate::calendar::Month;
use crate::envelope::Sender;
use crate::money::MICROS_PER_CENT;
use crate::people::{Class, People, account_id};
use crate::random::Random;
use crate::text::Text;
use smol_str::SmolStr;
use umbral_model::ids::{BillId, CaseId, DisputeId, PaymentId, PromiseId};
use umbral_model::input::{
    BillIssued, Body, CaseClosedBy, CaseOutcome, CreditNote, DepositReceived, DisputeOpened,
    DisputeResolved, EffortScored, HoldCleared, HoldReason, HoldSet, Incoming, Instalment,
    PaymentReceived, PaymentReversed, PromiseMade, StepCompleted, VipRankChanged, VipSource,
    WriteOff,
};
use umbral_model::money::Money;
use umbral_model::time::Date;

/// Bills that a debtor brings along.
const OLD_BILLS: u8 = 2;
/// One of so many owners with a contract brings debts along.
const DEBTORS: u64 = 300;
/// One of so many pays for a VIP rank, leaves a deposit, or says how hard it was to be heard.
const WISHES: u64 = 400;

/// An account's errands of a month that have to do with debts.
struct Plans<'a> {
    appointments: &'a mut Vec<Appointment>,
    owner: u32,
    cents: u32,
    random: Random,
}

/// The bill of a month with all that becomes of it, and what a debtor does.
pub(crate) fn plan(
    appointments: &mut Vec<Appointment>,
    month: &Month,
    (owner, class): (u32, Class),
    owed: u32,
    people: &People,
) {
    let mut plans = Plans {
        appointments,
        owner,
        cents: owed / 100,
        random: Random::new(people.trait_of(owner, 16 + u64::from(month.index))),
    };
    let is_debtor = class == Class::Standard && people.trait_of(owner, 15).is_multiple_of(DEBTORS);
    if month.index == 0 {
        plans.cents = plans.random.between(1_500, 6_000) as u32;
        plans.wish(class);
        if is_debtor {
            plans.bring_debts();
        }
    }
    if plans.cents > 0 {
        let billed = 4 * HOUR + plans.random.below(2 * HOUR);
        plans.add(billed, Errand::Bill, plans.cents);
        if !is_debtor {
            plans.answer();
        }
    }
}

impl Plans<'_> {
    fn add(&mut self, second: u64, errand: Errand, cents: u32) {
        self.appointments.push(Appointment {
            second: second as u32,
            owner: self.owner,
            errand,
            cents,
        });
    }

    /// Some moment of a working day, from a day of the month on.
    fn workday(&mut self, first: u64, days: u64) -> u64 {
        (first + self.random.below(days)) * DAY + 9 * HOUR + self.random.below(8 * HOUR)
    }

    /// Whether something comes to pass that does so many times of a hundred.
    fn happens(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    /// What the customer makes of the bill.
    fn answer(&mut self) {
        match self.random.below(1000) {
            0..880 => self.pay_in_time(),
            880..935 => {
                let late = self.workday(15, 12);
                self.add(late, Errand::Payment(1), self.cents);
            }
            935..947 => self.pay_in_parts(),
            947..960 => self.dispute(),
            960..972 => self.promise(),
            972..975 => self.fall_ill(),
            975..977 => self.be_credited(),
            _ => {}
        }
    }

    fn pay_in_time(&mut self) {
        let paid = 8 * HOUR + self.random.below(13 * DAY);
        match self.random.below(1000) {
            // The bank announces it first.
            0..15 => {
                self.add(paid, Errand::Announced(1), self.cents);
                self.add(paid + 2 * DAY, Errand::Payment(1), self.cents);
            }
            // There was nothing on the account.
            15..21 => {
                let back = paid + self.random.between(3, 6) * DAY;
                self.add(paid, Errand::Payment(1), self.cents);
                self.add(back, Errand::Returned(1), 0);
                if self.happens(70) {
                    let again = back + self.random.between(3, 9) * DAY;
                    self.add(again, Errand::Payment(2), self.cents);
                }
            }
            _ => self.add(paid, Errand::Payment(1), self.cents),
        }
    }

    fn pay_in_parts(&mut self) {
        let half = self.cents.div_ceil(2);
        let first = self.workday(16, 3);
        self.add(first, Errand::Payment(1), half);
        if self.cents > half && self.happens(60) {
            let rest = self.workday(23, 4);
            self.add(rest, Errand::Payment(2), self.cents - half);
        }
    }

    /// All of the bill, or a part; half of those who complain are right.
    fn dispute(&mut self) {
        let disputed = match self.random.below(3) {
            0 => self.cents,
            _ => (self.cents * self.random.between(20, 60) as u32 / 100).max(1),
        };
        let opened = self.workday(3, 6);
        self.add(opened, Errand::Dispute, disputed);
        if self.cents > disputed {
            let rest = self.workday(10, 3);
            self.add(rest, Errand::Payment(1), self.cents - disputed);
        }
        let settled = self.workday(16, 4);
        let accepted = if self.happens(50) { disputed } else { 0 };
        self.add(settled, Errand::Verdict, accepted);
        if self.happens(40) {
            self.add(settled + HOUR, Errand::Effort, 0);
        }
        if accepted == 0 && self.happens(70) {
            self.add(settled + 4 * DAY, Errand::Payment(2), disputed);
        }
    }

    /// Two halves within eight days; two of three keep their word.
    fn promise(&mut self) {
        let made = self.workday(19, 2);
        self.add(made, Errand::Promise, self.cents);
        let half = self.cents.div_ceil(2);
        let keeps = self.happens(65);
        if keeps || self.happens(50) {
            self.add(made + 3 * DAY, Errand::Payment(1), half);
        }
        if keeps && self.cents > half {
            self.add(made + 7 * DAY, Errand::Payment(2), self.cents - half);
        }
    }

    /// A collector waits.
    fn fall_ill(&mut self) {
        let noticed = self.workday(19, 1);
        self.add(noticed, Errand::Hold, 0);
        self.add(noticed + 6 * DAY, Errand::HoldEnd, 0);
        if self.happens(50) {
            self.add(noticed + 7 * DAY, Errand::Payment(1), self.cents);
        }
    }

    fn be_credited(&mut self) {
        let credited = (self.cents / 5).max(1);
        let noted = self.workday(5, 3);
        self.add(noted, Errand::CreditNote, credited);
        if self.cents > credited {
            self.add(noted + 4 * DAY, Errand::Payment(1), self.cents - credited);
        }
    }

    /// Bills from before the first day, and how that ends: paid, promised, written off, or given away.
    fn bring_debts(&mut self) {
        let mut old = Vec::new();
        for number in 1..=OLD_BILLS {
            let cents = self.random.between(2_500, 6_000) as u32;
            self.add(4 * HOUR + u64::from(number), Errand::OldBill(number), cents);
            old.push((number, cents));
        }
        let debts: u32 = old.iter().map(|(_, cents)| cents).sum();
        let called = self.workday(5, 1);
        self.add(called, Errand::Called, 0);
        match self.random.below(100) {
            0..40 => {
                let paid = self.workday(8, 12);
                self.add(paid, Errand::Payment(3), debts + self.cents);
            }
            40..60 => {
                self.cents += debts;
                self.promise();
                self.cents -= debts;
            }
            60..75 => {
                let given_up = self.workday(27, 1);
                for (number, cents) in old {
                    self.add(given_up, Errand::WriteOff(number), cents);
                }
            }
            _ => {
                let handed_over = self.workday(27, 1);
                self.add(handed_over, Errand::Handover, 0);
            }
        }
    }

    /// A few customers want to be more, or leave money as a pledge.
    fn wish(&mut self, class: Class) {
        if class != Class::Standard {
            return;
        }
        let errand = match self.random.below(WISHES) {
            0 => Errand::Rank,
            1 => Errand::Deposit,
            _ => return,
        };
        let at = self.workday(2, 3);
        self.add(at, errand, 5_000);
    }
}

/// An appointment about debts on its way to be an input.
struct Kept<'a> {
    appointment: &'a Appointment,
    month: &'a Month,
    amount: Money,
}

impl Maker {
    /// Does what an appointment about debts is for.
    pub(crate) fn of_debts(
        &mut self,
        appointment: &Appointment,
        amount: Money,
        month: &Month,
    ) -> (Sender, Body) {
        let kept = Kept {
            appointment,
            month,
            amount,
        };
        let counts = &mut self.counts;
        match appointment.errand {
            Errand::Bill | Errand::OldBill(_) => counts.bills += 1,
            Errand::Payment(_) | Errand::Announced(_) => counts.payments += 1,
            _ => counts.dealings += 1,
        }
        kept.of_billing()
            .or_else(|| kept.of_bank())
            .unwrap_or_else(|| kept.of_people())
    }
}

impl Kept<'_> {
    /// An id of the owner's month.
    fn id(&self, kind: &str, number: u8) -> SmolStr {
        Text::new(kind)
            .number(u64::from(self.appointment.owner) + 1, 7)
            .with("-")
            .number(u64::from(self.month.index), 1)
            .with("-")
            .number(u64::from(number), 1)
            .into_smol()
    }

    fn bill(&self) -> BillId {
        bill_id(self.appointment.owner, "-", u64::from(self.month.index))
    }

    fn old_bill(&self, number: u8) -> BillId {
        bill_id(self.appointment.owner, "-old", u64::from(number))
    }

    fn case(&self) -> CaseId {
        CaseId::new(format!("{}/1", account_id(self.appointment.owner)))
    }

    fn of_billing(&self) -> Option<(Sender, Body)> {
        let amount = self.amount;
        let body = match self.appointment.errand {
            Errand::Bill => self.issued(self.bill(), self.month.first_day),
            Errand::OldBill(number) => {
                let months = i32::from(OLD_BILLS + 1 - number);
                let cycle_end = self.month.first_day.plus_months(-months);
                self.issued(self.old_bill(number), cycle_end)
            }
            Errand::Dispute => Body::DisputeOpened(DisputeOpened {
                dispute: DisputeId::new(self.id("D", 1)),
                bill: self.bill(),
                amount,
            }),
            Errand::Verdict => Body::DisputeResolved(DisputeResolved {
                dispute: DisputeId::new(self.id("D", 1)),
                accepted_amount: amount,
            }),
            Errand::CreditNote => Body::CreditNote(CreditNote {
                bill: self.bill(),
                amount,
            }),
            _ => return None,
        };
        Some((Sender::Billing, body))
    }

    fn issued(&self, bill: BillId, cycle_end: Date) -> Body {
        Body::BillIssued(BillIssued {
            bill,
            cycle_end,
            amount: self.amount,
            due_on: cycle_end.plus_days(DAYS_TO_PAY),
            lines: Vec::new(),
            replaces: None,
            keep_due_on: false,
        })
    }

    fn of_bank(&self) -> Option<(Sender, Body)> {
        let body = match self.appointment.errand {
            Errand::Payment(number) | Errand::Announced(number) => {
                Body::PaymentReceived(PaymentReceived {
                    payment: PaymentId::new(self.id("PAY", number)),
                    amount: self.amount,
                    method: SmolStr::new_static("transfer"),
                    allocations: Vec::new(),
                    pending: matches!(self.appointment.errand, Errand::Announced(_)),
                })
            }
            Errand::Returned(number) => Body::PaymentReversed(PaymentReversed {
                payment: PaymentId::new(self.id("PAY", number)),
            }),
            _ => return None,
        };
        Some((Sender::Bank, body))
    }

    /// What collectors note, and what customers ask the shop for.
    fn of_people(&self) -> (Sender, Body) {
        let amount = self.amount;
        let reason = HoldReason::Manual;
        let body = match self.appointment.errand {
            Errand::WriteOff(number) => Body::WriteOff(WriteOff {
                bill: self.old_bill(number),
                amount,
            }),
            Errand::Promise => Body::PromiseMade(self.promise()),
            Errand::Hold => Body::HoldSet(HoldSet {
                reason,
                until: None,
            }),
            Errand::HoldEnd => Body::HoldCleared(HoldCleared { reason }),
            Errand::Called => Body::StepCompleted(StepCompleted {
                case: self.case(),
                step: 1,
                result: SmolStr::new_static("nobody answered"),
            }),
            Errand::Handover => Body::CaseClosedBy(CaseClosedBy {
                case: self.case(),
                outcome: CaseOutcome::Agency,
            }),
            Errand::Rank => Body::VipRankChanged(VipRankChanged {
                rank: 1,
                source: VipSource::Bought,
            }),
            Errand::Deposit => Body::DepositReceived(DepositReceived { amount }),
            _ => Body::EffortScored(EffortScored {
                score: 1 + (self.appointment.owner % u32::from(EffortScored::MOST)) as u8,
            }),
        };
        let sender = match self.appointment.errand {
            Errand::Rank | Errand::Deposit | Errand::Effort => Sender::Crm,
            _ => Sender::Collections,
        };
        (sender, body)
    }

    /// Half of the amount within four days, the rest within eight.
    fn promise(&self) -> PromiseMade {
        let cents = self.appointment.cents;
        let half = cents.div_ceil(2);
        let day = self.month.day_of(i64::from(self.appointment.second)) as i32;
        let instalment = |cents: u32, days: i32| Instalment {
            amount: Money::from_micros(i64::from(cents) * MICROS_PER_CENT),
            due_on: self.month.first_day.plus_days(day + days),
        };
        let both = [instalment(half, 4), instalment(cents - half, 8)];
        PromiseMade {
            promise: PromiseId::new(self.id("PR", 1)),
            instalments: both
                .into_iter()
                .filter(|one| one.amount > Money::ZERO)
                .collect(),
        }
    }
}

/// Who orders what collectors do, and why.
pub(crate) fn sign(input: &mut Incoming, errand: Errand) {
    let reason = match errand {
        Errand::Promise => "customer called",
        Errand::Hold | Errand::HoldEnd => "illness in the family",
        Errand::WriteOff(_) => "not worth a lawsuit",
        Errand::Handover => "two months without an answer",
        Errand::Called => "reminder by phone",
        _ => return,
    };
    input.actor = Some(SmolStr::new_static("collector-7"));
    input.reason = Some(SmolStr::new_static(reason));
}

/// The id of a bill: that of a month, or an old one.
fn bill_id(owner: u32, name: &str, number: u64) -> BillId {
    let id = Text::new("B").number(u64::from(owner) + 1, 7).with(name);
    BillId::new(id.number(number, 1).into_smol())
}
