//! Network groups that can never be met, and rules for visited countries that nobody names.

use super::rules::ResolvedRule;
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;

/// Checks groups against the home networks, and the countries of groups of visited rules.
pub(crate) fn check(draft: &Draft, rules: &[ResolvedRule], report: &mut Report) {
    let networks = &draft.networks;
    for network in &networks.codes {
        let home = draft.head.home_networks.iter();
        let mut home = home.filter(|code| network.code.starts_with(code.value.as_str()));
        if let Some(code) = home.next() {
            let title = format!("the network {} is at home", network.code);
            report
                .error(
                    codes::DUPLICATE_NETWORK,
                    network.spot,
                    title,
                    format!("home_networks lists {}", code.value),
                )
                .note("leave it out of the group, or out of home_networks");
        }
    }
    for (group, name) in networks.names.iter().enumerate() {
        let rest = networks.rest.is_some_and(|(rest, _)| rest == group);
        let listed = networks.codes.iter().any(|network| network.group == group);
        if !rest && !listed && !networks.broken.contains(&group) {
            let title = format!("the network group {name} has no network");
            report
                .warn(
                    codes::EMPTY_NETWORK,
                    networks.spots[group],
                    title,
                    "rules for it can never match",
                )
                .note("list its networks, or \"*\" for all that no other group lists");
        }
    }
    for rule in rules {
        if let (Some(spot), Some(group)) = (rule.visited, rule.roaming) {
            let group = usize::from(group);
            let mut of_group = networks.codes.iter().filter(|code| code.group == group);
            let known = of_group.any(|network| network.country.is_some());
            if !known && !networks.broken.contains(&group) {
                let name = &networks.names[group];
                let title = format!("no network of {name} has a country_code");
                report
                    .error(
                        codes::VISITED_COUNTRY,
                        spot,
                        title,
                        "which numbers are meant?",
                    )
                    .note(format!("write country_code = \"33\" into [network.{name}], or a column country_code into its CSV file"));
            }
        }
    }
}
