//! Tiers of a programme.

use super::{MOST_POINTS, tables, under, without_effect};
use crate::codes;
use crate::draft::amounts::minor_money;
use crate::draft::head::Head;
use crate::loyalty::{LoyaltyTier, Programme};
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Value};
use crate::source::{At, Spot};
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::money::{Money, parse_scaled};

const KEYS: [&str; 4] = ["from", "retain", "multiplier", "description"];
/// A multiplier of 1, in basis points.
const WHOLE_BPS: u32 = 10_000;
/// A hundred times the points.
const MOST_BPS: i128 = 1_000_000;
/// Tiers are few; they are numbered with 16 bits.
const MOST_TIERS: usize = 1_000;

/// The tiers of a programme, in file order.
pub(super) fn read(fields: &Fields<'_>, head: &Head, report: &mut Report) -> Vec<LoyaltyTier> {
    let entries = tables(fields, "tier", report);
    if let Some(extra) = entries.get(MOST_TIERS) {
        let title = format!("{} has more than {MOST_TIERS} tiers", fields.what);
        report.error(codes::TOO_MANY, extra.key_spot, title, "");
    }
    let mut tiers: Vec<LoyaltyTier> = Vec::new();
    for entry in entries {
        let last = tiers.last().map(|tier| tier.from);
        tiers.extend(tier(entry, &fields.what, last, head, report));
    }
    tiers
}

fn tier(
    entry: &Entry,
    programme: &str,
    below: Option<u64>,
    head: &Head,
    report: &mut Report,
) -> Option<LoyaltyTier> {
    let what = format!("tier {} of {programme}", entry.key);
    let fields = Fields::open(&entry.node, what, &KEYS, &[], report)?;
    fields.descriptions(report);
    if fields.get("from").is_none() {
        fields.missing("from", report);
    }
    let from = fields.whole("from", 0..=MOST_POINTS, report)? as u64;
    out_of_order(&fields, from, below, report);
    let retain = fields.text("retain", report).and_then(|text| {
        let what = format!("retain of {}", fields.what);
        minor_money(&text, &what, head.currency, report)
    });
    Some(LoyaltyTier {
        name: entry.key.clone(),
        from,
        retain: retain.unwrap_or(Money::ZERO),
        multiplier_bps: multiplier(&fields, report).unwrap_or(WHOLE_BPS),
    })
}

fn out_of_order(fields: &Fields<'_>, from: u64, below: Option<u64>, report: &mut Report) {
    let Some(entry) = fields.get("from") else {
        return;
    };
    let label = match below {
        None if from > 0 => "the first tier is reached with 0 points".to_owned(),
        Some(below) if from <= below => format!("not above {below}"),
        _ => return,
    };
    let title = format!("{} is out of order", fields.what);
    report
        .error(codes::TIER_LADDER, entry.spot(), title, label)
        .note("tiers stand from the lowest to the highest: the first from 0 points, each above the one before");
}

/// Reads `1.5x` as basis points.
fn multiplier(fields: &Fields<'_>, report: &mut Report) -> Option<u32> {
    let text = fields.text("multiplier", report)?;
    let number = text.value.strip_suffix('x');
    let bps = number.and_then(|number| parse_scaled(number, 4).ok());
    let bps = bps.filter(|bps| (0..=MOST_BPS).contains(bps));
    if bps.is_none() {
        let title = format!("multiplier of {} cannot be {}", fields.what, text.value);
        report
            .error(codes::BAD_MULTIPLIER, text.spot, title, "")
            .note("write how many times the points count, such as \"1.5x\"; at most \"100x\", with four decimals");
    }
    bps.map(|bps| bps as u32)
}

/// The least tier of each VIP rank, ascending by rank.
pub(super) fn vip_floor(
    fields: &Fields<'_>,
    tiers: &[LoyaltyTier],
    report: &mut Report,
) -> Vec<(u16, u16)> {
    let Some(entry) = fields.get("vip_floor") else {
        return Vec::new();
    };
    let Value::Table(table) = &entry.node.value else {
        fields.wrong_type(entry, "written as { 2 = \"silver\" }", report);
        return Vec::new();
    };
    let mut floor = Vec::new();
    for entry in &table.entries {
        let Value::Text(name) = &entry.node.value else {
            fields.wrong_type(entry, "a tier's name in quotes", report);
            continue;
        };
        let tier = tier_named(&At::new(name.clone(), entry.node.spot), tiers, report);
        match entry.key.parse::<u16>() {
            Ok(rank) => floor.extend(tier.map(|tier| (rank, tier))),
            Err(_) => {
                let title = format!("{} is no VIP rank", entry.key);
                report
                    .error(codes::OUT_OF_RANGE, entry.key_spot, title, "")
                    .note(format!("write a number from 0 to {}", u16::MAX));
            }
        }
    }
    floor.sort_unstable();
    floor
}

/// The number of a tier.
fn tier_named(name: &At<SmolStr>, tiers: &[LoyaltyTier], report: &mut Report) -> Option<u16> {
    let found = tiers.iter().position(|tier| tier.name == name.value);
    if found.is_none() {
        let known = tiers.iter().map(|tier| tier.name.as_str());
        let hint = did_you_mean(&name.value, known).unwrap_or_default();
        let title = format!("there is no tier {}", name.value);
        report
            .error(codes::UNKNOWN_TIER, name.spot, title, hint)
            .note("define it as [programme.NAME.tier.TIER]");
    }
    found.map(|index| index as u16)
}

/// Reports settings of tiers that no tier, or no end of a validity, could act on.
pub(super) fn check(fields: &Fields<'_>, programme: &Programme, report: &mut Report) {
    let title = |missing: &str| format!("{} has no {missing} for this", fields.what);
    let of_tiers = ["tier_validity", "vip_floor"];
    let of_validity = ["demotion", "tier_correction", "tier_notices"];
    if fields.get("tier").is_none() {
        let all = of_tiers.iter().chain(&of_validity);
        for entry in all.filter_map(|key| fields.get(key)) {
            let mend = format!(
                "define [programme.NAME.tier.TIER] tables, or leave {} out",
                entry.key
            );
            without_effect(entry, title("tiers"), mend, report);
        }
        return;
    }
    if fields.get("tier_validity").is_some() {
        easier_to_keep(fields, &programme.tiers, report);
        return;
    }
    let mend = |key: &str| format!("write tier_validity = \"24 months\", or leave {key} out");
    // Notices of an end that never comes are told with all other notices.
    for entry in of_validity[..2].iter().filter_map(|key| fields.get(key)) {
        without_effect(entry, title("tier_validity"), mend(&entry.key), report);
    }
    let standards = programme
        .tiers
        .iter()
        .filter(|tier| tier.retain > Money::ZERO);
    for tier in standards {
        if let Some(entry) = retain_of(fields, &tier.name) {
            without_effect(entry, title("tier_validity"), mend("retain"), report);
        }
    }
}

/// Warns of a tier that is kept by less than the one below it.
fn easier_to_keep(fields: &Fields<'_>, tiers: &[LoyaltyTier], report: &mut Report) {
    for pair in tiers.windows(2) {
        let [below, tier] = pair else { continue };
        if tier.retain >= below.retain {
            continue;
        }
        let entry = retain_of(fields, &tier.name);
        let spot = entry.map_or_else(|| tier_spot(fields, &tier.name), Entry::spot);
        let title = format!(
            "tier {} of {} is kept by less than {}",
            tier.name, fields.what, below.name
        );
        let label = format!("{} after {}", tier.retain, below.retain);
        report
            .warn(codes::RETAIN_FALLS, spot, title, label)
            .note("write a retain that is not below that of the tier before");
    }
}

fn tier_spot(fields: &Fields<'_>, tier: &str) -> Spot {
    let entry = fields.get("tier").and_then(|tiers| under(tiers, tier));
    entry.map_or(fields.spot, |entry| entry.key_spot)
}

fn retain_of<'t>(fields: &Fields<'t>, tier: &str) -> Option<&'t Entry> {
    under(under(fields.get("tier")?, tier)?, "retain")
}
