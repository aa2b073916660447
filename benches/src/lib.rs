//! What the benchmarks measure with: a catalog with a deck of any size and a stream of usage records.

pub mod embedded;
mod full;
pub mod kafka;
pub mod latency;
pub mod mix;
pub mod process;
pub mod rating;
pub mod restart;
mod row;
pub mod ticks;

pub use full::FullCall;
pub use row::{Row, Sizes};

use smol_str::SmolStr;
use std::io::Write;
use umbral_catalog::version::CatalogSet;
use umbral_intake::zones::Iana;
use umbral_model::ids::{AccountId, EventId, MemberId, PurchaseId, ServiceName, Source};
use umbral_model::input::{
    Address, Body, CustomerAdded, Direction, Identifier, IdentifierKind, Incoming, IncomingBody,
    InputKey, MemberAdded, PartyNumber, Purchase, PurchaseLine, Usage,
};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;

/// 2026-03-02T08:00:00Z, a Monday: where streams begin.
pub const START: Timestamp = Timestamp::from_seconds(1_772_438_400);
const ZONES: usize = 50;

/// A generator of its own, so that a run can be repeated anywhere.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// The next number below `bound`, which is above 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The prefix with this number: 34 and six digits, so that every length of match occurs below them.
pub fn prefix(number: usize) -> String {
    format!("34{number:06}")
}

fn deck(prefixes: usize) -> String {
    let mut deck = String::from("prefix,zone\n");
    for number in 0..prefixes {
        deck.push_str(&format!("{},z{}\n", prefix(number), number % ZONES));
    }
    deck
}

/// All zones, as a rule lists them.
fn zone_names() -> String {
    let zones: Vec<String> = (0..ZONES).map(|zone| format!("\"z{zone}\"")).collect();
    zones.join(", ")
}

/// A catalog of one plan with `prefixes` prefixes in 50 zones, peak and off-peak, two price steps, data in
/// increments of 10 kB, and a class with three warnings.
pub fn catalog(prefixes: usize) -> Vec<(SmolStr, SmolStr)> {
    let zones = zone_names();
    let tables = format!(
        r#"
[band.peak]
weekdays = "Mon-Fri"
from = "08:00"
to = "20:00"
[band.off_peak]
windows = [{{ weekdays = "Mon-Fri", from = "20:00", to = "08:00" }}, {{ weekdays = "Sat-Sun" }}]
[rate.peak]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
rounding = "half_up to 4"
[rate.off_peak]
price = "0.05 per minute"
increments = "1s"
rounding = "half_up to 4"
[rate.text]
price = "0.08 per event"
[rate.octets]
price = "2.00 per GB"
increments = "10kB"
[plan.bench]
rules = [
  {{ service = "voice", zone = [{zones}], band = "peak", rate = "peak" }},
  {{ service = "voice", zone = [{zones}], band = "off_peak", rate = "off_peak" }},
  {{ service = "sms", rate = "text" }},
  {{ service = "data", rate = "octets" }},
]
[class.standard]
limit.exposure = "500.00"
warn_at = ["50%", "80%", "90%"]
on_breach = ["warn_sms", "bar outgoing"]
"#
    );
    let tables = format!("{CLUB}{tables}");
    let head = "name = \"Bench\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n";
    vec![
        ("catalog.toml".into(), head.into()),
        ("tables.toml".into(), tables.into()),
        ("zones/deck.csv".into(), deck(prefixes).into()),
    ]
}

/// A programme: points for purchases and usage, two tiers.
const CLUB: &str = r#"
[programme.club]
expiry = "12 months"
earn = [ { points = 1, per = "1.00" }, { on = "usage", points = 1, per = "1.00" } ]
[programme.club.tier.ordinary]
from = 0
[programme.club.tier.silver]
from = 1000
"#;

/// The compiled catalog as the only version.
///
/// # Errors
/// What is wrong with the files, in one line.
pub fn compile(files: &[(SmolStr, SmolStr)]) -> anyhow::Result<CatalogSet> {
    let compiled = umbral_catalog::load(files, &Iana)
        .map_err(|problems| anyhow::anyhow!("{} problems in the catalog", problems.len()))?;
    let mut set = CatalogSet::new();
    let valid_from = compiled.catalog.valid_from;
    set.activate(compiled.catalog, valid_from);
    Ok(set)
}

fn incoming(source: &str, id: String, at: Timestamp, address: Address, body: Body) -> Incoming {
    Incoming {
        key: InputKey {
            source: Source::new(source),
            event_id: EventId::new(id),
        },
        occurred_at: at,
        address: Some(address),
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::Account(body),
    }
}

fn identifier(account: u64) -> Identifier {
    Identifier {
        kind: IdentifierKind::Msisdn,
        value: SmolStr::new((34_600_000_000 + account).to_string()),
    }
}

/// The two inputs with which an account begins: `customer_added` and `member_added`.
pub fn customer(account: u64) -> [Incoming; 2] {
    let address = || Address::Account(AccountId::new(format!("A{account}")), None);
    let added = CustomerAdded {
        class: "standard".into(),
        plan: Some("bench".into()),
        profile: None,
        time_zone: "Europe/Madrid".into(),
        cycle_day: 1,
        vip_rank: 0,
        member_category: None,
    };
    let member = MemberAdded {
        member: MemberId::new("M1"),
        plan: None,
        identifiers: vec![identifier(account)],
    };
    [
        incoming(
            "crm",
            format!("c{account}"),
            START,
            address(),
            Body::CustomerAdded(added),
        ),
        incoming(
            "crm",
            format!("m{account}"),
            START,
            address(),
            Body::MemberAdded(member),
        ),
    ]
}

/// A purchase of an account, of 21.90 EUR: it earns what `CLUB` gives.
pub fn purchase(account: u64) -> Incoming {
    let line = PurchaseLine {
        category: SmolStr::new_static("books"),
        item: SmolStr::new_static("book"),
        qty: 1,
        net: Some(Money::from_micros(21_900_000)),
        tax: Money::ZERO,
        discount: Money::ZERO,
    };
    let purchase = Purchase {
        purchase: PurchaseId::new(format!("p{account}")),
        method: SmolStr::new_static("cash"),
        location: None,
        partner: None,
        card: None,
        points_part: None,
        lines: vec![line],
    };
    incoming(
        "shop",
        format!("p{account}"),
        START,
        Address::Account(AccountId::new(format!("A{account}")), None),
        Body::Purchase(purchase),
    )
}

/// How accounts are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// All alike.
    Uniform,
    /// By Zipf's law with the exponent 1: the one of rank `n` about `1/n` as often as the first. Ranks lie
    /// scattered over the numbers.
    Zipf,
}

/// A number below `accounts`: its rank is what the law's distribution, taken as continuous, gives a uniform draw.
fn zipf(accounts: u64, random: &mut Seeded) -> u64 {
    const DRAWS: u64 = 1 << 31;
    /// A prime that no count of accounts here is a multiple of.
    const SCATTER: u64 = 2_147_483_647;
    let draw = random.below(DRAWS) as f64 / DRAWS as f64;
    let rank = ((accounts + 1) as f64).powf(draw) as u64 - 1;
    rank.min(accounts - 1) * SCATTER % accounts
}

/// A usage record: seven in ten are calls, two data, one a message; ten records a second.
pub fn usage(
    number: u64,
    accounts: u64,
    prefixes: usize,
    choice: Choice,
    random: &mut Seeded,
) -> Incoming {
    let account = match choice {
        Choice::Uniform => random.below(accounts),
        Choice::Zipf => zipf(accounts, random),
    };
    let (service, quantity) = match random.below(10) {
        0 => ("sms", 1),
        1 | 2 => ("data", (1 + random.below(5_000)) * 10_000),
        _ => ("voice", (1 + random.below(600)) * 1_000_000_000),
    };
    let called = format!(
        "{}{:03}",
        prefix(random.below(prefixes as u64) as usize),
        random.below(1_000)
    );
    let record = Usage {
        service: ServiceName::new(service),
        direction: Direction::Originating,
        to: PartyNumber {
            head: called.into(),
            tail: SmolStr::new_static("0000"),
        },
        zone: None,
        network: None,
        quantity,
        duration: None,
        scope: None,
        continued: None,
        reservation: None,
    };
    let at = START.plus_nanos(number as i64 * 100_000_000);
    incoming(
        "med",
        format!("u{number}"),
        at,
        Address::Identifier(identifier(account)),
        Body::Usage(record),
    )
}

/// Writes inputs as length-delimited protobuf.
///
/// # Errors
/// What the file system says.
pub fn write_delimited(
    out: &mut impl Write,
    inputs: impl Iterator<Item = Incoming>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for input in inputs {
        bytes.clear();
        umbral_wire::proto::encode_delimited(&input, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}
