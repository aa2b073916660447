//! Groups of serving networks.

use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, Source, Spot, csv};
use smol_str::SmolStr;

/// All groups in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// Name of each group.
    pub(crate) names: Vec<SmolStr>,
    /// Codes: text, group, place.
    pub(crate) codes: Vec<(SmolStr, usize, Spot)>,
}

impl Networks {
    fn group(&mut self, name: &str) -> usize {
        self.names
            .iter()
            .position(|known| known == name)
            .unwrap_or_else(|| {
                self.names.push(name.into());
                self.names.len() - 1
            })
    }

    fn add(&mut self, code: At<SmolStr>, group: usize, report: &mut Report) {
        let text = code.value.as_str();
        if !(3..=6).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
            report
                .error(codes::BAD_NETWORK, code.spot, format!("{text} is no network"), "")
                .note("write MCC and MNC, or the MCC alone: three to six digits, such as 21407 or 214");
            return;
        }
        if let Some((_, first, _)) = self.codes.iter().find(|(known, ..)| known == text) {
            report
                .error(
                    codes::DUPLICATE_NETWORK,
                    code.spot,
                    format!("network {text} is in two places"),
                    format!("is in {} already", self.names[*first]),
                )
                .note("leave it in one group");
            return;
        }
        self.codes.push((code.value, group, code.spot));
    }
}

/// Reads `[network.NAME]` tables and network decks.
pub(crate) fn read(source: &Source<'_>, report: &mut Report) -> Networks {
    let mut networks = Networks::default();
    for definition in source.of("network") {
        let group = networks.group(&definition.name.value);
        let what = format!("network {}", definition.name.value);
        let known = ["description", "networks"];
        let Some(fields) = Fields::open(&definition.node, what, &known, &[], report) else {
            continue;
        };
        fields.descriptions(report);
        for code in fields.texts("networks", report) {
            networks.add(code, group, report);
        }
    }
    for deck in &source.networks {
        csv::read(
            *deck,
            &["network", "group", "description"],
            2,
            report,
            |row, report| {
                let (code, group) = (row.field(0), row.field(1));
                if group.text.is_empty() || group.text == "*" {
                    report.error(codes::BAD_NAME, row.spot, "the row has no group", "");
                    return;
                }
                let group = networks.group(&group.text);
                networks.add(At::new(SmolStr::new(&code.text), code.spot), group, report);
            },
        );
    }
    networks
}
