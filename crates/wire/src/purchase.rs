//! Purchases: the form in which they come in, with the identifier that was shown, and their lines.

use crate::error::{Result, WireError};
use crate::input::check_identifier;
use crate::json::{Reader as Json, Writer};
use crate::pb::{Raw, Wire};
use crate::table::inputs;
use crate::value::{FromJson, Value};
use smol_str::SmolStr;
use umbral_model::event::PointsPaid;
use umbral_model::ids::PurchaseId;
use umbral_model::input::{Identifier, IdentifierKind, Purchase, PurchaseLine};
use umbral_model::money::Money;

/// A purchase as it comes in: whoever made it may be named inside it. A card that was shown is of the purchase
/// too; of any other identifier only the envelope's address is left.
pub(crate) struct Form {
    purchase: PurchaseId,
    method: SmolStr,
    location: Option<SmolStr>,
    partner: Option<SmolStr>,
    lines: Vec<PurchaseLine>,
    identifier: Option<Identifier>,
    points_part: Option<PointsPaid>,
}

inputs! {
    Form {
        1 required purchase "purchase_id",
        2 default method "method",
        3 optional location "location",
        4 optional partner "partner",
        5 repeated lines "lines",
        6 optional identifier "identifier",
        7 optional points_part "points_part",
    }
    PointsPaid {
        1 required redemption "redemption_id",
        2 required amount "amount",
    }
}

impl Form {
    /// The purchase, and the identifier that it names.
    pub(crate) fn finish(self) -> (Purchase, Option<Identifier>) {
        let shown = |identifier: &Identifier| {
            (identifier.kind == IdentifierKind::Card).then(|| identifier.value.clone())
        };
        let purchase = Purchase {
            purchase: self.purchase,
            method: self.method,
            location: self.location,
            partner: self.partner,
            card: self.identifier.as_ref().and_then(shown),
            points_part: self.points_part,
            lines: self.lines,
        };
        (purchase, self.identifier)
    }
}

impl From<&Purchase> for Form {
    fn from(purchase: &Purchase) -> Form {
        let Purchase {
            purchase,
            method,
            location,
            partner,
            card,
            points_part,
            lines,
        } = purchase.clone();
        Form {
            purchase,
            method,
            location,
            partner,
            lines,
            identifier: card.map(card_shown),
            points_part,
        }
    }
}

/// A card's number as the identifier that it is.
fn card_shown(value: SmolStr) -> Identifier {
    let kind = IdentifierKind::Card;
    Identifier { kind, value }
}

impl Value for Purchase {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        Form::from(self).put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        match Form::take(raw)?.finish() {
            (purchase, Some(other)) if purchase.card.is_none() => {
                let detail = format!(
                    "{} is no card; a kept purchase is resolved",
                    other.kind.word()
                );
                Err(WireError::malformed(detail).at("identifier"))
            }
            (purchase, _) => Ok(purchase),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        Form::from(self).write(out);
    }
}

/// What a purchase may not hold, although its form is right. A line without a price is a product of the catalog,
/// so it must say which.
pub(crate) fn check(purchase: &Purchase) -> Result<()> {
    let form = Form::from(purchase);
    form.check()?;
    form.identifier
        .iter()
        .try_for_each(check_identifier)
        .map_err(|error| error.at("identifier"))?;
    if let Some(part) = purchase.points_part.as_ref()
        && part.amount <= Money::ZERO
    {
        let error = WireError::malformed("must be above zero: what the points paid").at("amount");
        return Err(error.at("points_part"));
    }
    check_lines(&purchase.lines)
}

fn check_lines(lines: &[PurchaseLine]) -> Result<()> {
    if lines.is_empty() {
        return Err(WireError::missing("lines"));
    }
    let out_of_range = |line: &PurchaseLine| !(1..=PurchaseLine::QTY_MOST).contains(&line.qty);
    if let Some(index) = lines.iter().position(out_of_range) {
        let error = WireError::malformed(PurchaseLine::QTY_FORM).at("qty");
        return Err(error.at_index(index).at("lines"));
    }
    if let Some(index) = lines.iter().position(|line| line.discount < Money::ZERO) {
        let error = WireError::malformed(PurchaseLine::DISCOUNT_FORM).at("discount");
        return Err(error.at_index(index).at("lines"));
    }
    let nameless = |line: &PurchaseLine| line.net.is_none() && line.item.is_empty();
    match lines.iter().position(nameless) {
        None => Ok(()),
        Some(index) => {
            let mut error = WireError::missing("net");
            error.detail =
                "is missing; only a line whose item is a product of the catalog may leave it out"
                    .to_owned();
            Err(error.at_index(index).at("lines"))
        }
    }
}

/// The line with the presence of its fields.
struct LineForm {
    category: SmolStr,
    item: SmolStr,
    qty: Option<u32>,
    net: Option<Money>,
    tax: Money,
    discount: Money,
}

inputs! {
    LineForm {
        1 default category "category",
        2 default item "item",
        3 optional qty "qty",
        4 optional net "net",
        5 default tax "tax",
        6 default discount "discount",
    }
}

impl From<&PurchaseLine> for LineForm {
    fn from(line: &PurchaseLine) -> LineForm {
        let PurchaseLine {
            category,
            item,
            qty,
            net,
            tax,
            discount,
        } = line.clone();
        LineForm {
            category,
            item,
            qty: Some(qty),
            net,
            tax,
            discount,
        }
    }
}

impl From<LineForm> for PurchaseLine {
    fn from(form: LineForm) -> PurchaseLine {
        let LineForm {
            category,
            item,
            qty,
            net,
            tax,
            discount,
        } = form;
        PurchaseLine {
            category,
            item,
            qty: qty.unwrap_or(1),
            net,
            tax,
            discount,
        }
    }
}

impl Value for PurchaseLine {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        LineForm::from(self).put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        LineForm::take(raw).map(PurchaseLine::from)
    }

    fn write(&self, out: &mut Writer<'_>) {
        LineForm::from(self).write(out);
    }
}

impl FromJson for PurchaseLine {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        LineForm::read(json).map(PurchaseLine::from)
    }

    fn check(&self) -> Result<()> {
        LineForm::from(self).check()
    }
}
