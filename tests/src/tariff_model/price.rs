//! What a record costs, unit by unit.

use crate::tariff_model::life::{Party, Use};
use crate::tariff_model::model::{Counter, Model, last_before};
use crate::tariff_model::rated::{Piece, Rated};
use crate::tariff_model::tariff::*;
use std::collections::BTreeMap;

/// Division with a named rounding to so many decimals of a euro; `above / below` is in millionths.
pub(crate) fn rounded(above: i128, below: i128, mode: Mode, decimals: u32) -> Micro {
    let grain = 10i128.pow(6 - decimals);
    let below = below * grain;
    let floor = above.div_euclid(below);
    let rest = above.rem_euclid(below);
    let up = match mode {
        Mode::Up => rest > 0,
        Mode::Down => false,
        Mode::HalfUp => rest * 2 > below || (rest * 2 == below && above > 0),
        Mode::HalfEven => rest * 2 > below || (rest * 2 == below && floor % 2 != 0),
    };
    ((floor + i128::from(up)) * grain) as Micro
}

/// What is being priced.
struct Walk<'u> {
    at: i64,
    member: Option<usize>,
    usage: &'u Use,
    /// Numbers of the grants that may be spent, in order; what each has left.
    grants: Vec<usize>,
    left: BTreeMap<usize, (i128, Option<i128>)>,
    pieces: Vec<Piece>,
    covered: Vec<(usize, i128, i128)>,
    /// Money units and their cost times the unit, by rate with tiers.
    counted: BTreeMap<usize, (i128, i128)>,
    cost: i128,
    waived: bool,
}

impl Model<'_> {
    /// The rule for the unit that begins at a minute.
    fn rule(&self, walk: &Walk<'_>, minute: i64) -> Option<&Rule> {
        let version = &self.tariff.versions[self.version_at(minute)];
        let plan = &version.plans[self.plan_at(minute, walk.member)];
        let usage = walk.usage;
        let fits = |rule: &&Rule| {
            rule.service == usage.service
                && rule.made.is_none_or(|made| made == usage.made)
                && rule.place == usage.place()
        };
        let band = Band::at_hour(self.catalog_zone.hour(minute));
        let zones = usage
            .party
            .zones()
            .iter()
            .map(|zone| Some(*zone))
            .chain([None]);
        for zone in zones {
            let of_zone: Vec<&Rule> = plan
                .rules
                .iter()
                .filter(fits)
                .filter(|rule| rule.zone == zone)
                .collect();
            if !of_zone.is_empty() {
                return of_zone
                    .into_iter()
                    .find(|rule| rule.band.is_none_or(|own| own == band));
            }
        }
        None
    }

    /// Whether a grant covers a unit that begins at a minute.
    fn covers(&self, grant: usize, walk: &Walk<'_>, minute: i64) -> bool {
        let allowance = &self.grants[grant].allowance;
        let usage = walk.usage;
        let zone = usage.party.zones().first();
        allowance.service == usage.service
            && (allowance.zones.is_empty()
                || zone.is_some_and(|zone| allowance.zones.contains(zone)))
            && allowance.made.is_none_or(|made| made == usage.made)
            && allowance.places.contains(&usage.place())
            && allowance
                .band
                .is_none_or(|band| band == Band::at_hour(self.catalog_zone.hour(minute)))
    }

    /// Grants that a record may use, in the order in which they are spent.
    fn usable(&self, at: i64, member: Option<usize>) -> Vec<usize> {
        let has_own_plan = member
            .and_then(|id| self.member(id))
            .is_some_and(|member| last_before(&member.plans, at).is_some());
        let usable = |grant: &crate::tariff_model::model::Grant| {
            let holds = grant.from <= at && at < grant.until;
            let mine = match grant.member {
                Some(owner) => member == Some(owner),
                None => grant.allowance.shared || grant.plan.is_none() || !has_own_plan,
            };
            holds && mine
        };
        let mut found: Vec<usize> = (0..self.grants.len())
            .filter(|grant| usable(&self.grants[*grant]))
            .collect();
        found.sort_by_key(|grant| {
            let grant = &self.grants[*grant];
            (-grant.allowance.priority, grant.until, grant.number)
        });
        found
    }

    /// Prices a record of a minute; none where no rule prices it.
    pub(crate) fn rate(&self, at: i64, member: Option<usize>, usage: &Use) -> Option<Rated> {
        let grants = self.usable(at, member);
        let left = grants.iter().map(|number| {
            let grant = &self.grants[*number];
            (*number, (grant.left, grant.left_abroad))
        });
        let mut walk = Walk {
            at,
            member,
            usage,
            left: left.collect(),
            grants,
            pieces: Vec::new(),
            covered: Vec::new(),
            counted: BTreeMap::new(),
            cost: 0,
            waived: false,
        };
        let is_emergency = usage.party == Party::Emergency;
        let mut setup = 0;
        let mut amount = 0;
        let mut bps = 0;
        if !is_emergency {
            self.rule(&walk, at)?;
        }
        if !is_emergency && usage.quantity > 0 {
            self.walk(&mut walk)?;
            bps = self.discount(at, member, usage);
            (amount, setup) = self.total(&mut walk, bps);
        }
        Some(self.result(walk, amount, setup, bps))
    }

    fn walk(&self, walk: &mut Walk<'_>) -> Option<()> {
        let unit = walk.usage.service.unit();
        let mut position = 0;
        while position < walk.usage.quantity {
            let minute = instant(walk, position);
            let rate = self.rule(walk, minute)?.rate;
            let version = self.version_at(minute);
            let definition = &self.tariff.versions[version].rates[rate];
            let step = definition
                .steps
                .iter()
                .rfind(|step| step.from * unit <= position)?;
            for nth in 0..step.block {
                let minute = instant(walk, position + nth * unit);
                self.take_unit(walk, rate, definition, step.price, minute);
            }
            position += step.block * unit;
        }
        let volume: Vec<usize> = walk.counted.keys().copied().collect();
        for rate in volume {
            self.price_volume(walk, rate);
        }
        Some(())
    }

    /// One unit: allowances take what they can, the rest costs money.
    fn take_unit(
        &self,
        walk: &mut Walk<'_>,
        rate: usize,
        definition: &Rate,
        price: Micro,
        minute: i64,
    ) {
        let mut rest = walk.usage.service.unit();
        let billed = rest;
        let costs = price > 0 || definition.tiers.is_some();
        for grant in walk.grants.clone().into_iter().filter(|_| costs) {
            if !self.covers(grant, walk, minute) {
                continue;
            }
            let (left, abroad) = walk.left.get_mut(&grant).unwrap();
            let is_abroad = walk.usage.place() != Place::Home;
            let limit = abroad.filter(|_| is_abroad).unwrap_or(*left);
            let taken = rest.min(*left).min(limit);
            if taken == 0 {
                continue;
            }
            rest -= taken;
            *left -= taken;
            if is_abroad {
                *abroad = abroad.map(|abroad| abroad - taken);
            }
            walk.waived |= self.grants[grant].allowance.waives_setup;
            let number = self.grants[grant].number;
            match walk.covered.last_mut() {
                Some((last, units, left_after)) if *last == number => {
                    *units += taken;
                    *left_after = *left;
                }
                _ => walk.covered.push((number, taken, *left)),
            }
        }
        let covered = billed - rest;
        match &definition.tiers {
            None => {
                walk.cost += rest * i128::from(price);
                push(
                    walk,
                    Piece {
                        rate,
                        price,
                        tier: None,
                        billed,
                        covered,
                    },
                );
            }
            Some(tiers) if tiers.volume => {
                walk.counted.entry(rate).or_default().0 += rest;
                push(
                    walk,
                    Piece {
                        rate,
                        price: 0,
                        tier: None,
                        billed,
                        covered,
                    },
                );
            }
            Some(tiers) => self.climb(walk, rate, tiers, (billed, covered)),
        }
    }

    /// Lays a unit onto graduated tiers, from where the counter stands on.
    fn climb(&self, walk: &mut Walk<'_>, rate: usize, tiers: &Tiers, unit: (i128, i128)) {
        let (mut billed, mut covered) = unit;
        let size = walk.usage.service.unit();
        let counter = self.counter(walk.at, rate, walk.member);
        let before = self.counters.get(&counter).copied().unwrap_or(0);
        while billed > 0 {
            let so_far = before + walk.counted.get(&rate).map_or(0, |(units, _)| *units);
            let reaches = |up_to: Option<i128>| up_to.is_none_or(|up_to| so_far < up_to * size);
            let tier = tiers
                .tiers
                .iter()
                .position(|(up_to, _)| reaches(*up_to))
                .unwrap();
            let (up_to, price) = tiers.tiers[tier];
            let room = up_to.map_or(billed - covered, |up_to| up_to * size - so_far);
            let money = room.min(billed - covered);
            let entry = walk.counted.entry(rate).or_default();
            entry.0 += money;
            entry.1 += money * i128::from(price);
            walk.cost += money * i128::from(price);
            let part = money + covered;
            push(
                walk,
                Piece {
                    rate,
                    price,
                    tier: Some(tier),
                    billed: part,
                    covered,
                },
            );
            billed -= part;
            covered = 0;
        }
    }

    /// All units of a volume rate have the price of the tier that they reach together with the cycle's.
    fn price_volume(&self, walk: &mut Walk<'_>, rate: usize) {
        let definition = &self.tariff.versions[0].rates[rate];
        let Some(tiers) = definition.tiers.as_ref().filter(|tiers| tiers.volume) else {
            return;
        };
        let counter = self.counter(walk.at, rate, walk.member);
        let before = self.counters.get(&counter).copied().unwrap_or(0);
        let entry = walk.counted.get_mut(&rate).unwrap();
        let (tier, price) = reached(tiers, walk.usage.service, before + entry.0);
        entry.1 = entry.0 * i128::from(price);
        walk.cost += entry.1;
        for piece in walk.pieces.iter_mut().filter(|piece| piece.rate == rate) {
            piece.price = price;
            piece.tier = Some(tier);
        }
    }

    pub(crate) fn counter(&self, at: i64, rate: usize, member: Option<usize>) -> Counter {
        let tiers = self.tariff.versions[0].rates[rate].tiers.as_ref();
        let per_member = tiers.is_some_and(|tiers| tiers.per_member);
        (self.cycle_of(at), rate, member.filter(|_| per_member))
    }

    /// Amount and setup fee.
    fn total(&self, walk: &mut Walk<'_>, bps: i128) -> (Micro, Micro) {
        let unit = walk.usage.service.unit();
        let version = &self.tariff.versions[self.version_at(walk.at)];
        let first = &version.rates[walk.pieces[0].rate];
        let setup = if walk.waived { 0 } else { first.setup };
        let mut sum = walk.cost + i128::from(setup) * unit;
        if let Some(minimum) = first.minimum.filter(|_| walk.covered.is_empty()) {
            sum = sum.max(i128::from(minimum) * unit);
        }
        if let Some(maximum) = first.maximum {
            sum = sum.min(i128::from(maximum) * unit);
        }
        let mut finest = first;
        for piece in &walk.pieces {
            let rate = &version.rates[piece.rate];
            if rate.decimals > finest.decimals {
                finest = rate;
            }
        }
        let amount = rounded(
            sum * (10_000 - bps),
            unit * 10_000,
            finest.mode,
            finest.decimals,
        );
        (amount, setup)
    }

    /// Discounts that hold at the record's start, together, in hundredths of a percent.
    fn discount(&self, at: i64, member: Option<usize>, usage: &Use) -> i128 {
        let version = &self.tariff.versions[self.version_at(at)];
        let class = last_before(&self.classes, at).unwrap_or(self.classes[0].1);
        let tier = self.tiers.iter().rfind(|(from, ..)| *from <= at);
        let day = self.zone.date(at);
        let tier = tier.filter(|(_, _, until)| until.is_none_or(|until| day <= until));
        let tier = tier.and_then(|(_, tier, _)| tier.map(|tier| TIERS[tier]));
        let today = self.catalog_zone.date(at);
        let good = |word: &str| {
            let good = |card: &crate::tariff_model::model::Card| {
                CARDS[card.card] == word
                    && card.from <= at
                    && card.until.is_none_or(|until| day <= until)
                    && card.closed.is_none_or(|closed| at < closed)
            };
            self.cards.iter().any(good)
        };
        let applies = |discount: &&Discount| {
            let zone = usage.party.zones().first();
            discount.class.is_none_or(|own| own == class)
                && discount.tier.is_none_or(|own| tier == Some(own))
                && discount.card.is_none_or(good)
                && discount.vip <= self.vip
                && discount
                    .plan
                    .is_none_or(|plan| plan == self.plan_at(at, member))
                && discount
                    .service
                    .is_none_or(|service| service == usage.service)
                && discount.zone.is_none_or(|own| zone == Some(&own))
                && discount
                    .places
                    .as_ref()
                    .is_none_or(|places| places.contains(&usage.place()))
                && discount.from.is_none_or(|from| from <= today)
                && discount.until.is_none_or(|until| today <= until)
        };
        let sum: i128 = version
            .discounts
            .iter()
            .filter(applies)
            .map(|d| d.bps)
            .sum();
        sum.min(version.cap)
    }

    fn result(&self, walk: Walk<'_>, amount: Micro, setup: Micro, bps: i128) -> Rated {
        let abroad = walk.usage.place() != Place::Home;
        let scope = match (walk.usage.service, abroad) {
            (Service::Voice, _) => "voice",
            (Service::Sms, _) => "all",
            (Service::Data, false) => "data",
            (Service::Data, true) => "roaming_data",
        };
        let counted = walk
            .counted
            .iter()
            .map(|(rate, counted)| (self.counter(walk.at, *rate, walk.member), *counted));
        Rated {
            member: walk.member,
            scope,
            cycle: self.cycle_of(walk.at),
            quantity: walk.usage.quantity,
            amount,
            counted: counted.filter(|(_, (units, _))| *units > 0).collect(),
            pieces: walk.pieces,
            covered: walk.covered,
            abroad,
            setup,
            bps,
        }
    }

    /// Whether usage can be taken at all: the account's and the member's time.
    pub(crate) fn takes_usage(&self, at: i64, member: Option<usize>) -> bool {
        let known = member.is_none_or(|id| match self.member(id) {
            Some(member) => member.opened <= at && member.closed.is_none_or(|closed| at < closed),
            None => self.members.is_empty(),
        });
        at >= self.opened && known
    }
}

/// When the unit at a position of a record begins.
fn instant(walk: &Walk<'_>, position: i128) -> i64 {
    match walk.usage.service {
        Service::Voice => walk.at + (position / Service::Voice.unit()) as i64,
        Service::Data if walk.usage.timed => walk.at + (position / Service::Data.unit()) as i64,
        _ => walk.at,
    }
}

fn push(walk: &mut Walk<'_>, piece: Piece) {
    match walk.pieces.last_mut() {
        Some(last)
            if (last.rate, last.price, last.tier) == (piece.rate, piece.price, piece.tier) =>
        {
            last.billed += piece.billed;
            last.covered += piece.covered;
        }
        _ => walk.pieces.push(piece),
    }
}

/// The tier that so many base units of a cycle reach, and its price.
pub(crate) fn reached(tiers: &Tiers, service: Service, units: i128) -> (usize, Micro) {
    let within = |up_to: Option<i128>| up_to.is_none_or(|up_to| units <= up_to * service.unit());
    let tier = tiers
        .tiers
        .iter()
        .position(|(up_to, _)| within(*up_to))
        .unwrap();
    (tier, tiers.tiers[tier].1)
}
