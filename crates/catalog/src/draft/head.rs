//! `catalog.toml`: who, in which money, from when on.

use super::amounts::any_bps;
use super::networks::is_network;
use super::zones::is_whole_number;
use crate::ZoneSource;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, HEAD_KEYS, Source, Spot};
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
    pub(crate) valid_from_spot: Spot,
    /// Form of numbers.
    pub(crate) numbers: NumberForm,
    /// Networks, or beginnings of their codes, that count as home.
    pub(crate) home_networks: Vec<At<SmolStr>>,
    /// Numbers that are never charged nor barred.
    pub(crate) emergency: Vec<At<SmolStr>>,
    /// Where these are written.
    pub(crate) emergency_spot: Spot,
    /// Discounts of a record add up to at most this, in basis points.
    pub(crate) discount_cap: u32,
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

/// Discounts add up to at most this, whatever a catalog says (rule 9 of the tariff reference).
pub(crate) const MOST_DISCOUNT_BPS: u32 = 8_000;

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
        home_networks: Vec::new(),
        emergency: Vec::new(),
        emergency_spot: Spot::default(),
        discount_cap: MOST_DISCOUNT_BPS,
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
    head.name = name(&fields, report);
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
    head.home_networks = home_networks(&fields, report);
    head.emergency = emergency(&fields, report);
    if let Some(entry) = fields.get("emergency") {
        head.emergency_spot = entry.spot();
    }
    head.discount_cap = discount_cap(&fields, report);
    head
}

fn name(fields: &Fields<'_>, report: &mut Report) -> SmolStr {
    let Some(name) = fields.needed_text("name", report) else {
        return SmolStr::default();
    };
    if name.value.trim().is_empty() {
        report
            .error(
                codes::BAD_NAME,
                name.spot,
                "the catalog's name is empty",
                "",
            )
            .note("write whose tariff it is, such as name = \"Norte Móvil\"");
    }
    name.value
}

fn home_networks(fields: &Fields<'_>, report: &mut Report) -> Vec<At<SmolStr>> {
    let mut codes: Vec<At<SmolStr>> = Vec::new();
    for code in fields.texts("home_networks", report) {
        if !is_network(&code, report) {
            continue;
        }
        if codes.iter().any(|known| known.value == code.value) {
            let title = format!("the network {} is at home twice", code.value);
            report
                .error(codes::DUPLICATE_NETWORK, code.spot, title, "second time")
                .note("leave it out");
            continue;
        }
        codes.push(code);
    }
    codes
}

fn emergency(fields: &Fields<'_>, report: &mut Report) -> Vec<At<SmolStr>> {
    let mut numbers: Vec<At<SmolStr>> = Vec::new();
    for number in fields.texts("emergency", report) {
        if !is_whole_number(&number.value, number.spot, report) {
            continue;
        }
        if numbers.iter().any(|known| known.value == number.value) {
            let title = format!("the emergency number {} is there twice", number.value);
            report
                .error(codes::DUPLICATE_PREFIX, number.spot, title, "second time")
                .note("leave it out");
            continue;
        }
        numbers.push(number);
    }
    numbers
}

fn discount_cap(fields: &Fields<'_>, report: &mut Report) -> u32 {
    let Some(text) = fields.text("discount_cap", report) else {
        return MOST_DISCOUNT_BPS;
    };
    match any_bps(&text, "discount_cap", MOST_DISCOUNT_BPS, report) {
        Some(cap) if (1..=MOST_DISCOUNT_BPS).contains(&cap) => cap,
        Some(_) => {
            let title = format!("discount_cap cannot be {}", text.value);
            report
                .error(codes::BAD_DISCOUNT_CAP, text.spot, title, "")
                .note("discounts take at most 80% off: write a percentage from 0.01% to 80%");
            MOST_DISCOUNT_BPS
        }
        None => MOST_DISCOUNT_BPS,
    }
}

/// The currency with this code of ISO 4217.
pub(crate) fn known_currency(code: &str) -> Option<Currency> {
    iso_currency::Currency::from_code(code)?;
    Currency::parse(code)
}

fn currency(text: &At<SmolStr>, report: &mut Report) -> Currency {
    known_currency(&text.value).unwrap_or_else(|| {
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
