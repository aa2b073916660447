//! VIP levels: what customers have from a rank on.

use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Value};
use crate::source::{At, Definition, Source, Spot};
use crate::tables::VipLevel;
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;

const KEYS: [&str; 4] = ["rank", "class", "tier_floor", "description"];

/// The levels, by rank, and the tiers that they name with their places.
#[derive(Debug)]
pub(crate) struct DraftLevels {
    /// The levels.
    pub(crate) levels: Vec<VipLevel>,
    /// The tiers.
    pub(crate) tier_floors: Vec<At<SmolStr>>,
}

/// A level, and where its parts stand.
struct Read {
    level: VipLevel,
    rank: Spot,
    chosen: Vec<Spot>,
    tier_floor: Option<At<SmolStr>>,
}

/// Reads `[vip.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, report: &mut Report) -> DraftLevels {
    let definitions = source.of("vip").iter();
    let mut levels: Vec<Read> = definitions
        .filter_map(|definition| level(definition, source, report))
        .collect();
    one_level_a_rank(&levels, report);
    chosen_once(&levels, report);
    levels.sort_by_key(|read| read.level.rank);
    DraftLevels {
        tier_floors: levels
            .iter()
            .filter_map(|read| read.tier_floor.clone())
            .collect(),
        levels: levels.into_iter().map(|read| read.level).collect(),
    }
}

fn level(definition: &Definition, source: &Source<'_>, report: &mut Report) -> Option<Read> {
    let what = format!("vip {}", definition.name.value);
    let fields = Fields::open(&definition.node, what, &KEYS, &[], report)?;
    fields.descriptions(report);
    if fields.get("rank").is_none() {
        fields.missing("rank", report);
    }
    let rank = fields.whole("rank", 1..=i64::from(u16::MAX), report)?;
    let (classes, chosen) = classes(&fields, source, report);
    let tier_floor = fields.text("tier_floor", report);
    Some(Read {
        level: VipLevel {
            name: definition.name.value.clone(),
            rank: rank as u16,
            classes,
            tier_floor: tier_floor.as_ref().map(|tier| tier.value.clone()),
        },
        rank: fields.get("rank").map_or(fields.spot, Entry::spot),
        chosen,
        tier_floor,
    })
}

/// `class.OWN = "CHOSEN"`.
fn classes(
    fields: &Fields<'_>,
    source: &Source<'_>,
    report: &mut Report,
) -> (Vec<(SmolStr, SmolStr)>, Vec<Spot>) {
    let Some(entry) = fields.get("class") else {
        return Default::default();
    };
    let Value::Table(table) = &entry.node.value else {
        fields.wrong_type(entry, "written as class.standard = \"vip\"", report);
        return Default::default();
    };
    let mut found = Vec::new();
    let mut spots = Vec::new();
    for entry in &table.entries {
        let Value::Text(chosen) = &entry.node.value else {
            fields.wrong_type(entry, "a text in quotes", report);
            continue;
        };
        let own_is_known = is_class(&entry.key, entry.key_spot, source, report);
        if own_is_known & is_class(chosen, entry.node.spot, source, report) {
            found.push((entry.key.clone(), chosen.clone()));
            spots.push(entry.spot());
        }
    }
    (found, spots)
}

fn is_class(name: &SmolStr, spot: Spot, source: &Source<'_>, report: &mut Report) -> bool {
    let known = source.of("class");
    if known.iter().any(|class| class.name.value == *name) {
        return true;
    }
    let names = known.iter().map(|class| class.name.value.as_str());
    let hint = did_you_mean(name, names).unwrap_or_default();
    let title = format!("there is no credit class {name}");
    report
        .error(codes::UNKNOWN_CLASS, spot, title, hint)
        .note(format!("define it as [class.{name}]"));
    false
}

fn one_level_a_rank(levels: &[Read], report: &mut Report) {
    for (index, read) in levels.iter().enumerate() {
        let before = levels[..index].iter();
        let mut same = before.filter(|other| other.level.rank == read.level.rank);
        if let Some(other) = same.next() {
            let title = format!(
                "vip {} and vip {} begin at the same rank",
                other.level.name, read.level.name
            );
            report
                .error(codes::VIP_RANK_TWICE, read.rank, title, "second one")
                .note("give each level a rank of its own, or make one of the two");
        }
    }
}

/// A class that a rank chooses is final: at no rank may it be replaced itself, which could lead in circles.
fn chosen_once(levels: &[Read], report: &mut Report) {
    let mut told: Vec<Spot> = Vec::new();
    for rank in levels.iter().map(|read| read.level.rank) {
        let owns = levels.iter().flat_map(|read| &read.level.classes);
        for (own, _) in owns {
            let Some((name, chosen, spot)) = class_at(levels, own, rank) else {
                continue;
            };
            let is_final = class_at(levels, chosen, rank).is_none();
            if is_final || told.contains(&spot) {
                continue;
            }
            told.push(spot);
            let title = format!(
                "vip {name} gives class {chosen} in place of {own}, and {chosen} is replaced itself"
            );
            report
                .error(codes::VIP_CLASS_CHAIN, spot, title, "would not be final")
                .note("let each level name the class that counts in the end");
        }
    }
}

/// The class that a rank chooses for an own one, the level that names it, and where.
fn class_at<'l>(
    levels: &'l [Read],
    own: &SmolStr,
    rank: u16,
) -> Option<(&'l SmolStr, &'l SmolStr, Spot)> {
    let reached = levels.iter().filter(|read| read.level.rank <= rank);
    let named = reached.filter_map(|read| {
        let index = read
            .level
            .classes
            .iter()
            .position(|(from, _)| from == own)?;
        Some((read, index))
    });
    let (read, index) = named.max_by_key(|(read, _)| read.level.rank)?;
    let (_, chosen) = &read.level.classes[index];
    Some((&read.level.name, chosen, read.chosen[index]))
}
