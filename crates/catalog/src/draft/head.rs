//! `catalog.toml`: who, in which money, from when on.

use crate::ZoneSource;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, HEAD_KEYS, Source};
use crate::tables::NumberForm;
use crate::text::days::{InstantError, instant};
use smol_str::SmolStr;
use umbral_model::money::Currency;
use umbral_model::time::{Date, Timestamp, ZoneRules};

/// Whether amounts hold tax.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Amounts {
    /// With tax.
    #[default]
    Gross,
    /// Without tax.
    Net,
}

impl Amounts {
    /// The word in catalogs.
    pub const fn word(self) -> &'static str {
        match self {
            Amounts::Gross => "gross",
            Amounts::Net => "net",
        }
    }
}

/// What `catalog.toml` says; stand-ins for what could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Name.
    pub(crate) name: SmolStr,
    /// Label of the version, if it has one.
    pub(crate) version: Option<SmolStr>,
    /// Currency.
    pub(crate) currency: Currency,
    /// Zone.
    pub(crate) zone: ZoneRules,
    /// First instant.
    pub(crate) valid_from: Timestamp,
    /// Where that is written.
    pub(crate) valid_from_spot: crate::source::Spot,
    /// Form of numbers.
    pub(crate) numbers: NumberForm,
    /// Net or gross.
    pub(crate) amounts: Amounts,
    /// Description.
    pub(crate) descriptions: Vec<(SmolStr, SmolStr)>,
}

impl Head {
    /// The local day on which it comes into force.
    pub(crate) fn first_day(&self) -> Date {
        self.zone.local(self.valid_from).date
    }
}

/// Reads the top-level keys of `catalog.toml`.
pub(crate) fn read(source: &Source<'_>, zones: &dyn ZoneSource, report: &mut Report) -> Head {
    let mut head = Head {
        name: SmolStr::default(),
        version: None,
        currency: Currency::default(),
        zone: ZoneRules::utc(),
        valid_from: Timestamp::from_seconds(0),
        valid_from_spot: Default::default(),
        numbers: NumberForm::E164,
        amounts: Amounts::Gross,
        descriptions: Vec::new(),
    };
    let Some(node) = &source.head else {
        return head;
    };
    let Some(fields) = Fields::open(node, "the catalog", &HEAD_KEYS, &[], report) else {
        return head;
    };
    let numbers = [
        ("e164", NumberForm::E164),
        ("verbatim", NumberForm::Verbatim),
    ];
    let amounts = [("gross", Amounts::Gross), ("net", Amounts::Net)];
    head.numbers = fields.word("numbers", &numbers, report).unwrap_or_default();
    head.amounts = fields.word("amounts", &amounts, report).unwrap_or_default();
    head.name = fields
        .needed_text("name", report)
        .map(|name| name.value)
        .unwrap_or_default();
    head.version = fields.text("version", report).map(|version| version.value);
    head.descriptions = fields.descriptions(report);
    if let Some(text) = fields.needed_text("currency", report) {
        head.currency = currency(&text, report);
    }
    if let Some(text) = fields.needed_text("time_zone", report) {
        head.zone = zone(&text, zones, report);
    }
    if fields.get("valid_from").is_none() {
        fields.missing("valid_from", report);
    }
    if let Some(text) = fields.moment("valid_from", report) {
        head.valid_from_spot = text.spot;
        head.valid_from =
            moment(&text, "valid_from", &head.zone, report).unwrap_or(head.valid_from);
    }
    head
}

fn currency(text: &At<SmolStr>, report: &mut Report) -> Currency {
    Currency::parse(&text.value).unwrap_or_else(|| {
        report
            .error(
                codes::CURRENCY,
                text.spot,
                format!("{} is no currency", text.value),
                "",
            )
            .note("write its ISO 4217 code, three capitals, such as \"EUR\"");
        Currency::default()
    })
}

fn zone(text: &At<SmolStr>, zones: &dyn ZoneSource, report: &mut Report) -> ZoneRules {
    zones.rules(&text.value).unwrap_or_else(|| {
        report
            .error(
                codes::TIME_ZONE,
                text.spot,
                format!("{} is no time zone", text.value),
                "",
            )
            .note("write a name of the IANA database, such as \"Europe/Madrid\"");
        ZoneRules::utc()
    })
}

/// Reads an instant in the catalog's zone.
pub(crate) fn moment(
    text: &At<SmolStr>,
    what: &str,
    zone: &ZoneRules,
    report: &mut Report,
) -> Option<Timestamp> {
    match instant(&text.value, zone) {
        Ok(at) => Some(at),
        Err(error) => {
            let label = match error {
                InstantError::Malformed => "no such date or time",
                InstantError::Skipped => "the clocks skip this time",
                InstantError::OutOfReach => "years are 1678 to 2261",
            };
            report
                .error(
                    codes::BAD_DATE,
                    text.spot,
                    format!("{what} cannot be {}", text.value),
                    label,
                )
                .note("write 2026-03-02T10:00:00+01:00, or a date such as 2026-03-02");
            None
        }
    }
}
