//! Zones and files for the tests, of which each uses what it needs.

#![allow(dead_code)]

use smol_str::SmolStr;
use umbral_catalog::ZoneSource;
use umbral_model::time::ZoneRules;

/// UTC, and Madrid in 2026.
pub(crate) struct Zones;

impl ZoneSource for Zones {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        match name {
            "UTC" => Some(ZoneRules::utc()),
            "Europe/Madrid" => Some(ZoneRules {
                name: name.into(),
                initial_offset: 3600,
                transitions: vec![(1_774_746_000, 7200), (1_792_890_000, 3600)],
            }),
            _ => None,
        }
    }
}

/// Files from pairs of path and content.
pub(crate) fn files(pairs: &[(&str, &str)]) -> Vec<(SmolStr, SmolStr)> {
    pairs
        .iter()
        .map(|(path, text)| (SmolStr::new(path), SmolStr::new(text)))
        .collect()
}
