//! What follows from a purchase: refunds, redemptions, claims of those who did not say who they were, corrections by
//! hand. At most one thing follows from a purchase, and it never asks for more than the purchase itself earned, so
//! whoever redeems has the points.

use crate::Maker;
use crate::calendar::Month;
use crate::club::{self, Shown};
use crate::envelope::{Sender, euro};
use crate::later::Later;
use crate::money::MICROS_PER_CENT;
use crate::people::{Class, account_id};
use crate::text::Text;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_model::ids::{PurchaseId, RedemptionId, RefundId};
use umbral_model::input::{
    Body, Enrolled, Identifier, IdentifierKind, Incoming, PointsAdjusted, PointsVoided, Purchase,
    PurchaseClaimed, PurchaseLine, RedemptionNamed, RedemptionRequested, RefundLine, RefundRequest,
};
use umbral_model::money::Money;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Of ten thousand identified purchases of goods: refunded, redeemed after, adjusted by hand, void for fraud.
const REFUNDED: u64 = 300;
const REDEEMED: u64 = 400;
const ADJUSTED: u64 = 50;
const FRAUD: u64 = 20;
/// Of a hundred purchases of nobody known: claimed in time, claimed too late.
const CLAIMED: u64 = 25;
const CLAIMED_LATE: u64 = 5;
/// Of a hundred under a phone that nobody knows: whose buyer enrols with it.
const ENROLLED: u64 = 30;

/// The club's rewards: name, points, and cents of goods that earn as many and a little more.
const REWARDS: [(&str, u64, u64); 3] = [
    ("travel_day", 2_500, 25_100),
    ("car_wash", 1_200, 12_100),
    ("parking_hour", 400, 4_100),
];

/// Something that follows.
struct Sequel {
    owner: u32,
    deed: Deed,
}

enum Deed {
    Refund(RefundRequest),
    /// A redemption of so many points, of a reward or as money off.
    Redeem {
        points: u64,
        reward: Option<&'static str>,
    },
    Commit(RedemptionId),
    Release(RedemptionId),
    Claim(PurchaseId),
    Enrol,
    Adjust(i64, &'static str),
    Void(PurchaseId),
}

/// What will follow, in order of time.
#[derive(Default)]
pub(crate) struct Sequels {
    later: Later<Sequel>,
    /// A refund that comes before the purchase that is being made.
    before: Option<(u32, RefundRequest)>,
    refunds: u64,
    redemptions: u64,
    /// Owners who gave a phone that nobody knew, and whether they have enrolled with it.
    phones: BTreeMap<u32, bool>,
}

impl Sequels {
    /// When the next one is due, in seconds since 1970.
    pub(crate) fn next_second(&self) -> Option<i64> {
        self.later.next_second()
    }

    /// Whether an owner is known by the phone of [`contact`].
    pub(crate) fn knows(&self, owner: u32) -> bool {
        self.phones.get(&owner).copied().unwrap_or_default()
    }

    fn refund(&mut self, purchase: &PurchaseId) -> RefundRequest {
        self.refunds += 1;
        RefundRequest {
            refund: RefundId::new(Text::new("R").number(self.refunds, 1).into_smol()),
            purchase: purchase.clone(),
            lines: Vec::new(),
            amount: None,
            points: None,
        }
    }
}

/// The phone at which an owner can be reached: no subscription of the operator.
pub(crate) fn contact(owner: u32) -> Identifier {
    Identifier {
        kind: IdentifierKind::Phone,
        value: Text::new("349").number(u64::from(owner), 8).into_smol(),
    }
}

fn net(line: &PurchaseLine) -> Money {
    line.net.unwrap_or_default()
}

fn total(purchase: &Purchase) -> Money {
    purchase.lines.iter().map(net).sum()
}

impl Maker {
    fn later(&mut self, at: i64, (least, most): (u64, u64), owner: u32, deed: Deed) {
        let delay = self.random.between(least, most) as i64;
        self.sequels.later.put(at + delay, Sequel { owner, deed });
    }

    /// What will follow from goods that somebody bought who said who they are.
    pub(crate) fn foresee(&mut self, at: i64, owner: u32, purchase: &Purchase) {
        let choice = self.random.below(10_000);
        let cents = (total(purchase).micros() / MICROS_PER_CENT) as u64;
        let earns = self.people.class(owner) != Class::Staff;
        let redeemed = REFUNDED + REDEEMED;
        let adjusted = redeemed + ADJUSTED;
        match choice {
            _ if choice < REFUNDED => self.foresee_refund(at, owner, purchase),
            _ if choice < redeemed => {
                let reward = REWARDS.iter().find(|(.., least)| cents >= *least);
                if let Some((reward, points, _)) = reward.filter(|_| earns) {
                    let reward = (!choice.is_multiple_of(5)).then_some(*reward);
                    let points = *points;
                    self.later(at, (DAY, 5 * DAY), owner, Deed::Redeem { points, reward });
                }
            }
            _ if choice < adjusted => {
                let taken = choice.is_multiple_of(5) && earns && cents >= REWARDS[2].2;
                let (points, why) = match taken {
                    true => (-100, "points of another customer, entered by mistake"),
                    false => (150, "waited long at the counter"),
                };
                self.later(at, (DAY, 3 * DAY), owner, Deed::Adjust(points, why));
            }
            _ if choice < adjusted + FRAUD && earns => {
                self.later(
                    at,
                    (DAY, 20 * DAY),
                    owner,
                    Deed::Void(purchase.purchase.clone()),
                );
            }
            _ => {}
        }
    }

    /// A line of it, a part without naming lines, or a part and then the rest; some parts before the purchase comes.
    fn foresee_refund(&mut self, at: i64, owner: u32, purchase: &Purchase) {
        let days = (HOUR, 10 * DAY);
        let mut refund = self.sequels.refund(&purchase.purchase);
        let choice = self.random.below(10);
        if choice < 5 {
            let number = self.random.below(purchase.lines.len() as u64) as usize;
            let line = &purchase.lines[number];
            refund.lines.push(RefundLine {
                item: line.item.clone(),
                net: net(line),
            });
            self.later(at, days, owner, Deed::Refund(refund));
            return;
        }
        let all = total(purchase);
        let cents = all.micros() / MICROS_PER_CENT;
        let share = self.random.between(10, 60) as i64;
        let part = Money::from_micros((cents * share / 100).max(1) * MICROS_PER_CENT);
        refund.amount = Some(part);
        if choice == 5 {
            self.sequels.before = Some((owner, refund));
            return;
        }
        self.later(at, days, owner, Deed::Refund(refund));
        if choice >= 8 && all > part {
            let mut rest = self.sequels.refund(&purchase.purchase);
            rest.amount = Some(all - part);
            self.later(at, days, owner, Deed::Refund(rest));
        }
    }

    /// What will follow from goods that nobody known bought.
    pub(crate) fn foresee_claim(&mut self, at: i64, owner: u32, purchase: &PurchaseId) {
        let in_time = (DAY, 25 * DAY);
        let too_late = (32 * DAY, 40 * DAY);
        let window = match self.random.below(100) {
            0..CLAIMED => in_time,
            choice if choice < CLAIMED + CLAIMED_LATE => too_late,
            _ => return,
        };
        self.later(at, window, owner, Deed::Claim(purchase.clone()));
    }

    /// What will follow from goods that somebody bought under a phone that nobody knows.
    pub(crate) fn foresee_enrolment(&mut self, at: i64, owner: u32) {
        if self.random.below(100) < ENROLLED && !self.sequels.phones.contains_key(&owner) {
            self.sequels.phones.insert(owner, false);
            self.later(at, (DAY, 7 * DAY), owner, Deed::Enrol);
        }
    }

    /// The refund that comes before a purchase that was just made: the shop's systems do not wait for each other.
    pub(crate) fn refund_before(&mut self, purchase: &Incoming) -> Option<Incoming> {
        let (owner, refund) = self.sequels.before.take()?;
        let body = Body::Refund(refund);
        self.counts.club += 1;
        let (at, account) = (purchase.occurred_at.seconds(), account_id(owner));
        let mut refund = self.envelope.of_account(Sender::Shop, at, account, body);
        refund.currency = euro();
        Some(refund)
    }

    /// What follows next.
    pub(crate) fn follow(&mut self, month: &Month) -> Option<Incoming> {
        let (at, Sequel { owner, deed }) = self.sequels.later.take()?;
        self.counts.club += 1;
        let signed = match &deed {
            Deed::Adjust(_, why) => Some(*why),
            Deed::Void(_) => Some("card used by somebody else at the till"),
            _ => None,
        };
        let sender = match &deed {
            Deed::Refund(_) => Sender::Shop,
            _ => Sender::Club,
        };
        let body = self.body_of(at, owner, deed, month);
        let account = account_id(owner);
        let mut input = self.envelope.of_account(sender, at, account, body);
        input.currency = euro();
        if let Some(why) = signed {
            input.actor = Some(SmolStr::new_static("club-2"));
            input.reason = Some(SmolStr::new_static(why));
        }
        Some(input)
    }

    fn body_of(&mut self, at: i64, owner: u32, deed: Deed, month: &Month) -> Body {
        match deed {
            Deed::Refund(refund) => Body::Refund(refund),
            Deed::Redeem { points, reward } => self.redeem(at, owner, (points, reward), month),
            Deed::Commit(redemption) => Body::RedemptionCommitted(RedemptionNamed { redemption }),
            Deed::Release(redemption) => Body::RedemptionReleased(RedemptionNamed { redemption }),
            Deed::Claim(purchase) => Body::PurchaseClaimed(PurchaseClaimed {
                purchase,
                account: None,
                found: None,
                taken: false,
            }),
            Deed::Enrol => {
                self.sequels.phones.insert(owner, true);
                Body::Enrolled(Enrolled {
                    identifier: Some(contact(owner)),
                    programme: None,
                    unclaimed: Vec::new(),
                })
            }
            Deed::Adjust(points, why) => Body::PointsAdjusted(PointsAdjusted {
                points,
                reason: SmolStr::new_static(why),
                ledger: None,
            }),
            Deed::Void(purchase) => Body::PointsVoided(PointsVoided {
                source_ref: Some(purchase.as_str().into()),
                lots: Vec::new(),
                points: None,
                reason: SmolStr::new_static("fraud"),
                ledger: None,
            }),
        }
    }

    /// A request; most are committed within minutes, some released, some forgotten. Nobody can redeem on a bill, or while
    /// the card is lost.
    fn redeem(
        &mut self,
        at: i64,
        owner: u32,
        (points, reward): (u64, Option<&'static str>),
        month: &Month,
    ) -> Body {
        self.sequels.redemptions += 1;
        let number = Text::new("RD").number(self.sequels.redemptions, 1);
        let redemption = RedemptionId::new(number.into_smol());
        let shown = club::shown(&self.people, owner, month, at - month.begins);
        let choice = self.random.below(100);
        let channel = match choice {
            0..5 => "invoice",
            5..30 => "partner",
            30..60 => "app",
            _ => "shop",
        };
        if choice >= 5 && !matches!(shown, Shown::Lost) {
            let id = redemption.clone();
            match self.random.below(100) {
                0..82 => self.later(at, (MINUTE, 20 * MINUTE), owner, Deed::Commit(id)),
                82..92 => self.later(at, (MINUTE, 20 * MINUTE), owner, Deed::Release(id)),
                _ => {}
            }
        }
        let code_confirmed = matches!(shown, Shown::Gold(_));
        Body::RedemptionRequested(RedemptionRequested {
            redemption,
            points: reward.is_none().then_some(points),
            reward: reward.map(SmolStr::new_static),
            quantity: 1,
            channel: SmolStr::new_static(channel),
            card: match shown {
                Shown::Club(number) | Shown::Gold(number) => Some(number),
                Shown::Nothing | Shown::Lost => None,
            },
            ledger: None,
            code_confirmed,
            partner: (channel == "partner").then(|| SmolStr::new_static("parking")),
        })
    }
}
