//! What the loyalty programmes came to: members, points, rewards, cards, and a member that is worth a look. What a
//! report tells of them is the report's; the rest is counted here.

use crate::entries::account_of;
use crate::loyalty::{BySource, LoyaltySums, Promised, RewardGiven};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;
use umbral_engine::World;
use umbral_model::event::{EventBody, TierBasis};
use umbral_model::ids::AccountId;
use umbral_model::journal::Entry;

/// What the loyalty programmes came to.
#[derive(Clone, Debug, Serialize)]
pub struct Rewarded {
    /// Members at the end.
    pub members: u64,
    /// Of them, by tier.
    pub members_by_tier: BTreeMap<String, u64>,
    /// Points by what earned them.
    pub points_by_source: Vec<BySource>,
    /// Rewards given.
    pub rewards: Vec<RewardGiven>,
    /// Points that went otherwise: expired, or forfeited.
    pub points_gone: BTreeMap<&'static str, u64>,
    /// Points that members hold and owe.
    pub outstanding: Promised,
    /// Rises to a higher tier by points.
    pub promotions: u64,
    /// Redemptions that were refused.
    pub refused: u64,
    /// Redemptions that were given up, or not committed in time.
    pub reversed: u64,
    /// Purchases that earned points when they were claimed.
    pub claims: u64,
    /// Cards given out.
    pub cards_issued: u64,
    /// Cards reported lost.
    pub cards_lost: u64,
    /// Lost cards that were replaced.
    pub cards_replaced: u64,
    /// The member to whom most kinds of things happened, and of these the one with most points earned; not the top
    /// spender, who is named already.
    pub richest_member: Option<String>,
}

/// What sets a member apart: kinds of things that happened, a bit each, and points.
#[derive(Default)]
struct Sketch {
    kinds: u16,
    earned: u64,
}

const BOUGHT: u16 = 1;
const TAKEN: u16 = 2;
const RAISED: u16 = 4;
const REDEEMED: u16 = 8;
const REVERSED: u16 = 16;
const REFUSED: u16 = 32;
const LOST: u16 = 64;
const BY_HAND: u16 = 128;

/// Follows the members of some partitions.
#[derive(Default)]
pub(super) struct Club {
    report: LoyaltySums,
    promotions: u64,
    refused: u64,
    reversed: u64,
    cards_issued: u64,
    cards_lost: u64,
    cards_replaced: u64,
    sketches: FxHashMap<AccountId, Sketch>,
}

impl Club {
    pub(super) fn take(&mut self, world: &World, entry: &Entry) {
        self.report.take(world, entry);
        for event in &entry.events {
            if let Some(account) = account_of(entry, event) {
                self.take_event(account, &event.event.body);
            }
        }
    }

    fn take_event(&mut self, account: &AccountId, body: &EventBody) {
        let kind = match body {
            EventBody::PointsEarned(earned) => {
                let points = earned.delta.unsigned_abs();
                let kind = if earned.source.is_some() {
                    BOUGHT
                } else {
                    BY_HAND
                };
                self.mark(account, kind, points);
                return;
            }
            EventBody::PointsClawedBack(_) => TAKEN,
            EventBody::PointsVoided(_) => BY_HAND,
            EventBody::TierChanged(moved) if moved.basis == TierBasis::Points => {
                self.promotions += 1;
                RAISED
            }
            EventBody::RedemptionCommitted(_) => REDEEMED,
            EventBody::RedemptionReversed(_) => {
                self.reversed += 1;
                REVERSED
            }
            EventBody::RedemptionRejected(_) => {
                self.refused += 1;
                REFUSED
            }
            EventBody::CardLostReported(_) => {
                self.cards_lost += 1;
                LOST
            }
            EventBody::CardIssued(_) => {
                self.cards_issued += 1;
                return;
            }
            EventBody::CardReplaced(_) => {
                self.cards_replaced += 1;
                return;
            }
            _ => return,
        };
        self.mark(account, kind, 0);
    }

    fn mark(&mut self, account: &AccountId, kind: u16, points: u64) {
        match self.sketches.get_mut(account) {
            Some(sketch) => {
                sketch.kinds |= kind;
                sketch.earned += points;
            }
            None => {
                let sketch = Sketch {
                    kinds: kind,
                    earned: points,
                };
                self.sketches.insert(account.clone(), sketch);
            }
        }
    }

    pub(super) fn add(&mut self, other: Club) {
        self.report.add(other.report);
        self.promotions += other.promotions;
        self.refused += other.refused;
        self.reversed += other.reversed;
        self.cards_issued += other.cards_issued;
        self.cards_lost += other.cards_lost;
        self.cards_replaced += other.cards_replaced;
        // An account lives in one partition, so no account is in two of them.
        self.sketches.extend(other.sketches);
    }

    pub(super) fn conclude(self, top_spender: Option<&AccountId>) -> Rewarded {
        let members = self.sketches.iter();
        let others = members.filter(|(account, _)| Some(*account) != top_spender);
        // Of equals the one whose id comes first.
        let richest = others.max_by(|(a, one), (b, other)| {
            let rank = |sketch: &Sketch| (sketch.kinds.count_ones(), sketch.earned);
            rank(one).cmp(&rank(other)).then_with(|| b.cmp(a))
        });
        let richest_member = richest.map(|(account, _)| account.to_string());
        let report = self.report.conclude(String::new(), 0);
        let mut points_gone = report.points_gone;
        points_gone.remove("redeemed");
        let claims = report.late_claims.iter().filter(|claim| claim.points > 0);
        Rewarded {
            members: report.members,
            members_by_tier: report.members_by_tier,
            points_by_source: report.points_by_source,
            rewards: report.rewards,
            points_gone,
            outstanding: report.outstanding,
            promotions: self.promotions,
            refused: self.refused,
            reversed: self.reversed,
            claims: claims.count() as u64,
            cards_issued: self.cards_issued,
            cards_lost: self.cards_lost,
            cards_replaced: self.cards_replaced,
            richest_member,
        }
    }
}
