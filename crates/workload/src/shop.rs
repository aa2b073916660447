//! Purchases: goods in a shop, and products of the catalog on top of a plan.

use crate::Maker;
use crate::calendar::Month;
use crate::club::{self, Shown};
use crate::envelope::{Sender, euro};
use crate::money::MICROS_PER_CENT;
use crate::people::{Class, account_id, msisdn};
use crate::plans::Plan;
use crate::sequel::contact;
use crate::text::Text;
use crate::travel::{Group, network_of};
use smol_str::SmolStr;
use umbral_model::ids::{AccountId, PurchaseId};
use umbral_model::input::{
    Address, Body, Identifier, IdentifierKind, Incoming, Purchase, PurchaseLine,
};
use umbral_model::money::{Currency, Money};

/// What the shops sell: category, item, least and greatest price in cents.
const GOODS: [(&str, &str, u64, u64); 6] = [
    ("accessories", "case", 990, 3490),
    ("accessories", "charger", 1290, 2990),
    ("audio", "headphones", 1990, 8990),
    ("phones", "phone", 9900, 39900),
    ("cards", "gift_card", 1000, 5000),
    ("home", "router", 3990, 7990),
];

/// A product of the demo catalog.
#[derive(Clone, Copy)]
struct Product {
    name: &'static str,
    category: &'static str,
    /// Its price, or its instalment.
    cents: u64,
    /// Further instalments, where it is bought on account.
    later: u8,
    /// Megabytes for use at home.
    megabytes: u16,
}

const fn product(name: &'static str, category: &'static str, cents: u64) -> Product {
    Product {
        name,
        category,
        cents,
        later: 0,
        megabytes: 0,
    }
}

const fn data(name: &'static str, cents: u64, megabytes: u16) -> Product {
    Product {
        megabytes,
        ..product(name, "bundle", cents)
    }
}

const EXTRA_1GB: Product = data("extra_1gb", 300, 1_000);
const EXTRA_5GB: Product = data("extra_5gb", 1_000, 5_000);
const WEEKEND: Product = data("finde_10gb", 250, 0);
const SUMMER: Product = data("verano_30gb", 1_800, 30_000);
const WORLD_DATA: Product = product("mundo_500mb", "bundle", 1_500);
const TRAVEL: Product = product("viaje", "bundle", 2_500);
const WORLD_CALLS: Product = product("mundo_100min", "bundle", 600);
const FOOTBALL: Product = product("futbol_mes", "content", 799);
const MUSIC: Product = product("musica_mes", "content", 499);
const NEW_SIM: Product = product("duplicado_sim", "card", 500);
/// Paid at once, where it is not bought on account, it costs the whole: 479.76.
const PHONE: Product = Product {
    later: 23,
    ..product("movil_norte", "handset", 1_999)
};

/// How a till knows the buyer.
enum Buyer {
    /// By the customer's account.
    Account,
    /// By the card that was shown.
    Card(SmolStr),
    /// By the number of a subscription.
    Phone(SmolStr),
    /// By a phone that is no subscription of the operator, and may be unknown.
    Contact,
    /// Not at all.
    Nobody,
}

impl Buyer {
    fn card(&self) -> Option<SmolStr> {
        match self {
            Buyer::Card(number) => Some(number.clone()),
            _ => None,
        }
    }

    fn address(self, owner: u32) -> Option<Address> {
        let identifier = |kind, value| Some(Address::Identifier(Identifier { kind, value }));
        match self {
            Buyer::Account => Some(Address::Account(AccountId::new(account_id(owner)), None)),
            Buyer::Card(number) => identifier(IdentifierKind::Card, number),
            Buyer::Phone(number) => identifier(IdentifierKind::Msisdn, number),
            Buyer::Contact => Some(Address::Identifier(contact(owner))),
            Buyer::Nobody => None,
        }
    }
}

impl Maker {
    /// A purchase: one of four is a product, the others goods, of which one of a hundred in dollars, and some are bought
    /// by people who do not say who they are.
    pub(crate) fn purchase(&mut self, at: i64, month: &Month) -> Incoming {
        self.counts.purchases += 1;
        let line = self.people.somebody(&mut self.random);
        let owner = self.people.owner(line);
        let method = self.method(owner);
        let wanted = self.wanted(line, at - month.begins, month);
        let foreign = wanted.is_none() && self.random.below(100) == 0;
        let lines = match wanted {
            Some(product) => vec![self.product_line(owner, method, product)],
            None => self.goods(owner, method, foreign),
        };
        let is_goods = wanted.is_none() && !foreign;
        let buyer = self.buyer((line, owner), is_goods, method, at - month.begins, month);
        let number = self.envelope.sent(Sender::Shop) + 1;
        let location = Text::new("L").number(self.random.between(1, 40), 2);
        let purchase = Purchase {
            purchase: PurchaseId::new(Text::new("P").number(number, 1).into_smol()),
            method: SmolStr::new_static(method),
            location: Some(location.into_smol()),
            partner: None,
            card: buyer.card(),
            points_part: None,
            lines,
        };
        if is_goods {
            self.look_ahead(at, owner, &buyer, &purchase);
        }
        let address = buyer.address(owner);
        let body = Body::Purchase(purchase);
        let mut input = self.envelope.wrap(Sender::Shop, at, address, body);
        input.currency = if foreign {
            Currency::parse("USD")
        } else {
            euro()
        };
        self.counts.other_currencies += u64::from(foreign);
        input
    }

    /// How the buyer is known. Products go to an account, and what is bought on account needs one.
    fn buyer(
        &mut self,
        (line, owner): (u32, u32),
        is_goods: bool,
        method: &str,
        second: i64,
        month: &Month,
    ) -> Buyer {
        let choice = self.random.below(1_000);
        if !is_goods {
            return Buyer::Account;
        }
        let nameless = method != "on_account" && choice < 15;
        match club::shown(&self.people, owner, month, second) {
            _ if nameless && choice.is_multiple_of(2) => Buyer::Nobody,
            _ if nameless => Buyer::Contact,
            Shown::Club(number) | Shown::Gold(number) if choice < 700 => Buyer::Card(number),
            _ if choice < 400 => Buyer::Phone(msisdn(line)),
            _ => Buyer::Account,
        }
    }

    fn look_ahead(&mut self, at: i64, owner: u32, buyer: &Buyer, purchase: &Purchase) {
        match buyer {
            Buyer::Nobody => {
                self.counts.unidentified += 1;
                self.foresee_claim(at, owner, &purchase.purchase);
            }
            Buyer::Contact if !self.sequels.knows(owner) => {
                self.counts.unidentified += 1;
                self.foresee_enrolment(at, owner);
            }
            _ => self.foresee(at, owner, purchase),
        }
    }

    fn method(&mut self, owner: u32) -> &'static str {
        let prepaid = self.people.class(owner) == Class::Prepaid;
        match self.random.below(100) {
            0..55 => "cash",
            55..85 => "card",
            _ if prepaid => "cash",
            _ => "on_account",
        }
    }

    /// The product that somebody wants, by where they are and what they have left; none: goods.
    fn wanted(&mut self, line: u32, second: i64, month: &Month) -> Option<Product> {
        let owner = self.people.owner(line);
        let class = self.people.class(owner);
        let plan = self.people.plan(owner, class, month, second);
        let network = network_of(&self.people, line, class, second, month);
        let choice = self.random.below(100);
        let dear = network.is_some_and(|network| {
            network.is_far() && !(plan.is_bundle() && network.group == Group::Near)
        });
        if dear {
            return Some(if choice < 70 { WORLD_DATA } else { TRAVEL });
        }
        let included = plan.included().megabytes;
        let used = self.people.used(owner).megabytes;
        if included > 0 && used > included / 10 * 7 {
            return Some(if used < included { EXTRA_5GB } else { SUMMER });
        }
        match choice {
            0..5 if !matches!(plan, Plan::Norte20 | Plan::Familia) => Some(EXTRA_1GB),
            5..7 => Some(WEEKEND),
            7..12 => Some(WORLD_CALLS),
            12..18 => Some(FOOTBALL),
            18..24 => Some(MUSIC),
            24 => Some(NEW_SIM),
            25 => Some(PHONE),
            _ => None,
        }
    }

    /// A line of a product at the catalog's price.
    fn product_line(&mut self, owner: u32, method: &str, product: Product) -> PurchaseLine {
        self.counts.products += 1;
        if method == "on_account" {
            self.people.owe(owner, product.cents * 100);
            self.people.agree(owner, product.later);
        }
        let used = &mut self.people.used(owner).megabytes;
        *used = used.saturating_sub(product.megabytes);
        PurchaseLine {
            category: SmolStr::new_static(product.category),
            item: SmolStr::new_static(product.name),
            qty: 1,
            net: None,
            tax: Money::ZERO,
            discount: Money::ZERO,
        }
    }

    fn goods(&mut self, owner: u32, method: &str, foreign: bool) -> Vec<PurchaseLine> {
        let mut lines = Vec::new();
        for _ in 0..self.random.between(1, 3) {
            let (line, cents) = self.goods_line();
            if method == "on_account" && !foreign {
                self.people.owe(owner, cents * 100);
            }
            lines.push(line);
        }
        lines
    }

    /// Prices include the tax.
    fn goods_line(&mut self) -> (PurchaseLine, u64) {
        // Dear things are bought seldom.
        let choice = match self.random.below(40) {
            0 => 3,
            pick => [0, 1, 2, 4, 5][(pick % 5) as usize],
        };
        let (category, item, low, high) = GOODS[choice];
        let cents = self.random.between(low, high);
        let line = PurchaseLine {
            category: SmolStr::new_static(category),
            item: SmolStr::new_static(item),
            qty: 1,
            net: Some(Money::from_micros(cents as i64 * MICROS_PER_CENT)),
            tax: Money::ZERO,
            discount: Money::ZERO,
        };
        (line, cents)
    }
}
