//! One call through everything that a tariff may have: roaming, a visited country, allowances with bands and a
//! share for abroad, graduated tiers that the call crosses, discounts by tier, card and promotion.

use crate::{START, compile, deck, prefix, zone_names};
use smol_str::SmolStr;
use umbral_catalog::tables::TierPer;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::ids::{AllowanceNo, CounterNo, GrantNo, PlanNo};
use umbral_model::input::Direction;
use umbral_model::rejection::Rejection;
use umbral_rating::{Account, Available, Counter, Customer, Record, Tariff, rate_for};

const SECOND: u64 = 1_000_000_000;

/// The tariff, and the account that calls.
#[derive(Debug)]
pub struct FullCall {
    set: CatalogSet,
    plan: PlanNo,
    counter: CounterNo,
    numbers: Vec<String>,
    cards: Vec<SmolStr>,
    tiers: Vec<SmolStr>,
}

impl FullCall {
    /// A catalog with so many prefixes.
    ///
    /// # Errors
    /// What is wrong with the catalog, in one line.
    pub fn new(prefixes: usize) -> anyhow::Result<FullCall> {
        let set = compile(&catalog(prefixes))?;
        let numbers = (0..1024).map(|index| prefix(index * 97 % prefixes));
        Ok(FullCall {
            plan: set
                .plan_no("full")
                .ok_or_else(|| anyhow::anyhow!("no plan"))?,
            counter: set
                .counter_no("abroad")
                .ok_or_else(|| anyhow::anyhow!("no rate with tiers"))?,
            numbers: numbers.collect(),
            cards: vec!["blue".into(), "club".into()],
            tiers: vec!["gold".into()],
            set,
        })
    }

    /// The price of three minutes in the network of a visited country: one minute is covered, one lies in the
    /// first tier and one in the second; two discounts of four apply.
    ///
    /// # Errors
    /// None, if the catalog is right.
    pub fn rate(&self, number: u64) -> Result<Charge, Rejection> {
        let version = self
            .set
            .latest()
            .ok_or(Rejection::from(umbral_model::rejection::Reason::NoVersion))?;
        let grant = |number: u32, allowance: u16, seconds: u64, abroad: Option<u64>| Available {
            grant: GrantNo(number),
            version,
            allowance: AllowanceNo(allowance),
            left: seconds * SECOND,
            left_abroad: abroad.map(|seconds| seconds * SECOND),
        };
        let account = Account {
            customer: Customer {
                class: Some("standard"),
                tiers: &self.tiers,
                cards: &self.cards,
                vip_rank: 1,
            },
            allowances: &[
                grant(3, 0, 6_000, None),
                grant(1, 1, 9_000, Some(60)),
                grant(2, 2, 1_000, None),
            ],
            counters: &[Counter {
                no: self.counter,
                per: TierPer::Account,
                units: 9 * 60 * SECOND,
            }],
        };
        let record = Record {
            service: "voice",
            direction: Direction::Originating,
            to: &self.numbers[number as usize % self.numbers.len()],
            whole: false,
            zone: None,
            network: Some("20801"),
            start: START.plus_nanos((number % 100_000) as i64 * SECOND as i64),
            quantity: 180 * SECOND,
            duration: None,
            continued: None,
        };
        rate_for(&self.set, Tariff::Plan(self.plan), &record, &account)
    }
}

fn catalog(prefixes: usize) -> Vec<(SmolStr, SmolStr)> {
    let head = "name = \"Bench\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\nhome_networks = [\"21407\"]\nemergency = [\"112\", \"061\"]\n";
    vec![
        ("catalog.toml".into(), head.into()),
        ("tables.toml".into(), tables(&zone_names()).into()),
        ("zones/deck.csv".into(), deck(prefixes).into()),
    ]
}

fn tables(zones: &str) -> String {
    format!(
        r#"
[network.eu]
networks = ["208", "262"]
country_code = "33"
[network.world]
networks = ["*"]
[band.weekend]
weekdays = "Sat-Sun"
[rate.home]
price = "0.09 per minute"
[rate.local]
price = "0.12 per minute"
[rate.abroad]
setup = "0.10"
minimum = "0.05"
maximum = "50.00"
tiers = [
  {{ up_to = "10m", price = "0.20 per minute" }},
  {{ up_to = "100m", price = "0.15 per minute" }},
  {{ price = "0.10 per minute" }},
]
tier_kind = "graduated"
increment = "1s"
rounding = "half_up to 4"
[rate.received]
price = "free"
[rate.octets]
price = "2.00 per GB"
increments = "10kB"
[plan.full]
rules = [
  {{ service = "voice", zone = [{zones}], rate = "home" }},
  {{ service = "voice", roaming = "eu", visited = true, rate = "local" }},
  {{ service = "voice", roaming = "eu", zone = [{zones}], direction = "originating", rate = "abroad" }},
  {{ service = "voice", roaming = "eu", direction = "terminating", rate = "received" }},
  {{ service = "data", rate = "octets" }},
]
allowances = [
  {{ name = "weekend", service = "voice", units = "100m", band = "weekend", roaming = ["home", "eu"], priority = 10 }},
  {{ name = "minutes", service = "voice", units = "300m", zone = [{zones}], roaming = ["home", "eu"], units_abroad = "100m" }},
  {{ name = "10 GB", service = "data", units = "10GB", roaming = ["home", "eu"] }},
]
[discount.staff]
percent = "30%"
class = "staff"
[discount.gold]
percent = "10%"
tier = "gold"
zone = [{zones}]
[discount.club]
percent = "5%"
card = "club"
service = "voice"
[discount.summer]
percent = "20%"
from = 2026-06-01
until = 2026-08-31
[class.standard]
[class.staff]
"#
    )
}
