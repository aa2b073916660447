//! Discounts and promotions, by name.

use super::allowances::places;
use super::amounts::any_bps;
use super::head::Head;
use super::plans::{DIRECTIONS, names};
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::Entry;
use crate::source::{At, Definition, Source, Spot};
use crate::text::days::INSTANT_YEARS;
use crate::text::units::shown_percent;
use smol_str::SmolStr;
use umbral_model::input::Direction;
use umbral_model::time::{Date, Timestamp};

/// A discount by names.
#[derive(Clone, Debug)]
pub(crate) struct DraftDiscount {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Its share, in basis points.
    pub(crate) bps: u32,
    /// Credit classes; empty for all.
    pub(crate) classes: Vec<At<SmolStr>>,
    /// Loyalty tiers; empty for all.
    pub(crate) tiers: Vec<At<SmolStr>>,
    /// Cards; empty for all.
    pub(crate) cards: Vec<At<SmolStr>>,
    /// Least VIP rank.
    pub(crate) vip_rank: u16,
    /// Plans; empty for all.
    pub(crate) plans: Vec<At<SmolStr>>,
    /// Services; empty for all.
    pub(crate) services: Vec<At<SmolStr>>,
    /// Zones; empty for all.
    pub(crate) zones: Vec<At<SmolStr>>,
    /// `home`, `*` and network groups; empty for everywhere.
    pub(crate) roaming: Vec<At<SmolStr>>,
    /// Direction.
    pub(crate) direction: Option<Direction>,
    /// First instant.
    pub(crate) from: Timestamp,
    /// Instant after the last one.
    pub(crate) until: Timestamp,
    /// Where its last day is written.
    pub(crate) until_spot: Spot,
    /// Something in it could not be read.
    pub(crate) broken: bool,
}

const KEYS: [&str; 13] = [
    "percent",
    "class",
    "tier",
    "card",
    "vip_rank",
    "plan",
    "service",
    "zone",
    "roaming",
    "direction",
    "from",
    "until",
    "description",
];
const MOST_DISCOUNTS: usize = 60_000;

/// Reads `[discount.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftDiscount> {
    let definitions = source.of("discount");
    if let Some(extra) = definitions.get(MOST_DISCOUNTS) {
        let title = format!("there are more than {MOST_DISCOUNTS} discounts");
        report.error(codes::TOO_MANY, extra.name.spot, title, "");
    }
    definitions
        .iter()
        .filter_map(|definition| discount(definition, head, report))
        .collect()
}

fn discount(definition: &Definition, head: &Head, report: &mut Report) -> Option<DraftDiscount> {
    let what = format!("discount {}", definition.name.value);
    let fields = Fields::open(&definition.node, what, &KEYS, &[], report)?;
    fields.descriptions(report);
    let mut whole = true;
    let mut list = |key: &str, report: &mut Report| {
        let names = names(&fields, key, report);
        whole &= names.is_some();
        names.unwrap_or_default()
    };
    let classes = list("class", report);
    let tiers = list("tier", report);
    let cards = list("card", report);
    let plans = list("plan", report);
    let services = list("service", report);
    let zones = list("zone", report);
    let roaming = places(&fields, report);
    let direction = fields.word("direction", &DIRECTIONS, report);
    let vip_rank = fields.whole("vip_rank", 0..=i64::from(u16::MAX), report);
    let (from, until) = promotion(&fields, head, report);
    whole &= roaming.is_some()
        && from.is_some()
        && until.is_some()
        && (direction.is_some() || fields.get("direction").is_none());
    Some(DraftDiscount {
        name: definition.name.clone(),
        bps: percent(&fields, head, report),
        classes,
        tiers,
        cards,
        vip_rank: vip_rank.unwrap_or(0) as u16,
        plans,
        services,
        zones,
        roaming: roaming.unwrap_or_default(),
        direction,
        from: from.unwrap_or(Timestamp::MIN),
        until: until.unwrap_or(Timestamp::MAX),
        until_spot: fields.get("until").map_or(fields.spot, Entry::spot),
        broken: !whole,
    })
}

fn percent(fields: &Fields<'_>, head: &Head, report: &mut Report) -> u32 {
    let what = format!("percent of {}", fields.what);
    let Some(text) = fields.needed_text("percent", report) else {
        return 0;
    };
    let Some(share) = any_bps(&text, &what, head.discount_cap, report) else {
        return 0;
    };
    if share == 0 || share > head.discount_cap {
        let title = format!("{what} cannot be {}", text.value);
        let cap = head.discount_cap;
        let label = match share {
            0 => "takes nothing off".to_owned(),
            _ => format!("above the cap of {}", shown_percent(cap)),
        };
        report
            .error(codes::DISCOUNT_OVER_CAP, text.spot, title, label)
            .note(format!(
                "write a percentage above 0% and at most {}; discount_cap in catalog.toml says how much all discounts of a record may take off",
                shown_percent(cap)
            ));
    }
    share
}

/// From the first instant of a day to the last one of another; none where a day cannot be read.
fn promotion(
    fields: &Fields<'_>,
    head: &Head,
    report: &mut Report,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let (first, last) = (day(fields, "from", report), day(fields, "until", report));
    if let (Some(Some(first)), Some(Some(last)), Some(entry)) = (first, last, fields.get("until"))
        && last < first
    {
        let title = format!("the promotion of {} is empty", fields.what);
        report
            .error(
                codes::EMPTY_PROMOTION,
                entry.spot(),
                title,
                format!("before {first}"),
            )
            .note("until is its last day, and not before from");
    }
    let begins = |day: Date| head.zone.start_of_day(day);
    (
        first.map(|day| day.map_or(Timestamp::MIN, begins)),
        last.map(|day| day.map_or(Timestamp::MAX, |day| begins(day.plus_days(1)))),
    )
}

/// A day; none inside where it is not there, none outside where it cannot be read.
pub(crate) fn day(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Option<Date>> {
    if fields.get(key).is_none() {
        return Some(None);
    }
    let text = fields.moment(key, report)?;
    let day = Date::parse(&text.value).filter(|day| INSTANT_YEARS.contains(&day.ymd().0));
    if day.is_none() {
        let title = format!("{key} of {} cannot be {}", fields.what, text.value);
        report
            .error(codes::BAD_DATE, text.spot, title, "no such day")
            .note("write a day such as 2026-06-01; a promotion lasts to the end of its last day");
    }
    day.map(Some)
}
