//! `rate --batch`: one JSON object a line in, one a line out.
//!
//! Fields of a line: `id`, `plan` or `profile`, `service`, `start`, `usage` (needed); `to`, `from`,
//! `direction`, `zone`, `network`, `duration`, `continued`; of the account `left`, `so_far`, `class`, `tier`,
//! `card`, `vip_rank`. Unknown fields are an error. The other party's number is `to`; of a terminating record
//! it may be given as `from`. Without `left` the record is priced as beyond its allowances.

mod fields;
mod json;

use crate::explanation::{Explained, Usage, write_amount};
use crate::text::push_json_string;
use fields::{Fields, Request};
use std::borrow::Cow;
use umbral_catalog::version::CatalogSet;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// Longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Longest word of a message, in characters: the rest of it helps nobody.
const MAX_WORD_CHARS: usize = 200;

/// How much of a charge is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// The amount with its explanation.
    Full,
    /// Nothing after `currency`.
    Brief,
}

/// Rates one line and appends the answer, a JSON object and a newline, to `out`. Returns whether the record
/// was priced; an error is written as `{"id":…,"code":…,"reason":…}`.
pub fn rate_line(catalogs: &CatalogSet, line: &[u8], detail: Detail, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    if line.len() > MAX_LINE_BYTES {
        let detail = format!("the line is longer than {} kB", MAX_LINE_BYTES >> 10);
        write_rejection(out, None, &Rejection::new(Reason::TooLarge, detail));
        return false;
    }
    let fields = match json::parse(line) {
        Ok(fields) => fields,
        Err(rejection) => {
            write_rejection(out, None, &rejection);
            return false;
        }
    };
    match rate_fields(catalogs, &fields, detail, out) {
        Ok(()) => {
            out.extend_from_slice(b"}\n");
            true
        }
        Err(rejection) => {
            out.truncate(start);
            write_rejection(out, fields.id_text().as_deref(), &rejection);
            false
        }
    }
}

fn write_rejection(out: &mut Vec<u8>, id: Option<&str>, rejection: &Rejection) {
    write_id(out, id);
    out.extend_from_slice(b",\"code\":\"");
    out.extend_from_slice(rejection.reason.code().as_bytes());
    out.extend_from_slice(b"\",\"reason\":");
    push_json_string(out, &shortened(&rejection.detail));
    out.extend_from_slice(b"}\n");
}

/// A message in which no word is longer than a line can show.
pub fn shortened(message: &str) -> Cow<'_, str> {
    let is_long = |word: &str| word.chars().nth(MAX_WORD_CHARS).is_some();
    if !message.split(char::is_whitespace).any(is_long) {
        return Cow::Borrowed(message);
    }
    let mut short = String::with_capacity(message.len().min(4 * MAX_WORD_CHARS));
    for word in message.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        match bare.char_indices().nth(MAX_WORD_CHARS) {
            Some((cut, _)) => {
                short.push_str(&bare[..cut]);
                short.push('…');
                short.push_str(&word[bare.len()..]);
            }
            None => short.push_str(word),
        }
    }
    Cow::Owned(short)
}

fn write_id(out: &mut Vec<u8>, id: Option<&str>) {
    out.extend_from_slice(b"{\"id\":");
    match id {
        Some(id) => push_json_string(out, id),
        None => out.extend_from_slice(b"null"),
    }
}

fn rate_fields(
    catalogs: &CatalogSet,
    fields: &Fields<'_>,
    detail: Detail,
    out: &mut Vec<u8>,
) -> Result<(), Rejection> {
    fields.check()?;
    let request = fields.request(catalogs)?;
    let Request { tariff, record, .. } = &request;
    let charge = crate::rate_for(catalogs, *tariff, record, &request.account.account())?;
    write_id(out, fields.id_text().as_deref());
    out.push(b',');
    if detail == Detail::Brief {
        let version = catalogs.get(charge.version).ok_or(Reason::NoVersion)?;
        write_amount(out, charge.amount, version.catalog.currency);
        return Ok(());
    }
    let usage = Usage {
        start: record.start,
        quantity: record.quantity,
        duration: record.duration,
    };
    let explained = Explained::of(catalogs, &charge, usage).ok_or(Reason::NoVersion)?;
    explained.write_json(out);
    Ok(())
}

/// What is said of an instant that is out of range.
pub const INSTANT_RANGE: &str = "an instant lies in the years 1678 to 2261";

/// Whether a text would be an instant if its year were one that an instant can have.
pub fn is_out_of_range(text: &str) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else {
        return false;
    };
    year.bytes().all(|byte| byte.is_ascii_digit())
        && !(1678..=2261).contains(&year.parse::<u16>().unwrap_or_default())
        && Timestamp::parse(text).is_none()
        && Timestamp::parse(&format!("2000{rest}")).is_some()
}
