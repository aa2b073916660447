//! Calls, messages, data sessions and content, at home and abroad.

use crate::Maker;
use crate::calendar::Month;
use crate::people::{Class, msisdn};
use crate::text::Text;
use smol_str::SmolStr;
use umbral_model::ids::ServiceName;
use umbral_model::input::{Body, Direction, Incoming, PartyNumber, Scope, Usage};

const NANOS: u64 = 1_000_000_000;
const TRAVEL_DAYS: u64 = 5;
const EU_NETWORKS: [&str; 5] = ["20801", "26801", "26201", "22201", "20404"];
const FAR_NETWORKS: [&str; 5] = ["310260", "334020", "73001", "60400", "23415"];

/// Destinations of calls abroad: prefix and how many digits follow.
const EUROPE: [(&str, usize); 8] = [
    ("336", 8),
    ("4915", 9),
    ("3519", 8),
    ("393", 9),
    ("40", 9),
    ("31", 9),
    ("44", 10),
    ("447", 9),
];
const LATIN: [(&str, usize); 5] = [("57", 10), ("593", 9), ("51", 9), ("54", 10), ("591", 8)];
const WORLD: [(&str, usize); 5] = [("212", 9), ("380", 9), ("86", 11), ("91", 10), ("221", 9)];
/// Prefixes that no deck has.
const NOWHERE: [&str; 3] = ["999", "888", "388"];

/// Who uses, and where.
struct User {
    line: u32,
    owner: u32,
    class: Class,
    network: Option<&'static str>,
    far: bool,
}

/// What is used, and about what it costs in 10^-4 EUR.
struct Used {
    service: &'static str,
    direction: Direction,
    to: PartyNumber,
    quantity: u64,
    duration: Option<u64>,
    cost: u64,
}

impl Maker {
    /// One usage record.
    pub(crate) fn usage(&mut self, at: i64, month: &Month) -> Incoming {
        self.counts.usage += 1;
        let user = self.user(at, month);
        let mut used = match self.random.below(1000) {
            0..400 => self.call(&user),
            400..480 => self.received_call(&user),
            480..600 => self.message(),
            // No plan sells pictures and content abroad.
            985..990 if user.network.is_none() => self.picture(),
            990.. if user.network.is_none() => content(),
            _ => self.session(&user),
        };
        // At home only: elsewhere, and for messages, the price does not depend on the number.
        let by_number = user.network.is_none()
            && used.service == "voice"
            && used.direction == Direction::Originating;
        if by_number && self.random.below(800) == 0 {
            used.to = self.number_nowhere();
            used.cost = 0;
            self.counts.unknown_destinations += 1;
            return self.record(at, &user, used);
        }
        if self.random.below(4000) == 0 {
            return self.of_nobody(at, &user, used);
        }
        self.people.owe(user.owner, used.cost);
        self.record(at, &user, used)
    }

    fn user(&mut self, at: i64, month: &Month) -> User {
        let line = self.people.somebody(&mut self.random);
        let owner = self.people.owner(line);
        let class = self.people.class(owner);
        let network = self.network(line, class, at - month.begins, month);
        User {
            line,
            owner,
            class,
            network: network.map(|(network, _)| network),
            far: network.is_some_and(|(_, far)| far),
        }
    }

    /// One line of 25 travels each month, for some days, to one network; prepaid ones stay in Europe.
    fn network(
        &self,
        line: u32,
        class: Class,
        second: i64,
        month: &Month,
    ) -> Option<(&'static str, bool)> {
        let habit = self.people.trait_of(line, 3 + u64::from(month.index));
        if !habit.is_multiple_of(25) {
            return None;
        }
        let leaves = (habit >> 8) % (28 - TRAVEL_DAYS);
        if !(leaves..leaves + TRAVEL_DAYS).contains(&month.day_of(second)) {
            return None;
        }
        let pick = ((habit >> 16) % 5) as usize;
        let far = class != Class::Prepaid && (habit >> 24).is_multiple_of(3);
        let networks = if far { FAR_NETWORKS } else { EU_NETWORKS };
        Some((networks[pick], far))
    }

    fn record(&mut self, at: i64, user: &User, used: Used) -> Incoming {
        let number = msisdn(user.line);
        let abroad_data = user.far && used.service == "data";
        let body = Body::Usage(Usage {
            service: ServiceName::new(SmolStr::new_static(used.service)),
            direction: used.direction,
            to: used.to,
            zone: None,
            network: user.network.map(SmolStr::new_static),
            quantity: used.quantity,
            duration: used.duration,
            scope: abroad_data.then_some(Scope::RoamingData),
            continued: None,
            reservation: None,
        });
        self.envelope.of_number(at, number, body)
    }

    /// A record of a number that was never given out.
    fn of_nobody(&mut self, at: i64, user: &User, used: Used) -> Incoming {
        self.counts.unknown_numbers += 1;
        let mut input = self.record(at, user, used);
        if let Some(umbral_model::input::Address::Identifier(identifier)) = &mut input.address {
            let number = Text::new("347").number(self.random.below(100_000_000), 8);
            identifier.value = number.into_smol();
        }
        input
    }

    fn call(&mut self, user: &User) -> Used {
        let (to, setup, second) = self.called(user);
        let seconds = self.call_seconds();
        let cost = if user.far {
            (5000, 300)
        } else {
            (setup, second)
        };
        Used {
            service: "voice",
            direction: Direction::Originating,
            to,
            quantity: seconds * NANOS,
            duration: None,
            cost: if seconds == 0 {
                0
            } else {
                cost.0 + cost.1 * seconds
            },
        }
    }

    /// A called number with about what a call to it costs: setup and second, 10^-4 EUR.
    fn called(&mut self, user: &User) -> (PartyNumber, u64, u64) {
        let national = match user.class {
            Class::Standard | Class::Vip => (1500, 15),
            Class::Prepaid => (0, 20),
            Class::Business => (0, 8),
        };
        let choice = self.random.below(1000);
        let far = |random: &mut crate::random::Random, numbers: &[(&str, usize)]| {
            let (prefix, digits) = numbers[random.below(numbers.len() as u64) as usize];
            number(random, prefix, digits)
        };
        match choice {
            0..520 => (number(&mut self.random, "346", 8), national.0, national.1),
            520..600 => (number(&mut self.random, "347", 8), national.0, national.1),
            600..860 => (number(&mut self.random, "349", 8), national.0, national.1),
            860..870 => (number(&mut self.random, "34900", 6), 0, 0),
            870..872 => (PartyNumber::split("112"), 0, 0),
            872..876 if user.class != Class::Prepaid => {
                (number(&mut self.random, "34806", 6), 3000, 200)
            }
            872..940 => (far(&mut self.random, &EUROPE), 1500, 25),
            940..985 => (far(&mut self.random, &LATIN), 2000, 50),
            _ => (far(&mut self.random, &WORLD), 3000, 183),
        }
    }

    /// Most calls are short, a few are long, some are not answered.
    fn call_seconds(&mut self) -> u64 {
        match self.random.below(100) {
            0..3 => 0,
            3..60 => self.random.between(3, 90),
            60..92 => self.random.between(60, 360),
            92..99 => self.random.between(300, 1500),
            _ => self.random.between(1200, 5400),
        }
    }

    fn received_call(&mut self, user: &User) -> Used {
        let seconds = self.call_seconds();
        Used {
            service: "voice",
            direction: Direction::Terminating,
            to: number(&mut self.random, "346", 8),
            quantity: seconds * NANOS,
            duration: None,
            cost: if user.far { 133 * seconds } else { 0 },
        }
    }

    fn message(&mut self) -> Used {
        let abroad = self.random.below(20) == 0;
        let prefix = if abroad { "57" } else { "346" };
        Used {
            service: "sms",
            direction: Direction::Originating,
            to: number(&mut self.random, prefix, if abroad { 10 } else { 8 }),
            quantity: 1,
            duration: None,
            cost: if abroad { 3000 } else { 900 },
        }
    }

    fn picture(&mut self) -> Used {
        Used {
            service: "mms",
            direction: Direction::Originating,
            to: number(&mut self.random, "346", 8),
            quantity: 1,
            duration: None,
            cost: 4500,
        }
    }

    /// A data session: from some kilobytes to a few hundred megabytes at home, careful abroad.
    fn session(&mut self, user: &User) -> Used {
        let kilobytes = if user.far {
            self.random.between(20, 1000) * self.random.between(1, 14)
        } else {
            self.random.between(5, 2000) * self.random.between(1, 40)
        };
        let cost_per_gigabyte = match user.class {
            _ if user.far => 40_000_000,
            Class::Prepaid => 60_000,
            Class::Business => 15_000,
            _ => 30_000,
        };
        Used {
            service: "data",
            direction: Direction::Originating,
            to: PartyNumber::default(),
            quantity: kilobytes * 1000 + self.random.below(1000),
            duration: Some(self.random.between(20, 2400) * NANOS),
            cost: kilobytes * cost_per_gigabyte / 1_000_000,
        }
    }

    fn number_nowhere(&mut self) -> PartyNumber {
        let prefix = NOWHERE[self.random.below(NOWHERE.len() as u64) as usize];
        number(&mut self.random, prefix, 8)
    }
}

fn content() -> Used {
    Used {
        service: "content",
        direction: Direction::Originating,
        to: PartyNumber::default(),
        quantity: 1,
        duration: None,
        cost: 12_000,
    }
}

fn number(random: &mut crate::random::Random, prefix: &str, digits: usize) -> PartyNumber {
    let rest = random.below(10u64.pow(digits as u32));
    PartyNumber::split(Text::new(prefix).number(rest, digits).as_str())
}
