//! Which identifiers an input gives, and to whom.

use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_model::ids::MemberId;
use umbral_model::input::{Body, Enrolled, Identifier, IdentifierKind, Input};

/// What an input gives.
pub(super) struct Given {
    /// The member; an empty one stands for the account itself.
    pub(super) member: MemberId,
    pub(super) identifiers: SmallVec<[Identifier; 1]>,
    /// What its account has already it may be given again.
    pub(super) may_be_own: bool,
    /// Whatever anybody else ever had is refused: numbers of cards are used once.
    pub(super) is_card: bool,
}

impl Given {
    /// What the input gives; none if it gives nothing.
    pub(super) fn by(input: &Input) -> Option<Given> {
        let own_member = || input.member.clone().unwrap_or_default();
        let to_member = |member: &MemberId, identifiers: &[Identifier]| Given {
            member: member.clone(),
            identifiers: identifiers.into(),
            may_be_own: false,
            is_card: false,
        };
        let to_holder = |identifier: Identifier| Given {
            member: own_member(),
            is_card: identifier.kind == IdentifierKind::Card,
            identifiers: SmallVec::from_iter([identifier]),
            may_be_own: true,
        };
        match &input.body {
            Body::MemberAdded(added) => Some(to_member(&added.member, &added.identifiers)),
            Body::IdentifierAdded(change) => Some(to_member(
                &change.member,
                std::slice::from_ref(&change.identifier),
            )),
            Body::CardIssued(issued) => issued.number.clone().map(card).map(to_holder),
            Body::CardReplaced(replaced) => Some(to_holder(card(replaced.new.clone()))),
            Body::Enrolled(enrolled) => by_enrolling(enrolled, own_member()),
            _ => None,
        }
    }
}

/// What an enrolment gives: the identifier that it names, and cards.
fn by_enrolling(enrolled: &Enrolled, member: MemberId) -> Option<Given> {
    let named = enrolled.identifier.clone();
    let is_card = named
        .as_ref()
        .is_some_and(|named| named.kind == IdentifierKind::Card);
    let cards = enrolled
        .cards
        .iter()
        .filter_map(|issued| issued.number.clone());
    let identifiers: SmallVec<[Identifier; 1]> = named.into_iter().chain(cards.map(card)).collect();
    (!identifiers.is_empty()).then_some(Given {
        member,
        identifiers,
        may_be_own: true,
        is_card,
    })
}

/// The identifiers that an input gives.
pub fn given_by(input: &Input) -> SmallVec<[Identifier; 1]> {
    Given::by(input)
        .map(|given| given.identifiers)
        .unwrap_or_default()
}

/// The number of a card as an identifier.
pub(super) fn card(number: SmolStr) -> Identifier {
    Identifier {
        kind: IdentifierKind::Card,
        value: number,
    }
}
