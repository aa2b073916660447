//! Arbitrary loyalty inputs and events.

use super::*;

variants! {
    NotEarned: BelowUnit Excluded Unidentified CardState ClaimWindow AlreadyCredited NotEnrolled;
    EarningKind: Purchase Invoice Usage Visit;
    RedemptionRefused: Catalogue Channel CardState Unconfirmed MinPoints Insufficient;
    ReversalReason: Released Timeout Refund;
    TierBasis: Points Sales Grant Void;
}

structures! {
    TierGranted { tier until ledger }
    CardIssued { number card_type valid_until allocated stock }
    CardsStocked { card_type number last personalised_for }
    StockedCard { card_type personalised_for }
    CardClosed { number reason }
    CardNamed { number }
    CardReplacement { old new stock }
    CardRenewal { number valid_until }
    CardCheck { card result }
    Enrolled { identifier programme unclaimed cards }
    UnclaimedPurchase { key occurred_at purchase }
    Visit { location card }
    Purchase { purchase method location partner card points_part lines }
    PointsPaid { redemption amount }
    PurchaseClaimed { purchase account found taken }
    RefundLine { item net }
    RefundRequest { refund purchase lines amount points }
    RedemptionRequested { redemption points reward quantity channel card ledger code_confirmed partner }
    RedemptionNamed { redemption }
    PointsAdjusted { points reason ledger }
    PointsVoided { source_ref lots points reason ledger }
    EffortScored { score }
    Balances { pending available reserved debt }
    LotMoved { lot delta expires_on }
    LotSpent { lot points }
    PointsEarned {
        ledger delta lots source_ref rule_version balances_after used_before_report earned_on available_on
        counter_delta counts_for_previous source pending counts_for_none
    }
    PointsTaken {
        ledger delta lots source_ref rule_version reason balances_after forgiven counter_delta counts_for_previous
        source previous_delta past_delta lot
    }
    PointsReleased { ledger delta lots balances_after }
    PointsNotEarned { ledger source_ref reason }
    PointsExpiring { ledger expires_on points notice_day }
    EarningLine { item value rule promotion refunded }
    EarningNoted {
        ledger kind source_ref occurred_at version rule_version multiplier_bps lines points_part held_back is_activity
        used_before_report card
    }
    EarningCredited { ledger source_ref }
    SalesCounted { ledger kind source_ref sales delta of_previous of_none }
    RefundNoted { purchase refund lines amount }
    RefundParked { key occurred_at refund until }
    RedemptionAccepted {
        redemption ledger points reward quantity channel partner allocations until balances_after used_before_report
    }
    RedemptionCommitted { redemption ledger allocations balances_after }
    RedemptionRejected { redemption ledger points reason available }
    RedemptionReversed { redemption ledger allocations reason grace_until balances_after graced }
    MemberEnrolled { ledger tier valid_until from quiet }
    RewardLevelReached { ledger level available }
    TierMoved { ledger from to basis counter sales needed valid_until rebased notice_day }
    ValidityRenewed { ledger valid_until }
    MembershipWarned { ledger ends_on notice_day points }
    MembershipTerminated { ledger points_forfeited day }
    Reinstated { ledger source_ref lots membership balances_after }
    CardEvent { number card card_type ledger holder valid_until pending_confirmation frozen_days from_stock }
    StockReceived { card_type number last count personalised_for }
    CardReplaced { old new old_card new_card ledger points_carried from_stock }
    CardEnded { number card card_type ledger reason points_forfeited was_last lots_freeze freezes }
    CardChecked { card result }
    ContactNoted { kind value }
    NoticePassed { ledger valid_until notice_day }
    UsageCounted { ledger source_ref values }
}

/// A loyalty input of a kind.
pub(super) fn body_of_kind(kind: u64, dice: &mut Dice) -> Body {
    match kind {
        0 => Body::TierGranted(any(dice)),
        1 => Body::CardIssued(any(dice)),
        2 => Body::CardClosed(any(dice)),
        3 => Body::CardConfirmed(any(dice)),
        4 => Body::CardLostReported(any(dice)),
        5 => Body::CardReplaced(any(dice)),
        6 => Body::CardRenewed(any(dice)),
        7 => Body::CardChecked(any(dice)),
        8 => Body::Enrolled(any(dice)),
        9 => Body::Visit(any(dice)),
        10 => Body::PurchaseClaimed(any(dice)),
        11 => Body::Refund(any(dice)),
        12 => Body::RedemptionRequested(any(dice)),
        13 => Body::RedemptionCommitted(any(dice)),
        14 => Body::RedemptionReleased(any(dice)),
        15 => Body::PointsAdjusted(any(dice)),
        16 => Body::PointsVoided(any(dice)),
        17 => Body::CardsStocked(any(dice)),
        _ => Body::EffortScored(any(dice)),
    }
}

/// A card's number that is long enough.
fn numbered(number: &mut SmolStr) {
    *number = format!("1234{number}").into();
}

fn above_zero(amount: Money) -> Money {
    Money::from_micros(1 + amount.micros().unsigned_abs() as i64)
}

fn some_points(points: u64) -> u64 {
    1 + points % POINTS_MOST
}

fn named(ledger: &mut Option<LedgerName>) {
    *ledger = ledger.take().map(|_| LedgerName::new("club/main"));
}

/// Holds a loyalty input to what it may be.
pub(super) fn make_valid(body: &mut Body, dice: &mut Dice) {
    match body {
        Body::TierGranted(granted) => {
            granted.tier = granted.tier.take().filter(|tier| !tier.is_empty());
            granted.until = granted.until.filter(|_| granted.tier.is_some());
            named(&mut granted.ledger);
        }
        Body::CardIssued(issued) => {
            issued.number.iter_mut().for_each(numbered);
            issued.allocated = false;
            issued.stock = None;
        }
        Body::CardsStocked(stocked) => {
            numbered(&mut stocked.number);
            stocked.last = None;
        }
        Body::CardClosed(CardClosed { number, .. })
        | Body::CardConfirmed(CardNamed { number })
        | Body::CardLostReported(CardNamed { number })
        | Body::CardRenewed(CardRenewal { number, .. }) => numbered(number),
        Body::CardReplaced(replaced) => {
            numbered(&mut replaced.old);
            replaced.new = format!("{}N", replaced.old).into();
            replaced.stock = None;
        }
        Body::CardChecked(check) => numbered(&mut check.card),
        Body::Enrolled(enrolled) => {
            enrolled.unclaimed.clear();
            enrolled.cards.clear();
        }
        Body::PurchaseClaimed(claimed) => (claimed.found, claimed.taken) = (None, false),
        Body::Purchase(purchase) => {
            purchase.lines.push(any(dice));
            for line in &mut purchase.lines {
                let discount = line.discount.micros().unsigned_abs() >> 1;
                line.discount = Money::from_micros(discount as i64);
            }
            if let Some(part) = &mut purchase.points_part {
                part.amount = above_zero(part.amount);
            }
        }
        Body::Refund(refund) => {
            refund.amount = refund
                .amount
                .filter(|_| refund.lines.is_empty())
                .map(above_zero);
            for line in &mut refund.lines {
                line.net = above_zero(line.net);
            }
            refund.points = refund.points.map(some_points);
            if refund.amount.is_none() && refund.lines.is_empty() {
                refund.points.get_or_insert(7);
            }
        }
        other => make_points_valid(other, dice),
    }
}

fn make_points_valid(body: &mut Body, dice: &mut Dice) {
    match body {
        Body::RedemptionRequested(requested) => {
            requested.quantity = requested.quantity.max(1);
            requested.points = requested.points.map(some_points);
            match requested.points {
                Some(_) => requested.reward = None,
                None => requested.reward = Some(any(dice)),
            }
            named(&mut requested.ledger);
        }
        Body::PointsAdjusted(adjusted) => {
            adjusted.points = some_points(adjusted.points.unsigned_abs()) as i64;
            if bool::arbitrary(dice) {
                adjusted.points = -adjusted.points;
            }
            named(&mut adjusted.ledger);
        }
        Body::PointsVoided(voided) => {
            let which = dice.below(3);
            voided.source_ref = (which == 0).then(|| any(dice));
            voided.lots.clear();
            if which == 1 {
                voided.lots.push(any(dice));
            }
            voided.points = (which == 2).then(|| some_points(any(dice)));
            named(&mut voided.ledger);
        }
        Body::EffortScored(scored) => scored.score = 1 + scored.score % 7,
        _ => {}
    }
}

/// Has the body say what the envelope says of whom it concerns, as reading it does.
pub(super) fn fit(body: &mut Body, address: &Address) {
    let shown = match address {
        Address::Identifier(identifier) if identifier.kind == IdentifierKind::Card => {
            Some(identifier.value.clone())
        }
        _ => None,
    };
    match (body, address) {
        (
            Body::Purchase(Purchase { card, .. })
            | Body::Visit(Visit { card, .. })
            | Body::RedemptionRequested(RedemptionRequested { card, .. }),
            _,
        ) => *card = card.take().or(shown),
        (Body::PurchaseClaimed(claimed), Address::Account(account, _)) => {
            claimed.account = claimed.account.take().map(|_| account.clone());
        }
        (Body::PurchaseClaimed(claimed), Address::Identifier(_)) => claimed.account = None,
        _ => {}
    }
}

/// A loyalty event of a kind.
pub(super) fn event_of_kind(kind: u64, dice: &mut Dice) -> EventBody {
    match kind {
        0 => EventBody::PointsEarned(any(dice)),
        1 => EventBody::PointsClawedBack(any(dice)),
        2 => EventBody::PointsVoided(any(dice)),
        3 => EventBody::PointsExpired(any(dice)),
        4 => EventBody::PointsReleased(any(dice)),
        5 => EventBody::PointsNotEarned(any(dice)),
        6 => EventBody::PointsExpiring(any(dice)),
        7 => EventBody::EarningNoted(any(dice)),
        8 => EventBody::EarningCredited(any(dice)),
        9 => EventBody::SalesCounted(any(dice)),
        10 => EventBody::RefundNoted(any(dice)),
        11 => EventBody::RefundParked(any(dice)),
        12 => EventBody::RedemptionAccepted(any(dice)),
        13 => EventBody::RedemptionCommitted(any(dice)),
        14 => EventBody::RedemptionRejected(any(dice)),
        15 => EventBody::RedemptionReversed(any(dice)),
        16 => EventBody::MemberEnrolled(any(dice)),
        17 => EventBody::RewardLevelReached(any(dice)),
        18 => EventBody::TierChanged(any(dice)),
        19 => EventBody::TierWillChange(any(dice)),
        20 => EventBody::TierRestored(any(dice)),
        21 => EventBody::ValidityRenewed(any(dice)),
        22 => EventBody::MembershipWarned(any(dice)),
        23 => EventBody::MembershipTerminated(any(dice)),
        24 => EventBody::CardIssued(any(dice)),
        25 => EventBody::CardConfirmed(any(dice)),
        26 => EventBody::CardLostReported(any(dice)),
        27 => EventBody::CardReplaced(any(dice)),
        28 => EventBody::CardRenewed(any(dice)),
        29 => EventBody::CardExpired(any(dice)),
        30 => EventBody::CardClosed(any(dice)),
        31 => EventBody::CardChecked(any(dice)),
        32 => EventBody::NoticePassed(any(dice)),
        33 => EventBody::UsageCounted(any(dice)),
        34 => EventBody::PointsForgiven(any(dice)),
        35 => EventBody::CardsStocked(any(dice)),
        _ => EventBody::ContactNoted(any(dice)),
    }
}
