//! Random tariffs, accounts and records, priced by the engine and by a naive model that shares no code with it:
//! the model bills one increment after the other and lets one quantum after the other be taken by the first grant
//! that covers it, looks up rules, zones and networks anew in the draft, takes local time from chrono, and adds
//! with decimals. Not a micro-unit may differ. Every charge is computed anew from its explanation as well: from
//! the charge, and from its JSON with decimals.
//!
//! A million records take about a minute; `UMBRAL_TEST_QUICK=1`, or a build without optimisation, draws fewer.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod dice;
mod naive;
mod record;
mod retold;
mod world;

use dice::Dice;
use naive::Outcome;
use record::Drawn;
use smol_str::SmolStr;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::ids::{AllowanceNo, GrantNo, PlanNo};
use umbral_model::input::Direction;
use umbral_model::rejection::Rejection;
use umbral_model::time::{Timestamp, ZoneRules};
use umbral_rating::explanation::{Explained, Usage};
use umbral_rating::{
    Account, Available, Counter, Customer, Record, Tariff, rate_for, recompute, tier_units,
};
use world::World;

const RECORDS_PER_WORLD: u64 = 200;

fn worlds() -> u64 {
    let quick = std::env::var_os("UMBRAL_TEST_QUICK").is_some() || cfg!(debug_assertions);
    if quick { 150 } else { 6_600 }
}

/// What came of the records, so that none of the rules goes untested.
#[derive(Debug, Default)]
struct Met {
    records: u64,
    priced: u64,
    cut: u64,
    covered: u64,
    covered_in_part: u64,
    by_two_grants: u64,
    over_versions: u64,
    tiered: u64,
    cut_at_tiers: u64,
    discounted: u64,
    capped: u64,
    waived: u64,
    held: u64,
    free: u64,
    negative: u64,
}

fn price(
    world: &World,
    catalogs: &CatalogSet,
    plans: &[(Timestamp, PlanNo)],
    drawn: &Drawn,
) -> Result<Charge, Rejection> {
    let zone = drawn.zone.map(|zone| format!("z{zone}"));
    let record = Record {
        service: common::SERVICES[world.service].0,
        direction: if drawn.terminating {
            Direction::Terminating
        } else {
            Direction::Originating
        },
        to: drawn.number,
        whole: drawn.whole,
        zone: zone.as_deref(),
        network: drawn.network,
        start: Timestamp::from_nanos(drawn.start),
        quantity: drawn.usage,
        duration: drawn.duration,
        continued: drawn.continued,
    };
    let cards: Vec<SmolStr> = drawn.cards.iter().map(|card| (*card).into()).collect();
    let grants = (1..).zip(&drawn.grants);
    let grants: Vec<Available<'_>> = grants
        .map(|(number, grant)| Available {
            grant: GrantNo(number),
            version: catalogs.get(grant.version_no()).unwrap(),
            allowance: AllowanceNo(grant.allowance as u16),
            left: grant.left,
            left_abroad: grant.left_abroad,
        })
        .collect();
    let counters = drawn.counters.iter().filter_map(|(rate, per, units)| {
        Some(Counter {
            no: catalogs.counter_no(&format!("r{rate}"))?,
            per: *per,
            units: *units,
        })
    });
    let tiers: Vec<_> = drawn.tier.iter().map(|tier| (*tier).into()).collect();
    let account = Account {
        customer: Customer {
            class: drawn.class,
            tiers: &tiers,
            cards: &cards,
            vip_rank: drawn.vip_rank,
        },
        allowances: &grants,
        counters: &counters.collect::<Vec<_>>(),
    };
    rate_for(catalogs, Tariff::Plans(plans), &record, &account)
}

/// A charge as far as the model knows one.
fn outcome(catalogs: &CatalogSet, drawn: &Drawn, charge: &Charge) -> Outcome {
    let mut covered: Vec<(usize, u64)> = Vec::new();
    for part in &charge.covered {
        let grant = part.grant.0 as usize - 1;
        assert!(part.units > 0);
        match covered.iter_mut().find(|known| known.0 == grant) {
            Some(known) => known.1 += part.units,
            None => covered.push((grant, part.units)),
        }
        let taken = covered.iter().find(|known| known.0 == grant).unwrap().1;
        assert_eq!(part.left, drawn.grants[grant].left - taken, "{charge:?}");
    }
    covered.sort_unstable();
    let counted = tier_units(catalogs, charge).into_iter();
    let counted = counted.map(|(no, per, units)| {
        let name = catalogs.counter_name(no).unwrap();
        (name[1..].parse().unwrap(), per, units)
    });
    Outcome {
        micros: charge.amount.micros(),
        covered,
        counted: counted.collect(),
        discounts: charge
            .discounts
            .iter()
            .map(|(number, _)| number.index())
            .collect(),
    }
}

/// What holds of every charge, whatever its price.
fn check_parts(drawn: &Drawn, charge: &Charge) {
    let mut offset = 0;
    for (index, segment) in charge.segments.iter().enumerate() {
        assert_eq!(
            segment.offset, offset,
            "segments follow one another: {charge:?}"
        );
        offset += segment.billed;
        assert!(segment.usage <= segment.billed && segment.covered <= segment.billed);
        let parts = charge.covered.iter();
        let of_segment = parts.filter(|part| usize::from(part.segment) == index);
        assert_eq!(
            of_segment.map(|part| part.units).sum::<u64>(),
            segment.covered
        );
    }
    let usage: u64 = charge.segments.iter().map(|segment| segment.usage).sum();
    assert_eq!(
        usage, drawn.usage,
        "segments hold the whole usage: {charge:?}"
    );
    let sum: u32 = charge.discounts.iter().map(|(_, bps)| bps).sum();
    assert!(charge.discount_bps <= sum);
    assert_eq!(recompute(charge).unwrap(), charge.amount, "{charge:?}");
}

fn explain(catalogs: &CatalogSet, drawn: &Drawn, charge: &Charge, json: &mut Vec<u8>) {
    let usage = Usage {
        start: Timestamp::from_nanos(drawn.start),
        quantity: drawn.usage,
        duration: drawn.duration,
    };
    json.clear();
    json.push(b'{');
    Explained::of(catalogs, charge, usage)
        .unwrap()
        .write_json(json);
    json.push(b'}');
    let (computed, written) = retold::retell(json);
    assert_eq!(written, charge.amount.micros());
    assert_eq!(computed, written, "{}", String::from_utf8_lossy(json));
}

impl Met {
    fn note(&mut self, world: &World, charge: &Charge) {
        let count = |met: &mut u64, what: bool| *met += u64::from(what);
        let segments = &charge.segments;
        let covered: u64 = segments.iter().map(|segment| segment.covered).sum();
        let billed: u64 = segments.iter().map(|segment| segment.billed).sum();
        let mut pairs = charge.covered.windows(2);
        let mut neighbours = segments.windows(2);
        let sum: u32 = charge.discounts.iter().map(|(_, bps)| bps).sum();
        let first = segments.first();
        let setup = first.map(|first| {
            let draft = &world.versions[first.version.index()].1;
            draft.rates.get(first.rate.index()).map(|rate| rate.setup)
        });
        count(&mut self.priced, true);
        count(&mut self.cut, segments.len() > 2);
        count(&mut self.covered, covered > 0);
        count(&mut self.covered_in_part, covered > 0 && covered < billed);
        count(
            &mut self.by_two_grants,
            pairs.any(|pair| pair[0].grant != pair[1].grant),
        );
        count(
            &mut self.over_versions,
            segments
                .iter()
                .any(|segment| segment.version != charge.version),
        );
        count(
            &mut self.tiered,
            segments.iter().any(|segment| segment.tier.is_some()),
        );
        count(
            &mut self.cut_at_tiers,
            neighbours.any(|pair| pair[0].rate == pair[1].rate && pair[0].tier < pair[1].tier),
        );
        count(&mut self.discounted, charge.discount_bps > 0);
        count(&mut self.capped, sum > charge.discount_bps);
        count(
            &mut self.waived,
            covered > 0 && setup.flatten().is_some_and(|setup| setup > charge.setup),
        );
        count(&mut self.held, charge.held_at.is_some());
        count(&mut self.free, charge.amount.micros() == 0);
        count(&mut self.negative, charge.amount.micros() < 0);
    }

    /// Each rule is met by one record in so many at least.
    fn check(&self) {
        let enough = |met: u64, one_in: u64| met * one_in >= self.records;
        let all = enough(self.priced, 2)
            && enough(self.cut, 15)
            && enough(self.covered, 5)
            && enough(self.covered_in_part, 10)
            && enough(self.by_two_grants, 20)
            && enough(self.over_versions, 30)
            && enough(self.tiered, 5)
            && enough(self.cut_at_tiers, 30)
            && enough(self.discounted, 10)
            && enough(self.capped, 40)
            && enough(self.waived, 25)
            && enough(self.held, 20)
            && enough(self.negative, 100);
        assert!(all, "{self:?}");
    }
}

#[test]
fn a_million_records_cost_what_the_naive_model_says_and_explain_it() {
    let names = [
        chrono_tz::Europe::Madrid,
        chrono_tz::America::New_York,
        chrono_tz::Australia::Lord_Howe,
        chrono_tz::Asia::Kathmandu,
        chrono_tz::UTC,
    ];
    let rules: Vec<ZoneRules> = names.map(common::zone_rules).to_vec();
    let mut met = Met::default();
    let mut json = Vec::new();
    for seed in 0..worlds() {
        let mut dice = Dice::new(seed * 0x1234_5678_9ABC);
        let world = World::draw(&mut dice);
        let (catalogs, plans) = (world.catalogs(&rules), world.plans());
        for number in 0..RECORDS_PER_WORLD {
            let drawn = world.record(&mut dice);
            let charge = price(&world, &catalogs, &plans, &drawn);
            let found = charge.as_ref().ok();
            let found = found.map(|charge| outcome(&catalogs, &drawn, charge));
            let expected = world.naive(&drawn);
            assert_eq!(
                found, expected,
                "record {number} of world {seed}: {drawn:?} {charge:?}"
            );
            met.records += 1;
            if let Ok(charge) = &charge {
                check_parts(&drawn, charge);
                explain(&catalogs, &drawn, charge, &mut json);
                met.note(&world, charge);
            }
        }
    }
    met.check();
    println!("{met:?}");
}
