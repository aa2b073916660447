//! Bands of a zone that leave times without a rule.

use super::almanac::is_never;
use super::groups::{Group, Place};
use super::{Scene, words};
use crate::codes;
use crate::problem::Report;
use rustc_hash::FxHashMap;
use umbral_model::input::Direction;

const LONG: usize = 90;

/// Reports each gap with its times, and how to fill it.
pub(crate) fn check(scene: &Scene<'_>, report: &mut Report) {
    let mut known: FxHashMap<Vec<u16>, Option<String>> = FxHashMap::default();
    for group in scene.groups {
        let mut roaming: Vec<Option<u16>> = group
            .rules
            .iter()
            .map(|rule| scene.rules[*rule as usize].roaming)
            .collect();
        roaming.sort_unstable();
        roaming.dedup();
        for network in roaming {
            let mut told: Option<Vec<u32>> = None;
            for direction in [Direction::Originating, Direction::Terminating] {
                let met = applicable(scene, group, network, direction);
                if told.as_ref() == Some(&met) {
                    continue;
                }
                let Some(bands) = banded(scene, &met) else {
                    continue;
                };
                let gap = known.entry(bands.clone()).or_insert_with(|| {
                    let missing = scene.almanac.missing(&bands);
                    (!is_never(&missing)).then(|| words::times(scene.almanac, &missing))
                });
                if let Some(gap) = gap {
                    let other = [Direction::Originating, Direction::Terminating]
                        .into_iter()
                        .find(|other| *other != direction);
                    let both = other.is_some_and(|o| applicable(scene, group, network, o) == met);
                    let found = Gap {
                        group,
                        network,
                        direction: (!both).then_some(direction),
                        met: &met,
                        bands: &bands,
                        gap,
                    };
                    found.report(scene, report);
                }
                told = Some(met);
            }
        }
    }
}

/// Rules of a group for a network and direction.
fn applicable(
    scene: &Scene<'_>,
    group: &Group,
    network: Option<u16>,
    direction: Direction,
) -> Vec<u32> {
    let rules = group.rules.iter().copied();
    rules
        .filter(|rule| {
            let rule = &scene.rules[*rule as usize];
            rule.roaming == network && rule.serves(direction)
        })
        .collect()
}

/// Bands of the rules, ascending; none where a rule holds always, is unknown, or there is no rule.
fn banded(scene: &Scene<'_>, met: &[u32]) -> Option<Vec<u16>> {
    let mut bands = Vec::new();
    for rule in met {
        let rule = &scene.rules[*rule as usize];
        if !rule.sound {
            return None;
        }
        bands.push(rule.band?);
    }
    bands.sort_unstable();
    bands.dedup();
    (!bands.is_empty()).then_some(bands)
}

struct Gap<'a> {
    group: &'a Group,
    network: Option<u16>,
    direction: Option<Direction>,
    met: &'a [u32],
    bands: &'a [u16],
    gap: &'a str,
}

impl Gap<'_> {
    fn report(&self, scene: &Scene<'_>, report: &mut Report) {
        let Some(last) = self.met.last() else { return };
        let spot = scene.rules[*last as usize].band_spot;
        let union = scene.almanac.union(self.bands);
        let covers = words::times(scene.almanac, &union);
        let covers = covers.strip_prefix("on ").unwrap_or(&covers);
        let label = match (self.bands.len(), covers.len() < LONG) {
            (1, _) if is_never(&union) => "holds at no time".to_owned(),
            _ if is_never(&union) => "like the bands before it holds at no time".to_owned(),
            _ if covers.is_empty() => "the last of its bands".to_owned(),
            (1, true) => format!("covers {covers}"),
            (_, true) => format!("with the bands before it covers {covers}"),
            _ => "the last of its bands".to_owned(),
        };
        let title = format!("the bands of plan {} leave a gap", scene.plan_name());
        let what = self.what(scene);
        if scene.draft.plans[scene.plan].fall_through {
            report
                .warn(codes::GAP_FALLS_THROUGH, spot, title, label)
                .note(format!(
                    "no rule for {what} {}; {} is used then, if one has a rule",
                    self.gap,
                    self.next_best()
                ));
            return;
        }
        report
            .error(codes::GAP, spot, title, label)
            .note(format!("no rule for {what} {}", self.gap))
            .note(match self.filler(scene) {
                Some(band) => format!("add a rule for band = \"{band}\", or one without a band"),
                None => "add a rule for these times, or one without a band".to_owned(),
            });
    }

    /// What comes after the group's rules.
    fn next_best(&self) -> &'static str {
        if self.is_visited() {
            "the longest prefix"
        } else {
            "a shorter prefix"
        }
    }

    fn is_visited(&self) -> bool {
        self.group.places.contains(&Place::Visited)
    }

    /// A band that fills the gap.
    fn filler(&self, scene: &Scene<'_>) -> Option<String> {
        let bands = scene
            .draft
            .bands
            .iter()
            .enumerate()
            .filter(|(_, band)| band.band.is_some());
        bands
            .map(|(number, band)| (number as u16, band))
            .find(|(number, _)| {
                let with: Vec<u16> = self.bands.iter().copied().chain([*number]).collect();
                is_never(&scene.almanac.missing(&with))
            })
            .map(|(_, band)| band.name.value.to_string())
    }

    /// `national voice`, `terminating voice when roaming in eu`, `voice to numbers of the visited country ...`.
    fn what(&self, scene: &Scene<'_>) -> String {
        let mut text = String::new();
        if let Some(direction) = self.direction {
            text = format!("{} ", direction.word());
        }
        if let Some(zones) = places(scene, &self.group.places) {
            text += &format!("{zones} ");
        }
        let services: Vec<&str> = self
            .group
            .services
            .iter()
            .map(|service| scene.draft.services[*service as usize].name.as_str())
            .collect();
        let all = services.len() == scene.draft.services.len();
        text += &if all {
            "usage".to_owned()
        } else {
            services.join(", ")
        };
        if self.is_visited() {
            text += " to numbers of the visited country";
        }
        if let Some(network) = self.network {
            text += &format!(
                " when roaming in {}",
                scene.draft.networks.names[network as usize]
            );
        }
        text
    }
}

/// Names of the zones, of many only the first ones.
fn places(scene: &Scene<'_>, places: &[Place]) -> Option<String> {
    let mut zones: Vec<u16> = Vec::new();
    for place in places {
        match place {
            Place::Anywhere => return None,
            Place::Visited => return None,
            Place::ZoneSet(set) => zones.extend(&scene.zone_sets.zones[*set as usize]),
        }
    }
    zones.sort_unstable();
    zones.dedup();
    let name = |zone: &u16| scene.draft.zones.names[*zone as usize].value.as_str();
    let names: Vec<&str> = zones.iter().take(4).map(name).collect();
    let more = if zones.len() > 4 {
        format!(" and {} more zones:", zones.len() - 4)
    } else {
        String::new()
    };
    Some(format!("{}{more}", names.join(", ")))
}
