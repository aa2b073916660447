//! Services: the built-in ones and the operator's own.

use crate::codes;
use crate::problem::Report;
use crate::source::Source;
use crate::source::fields::Fields;
use smol_str::SmolStr;
use umbral_model::units::Measurement;

/// A service and what it is counted in.
#[derive(Clone, Debug)]
pub(crate) struct DraftService {
    /// Its name.
    pub(crate) name: SmolStr,
    /// What it is counted in; none if that could not be read.
    pub(crate) measurement: Option<Measurement>,
}

const BUILT_IN: [(&str, Measurement); 5] = [
    ("voice", Measurement::Time),
    ("sms", Measurement::Events),
    ("mms", Measurement::Events),
    ("data", Measurement::Octets),
    ("content", Measurement::Events),
];

/// Words of `measured_in`.
pub(crate) const MEASUREMENTS: [(&str, Measurement); 3] = [
    ("time", Measurement::Time),
    ("octets", Measurement::Octets),
    ("events", Measurement::Events),
];

/// Reads `[service.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, report: &mut Report) -> Vec<DraftService> {
    let mut services: Vec<DraftService> = BUILT_IN
        .iter()
        .map(|(name, measurement)| DraftService {
            name: SmolStr::new_static(name),
            measurement: Some(*measurement),
        })
        .collect();
    for definition in source.of("service") {
        let name = &definition.name;
        let what = format!("service {}", name.value);
        let known = ["measured_in", "description"];
        let Some(fields) = Fields::open(&definition.node, what, &known, &[], report) else {
            continue;
        };
        fields.descriptions(report);
        if fields.get("measured_in").is_none() {
            fields.missing("measured_in", report);
        }
        let measurement = fields.word("measured_in", &MEASUREMENTS, report);
        if BUILT_IN.iter().any(|(known, _)| *known == name.value) {
            report
                .error(
                    codes::DEFINED_TWICE,
                    name.spot,
                    format!("service {} is built in", name.value),
                    "second definition",
                )
                .note("leave the table out, or give the service another name");
            continue;
        }
        services.push(DraftService {
            name: name.value.clone(),
            measurement,
        });
    }
    if let Some(extra) = source.of("service").get(200) {
        report.error(
            codes::TOO_MANY,
            extra.name.spot,
            "there are more than 200 services",
            "",
        );
    }
    services
}
