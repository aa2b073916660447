//! Products: what is bought by its name.

use super::allowances::{self, DraftAllowance, Grantor};
use super::amounts::minor_money;
use super::head::Head;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, Definition, Source};
use smol_str::SmolStr;
use umbral_model::money::Money;

/// A product by names.
#[derive(Clone, Debug)]
pub(crate) struct DraftProduct {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Its price.
    pub(crate) price: Money,
    /// Its category.
    pub(crate) category: SmolStr,
    /// In how many parts it is paid on account.
    pub(crate) instalments: u16,
    /// Its allowances.
    pub(crate) allowances: Vec<DraftAllowance>,
    /// The plan that it changes to.
    pub(crate) plan: Option<At<SmolStr>>,
    /// The type of card that it pays for.
    pub(crate) card: Option<At<SmolStr>>,
    /// Descriptions by language.
    pub(crate) descriptions: Vec<(SmolStr, SmolStr)>,
}

const KEYS: [&str; 7] = [
    "price",
    "category",
    "allowances",
    "plan",
    "card",
    "instalments",
    "description",
];
const DEFAULT_CATEGORY: &str = "product";
const MOST_PRODUCTS: usize = 60_000;

/// Reads `[product.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftProduct> {
    let definitions = source.of("product");
    if let Some(extra) = definitions.get(MOST_PRODUCTS) {
        let title = format!("there are more than {MOST_PRODUCTS} products");
        report.error(codes::TOO_MANY, extra.name.spot, title, "");
    }
    definitions
        .iter()
        .map(|definition| product(definition, head, report))
        .collect()
}

fn product(definition: &Definition, head: &Head, report: &mut Report) -> DraftProduct {
    let name = definition.name.clone();
    let what = format!("product {}", name.value);
    let mut product = DraftProduct {
        name,
        price: Money::ZERO,
        category: SmolStr::new_static(DEFAULT_CATEGORY),
        instalments: 1,
        allowances: Vec::new(),
        plan: None,
        card: None,
        descriptions: Vec::new(),
    };
    let Some(fields) = Fields::open(&definition.node, what, &KEYS, &[], report) else {
        return product;
    };
    product.descriptions = fields.descriptions(report);
    if let Some(text) = fields.needed_text("price", report) {
        let what = format!("price of {}", fields.what);
        product.price = minor_money(&text, &what, head.currency, report).unwrap_or(Money::ZERO);
    }
    if let Some(category) = word_of(&fields, "category", report) {
        product.category = category.value;
    }
    product.card = word_of(&fields, "card", report);
    if let Some(parts) = fields.whole("instalments", 2..=120, report) {
        product.instalments = parts as u16;
    }
    product.plan = fields.text("plan", report);
    product.allowances = allowances::read(&fields, Grantor::Product, report);
    product
}

/// A text of 1 to 64 bytes.
fn word_of(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<At<SmolStr>> {
    let text = fields.text(key, report)?;
    if text.value.trim().is_empty() || text.value.len() > 64 {
        let title = format!("this is no {key} for {}", fields.what);
        report
            .error(codes::BAD_NAME, text.spot, title, "")
            .note("write 1 to 64 bytes, or leave it out");
        return None;
    }
    Some(text)
}
