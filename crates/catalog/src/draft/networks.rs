//! Groups of serving networks.

use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, Definition, NAME_FORM, Source, Spot, csv, is_name};
use smol_str::SmolStr;

/// All groups in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// Name of each group.
    pub(crate) names: Vec<SmolStr>,
    /// Where each group appears first.
    pub(crate) spots: Vec<Spot>,
    /// Codes that groups list.
    pub(crate) codes: Vec<DraftNetwork>,
    /// The group of all networks that no other one lists, and where it says so.
    pub(crate) rest: Option<(usize, Spot)>,
    /// Groups in which something could not be read.
    pub(crate) broken: Vec<usize>,
}

/// A serving network, or all whose codes begin so.
#[derive(Clone, Debug)]
pub(crate) struct DraftNetwork {
    /// Its code.
    pub(crate) code: SmolStr,
    /// Its group.
    pub(crate) group: usize,
    /// Its place.
    pub(crate) spot: Spot,
    /// Calling code of its country, if that is named.
    pub(crate) country: Option<SmolStr>,
}

impl Networks {
    fn group(&mut self, name: &str, spot: Spot) -> usize {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.spots.push(spot);
            self.names.len() - 1
        })
    }

    fn add(
        &mut self,
        code: At<SmolStr>,
        group: usize,
        country: Option<SmolStr>,
        report: &mut Report,
    ) {
        let text = code.value.as_str();
        if text == "*" {
            return self.add_rest(code.spot, group, report);
        }
        if !is_network(&code, report) {
            self.broken.push(group);
            return;
        }
        if let Some(first) = self.codes.iter().find(|known| known.code == text) {
            report
                .error(
                    codes::DUPLICATE_NETWORK,
                    code.spot,
                    format!("network {text} is in two places"),
                    format!("is in {} already", self.names[first.group]),
                )
                .note("leave it in one group");
            self.broken.push(group);
            return;
        }
        self.codes.push(DraftNetwork {
            code: code.value,
            group,
            spot: code.spot,
            country,
        });
    }

    fn add_rest(&mut self, spot: Spot, group: usize, report: &mut Report) {
        let Some((first, _)) = self.rest else {
            self.rest = Some((group, spot));
            return;
        };
        let label = format!("is in {} already", self.names[first]);
        let title = "\"*\" is in two network groups";
        report
            .error(codes::REST_TWICE, spot, title, label)
            .note("all networks that no group lists are one group: leave \"*\" in one of them");
        self.broken.push(group);
    }
}

/// Reads `[network.NAME]` tables and network decks.
pub(crate) fn read(source: &Source<'_>, report: &mut Report) -> Networks {
    let mut networks = Networks::default();
    // Countries of whole groups, for the rows of decks too.
    let mut countries: Vec<Option<SmolStr>> = Vec::new();
    for definition in source.of("network") {
        let group = networks.group(&definition.name.value, definition.name.spot);
        let country = read_table(&mut networks, group, definition, report);
        countries.resize(networks.names.len(), None);
        countries[group] = country;
    }
    let columns = ["network", "group", "country_code", "description"];
    for deck in &source.networks {
        csv::read(*deck, &columns, 2, report, |row, report| {
            let (code, group, country) = (row.field(0), row.field(1), row.field(2));
            if !is_name(&group.text) {
                let title = match group.text.is_empty() {
                    true => "the row has no group",
                    false => "this is no name for a network group",
                };
                report
                    .error(codes::BAD_NAME, row.spot, title, "")
                    .note(NAME_FORM);
                return;
            }
            let group = networks.group(&group.text, group.spot);
            let own = At::new(SmolStr::new(&country.text), country.spot);
            let own = (!country.text.is_empty()).then(|| country_code(&own, report));
            let of_group = countries.get(group).cloned().flatten();
            let country = own.unwrap_or(of_group);
            let code = At::new(SmolStr::new(&code.text), code.spot);
            networks.add(code, group, country, report);
        });
    }
    networks
}

/// Reads a table, and returns the country of all its networks.
fn read_table(
    networks: &mut Networks,
    group: usize,
    definition: &Definition,
    report: &mut Report,
) -> Option<SmolStr> {
    let what = format!("network {}", definition.name.value);
    let known = ["description", "networks", "country_code"];
    let Some(fields) = Fields::open(&definition.node, what, &known, &[], report) else {
        networks.broken.push(group);
        return None;
    };
    fields.descriptions(report);
    let country = fields.text("country_code", report);
    let country = country.and_then(|text| country_code(&text, report));
    let codes = fields.texts("networks", report);
    if codes.len() < fields.items("networks").len() {
        networks.broken.push(group);
    }
    for code in codes {
        networks.add(code, group, country.clone(), report);
    }
    country
}

/// Reports a text that is no code of a network, nor the beginning of one.
pub(crate) fn is_network(code: &At<SmolStr>, report: &mut Report) -> bool {
    let text = code.value.as_str();
    let good = (3..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !good {
        report
            .error(
                codes::BAD_NETWORK,
                code.spot,
                format!("{text} is no network"),
                "",
            )
            .note("write MCC and MNC, or the MCC alone: three to six digits, such as 21407 or 214");
    }
    good
}

/// Reads a country's calling code.
fn country_code(text: &At<SmolStr>, report: &mut Report) -> Option<SmolStr> {
    let code = text.value.as_str();
    let digits = (1..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    if digits && !code.starts_with('0') {
        return Some(text.value.clone());
    }
    let title = format!("{code} is no country's calling code");
    report
        .error(codes::BAD_COUNTRY_CODE, text.spot, title, "")
        .note("write the digits with which its international numbers begin, without + and 00, such as \"33\" for France");
    None
}
