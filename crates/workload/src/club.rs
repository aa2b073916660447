//! Members of the club: who enrols, gets a card, loses it and has it replaced, and who visits a shop. Like everything
//! about people it is a function of the seed and the owner's number.

use crate::Maker;
use crate::agenda::{Appointment, DAY, Errand, HOUR};
use crate::calendar::Month;
use crate::envelope::Sender;
use crate::people::{Class, People};
use crate::random::Random;
use crate::text::Text;
use smol_str::SmolStr;
use umbral_model::input::{
    Body, CardIssued, CardNamed, CardReplacement, Enrolled, Incoming, Visit,
};

/// How the numbers of first cards, of those in their place, and of gold cards begin.
pub(crate) const FIRST: &str = "9724";
const SECOND: &str = "9725";
const GOLD: &str = "9726";

/// The club is busy with its own cards in the first months only: later everybody has theirs.
const MONTHS: u64 = 3;
/// One of so many with a card loses it.
const LOSERS: u64 = 20;
/// One of so many with a card and a contract pays for a gold one.
const GOLDEN: u64 = 10;
/// One of so many without a card enrols at the counter and gets one.
const JOINERS: u64 = 60;
/// One of so many visits a shop in a month without buying.
const VISITORS: u64 = 12;
/// One of so many gold cards is never confirmed.
const UNCONFIRMED: u64 = 8;

/// A card's number.
pub(crate) fn number(begin: &'static str, owner: u32) -> SmolStr {
    Text::new(begin).number(u64::from(owner) + 1, 9).into_smol()
}

/// A moment of an owner's life in the club.
struct Moment {
    month: u32,
    second: u64,
    /// More that looks like chance.
    habit: u64,
}

impl Moment {
    /// In a morning of one of the first months, for one owner of `one_of`.
    fn of(people: &People, owner: u32, kind: u64, one_of: u64) -> Option<Moment> {
        let habit = people.trait_of(owner, kind);
        habit.is_multiple_of(one_of).then_some(Moment {
            month: ((habit >> 8) % MONTHS) as u32,
            second: (2 + (habit >> 16) % 20) * DAY + 9 * HOUR + (habit >> 24) % (3 * HOUR),
            habit: habit >> 40,
        })
    }

    fn is_over(&self, month: &Month, second: i64) -> bool {
        (self.month, self.second as i64) <= (month.index, second)
    }
}

fn loss(people: &People, owner: u32) -> Option<Moment> {
    let has_card = people.has_card(owner);
    Moment::of(people, owner, 10, LOSERS).filter(|_| has_card)
}

/// The lost card is replaced after one to four days.
fn replacement(people: &People, owner: u32) -> Option<Moment> {
    let lost = loss(people, owner)?;
    Some(Moment {
        second: lost.second + (1 + lost.habit % 4) * DAY + HOUR,
        ..lost
    })
}

fn gold(people: &People, owner: u32, class: Class) -> Option<Moment> {
    let may = people.has_card(owner) && class != Class::Prepaid;
    Moment::of(people, owner, 11, GOLDEN).filter(|_| may)
}

/// The code comes back within hours, or never.
fn confirmation(people: &People, owner: u32, class: Class) -> Option<Moment> {
    let issued = gold(people, owner, class)?;
    (!issued.habit.is_multiple_of(UNCONFIRMED)).then_some(Moment {
        second: issued.second + HOUR + (issued.habit >> 4) % (6 * HOUR),
        ..issued
    })
}

fn joining(people: &People, owner: u32) -> Option<Moment> {
    let has_card = people.has_card(owner);
    Moment::of(people, owner, 12, JOINERS).filter(|_| !has_card)
}

/// The card that an owner can show.
pub(crate) enum Shown {
    /// None: the owner has none.
    Nothing,
    /// None: it is lost.
    Lost,
    /// A card of the club.
    Club(SmolStr),
    /// A gold card, which asks for a code.
    Gold(SmolStr),
}

/// The card that an owner can show at a second of a month.
pub(crate) fn shown(people: &People, owner: u32, month: &Month, second: i64) -> Shown {
    let class = people.class(owner);
    let has = |moment: Option<Moment>| moment.is_some_and(|moment| moment.is_over(month, second));
    if has(confirmation(people, owner, class)) {
        return Shown::Gold(number(GOLD, owner));
    }
    match (has(loss(people, owner)), has(replacement(people, owner))) {
        _ if !people.has_card(owner) => Shown::Nothing,
        (_, true) => Shown::Club(number(SECOND, owner)),
        (true, false) => Shown::Lost,
        (false, false) => Shown::Club(number(FIRST, owner)),
    }
}

/// What an owner does in a month.
pub(crate) fn plan(
    appointments: &mut Vec<Appointment>,
    month: &Month,
    (owner, class): (u32, Class),
    people: &People,
) {
    let mut random = Random::new(people.trait_of(owner, 140 + u64::from(month.index)));
    let visits = random.below(VISITORS) == 0;
    let visit = visits.then(|| Moment {
        month: month.index,
        second: random.below(27) * DAY + 10 * HOUR + random.below(10 * HOUR),
        habit: 0,
    });
    let later = |moment: Moment| Moment {
        second: moment.second + 300,
        ..moment
    };
    let moments = [
        (joining(people, owner), Errand::Enrolment),
        (joining(people, owner).map(later), Errand::FirstCard),
        (gold(people, owner, class), Errand::GoldCard),
        (confirmation(people, owner, class), Errand::Confirmation),
        (loss(people, owner), Errand::Loss),
        (replacement(people, owner), Errand::Replacement),
        (visit, Errand::Visit),
    ];
    for (moment, errand) in moments {
        if let Some(moment) = moment.filter(|moment| moment.month == month.index) {
            appointments.push(Appointment {
                second: moment.second as u32,
                owner,
                errand,
                cents: 0,
            });
        }
    }
}

/// Whether an errand is of the club.
pub(crate) fn is_of(errand: Errand) -> bool {
    matches!(
        errand,
        Errand::Enrolment
            | Errand::FirstCard
            | Errand::GoldCard
            | Errand::Confirmation
            | Errand::Loss
            | Errand::Replacement
            | Errand::Visit
    )
}

impl Maker {
    /// Does what an appointment of the club is for.
    pub(crate) fn of_club(&mut self, appointment: &Appointment) -> (Sender, Body) {
        self.counts.club += 1;
        let owner = appointment.owner;
        let issued = |number, card_type| {
            Body::CardIssued(CardIssued {
                number,
                card_type: SmolStr::new_static(card_type),
                valid_until: None,
                allocated: false,
                stock: None,
            })
        };
        let body = match appointment.errand {
            Errand::Enrolment => Body::Enrolled(Enrolled {
                identifier: None,
                programme: None,
                unclaimed: Vec::new(),
                cards: Vec::new(),
            }),
            // The next one of the type's own numbers.
            Errand::FirstCard => issued(None, "club"),
            Errand::GoldCard => issued(Some(number(GOLD, owner)), "gold"),
            Errand::Confirmation => Body::CardConfirmed(CardNamed {
                number: number(GOLD, owner),
            }),
            Errand::Loss => Body::CardLostReported(CardNamed {
                number: number(FIRST, owner),
            }),
            Errand::Replacement => Body::CardReplaced(CardReplacement {
                old: number(FIRST, owner),
                new: number(SECOND, owner),
                stock: None,
            }),
            _ => {
                let location = Text::new("L").number(self.random.between(1, 40), 2);
                let body = Body::Visit(Visit {
                    location: location.into_smol(),
                    card: None,
                });
                return (Sender::Shop, body);
            }
        };
        (Sender::Club, body)
    }
}

/// Who replaces a card, and why.
pub(crate) fn sign(input: &mut Incoming, errand: Errand) {
    if errand == Errand::Replacement {
        input.actor = Some(SmolStr::new_static("counter-3"));
        input.reason = Some(SmolStr::new_static("card lost, identity seen"));
    }
}
