//! Random tariffs: every plan can price what is usual, everything else is left to chance.

use crate::tariff_model::days::{DAY, minute_of};
use crate::tariff_model::random::Random;
use crate::tariff_model::tariff::*;
use chrono::DateTime;

/// A tariff in one or two versions.
pub(crate) fn tariff(random: &mut Random, from: i64, to: i64) -> Tariff {
    let zone = random.pick(&[
        chrono_tz::Europe::Madrid,
        chrono_tz::UTC,
        chrono_tz::America::New_York,
    ]);
    let first = version(random, from, to);
    let mut versions = vec![first];
    if random.chance(30) {
        let second = changed(random, &versions[0], from, to);
        versions.push(second);
    }
    Tariff { zone, versions }
}

fn version(random: &mut Random, from: i64, to: i64) -> Version {
    let mut rates = Vec::new();
    for (service, prefix, count) in [
        (Service::Voice, 'v', 4),
        (Service::Sms, 's', 2),
        (Service::Data, 'd', 3),
    ] {
        for number in 0..count {
            rates.push(rate(random, service, format!("{prefix}{number}")));
        }
    }
    let plans = (0..3).map(|number| plan(random, &rates, number)).collect();
    let products = (0..4).map(|number| product(random, number)).collect();
    let count = if random.chance(50) {
        random.below(4)
    } else {
        0
    };
    let discounts = (0..count)
        .map(|number| discount(random, number, from, to))
        .collect();
    Version {
        from: minute_of(1970, 1, 1),
        rates,
        plans,
        products,
        discounts,
        cap: random.pick(&[8_000, 3_000]),
    }
}

/// The same names at other prices, from some minute on. Prices by the cycle stay.
fn changed(random: &mut Random, version: &Version, from: i64, to: i64) -> Version {
    let mut next = version.clone();
    next.from = random.within(from / 60, to / 60) * 60;
    for rate in next.rates.iter_mut().filter(|rate| rate.tiers.is_none()) {
        for step in &mut rate.steps {
            step.price = price(random, rate.service);
        }
        rate.setup = setup(random);
    }
    for plan in &mut next.plans {
        plan.fee = fee(random);
        plan.by_day = random.chance(60);
        for allowance in &mut plan.allowances {
            if random.chance(50) {
                allowance.units *= random.within(1, 3) as i128;
                allowance.priority = random.within(0, 2);
            }
        }
    }
    for product in &mut next.products {
        product.price = random.within(0, 2_000) * 10_000;
    }
    next
}

fn price(random: &mut Random, service: Service) -> Micro {
    match service {
        Service::Voice => random.within(4, 100) * 2_500,
        Service::Sms => random.within(10, 200) * 1_000,
        Service::Data => random.within(10, 200) * 500,
    }
}

fn setup(random: &mut Random) -> Micro {
    random.maybe(30, |r| r.within(5, 30) * 10_000).unwrap_or(0)
}

fn fee(random: &mut Random) -> Micro {
    match random.chance(25) {
        true => 0,
        false => random.within(1, 2_000) * 10_000,
    }
}

fn rate(random: &mut Random, service: Service, name: String) -> Rate {
    let block = random.pick(&[1, 1, 1, 2, 5]);
    let mut steps = vec![Step {
        from: 0,
        price: price(random, service),
        block,
    }];
    let kind = random.below(10);
    let tiers = (kind >= 5).then(|| tiers(random, service, kind >= 7));
    if tiers.is_none() && random.chance(40) {
        let from = random.within(1, 8) as i128;
        let block = random.pick(&[1, 1, 3]);
        steps.push(Step {
            from,
            price: price(random, service),
            block,
        });
    }
    if tiers.is_none() && random.chance(10) {
        steps.truncate(1);
        steps[0].price = 0;
    }
    let minimum = random.maybe(20, |r| r.within(1, 20) * 10_000);
    let maximum = random.maybe(20, |r| r.within(30, 200) * 10_000);
    Rate {
        name,
        service,
        setup: setup(random),
        steps,
        tiers,
        minimum,
        maximum,
        mode: random.pick(&[
            Mode::HalfUp,
            Mode::HalfUp,
            Mode::Up,
            Mode::Down,
            Mode::HalfEven,
        ]),
        decimals: random.pick(&[2, 3, 4, 6]),
    }
}

fn tiers(random: &mut Random, service: Service, volume: bool) -> Tiers {
    let mut tiers = Vec::new();
    let mut reach = 0;
    for _ in 0..random.within(1, 3) {
        reach += random.within(3, 25) as i128;
        tiers.push((Some(reach), price(random, service)));
    }
    tiers.push((None, price(random, service)));
    Tiers {
        volume,
        per_member: random.chance(40),
        tiers,
    }
}

fn plan(random: &mut Random, rates: &[Rate], number: usize) -> Plan {
    let of = |service: Service| {
        let numbers = rates
            .iter()
            .enumerate()
            .filter(|(_, rate)| rate.service == service);
        numbers.map(|(number, _)| number).collect::<Vec<usize>>()
    };
    let (voice, sms, data) = (of(Service::Voice), of(Service::Sms), of(Service::Data));
    let mut rules = Vec::new();
    let mut add = |service, zone, made, place, band, rate| {
        rules.push(Rule {
            service,
            zone,
            made,
            place,
            band,
            rate,
        });
    };
    let made = Some(true);
    for zone in [Zone::National, Zone::Mobile, Zone::France] {
        if zone == Zone::Mobile && random.chance(50) {
            continue;
        }
        if random.chance(50) {
            add(
                Service::Voice,
                Some(zone),
                made,
                Place::Home,
                None,
                random.pick(&voice),
            );
        } else {
            for band in [Band::Day, Band::Night] {
                let rate = random.pick(&voice);
                add(
                    Service::Voice,
                    Some(zone),
                    made,
                    Place::Home,
                    Some(band),
                    rate,
                );
            }
        }
    }
    add(
        Service::Voice,
        None,
        Some(false),
        Place::Home,
        None,
        random.pick(&voice),
    );
    add(
        Service::Voice,
        None,
        None,
        Place::Eu,
        None,
        random.pick(&voice),
    );
    if random.chance(60) {
        add(
            Service::Sms,
            None,
            None,
            Place::Home,
            None,
            random.pick(&sms),
        );
    } else {
        for band in [Band::Day, Band::Night] {
            add(
                Service::Sms,
                None,
                None,
                Place::Home,
                Some(band),
                random.pick(&sms),
            );
        }
    }
    add(Service::Sms, None, None, Place::Eu, None, random.pick(&sms));
    for band in [Band::Day, Band::Night] {
        add(
            Service::Data,
            None,
            None,
            Place::Home,
            Some(band),
            random.pick(&data),
        );
    }
    add(
        Service::Data,
        None,
        None,
        Place::Eu,
        None,
        random.pick(&data),
    );
    for (service, rates) in [(Service::Voice, &voice), (Service::Data, &data)] {
        if random.chance(50) {
            add(service, None, None, Place::World, None, random.pick(rates));
        }
    }
    let count = random.within(0, 4);
    let allowances = (0..count)
        .map(|nth| {
            let valid = Valid::Cycles(i64::from(random.chance(40)));
            allowance(random, format!("p{number}-{nth}"), valid)
        })
        .collect();
    Plan {
        name: format!("p{number}"),
        fee: fee(random),
        by_day: random.chance(60),
        rules,
        allowances,
    }
}

fn allowance(random: &mut Random, name: String, valid: Valid) -> Allowance {
    let service = random.pick(&Service::ALL);
    let count = random.within(3, 60) as i128;
    let units = count * service.unit();
    let places = match random.below(4) {
        0 => vec![Place::Home, Place::Eu],
        1 => vec![Place::Eu],
        _ => vec![Place::Home],
    };
    let home_calls = places == [Place::Home] && service == Service::Voice;
    let abroad = places
        .contains(&Place::Eu)
        .then(|| random.within(1, count as i64) as i128);
    let shares: &[&[i128]] = &[&[], &[8_000], &[5_000, 10_000], &[3_333, 6_667, 9_999]];
    Allowance {
        name,
        service,
        units,
        valid,
        zones: match random.below(5) {
            0 if service != Service::Data => vec![Zone::National],
            1 if service != Service::Data => vec![Zone::National, Zone::Mobile],
            2 if service == Service::Voice => vec![Zone::France],
            _ => Vec::new(),
        },
        band: random.maybe(25, |r| r.pick(&[Band::Day, Band::Night])),
        made: random.maybe(20, |_| true).filter(|_| home_calls),
        abroad: abroad
            .filter(|_| random.chance(60))
            .map(|units| units * service.unit()),
        places,
        priority: random.within(0, 2),
        shared: random.chance(60),
        waives_setup: random.chance(30),
        warn: random.pick(shares).to_vec(),
        margin: random.pick(&[500, 0, 2_000]),
        cooldown: random.pick(&[1_440, 60, 4_000]),
    }
}

fn product(random: &mut Random, number: usize) -> Product {
    let count = random.below(3);
    let allowances = (0..count)
        .map(|nth| {
            let valid = match random.below(4) {
                0 => Valid::Days(random.within(1, 30)),
                1 => Valid::Hours(random.within(1, 100)),
                2 => Valid::Cycles(0),
                _ => Valid::Cycles(1),
            };
            allowance(random, format!("x{number}-{nth}"), valid)
        })
        .collect();
    Product {
        name: format!("x{number}"),
        price: random.within(0, 2_000) * 10_000,
        instalments: random.maybe(30, |r| r.within(2, 7)).unwrap_or(1),
        allowances,
        plan: random.maybe(15, |r| r.below(3)),
    }
}

fn discount(random: &mut Random, number: usize, from: i64, to: i64) -> Discount {
    let day = |random: &mut Random| {
        let minute = random.within(from / DAY, to / DAY) * DAY;
        DateTime::from_timestamp(minute * 60, 0)
            .unwrap()
            .date_naive()
    };
    let mut discount = Discount {
        name: format!("c{number}"),
        bps: random.within(1, 30) as i128 * 100,
        class: None,
        tier: None,
        card: None,
        vip: 0,
        plan: None,
        service: random.maybe(40, |r| r.pick(&Service::ALL)),
        zone: None,
        places: random.maybe(30, |r| r.pick(&[&[Place::Home][..], &[Place::Eu]]).to_vec()),
        from: None,
        until: None,
    };
    match random.below(8) {
        0 => discount.class = Some(random.below(2)),
        1 => discount.tier = Some(random.pick(&TIERS)),
        2 => discount.card = Some(random.pick(&CARDS)),
        3 => discount.vip = 1,
        4 => discount.plan = Some(random.below(3)),
        5 if discount.service != Some(Service::Data) => discount.zone = Some(Zone::National),
        6 => discount.from = Some(day(random)),
        7 => discount.until = Some(day(random)),
        _ => {}
    }
    discount
}
