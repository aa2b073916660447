//! `[[record]]`: which rows become what.

use super::Builder;
use crate::codes;
use crate::mapping::problem::Problems;
use crate::mapping::records::{
    DIRECTIONS, Kind, PurchaseRule, Quantity, RecordRule, SCOPES, StockRule, UsageRule, When,
};
use crate::mapping::toml_walk::{Section, Value, bad};
use smol_str::SmolStr;
use umbral_model::units::Measurement;

impl Builder {
    pub(super) fn records(
        &mut self,
        root: &mut Section<'_>,
        problems: &mut Problems<'_>,
    ) -> Vec<RecordRule> {
        let Some(value) = root.need("record", "[[record]] with kind = \"usage\"", problems) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            bad(
                problems,
                value,
                "record",
                "a list of tables, each under [[record]]",
            );
            return Vec::new();
        };
        let mut open = false;
        let mut records = Vec::new();
        for value in list.iter() {
            if open {
                let what = "no row comes this far: a [[record]] above takes all";
                let mend = "give the one above a `when`, or put this one first";
                problems.add(codes::CONTRADICTION, value.span(), what, mend);
            }
            let Some(section) = Section::of(value, "record", problems) else {
                continue;
            };
            if let Some(record) = self.record(section, problems) {
                open |= record.when.is_none();
                records.push(record);
            }
        }
        records
    }

    fn record(
        &mut self,
        mut section: Section<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<RecordRule> {
        let when_value = section.take("when");
        let when = when_value.and_then(|value| self.when(value, problems));
        let (kind, span) = section.needed_text("kind", "kind = \"usage\"", problems)?;
        let kind = match kind.as_str() {
            "usage" => self.usage(&mut section, problems),
            "purchase" => self.purchase(&mut section, problems),
            "charge_added" => {
                let amount = self.amount(&mut section, "amount", true, problems);
                let code = self.needed(&mut section, "code", "code = \"setup\"", problems);
                amount
                    .zip(code)
                    .map(|(amount, code)| Kind::Charge { amount, code })
            }
            "payment_received" => {
                let payment_id = self.optional(&mut section, "payment_id", problems);
                let amount = self.amount(&mut section, "amount", true, problems);
                let method = self.needed(&mut section, "method", "method = \"transfer\"", problems);
                amount.zip(method).map(|(amount, method)| Kind::Payment {
                    payment_id,
                    amount,
                    method,
                })
            }
            "cards_stocked" => {
                let card_type = self.needed(&mut section, "type", "type = \"club\"", problems);
                let number = self.needed(
                    &mut section,
                    "number",
                    "number = { column = \"number\" }",
                    problems,
                );
                let last = self.optional(&mut section, "last", problems);
                let personalised_for = self.optional(&mut section, "personalised_for", problems);
                card_type.zip(number).map(|(card_type, number)| {
                    Kind::Stock(Box::new(StockRule {
                        card_type,
                        number,
                        last,
                        personalised_for,
                    }))
                })
            }
            other => {
                let what = format!("record.kind is {other:?}");
                let mend =
                    "write one of: usage, purchase, charge_added, payment_received, cards_stocked";
                problems.add(codes::BAD_VALUE, span, what, mend);
                return None;
            }
        };
        section.finish(problems);
        if when_value.is_some() && when.is_none() {
            return None;
        }
        Some(RecordRule { when, kind: kind? })
    }

    fn when(&mut self, value: Value<'_>, problems: &mut Problems<'_>) -> Option<When> {
        let mut section = Section::of(value, "record.when", problems)?;
        let column = section
            .need("column", "column = \"item\"", problems)
            .and_then(|value| self.column(value, "record.when.column", problems));
        let is = section
            .need("is", "is = [\"call\"]", problems)
            .and_then(|value| {
                let one = value
                    .get_ref()
                    .as_str()
                    .map(|text| vec![SmolStr::new(text)]);
                let many = || {
                    let list = value.get_ref().as_array()?;
                    list.iter()
                        .map(|value| value.get_ref().as_str().map(SmolStr::new))
                        .collect()
                };
                let texts = one.or_else(many);
                if texts.is_none() {
                    bad(
                        problems,
                        value,
                        "record.when.is",
                        "a text, or a list of texts",
                    );
                }
                texts
            });
        section.finish(problems);
        Some(When {
            column: column?,
            is: is?,
        })
    }

    fn usage(&mut self, section: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Kind> {
        let service = self.needed(section, "service", "service = \"voice\"", problems);
        let example = "quantity = { column = \"duration\", unit = \"s\" }";
        let quantity = section
            .need("quantity", example, problems)
            .and_then(|value| self.quantity(value, "record.quantity", service.as_ref(), problems));
        let duration = section.take("duration").and_then(|value| {
            let duration = self.quantity(value, "record.duration", None, problems)?;
            let time = matches!(&duration, Quantity::Column { unit, .. }
                if unit.measurement == Measurement::Time);
            if !time {
                let what = "record.duration is how long a session lasted";
                let mend = "write { column = \"seconds\", unit = \"s\" }";
                problems.add(codes::WRONG_UNIT, value.span(), what, mend);
            }
            Some(duration)
        });
        let direction = self.word(section, "direction", DIRECTIONS, problems);
        let scope = self.word(section, "scope", SCOPES, problems);
        let to = self.optional(section, "to", problems);
        let zone = self.optional(section, "zone", problems);
        let network = self.optional(section, "network", problems);
        Some(Kind::Usage(Box::new(UsageRule {
            service: service?,
            quantity: quantity?,
            direction,
            to,
            zone,
            network,
            duration,
            scope,
        })))
    }

    fn purchase(&mut self, section: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Kind> {
        let purchase_id = self.optional(section, "purchase_id", problems);
        let method = self.needed(section, "method", "method = \"card\"", problems);
        let location = self.optional(section, "location", problems);
        let partner = self.optional(section, "partner", problems);
        let category = self.needed(section, "category", "category = \"goods\"", problems);
        let item = self.optional(section, "item", problems);
        let qty = section.take("qty").and_then(|value| {
            let mut table = Section::of(value, "record.qty", problems)?;
            let column = table
                .need("column", "column = \"units\"", problems)
                .and_then(|value| self.column(value, "record.qty.column", problems));
            table.finish(problems);
            column
        });
        let net = self.amount(section, "net", true, problems);
        let tax = self.amount(section, "tax", false, problems);
        let discount = self.amount(section, "discount", false, problems);
        Some(Kind::Purchase(Box::new(PurchaseRule {
            purchase_id,
            method: method?,
            location,
            partner,
            category: category?,
            item,
            qty,
            net: net?,
            tax,
            discount,
        })))
    }
}
