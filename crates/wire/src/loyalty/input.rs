//! Bodies of loyalty inputs, and what each may hold whatever the state of the account.

use crate::error::{Result, WireError};
use crate::input::check_identifier;
use crate::scalars::check_text;
use crate::table::{inputs, messages};
use umbral_model::ids::{AccountId, LedgerName, MAX_ID_BYTES};
use umbral_model::input::*;
use umbral_model::money::Money;

inputs! {
    CardIssued {
        1 optional number "number",
        2 required card_type "type",
        3 optional valid_until "valid_until",
        4 state allocated "allocated",
        5 state_optional stock "stock",
    }
    CardsStocked {
        1 required card_type "type",
        2 required number "number",
        3 optional last "last",
        4 optional personalised_for "personalised_for",
    }
    CardClosed {
        1 required number "number",
        2 optional reason "reason",
    }
    CardNamed {
        1 required number "number",
    }
    CardReplacement {
        1 required old "old",
        2 required new "new",
        3 state_optional stock "stock",
    }
    CardRenewal {
        1 required number "number",
        2 optional valid_until "valid_until",
    }
    CardCheck {
        1 default card "card",
        2 required result "result",
    }
    Enrolled {
        1 optional identifier "identifier",
        2 optional programme "programme",
        3 state_repeated unclaimed "unclaimed",
        4 state_repeated cards "cards",
    }
    Visit {
        1 required location "location",
        2 optional card "card",
    }
    PurchaseClaimed {
        1 required purchase "purchase_id",
        2 optional account "account",
        3 state_optional found "found",
        4 state taken "taken",
    }
    RefundLine {
        1 required item "item",
        2 required net "net",
    }
    RefundRequest {
        1 required refund "refund_id",
        2 required purchase "purchase_id",
        3 repeated lines "lines",
        4 optional amount "amount",
        5 optional points "points",
    }
    RedemptionRequested {
        1 required redemption "redemption_id",
        2 optional points "points",
        3 optional reward "reward",
        4 default quantity "quantity",
        5 required channel "channel",
        6 optional card "card",
        7 optional ledger "ledger",
        8 default code_confirmed "code_confirmed",
        9 optional partner "partner",
    }
    RedemptionNamed {
        1 required redemption "redemption_id",
    }
    PointsAdjusted {
        1 required points "points",
        2 required reason "reason",
        3 optional ledger "ledger",
    }
    PointsVoided {
        1 optional source_ref "source_ref",
        2 packed lots "lots",
        3 optional points "points",
        4 required reason "reason",
        5 optional ledger "ledger",
    }
    EffortScored {
        1 required score "score",
    }
}

messages! {
    StockedCard {
        1 required card_type "type",
        2 optional personalised_for "personalised_for",
    }
    UnclaimedPurchase {
        1 required key "key",
        2 default occurred_at "occurred_at",
        3 required purchase "purchase",
    }
}

/// Shortest number of a card, in characters: what is shorter could be guessed.
const MIN_CARD_NUMBER: usize = 5;

/// Ranges of loyalty inputs.
pub(crate) fn check_range(body: &Body) -> Result<()> {
    match body {
        Body::TierGranted(granted) => check_tier(granted),
        Body::CardIssued(issued) => {
            optional(issued.number.as_deref(), check_card_number, "number")?;
            check_name(&issued.card_type, "type")
        }
        Body::CardsStocked(stocked) => {
            check_name(&stocked.card_type, "type")?;
            check_card_number(&stocked.number, "number")?;
            match stocked.numbers() {
                Ok(_) => Ok(()),
                Err(bad) => Err(WireError::malformed(bad.to_string()).at("last")),
            }
        }
        Body::CardClosed(CardClosed { number, .. })
        | Body::CardConfirmed(CardNamed { number })
        | Body::CardLostReported(CardNamed { number })
        | Body::CardRenewed(CardRenewal { number, .. }) => check_card_number(number, "number"),
        Body::CardReplaced(replaced) => check_replacement(replaced),
        Body::CardChecked(check) => {
            check_card_number(&check.card, "card")?;
            check_name(&check.result, "result")
        }
        Body::Enrolled(enrolled) => {
            let identifier = enrolled
                .identifier
                .as_ref()
                .map_or(Ok(()), check_identifier);
            identifier.map_err(|error| error.at("identifier"))?;
            optional(enrolled.programme.as_deref(), check_name, "programme")
        }
        Body::Visit(visit) => {
            check_name(&visit.location, "location")?;
            optional(visit.card.as_deref(), check_name, "card")
        }
        Body::Refund(refund) => check_refund(refund),
        Body::RedemptionRequested(requested) => check_redemption(requested),
        Body::PointsAdjusted(adjusted) => {
            check_points(adjusted.points.unsigned_abs(), "points")?;
            check_why(&adjusted.reason, adjusted.ledger.as_ref())
        }
        Body::PointsVoided(voided) => check_voided(voided),
        Body::EffortScored(EffortScored { score }) if !(1..=7).contains(score) => {
            let detail = format!("{score} is no score; write 1 (easy) to 7 (hard)");
            Err(WireError::malformed(detail).at("score"))
        }
        _ => Ok(()),
    }
}

fn optional(
    text: Option<&str>,
    check: impl Fn(&str, &str) -> Result<()>,
    name: &str,
) -> Result<()> {
    text.map_or(Ok(()), |text| check(text, name))
}

fn check_name(text: &str, name: &str) -> Result<()> {
    check_text(text, MAX_ID_BYTES, false).map_err(|error| error.at(name))
}

fn check_card_number(number: &str, name: &str) -> Result<()> {
    let length = number.chars().count();
    if length < MIN_CARD_NUMBER {
        let detail =
            format!("has {length} characters; the number of a card has {MIN_CARD_NUMBER} or more");
        return Err(WireError::malformed(detail).at(name));
    }
    check_name(number, name)
}

fn check_replacement(replaced: &CardReplacement) -> Result<()> {
    check_card_number(&replaced.old, "old")?;
    check_card_number(&replaced.new, "new")?;
    if replaced.old == replaced.new {
        let detail = "is the old number; a card that is replaced has another one";
        return Err(WireError::malformed(detail).at("new"));
    }
    Ok(())
}

fn check_ledger(ledger: Option<&LedgerName>) -> Result<()> {
    match ledger.map(|ledger| ledger.as_str().split_once('/')) {
        None => Ok(()),
        Some(Some((programme, line)))
            if !programme.is_empty() && !line.is_empty() && !line.contains('/') =>
        {
            Ok(())
        }
        Some(_) => {
            let detail = "must be PROGRAMME/LINE, such as club/main";
            Err(WireError::malformed(detail).at("ledger"))
        }
    }
}

fn check_points(points: u64, name: &str) -> Result<()> {
    let detail = match points {
        0 => "may not be 0".to_owned(),
        1..=POINTS_MOST => return Ok(()),
        _ => format!("is too large; at most {POINTS_MOST} points move at once"),
    };
    Err(WireError::malformed(detail).at(name))
}

fn check_tier(granted: &TierGranted) -> Result<()> {
    check_ledger(granted.ledger.as_ref())?;
    match &granted.tier {
        Some(tier) => check_name(tier, "tier"),
        None if granted.until.is_some() => {
            let detail = "needs a tier beside it; without a tier the granted one is taken away";
            Err(WireError::malformed(detail).at("until"))
        }
        None => Ok(()),
    }
}

fn check_refund(refund: &RefundRequest) -> Result<()> {
    if refund.amount.is_some() && !refund.lines.is_empty() {
        let detail = "give lines or an amount, not both: the lines add up to what came back";
        return Err(WireError::malformed(detail).at("amount"));
    }
    if refund.amount.is_none() && refund.lines.is_empty() && refund.points.is_none() {
        let mut error = WireError::missing("amount");
        error.detail = "is missing; write what came back: lines, an amount, or points".to_owned();
        return Err(error);
    }
    let above_zero = |amount: Money| match amount > Money::ZERO {
        true => Ok(()),
        false => Err(WireError::malformed("must be above zero: what came back")),
    };
    if let Some(amount) = refund.amount {
        above_zero(amount).map_err(|error| error.at("amount"))?;
    }
    for (index, line) in refund.lines.iter().enumerate() {
        above_zero(line.net).map_err(|error| error.at("net").at_index(index).at("lines"))?;
    }
    refund
        .points
        .map_or(Ok(()), |points| check_points(points, "points"))
}

fn check_redemption(requested: &RedemptionRequested) -> Result<()> {
    check_name(&requested.channel, "channel")?;
    optional(requested.card.as_deref(), check_name, "card")?;
    check_ledger(requested.ledger.as_ref())?;
    match (requested.points, requested.reward.as_deref()) {
        (None, None) => {
            let mut error = WireError::missing("points");
            error.detail =
                "is missing; write how many points, or a reward of the catalogue".to_owned();
            Err(error)
        }
        (Some(_), Some(_)) => {
            let detail =
                "give points or a reward, not both: the catalogue says what a reward costs";
            Err(WireError::malformed(detail).at("points"))
        }
        (Some(points), None) => check_points(points, "points"),
        (None, Some(reward)) => check_name(reward, "reward"),
    }
}

fn check_why(reason: &str, ledger: Option<&LedgerName>) -> Result<()> {
    check_ledger(ledger)?;
    match reason.is_empty() {
        true => Err(WireError::malformed("may not be empty: say why").at("reason")),
        false => Ok(()),
    }
}

fn check_voided(voided: &PointsVoided) -> Result<()> {
    let named = [
        voided.source_ref.is_some(),
        !voided.lots.is_empty(),
        voided.points.is_some(),
    ];
    if named.iter().filter(|is_named| **is_named).count() != 1 {
        let detail = "give exactly one of source_ref, lots and points: which points are void";
        return Err(WireError::malformed(detail));
    }
    optional(voided.source_ref.as_deref(), check_name, "source_ref")?;
    let points = voided
        .points
        .map_or(Ok(()), |points| check_points(points, "points"));
    points.and_then(|()| check_why(&voided.reason, voided.ledger.as_ref()))
}

/// Fills in what the envelope says for the body: the card by which the account was named. A quantity that is left
/// out is 1.
pub fn fill_in(body: &mut Body, address: Option<&Address>) {
    if let Body::RedemptionRequested(requested) = body {
        requested.quantity = requested.quantity.max(1);
    }
    let Some(Address::Identifier(identifier)) = address else {
        return;
    };
    if identifier.kind != IdentifierKind::Card {
        return;
    }
    let shown = || identifier.value.clone();
    match body {
        Body::Purchase(Purchase { card, .. })
        | Body::Visit(Visit { card, .. })
        | Body::RedemptionRequested(RedemptionRequested { card, .. }) => {
            card.get_or_insert_with(shown);
        }
        Body::CardChecked(CardCheck { card, .. }) if card.is_empty() => *card = shown(),
        _ => {}
    }
}

/// The account that a body names inside itself.
pub(crate) fn named_by(body: &Body) -> Option<&AccountId> {
    match body {
        Body::PurchaseClaimed(claimed) => claimed.account.as_ref(),
        _ => None,
    }
}
