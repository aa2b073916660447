//! The files of a tariff folder that hold no prices, and why they are not imported.

use super::Explained;
use crate::import_cgrates::rows::{LAYOUTS, is_named};
use smol_str::SmolStr;

/// Kinds of files that such folders have, and what is to be done about them.
const KINDS: [(&[&str], &str); 9] = [
    (
        &["Actions"],
        "actions on accounts, such as top-ups and bonuses; write included units as allowances of a plan \
         or product, and send payments and purchases as records",
    ),
    (
        &["ActionPlans", "ActionTimings", "ActionPlanAccounts"],
        "when actions run; allowances and fees of a plan renew themselves with each cycle",
    ),
    (
        &["ActionTriggers"],
        "actions at thresholds of balances; write limits and warnings into classes, and warnings of units \
         into allowances",
    ),
    (
        &["AccountActions", "Accounts", "Users"],
        "accounts and their first balances; customers come as records",
    ),
    (
        &["SharedGroups"],
        "balances that accounts share; an allowance of a plan is shared by the members of an account",
    ),
    (
        &["RateProfiles", "DestinationRateTimings"],
        "prices in the layout of another version; only the six rating tables are read",
    ),
    (
        &["Suppliers", "Routes", "LcrRules", "Lcr"],
        "routes and what suppliers cost; nothing of that is charged to customers",
    ),
    (
        &[
            "Stats",
            "StatQueues",
            "CdrStats",
            "Trends",
            "Rankings",
            "Thresholds",
        ],
        "statistics",
    ),
    (
        &[
            "Attributes",
            "Aliases",
            "Chargers",
            "DerivedChargers",
            "Filters",
            "Resources",
            "IPs",
            "Dispatchers",
            "DispatcherProfiles",
            "DispatcherHosts",
        ],
        "how requests are handled, not what they cost",
    ),
];

/// The place of a file among the tables.
pub(super) fn order(path: &str) -> usize {
    let found = LAYOUTS
        .iter()
        .position(|layout| is_named(path, layout.file));
    found.unwrap_or(LAYOUTS.len())
}

/// Files that hold none of the rating tables.
pub(super) fn outside(files: &[(SmolStr, SmolStr)]) -> impl Iterator<Item = Explained> {
    let others = files
        .iter()
        .filter(|(path, _)| order(path) == LAYOUTS.len());
    others.map(|(path, _)| Explained {
        file: path.clone(),
        lines: Vec::new(),
        id: SmolStr::default(),
        became: None,
        notes: vec![format!("not imported: {}", meaning(path))],
    })
}

fn meaning(path: &str) -> &'static str {
    let of_kind = |names: &&[&str]| {
        let mut names = names.iter();
        names.any(|name| is_named(path, &format!("{name}.csv")))
    };
    let known = KINDS.iter().find(|(names, _)| of_kind(names));
    known.map_or("it is none of the six rating tables", |(_, meaning)| {
        meaning
    })
}
