//! Calls, messages, data sessions and content, at home and abroad.

use crate::Maker;
use crate::calendar::Month;
use crate::numbers::{EMERGENCY, EUROPE, FREE, LATIN, NOWHERE, WORLD, one_of, other, whole};
use crate::people::{Class, msisdn};
use crate::plans::{Plan, beyond};
use crate::text::Text;
use crate::travel::{Group, Network, network_of};
use smol_str::SmolStr;
use umbral_model::ids::ServiceName;
use umbral_model::input::{Address, Body, Direction, Incoming, PartyNumber, Scope, Usage};

const NANOS: u64 = 1_000_000_000;
/// Whose data are included uses so many times as much.
const BUNDLE_APPETITE: u64 = 12;

/// Who uses, and where.
struct User {
    line: u32,
    owner: u32,
    class: Class,
    plan: Plan,
    network: Option<Network>,
}

impl User {
    fn is_home(&self) -> bool {
        self.network.is_none()
    }

    /// Where prices differ from those at home.
    fn far(&self) -> Option<Network> {
        self.network.filter(|network| network.is_far())
    }

    /// Whether allowances cover usage where the user is.
    fn is_included(&self) -> bool {
        let near = |network: Network| matches!(network.group, Group::Europe | Group::Near);
        self.plan.is_bundle() && self.network.is_none_or(near)
    }
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

impl Used {
    fn event(service: &'static str, to: PartyNumber, cost: u64) -> Used {
        Used {
            service,
            direction: Direction::Originating,
            to,
            quantity: 1,
            duration: None,
            cost,
        }
    }
}

/// A called number, and about what a call to it costs: setting it up in 10^-4 EUR, a second in 10^-6 EUR.
struct Called {
    to: PartyNumber,
    setup: u64,
    second: u64,
    /// Allowances cover it.
    included: bool,
}

impl Maker {
    /// One usage record.
    pub(crate) fn usage(&mut self, at: i64, month: &Month) -> Incoming {
        self.counts.usage += 1;
        let user = self.user(at, month);
        let mut used = match self.random.below(1000) {
            0..400 => self.call(&user),
            400..480 => self.received_call(&user),
            480..600 => self.message(&user),
            // No plan sells content abroad, and not all sell pictures there.
            985..990 if user.is_home() => self.picture(),
            990.. if user.is_home() => content(),
            _ => self.session(&user),
        };
        // At home only: elsewhere, and for messages, there is a price for any number.
        let by_number =
            user.is_home() && used.service == "voice" && used.direction == Direction::Originating;
        if by_number && self.random.below(800) == 0 {
            used.to = one_of(&mut self.random, &NOWHERE);
            self.counts.unknown_destinations += 1;
            return self.record(at, &user, used);
        }
        if self.random.below(4000) == 0 {
            return self.of_nobody(at, &user, used);
        }
        if user.class == Class::Staff && used.service != "sms" {
            used.cost = used.cost * 7 / 10;
        }
        let cost = used.cost;
        self.people.owe(user.owner, cost);
        let input = self.record(at, &user, used);
        self.corrections
            .consider(&input, (user.owner, cost), &mut self.random);
        input
    }

    fn user(&mut self, at: i64, month: &Month) -> User {
        let line = self.people.somebody(&mut self.random);
        let owner = self.people.owner(line);
        let class = self.people.class(owner);
        let second = at - month.begins;
        User {
            line,
            owner,
            class,
            plan: self.people.plan(owner, class, month, second),
            network: network_of(&self.people, line, class, second, month),
        }
    }

    fn record(&mut self, at: i64, user: &User, used: Used) -> Incoming {
        let number = msisdn(user.line);
        let abroad_data = user.far().is_some() && used.service == "data";
        let body = Body::Usage(Usage {
            service: ServiceName::new(SmolStr::new_static(used.service)),
            direction: used.direction,
            to: used.to,
            zone: None,
            network: user
                .network
                .map(|network| SmolStr::new_static(network.code)),
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
        if let Some(Address::Identifier(identifier)) = &mut input.address {
            let number = Text::new("347").number(self.random.below(100_000_000), 8);
            identifier.value = number.into_smol();
        }
        input
    }

    fn call(&mut self, user: &User) -> Used {
        let called = match user.far() {
            Some(network) => self.called_far(user, network),
            None => self.called(user),
        };
        let seconds = self.call_seconds();
        Used {
            service: "voice",
            direction: Direction::Originating,
            quantity: seconds * NANOS,
            duration: None,
            cost: self.call_cost(user, &called, seconds),
            to: called.to,
        }
    }

    fn call_cost(&mut self, user: &User, called: &Called, seconds: u64) -> u64 {
        if seconds == 0 {
            return 0;
        }
        if !called.included || !user.is_included() {
            return called.setup + called.second * seconds / 100;
        }
        let included = user.plan.included().seconds;
        let used = &mut self.people.used(user.owner).seconds;
        let paid = beyond(used, included, seconds);
        let setup = if paid == seconds { called.setup } else { 0 };
        setup + called.second * paid / 100
    }

    /// Whom somebody calls at home or in the European Union.
    fn called(&mut self, user: &User) -> Called {
        let (setup, second) = user.plan.national();
        let mut included = true;
        let choice = self.random.below(1000);
        let random = &mut self.random;
        let (to, setup, second) = match choice {
            0..520 => (other(random, ("346", 8)), setup, second),
            520..600 => (other(random, ("347", 8)), setup, second),
            600..850 => (other(random, ("349", 8)), setup, second),
            850..858 => (one_of(random, &FREE), 0, 0),
            858..862 if user.is_home() => (whole("22300"), 0, 0),
            862..864 if user.is_home() => (whole("11811"), 18_000, 30_000),
            858..868 => (other(random, ("34900", 6)), 0, 0),
            868..871 => (emergency(random), 0, 0),
            871..875 => (other(random, ("34806", 6)), 3_000, 20_000),
            875..940 => (one_of(random, &EUROPE), setup, second),
            940..985 => (one_of(random, &LATIN), 2_000, 5_000),
            _ => (one_of(random, &WORLD), 2_500, 10_000),
        };
        if !matches!(choice, 0..850 | 875..940) {
            included = false;
        }
        Called {
            to,
            setup,
            second,
            included,
        }
    }

    /// Whom somebody calls outside the European Union: people at home and people there.
    fn called_far(&mut self, user: &User, network: Network) -> Called {
        let (home, local, setup) = network.call();
        let near = user.is_included();
        let (setup, home, local) = match near {
            true => (user.plan.national().0, 3_333, 3_333),
            false => (setup, home, local),
        };
        let random = &mut self.random;
        let (to, setup, second) = match random.below(100) {
            0..50 => (other(random, ("346", 8)), setup, home),
            50..60 => (other(random, ("349", 8)), setup, home),
            60..61 => (whole("112"), 0, 0),
            _ => (other(random, network.mobile), setup, local),
        };
        Called {
            to,
            setup,
            second,
            included: near && second == home,
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
        let second = match user.far() {
            Some(network) if !user.is_included() => network.received(),
            _ => 0,
        };
        Used {
            service: "voice",
            direction: Direction::Terminating,
            to: other(&mut self.random, ("346", 8)),
            quantity: seconds * NANOS,
            duration: None,
            cost: second * seconds / 100,
        }
    }

    fn message(&mut self, user: &User) -> Used {
        let random = &mut self.random;
        let choice = random.below(200);
        let to = match choice {
            0..10 => other(random, ("573", 9)),
            10..11 if user.is_home() => whole("28014"),
            11..12 if user.is_home() => whole("22300"),
            _ => other(random, ("346", 8)),
        };
        let cost = match (choice, user.far()) {
            (_, Some(network)) => network.message(),
            (0..10, None) => 3_000,
            (10, None) if user.is_home() => 12_000,
            (11, None) if user.is_home() => 0,
            _ if user.is_included() => {
                let used = &mut self.people.used(user.owner).messages;
                beyond(used, user.plan.included().messages, 1) * user.plan.message()
            }
            _ => user.plan.message(),
        };
        Used::event("sms", to, cost)
    }

    fn picture(&mut self) -> Used {
        Used::event("mms", other(&mut self.random, ("346", 8)), 4500)
    }

    /// A data session: from some kilobytes to a few hundred megabytes at home, careful where it is dear.
    fn session(&mut self, user: &User) -> Used {
        let random = &mut self.random;
        let careful = user.far().filter(|_| !user.is_included());
        let kilobytes = match careful {
            Some(_) => random.between(20, 1000) * random.between(1, 14),
            None => random.between(5, 2000) * random.between(1, 40),
        };
        let kilobytes = match user.is_included() {
            true => kilobytes * BUNDLE_APPETITE,
            false => kilobytes,
        };
        let quantity = kilobytes * 1000 + random.below(1000);
        let duration = random.between(20, 2400) * NANOS;
        let cost = match careful {
            Some(network) => kilobytes * network.megabyte() / 1000,
            None => {
                let included = user.plan.included().megabytes;
                let used = &mut self.people.used(user.owner).megabytes;
                let paid = match included {
                    0 => kilobytes,
                    _ => beyond(used, included, kilobytes / 1000) * 1000,
                };
                paid * user.plan.gigabyte() / 1_000_000
            }
        };
        Used {
            service: "data",
            direction: Direction::Originating,
            to: PartyNumber::default(),
            quantity,
            duration: Some(duration),
            cost,
        }
    }
}

fn content() -> Used {
    Used::event("content", PartyNumber::default(), 12_000)
}

fn emergency(random: &mut crate::random::Random) -> PartyNumber {
    whole(EMERGENCY[random.below(EMERGENCY.len() as u64) as usize])
}
