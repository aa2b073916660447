//! Random lives: what happens to an account, in the order in which it arrives.

use crate::tariff_model::days::{DAY, Zone as TimeZone, minute_of};
use crate::tariff_model::random::Random;
use crate::tariff_model::tariff::*;

/// Whom a record called, or who called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Party {
    Mobile,
    Landline,
    France,
    /// A country that no plan prices.
    Elsewhere,
    Emergency,
    None,
}

impl Party {
    pub(crate) fn number(self) -> &'static str {
        match self {
            Party::Mobile => "34600111222",
            Party::Landline => "34911222333",
            Party::France => "33155512345",
            Party::Elsewhere => "442071234567",
            Party::Emergency => "112",
            Party::None => "",
        }
    }

    /// Its zones, that of the longest prefix first.
    pub(crate) fn zones(self) -> &'static [Zone] {
        match self {
            Party::Mobile => &[Zone::Mobile, Zone::National],
            Party::Landline => &[Zone::National],
            Party::France => &[Zone::France],
            _ => &[],
        }
    }
}

/// A usage record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Use {
    pub(crate) service: Service,
    pub(crate) party: Party,
    pub(crate) made: bool,
    /// Serving network, none for home.
    pub(crate) network: Option<&'static str>,
    /// In base units.
    pub(crate) quantity: i128,
    /// A data session takes a minute a unit; otherwise it has no duration.
    pub(crate) timed: bool,
}

impl Use {
    pub(crate) fn place(&self) -> Place {
        match self.network {
            None | Some("21407") => Place::Home,
            Some("20801") => Place::Eu,
            Some(_) => Place::World,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    Now,
    NextCycle,
    /// At the start of the local day so many days later.
    InDays(i64),
}

/// A line of a purchase: product (none: something that the catalog does not know), how many, a price of its
/// own in cents, discount in cents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) product: Option<usize>,
    pub(crate) count: i64,
    pub(crate) net: Option<i64>,
    pub(crate) discount: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Tick,
    AddMember {
        member: usize,
        plan: Option<usize>,
    },
    RemoveMember {
        member: usize,
    },
    ChangePlan {
        member: Option<usize>,
        plan: usize,
        when: When,
    },
    ChangeClass {
        class: usize,
        when: When,
    },
    Tier {
        tier: Option<usize>,
        days: Option<i64>,
    },
    IssueCard {
        number: usize,
        card: usize,
        days: Option<i64>,
    },
    CloseCard {
        number: usize,
    },
    Use {
        member: Option<usize>,
        usage: Use,
    },
    Correct {
        of: usize,
        member: Option<usize>,
        usage: Use,
    },
    Cancel {
        of: usize,
    },
    Buy {
        member: Option<usize>,
        on_account: bool,
        lines: Vec<Line>,
    },
    Charge {
        cents: i64,
    },
    Bill {
        cycles_back: i64,
    },
    /// The account lives by another time zone.
    Move {
        zone: usize,
    },
}

/// Something that happens at a minute and arrives at a later one; its number is its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) arrives: i64,
    pub(crate) at: i64,
    pub(crate) what: What,
}

/// An account from its beginning to the last tick.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) zone: TimeZone,
    pub(crate) cycle_day: u32,
    pub(crate) vip: u16,
    pub(crate) plan: usize,
    pub(crate) opened: i64,
    pub(crate) steps: Vec<Step>,
}

pub(crate) const ZONES: [chrono_tz::Tz; 9] = [
    chrono_tz::Europe::Madrid,
    chrono_tz::UTC,
    chrono_tz::America::New_York,
    chrono_tz::Africa::Cairo,
    chrono_tz::America::Santiago,
    chrono_tz::Asia::Beirut,
    chrono_tz::Atlantic::Azores,
    chrono_tz::Pacific::Auckland,
    chrono_tz::Asia::Kathmandu,
];

/// First and last minute of the years in which lives begin.
pub(crate) fn span(random: &mut Random) -> (i64, i64) {
    let from = random.within(minute_of(2026, 1, 1), minute_of(2028, 3, 1));
    (from, from + 120 * DAY)
}

/// What a life brought so far, as far as later steps name it.
#[derive(Default)]
struct Past {
    last_use: Option<usize>,
    /// Members that were added and not removed.
    members: Vec<usize>,
    /// Records and corrections, which may be sent again.
    sent: Vec<Step>,
}

pub(crate) fn life(random: &mut Random, opened: i64) -> Life {
    let count = random.within(10, 90) as usize;
    let busy = random.chance(60);
    let mut arrives = opened;
    let mut past = Past::default();
    let steps = (1..=count)
        .map(|number| {
            arrives += gap(random, busy);
            if !past.sent.is_empty() && random.chance(3) {
                let again = past.sent[random.below(past.sent.len())].clone();
                return Step { arrives, ..again };
            }
            let what = what(random, number, &mut past);
            let at = (arrives - lateness(random, &what)).max(opened - 30);
            let step = Step {
                number,
                arrives,
                at,
                what,
            };
            if matches!(
                step.what,
                What::Use { .. } | What::Correct { .. } | What::Cancel { .. }
            ) {
                past.sent.push(step.clone());
            }
            step
        })
        .collect();
    Life {
        zone: TimeZone::new(random.pick(&ZONES)),
        cycle_day: random.pick(&[1, 1, 5, 15, 28, 29, 30, 31]),
        vip: random.pick(&[0, 0, 1, 2]),
        plan: random.below(3),
        opened,
        steps,
    }
}

fn gap(random: &mut Random, busy: bool) -> i64 {
    match random.below(if busy { 12 } else { 7 }) {
        0 => random.within(3 * DAY, 12 * DAY),
        1 => random.within(20 * DAY, 70 * DAY) * i64::from(random.chance(15)),
        2 | 3 => random.within(0, 3 * DAY),
        4 => random.within(0, 60),
        5 => 0,
        _ => random.within(1, 600),
    }
}

fn lateness(random: &mut Random, what: &What) -> i64 {
    let days = match what {
        What::Use { usage, .. } if usage.network.is_some() => 46,
        What::Use { .. } => 8,
        What::Correct { .. } => 20,
        What::Charge { .. } => 40,
        What::Buy { .. } => 12,
        What::AddMember { .. } | What::RemoveMember { .. } | What::ChangePlan { .. } => 4,
        _ => 0,
    };
    match random.below(10) {
        0 => random.within(0, days * DAY),
        1 | 2 => random.within(0, days * 120),
        _ => 0,
    }
}

/// Whose a record or purchase is: most often a member that there is.
fn member(random: &mut Random, past: &Past) -> Option<usize> {
    match random.below(20) {
        0 => Some(random.below(4)),
        1..14 if !past.members.is_empty() => Some(random.pick(&past.members)),
        _ => None,
    }
}

fn what(random: &mut Random, number: usize, past: &mut Past) -> What {
    match random.below(100) {
        0..48 => {
            past.last_use = Some(number);
            What::Use {
                member: member(random, past),
                usage: usage(random),
            }
        }
        48..58 => What::Correct {
            of: target(random, number, past.last_use),
            member: member(random, past),
            usage: usage(random),
        },
        58..66 => What::Cancel {
            of: target(random, number, past.last_use),
        },
        66..73 => {
            let (member, plan) = (random.below(4), random.maybe(40, |r| r.below(3)));
            if !past.members.contains(&member) {
                past.members.push(member);
            }
            What::AddMember { member, plan }
        }
        73..75 => {
            let member = random.below(4);
            past.members.retain(|known| *known != member);
            What::RemoveMember { member }
        }
        75..81 => What::ChangePlan {
            member: random.maybe(30, |r| r.below(4)),
            plan: random.below(3),
            when: when(random),
        },
        81..83 => What::ChangeClass {
            class: random.below(2),
            when: when(random),
        },
        83..85 => What::Tier {
            tier: random.maybe(80, |r| r.below(2)),
            days: random.maybe(50, |r| r.within(0, 40)),
        },
        85..87 => What::IssueCard {
            number: random.below(3),
            card: random.below(2),
            days: random.maybe(50, |r| r.within(0, 40)),
        },
        87 => What::CloseCard {
            number: random.below(3),
        },
        88..94 => What::Buy {
            member: member(random, past),
            on_account: random.chance(60),
            lines: (0..random.within(1, 2)).map(|_| line(random)).collect(),
        },
        94..96 => What::Charge {
            cents: random.within(-500, 900),
        },
        96 => What::Bill {
            cycles_back: random.within(0, 2),
        },
        97 if random.chance(50) => What::Move {
            zone: random.below(ZONES.len()),
        },
        _ => What::Tick,
    }
}

/// The number of what a correction names: most often the last record, sometimes one that comes later.
fn target(random: &mut Random, number: usize, last_use: Option<usize>) -> usize {
    match random.below(10) {
        0..4 => last_use.unwrap_or(number + 1),
        4 => number + random.within(1, 6) as usize,
        _ => 1 + random.below(number),
    }
}

fn when(random: &mut Random) -> When {
    match random.below(4) {
        0 => When::NextCycle,
        1 => When::InDays(random.within(1, 20)),
        _ => When::Now,
    }
}

fn line(random: &mut Random) -> Line {
    let product = random.maybe(92, |r| r.below(4));
    Line {
        product,
        count: random.pick(&[1, 1, 1, 2, 3]),
        net: random.maybe(30, |r| r.within(1, 3_000)),
        discount: random.maybe(15, |_| 1).unwrap_or(0),
    }
}

pub(crate) fn usage(random: &mut Random) -> Use {
    let service = random.pick(&[Service::Voice, Service::Voice, Service::Sms, Service::Data]);
    let party = match random.below(40) {
        0 => Party::Elsewhere,
        1 => Party::Emergency,
        2 => Party::None,
        3..8 => Party::France,
        8..22 => Party::Mobile,
        _ => Party::Landline,
    };
    let network = match random.below(12) {
        0 => Some("21407"),
        1 | 2 => Some("20801"),
        3 => Some("31026"),
        _ => None,
    };
    let units = match random.below(20) {
        0 => 0,
        1..3 => random.within(20, 200),
        _ => random.within(1, 20),
    } as i128;
    let timed = service == Service::Data && random.chance(50);
    let odd = match service {
        Service::Voice if units > 0 => random.within(0, 59) as i128 * 1_000_000_000,
        Service::Data if units > 0 && !timed => random.within(0, 99_999) as i128,
        _ => 0,
    };
    Use {
        service,
        party: if service == Service::Data {
            Party::None
        } else {
            party
        },
        made: service == Service::Data || random.chance(80),
        network,
        quantity: units * service.unit() - odd,
        timed,
    }
}
