//! VIP ranks: how important a customer is, by hand, for money, or earned. The highest rank counts; the catalog says
//! which class it chooses in place of the account's own one.

use crate::account::{Row, VipRank};
use crate::collections::case;
use crate::credit::latch;
use crate::draft::Draft;
use crate::loyalty::tier;
use umbral_model::event::{Cause, ClassSet, EventBody, VipRankSet};
use umbral_model::ids::{ClassName, ClassNo};
use umbral_model::input::VipRankChanged;

/// Another rank of a source; nothing comes of one that the source gives already.
pub(crate) fn change_rank(draft: &mut Draft<'_>, body: &VipRankChanged) {
    let ranks = &draft.row.cold().tariff.vip_ranks;
    let known = ranks.iter().find(|known| known.source == body.source);
    if known.map_or(0, |known| known.rank) == body.rank {
        return;
    }
    draft.push(EventBody::VipRankSet(VipRankSet {
        source: body.source,
        rank: body.rank,
    }));
    if follow(draft) {
        latch::compare(draft, Cause::ClassChange);
        case::settle(draft, case::Trigger::default());
    }
    tier::look_at_all(draft);
}

/// Sets the class that rank and catalog choose now; whether it is another one.
pub(crate) fn follow(draft: &mut Draft<'_>) -> bool {
    let own = own_class(&draft.row);
    let chosen = draft
        .world
        .class_of_rank(own, draft.row.vip_rank, draft.now);
    if chosen.unwrap_or(own) == draft.row.class {
        return false;
    }
    set_class(draft, name_of(draft, own));
    true
}

/// Sets an own class, or the one that the VIP rank chooses in its place.
pub(crate) fn set_class(draft: &mut Draft<'_>, own: ClassName) {
    let world = draft.world;
    let chosen = world
        .catalogs
        .class_no(own.as_str())
        .and_then(|own| world.class_of_rank(own, draft.row.vip_rank, draft.now));
    let from = name_of(draft, draft.row.class);
    let body = match chosen {
        Some(chosen) => ClassSet {
            from,
            to: name_of(draft, chosen),
            own: Some(own),
        },
        None => ClassSet {
            from,
            to: own,
            own: None,
        },
    };
    draft.push(EventBody::ClassSet(body));
}

fn own_class(row: &Row) -> ClassNo {
    row.cold().tariff.own_class.unwrap_or(row.class)
}

fn name_of(draft: &Draft<'_>, class: ClassNo) -> ClassName {
    ClassName::new(draft.world.catalogs.class_name(class).unwrap_or_default())
}

/// Takes the rank of a source into the row.
pub(crate) fn apply(row: &mut Row, body: &VipRankSet) {
    let ranks = &mut row.cold_mut().tariff.vip_ranks;
    ranks.retain(|known| known.source != body.source);
    if body.rank > 0 {
        ranks.push(VipRank {
            source: body.source,
            rank: body.rank,
        });
        ranks.sort_unstable_by_key(|known| known.source);
    }
    row.vip_rank = ranks.iter().map(|known| known.rank).max().unwrap_or(0);
}
