//! What earns points: rules by version, and promotions.

use super::{check_name, list};
use crate::codes;
use crate::draft::amounts::{any_bps, money};
use crate::draft::discounts::day;
use crate::draft::head::{Head, moment};
use crate::draft::plans::names;
use crate::loyalty::{AccrualRule, AccrualSource, LineFilter, Promotion, RuleVersion};
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Spot};
use smol_str::SmolStr;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

const FILTER_KEYS: [&str; 7] = [
    "category",
    "item",
    "partner",
    "location",
    "method",
    "member_category",
    "card_line",
];
const RULE_KEYS: [&str; 7] = [
    "on",
    "earns",
    "points",
    "per",
    "min_units",
    "multiplied",
    "qualifying",
];
const VERSION_KEYS: [&str; 4] = ["name", "from", "earn", "description"];
const PROMOTION_KEYS: [&str; 5] = ["name", "from", "until", "bonus", "description"];
const SOURCES: [(&str, AccrualSource); 4] = [
    ("purchase", AccrualSource::Purchase),
    ("invoice", AccrualSource::Invoice),
    ("usage", AccrualSource::Usage),
    ("visit", AccrualSource::Visit),
];
/// The words of usage: what scopes are called.
pub(crate) const USAGE_WORDS: [&str; 3] = ["voice", "data", "roaming_data"];
const NOTHING: [(&str, ()); 1] = [("nothing", ())];
/// Most that a unit may bring before tiers and promotions count.
const MOST_POINTS: i64 = 1_000_000;
/// Most that a promotion adds: a hundred times the points.
const MOST_BONUS_BPS: u32 = 1_000_000;
/// More rules of a version, or promotions, than anybody could read.
const MOST_RULES: usize = 1_000;

/// Reads rules and promotions, and keeps their places.
pub(super) struct Reader<'s> {
    head: &'s Head,
    /// Where rules stand, by version.
    pub(super) rule_spots: Vec<Vec<Spot>>,
    /// Where promotions stand.
    pub(super) promotion_spots: Vec<Spot>,
    /// Card lines that were named.
    pub(super) card_lines: Vec<At<SmolStr>>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(head: &'s Head) -> Self {
        Reader {
            head,
            rule_spots: Vec::new(),
            promotion_spots: Vec::new(),
            card_lines: Vec::new(),
        }
    }

    /// The versions of a programme's rules: those of `version`, or the one of `earn`.
    pub(super) fn versions(
        &mut self,
        fields: &Fields<'_>,
        programme: &SmolStr,
        report: &mut Report,
    ) -> Vec<RuleVersion> {
        let listed = list(
            fields,
            "version",
            "written as [[programme.NAME.version]]",
            report,
        );
        match (fields.get("earn"), fields.get("version")) {
            (Some(_), None) => {
                let rules = self.rules(fields, report);
                let hash = xxh3_64(format!("{rules:?}").as_bytes());
                let name = SmolStr::new(format!("{programme}-{:08x}", hash as u32));
                vec![RuleVersion {
                    name,
                    from: Timestamp::MIN,
                    rules,
                }]
            }
            (None, Some(_)) => {
                let mut versions: Vec<RuleVersion> = Vec::new();
                for node in listed {
                    let last = versions.last().map(|version| version.from);
                    let version = self.version(node, &fields.what, last, report);
                    if let Some(version) = version {
                        check_name("version", &version.name, node.spot, report);
                        not_twice(&versions, |known| &known.name, &version.name, node, report);
                        versions.push(version);
                    }
                }
                versions
            }
            (earn, _) => {
                let spot = earn.map_or(fields.spot, Entry::spot);
                let title = match earn {
                    Some(_) => format!("{} has rules and versions of rules", fields.what),
                    None => format!("{} earns nothing", fields.what),
                };
                no_earning(spot, title, report);
                Vec::new()
            }
        }
    }

    fn version(
        &mut self,
        node: &Node,
        programme: &str,
        after: Option<Timestamp>,
        report: &mut Report,
    ) -> Option<RuleVersion> {
        let what = format!("a version of {programme}");
        let fields = Fields::open(node, what, &VERSION_KEYS, &[], report)?;
        fields.descriptions(report);
        let name = fields.needed_text("name", report);
        for key in ["from", "earn"] {
            if fields.get(key).is_none() {
                fields.missing(key, report);
            }
        }
        let from = fields
            .moment("from", report)
            .and_then(|text| moment(&text, "from", &self.head.zone, report));
        if let (Some(from), Some(after), Some(entry)) = (from, after, fields.get("from"))
            && from <= after
        {
            let title = format!("versions of {programme} are out of order");
            report
                .error(
                    codes::VERSION_ORDER,
                    entry.spot(),
                    title,
                    "not after the one before",
                )
                .note("the older version stands first, and each has its own first instant");
        }
        let rules = self.rules(&fields, report);
        Some(RuleVersion {
            name: name?.value,
            from: from.unwrap_or(after.unwrap_or(Timestamp::MIN)),
            rules,
        })
    }

    /// The rules of `earn`.
    fn rules(&mut self, fields: &Fields<'_>, report: &mut Report) -> Vec<AccrualRule> {
        let nodes = list(fields, "earn", "a list of rules", report);
        if let Some(entry) = fields.get("earn")
            && matches!(&entry.node.value, Value::List(items) if items.is_empty())
        {
            no_earning(
                entry.spot(),
                format!("{} earns nothing", fields.what),
                report,
            );
        }
        if let Some(extra) = nodes.get(MOST_RULES) {
            let title = format!("{} has more than {MOST_RULES} rules", fields.what);
            report.error(codes::TOO_MANY, extra.spot, title, "");
        }
        let (mut rules, mut spots) = (Vec::new(), Vec::new());
        for (node, number) in nodes.iter().zip(1..) {
            let what = format!("rule {number} of {}", fields.what);
            if let Some(rule) = self.rule(node, what, report) {
                rules.push(rule);
                spots.push(node.spot);
            }
        }
        self.rule_spots.push(spots);
        rules
    }

    fn rule(&mut self, node: &Node, what: String, report: &mut Report) -> Option<AccrualRule> {
        let known: Vec<&str> = RULE_KEYS.iter().chain(&FILTER_KEYS).copied().collect();
        let fields = Fields::open(node, what, &known, &[], report)?;
        let source = match fields.get("on") {
            Some(_) => fields.word("on", &SOURCES, report)?,
            None => AccrualSource::Purchase,
        };
        let matches = self.filter(&fields, report)?;
        if source == AccrualSource::Usage {
            usage_words(&fields, report);
        }
        let exclude = fields.word("earns", &NOTHING, report).is_some();
        let settings = ["points", "per", "min_units", "multiplied", "qualifying"];
        let written = settings.iter().find_map(|key| fields.get(key));
        match (fields.get("earns"), fields.get("points"), written) {
            (Some(_), _, Some(entry)) => {
                let title = format!("{} earns nothing and has {}", fields.what, entry.key);
                mixed_rule(entry.spot(), title, report);
            }
            (None, None, _) => {
                let title = format!("{} does not say what it earns", fields.what);
                mixed_rule(fields.spot, title, report);
            }
            _ => {}
        }
        let points = fields.whole("points", 1..=MOST_POINTS, report);
        Some(AccrualRule {
            source,
            matches,
            exclude,
            points: points.unwrap_or(0) as u64,
            per: unit_of(&fields, source, report),
            min_units: fields
                .whole("min_units", 1..=1_000_000, report)
                .unwrap_or(1) as u32,
            multiplied: fields.flag("multiplied", true, report),
            qualifying: fields.flag("qualifying", true, report),
        })
    }

    /// Conditions of a line; none where one of them could not be read.
    fn filter(&mut self, fields: &Fields<'_>, report: &mut Report) -> Option<LineFilter> {
        let (filter, lines) = filter(fields, report)?;
        self.card_lines.extend(lines);
        Some(filter)
    }

    /// The promotions of a programme.
    pub(super) fn promotions(
        &mut self,
        fields: &Fields<'_>,
        report: &mut Report,
    ) -> Vec<Promotion> {
        let form = "written as [[programme.NAME.promotion]]";
        let nodes = list(fields, "promotion", form, report);
        if let Some(extra) = nodes.get(MOST_RULES) {
            let title = format!("{} has more than {MOST_RULES} promotions", fields.what);
            report.error(codes::TOO_MANY, extra.spot, title, "");
        }
        let mut promotions: Vec<Promotion> = Vec::new();
        for node in nodes {
            if let Some(promotion) = self.promotion(node, &fields.what, report) {
                check_name("promotion", &promotion.name, node.spot, report);
                not_twice(
                    &promotions,
                    |known| &known.name,
                    &promotion.name,
                    node,
                    report,
                );
                promotions.push(promotion);
                self.promotion_spots.push(node.spot);
            }
        }
        promotions
    }

    fn promotion(
        &mut self,
        node: &Node,
        programme: &str,
        report: &mut Report,
    ) -> Option<Promotion> {
        let what = format!("a promotion of {programme}");
        let known: Vec<&str> = PROMOTION_KEYS.iter().chain(&FILTER_KEYS).copied().collect();
        let fields = Fields::open(node, what, &known, &[], report)?;
        fields.descriptions(report);
        let name = fields.needed_text("name", report);
        let bonus = fields.needed_text("bonus", report);
        let bonus = bonus.and_then(|text| bonus_bps(&fields, &text, report));
        let matches = self.filter(&fields, report);
        let first = day(&fields, "from", report);
        let last = day(&fields, "until", report);
        if let (Some(Some(first)), Some(Some(last)), Some(entry)) =
            (first, last, fields.get("until"))
            && last < first
        {
            let title = format!("a promotion of {programme} is empty");
            let label = format!("before {first}");
            report
                .error(codes::EMPTY_PROMOTION, entry.spot(), title, label)
                .note("until is its last day, and not before from");
            return None;
        }
        Some(Promotion {
            name: name?.value,
            matches: matches?,
            from: first?.unwrap_or(Date::from_days(i32::MIN)),
            until: last?.unwrap_or(Date::from_days(i32::MAX)),
            bonus_bps: bonus?,
        })
    }
}

fn no_earning(spot: Spot, title: String, report: &mut Report) {
    report
        .error(codes::NO_EARNING, spot, title, "")
        .note("write earn = [ { points = 1, per = \"10.00\" } ], or the same in each [[programme.NAME.version]]");
}

/// Conditions of a line, and the card lines among them with their places.
fn filter(fields: &Fields<'_>, report: &mut Report) -> Option<(LineFilter, Vec<At<SmolStr>>)> {
    let mut lists = FILTER_KEYS.iter().map(|key| names(fields, key, report));
    let mut next = || lists.next().flatten();
    let (categories, items, partners) = (next(), next(), next());
    let (locations, methods, member_categories) = (next(), next(), next());
    let card_lines = next()?;
    let words = |names: Vec<At<SmolStr>>| names.into_iter().map(|name| name.value).collect();
    let filter = LineFilter {
        categories: words(categories?),
        items: words(items?),
        partners: words(partners?),
        locations: words(locations?),
        methods: words(methods?),
        member_categories: words(member_categories?),
        card_lines: card_lines.iter().map(|line| line.value.clone()).collect(),
    };
    Some((filter, card_lines))
}

/// Categories of usage are few, so that another word is a slip.
fn usage_words(fields: &Fields<'_>, report: &mut Report) {
    for word in fields.texts("category", report) {
        if word.value != "*" && !USAGE_WORDS.contains(&word.value.as_str()) {
            let hint = crate::text::suggest::did_you_mean(&word.value, USAGE_WORDS);
            let title = format!("{} cannot be of usage {}", fields.what, word.value);
            report
                .error(
                    codes::UNKNOWN_WORD,
                    word.spot,
                    title,
                    hint.unwrap_or_default(),
                )
                .note(format!("write {}", USAGE_WORDS.join(" or ")));
        }
    }
}

fn mixed_rule(spot: Spot, title: String, report: &mut Report) {
    report
        .error(codes::EARN_RULE, spot, title, "")
        .note("write points = 1, per = \"10.00\", or earns = \"nothing\"");
}

/// The unit of money of a rule; only visits have none.
fn unit_of(fields: &Fields<'_>, source: AccrualSource, report: &mut Report) -> Option<Money> {
    let is_visit = source == AccrualSource::Visit;
    let Some(entry) = fields.get("per") else {
        if !is_visit && fields.get("points").is_some() && fields.get("earns").is_none() {
            let title = format!("{} earns points for no amount of money", fields.what);
            without_bound(fields.spot, title, "per is missing", report)
                .note("write per = \"10.00\", the money of one unit");
        }
        return None;
    };
    if is_visit {
        let title = format!("{} is of visits, which cost nothing", fields.what);
        mixed_rule(entry.spot(), title, report);
        return None;
    }
    let text = fields.text("per", report)?;
    let unit = money(&text, &format!("per of {}", fields.what), report)?;
    if unit <= Money::ZERO {
        let title = format!("{} earns points for no amount of money", fields.what);
        without_bound(text.spot, title, "not above 0", report)
            .note("write the money of one unit, such as \"10.00\"");
    }
    Some(unit)
}

/// Reports points that nothing bounds.
fn without_bound<'r>(
    spot: Spot,
    title: String,
    label: &str,
    report: &'r mut Report,
) -> &'r mut crate::problem::Problem {
    report.error(codes::POINTS_WITHOUT_BOUND, spot, title, label)
}

fn bonus_bps(fields: &Fields<'_>, text: &At<SmolStr>, report: &mut Report) -> Option<u32> {
    let what = format!("bonus of {}", fields.what);
    let bonus = any_bps(text, &what, MOST_BONUS_BPS, report)?;
    if !(1..=MOST_BONUS_BPS).contains(&bonus) {
        let title = format!("{what} cannot be {}", text.value);
        report
            .error(codes::OUT_OF_RANGE, text.spot, title, "")
            .note("write a share of the points that come on top: \"100%\" doubles them; at most 10000%");
        return None;
    }
    Some(bonus)
}

/// Reports a second thing of a list with the same name.
fn not_twice<T>(
    known: &[T],
    name_of: impl Fn(&T) -> &SmolStr,
    name: &SmolStr,
    node: &Node,
    report: &mut Report,
) {
    if known.iter().any(|known| name_of(known) == name) {
        let title = format!("{name} is defined twice");
        report
            .error(codes::DEFINED_TWICE, node.spot, title, "second definition")
            .note("give one of them another name");
    }
}
