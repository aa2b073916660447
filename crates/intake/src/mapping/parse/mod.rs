//! From the text of a mapping file to a mapping, or to all its problems.

mod records;
mod scalars;
mod values;

use super::problem::Problems;
use super::times::Times;
use super::toml_walk::{Section, Value, bad, number_of, text_of};
use super::{Column, EventIds, Layout, Mapping, Place, Problem, Whom};
use crate::{codes, zones};
use scalars::{character, characters, currency, decimal_comma, formats, sorted, unknown_zone};
use smol_str::SmolStr;
use toml::de::DeTable;
use umbral_model::ids::{ClassName, PlanName, Source, ZoneName};
use umbral_model::input::{CustomerAdded, IdentifierKind};

pub(super) fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Problem>> {
    let mut problems = Problems::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let mend = "mend the TOML there: keys are name = value, texts stand in quotes";
            problems.add(
                codes::NOT_TOML,
                error.span().unwrap_or(0..0),
                error.message(),
                mend,
            );
        }
        return problems.unless(None);
    }
    let mapping = Builder::default().mapping(file, table.get_ref(), &mut problems);
    problems.unless(mapping)
}

/// The columns met so far, and what columns there can be.
#[derive(Default)]
struct Builder {
    used: Vec<Column>,
    /// Columns that `[columns]` names.
    named: Option<Vec<(SmolStr, Place)>>,
    fixed: bool,
    header: bool,
}

impl Builder {
    fn mapping(
        mut self,
        file: &str,
        table: &DeTable<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Mapping> {
        let mut root = Section::root(table);
        let source = root.needed_text("source", "source = \"mediation\"", problems);
        let layout = self.layout(&mut root, problems);
        let comment = root.text("comment", problems).map(|(text, _)| text);
        let currency = currency(&mut root, problems);
        let decimal_comma = decimal_comma(&mut root, problems);
        let sorted = sorted(&mut root, problems);
        self.columns(&mut root, problems);
        let event_id = self.event_id(&mut root, problems);
        let times = self.times(&mut root, problems);
        let whom = self.whom(&mut root, problems);
        let records = self.records(&mut root, problems);
        let new_accounts = new_accounts(&mut root, whom.as_ref(), problems);
        root.finish(problems);
        Some(Mapping {
            file: file.to_owned(),
            source: Source::new(source?.0),
            layout: layout?,
            comment,
            currency,
            decimal_comma,
            sorted,
            columns: self.used,
            event_id: event_id?,
            times: times?,
            whom: whom?,
            records,
            new_accounts,
        })
    }

    fn layout(&mut self, root: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Layout> {
        if let Some((encoding, span)) = root.text("encoding", problems)
            && encoding != "utf-8"
        {
            let what = format!("encoding is {encoding:?}");
            let mend = "files are read as utf-8; convert the file first";
            problems.add(codes::BAD_VALUE, span, what, mend);
        }
        let format = root.needed_text("format", "format = \"csv\"", problems);
        let delimiter = character(root, "delimiter", problems);
        let quote = character(root, "quote", problems);
        let header_span = root.take("header").map(|value| value.span());
        let header = root.flag("header", problems);
        let (format, span) = format?;
        match format.as_str() {
            "csv" => {
                self.header = header.unwrap_or(true);
                Some(Layout::Csv {
                    delimiter: delimiter.and_then(|(byte, _)| byte).unwrap_or(b','),
                    quote: quote.map_or(Some(b'"'), |(byte, _)| byte),
                    header: self.header,
                })
            }
            "fixed" => {
                self.fixed = true;
                let csv_only = [
                    ("delimiter", delimiter.map(|(_, span)| span)),
                    ("quote", quote.map(|(_, span)| span)),
                    ("header", header_span.filter(|_| header == Some(true))),
                ];
                for (key, span) in csv_only {
                    if let Some(span) = span {
                        let what = format!("{key} belongs to format = \"csv\"");
                        let mend = "leave it out; a heading can be skipped as a comment";
                        problems.add(codes::CONTRADICTION, span, what, mend);
                    }
                }
                Some(Layout::Fixed)
            }
            _ => {
                let what = format!("format is {format:?}");
                problems.add(codes::BAD_VALUE, span, what, "write \"csv\" or \"fixed\"");
                None
            }
        }
    }

    /// `[columns]`: names for columns of files without a header.
    fn columns(&mut self, root: &mut Section<'_>, problems: &mut Problems<'_>) {
        let Some(value) = root.take("columns") else {
            if self.fixed {
                let mend =
                    "write [columns] with the characters of each, such as: amount = \"24-31\"";
                problems.add(codes::MISSING_KEY, 0..0, "columns is missing", mend);
                self.named = Some(Vec::new());
            }
            return;
        };
        let Some(section) = Section::of(value, "columns", problems) else {
            return;
        };
        if self.header {
            let what = "[columns] names the columns of a file whose header names them";
            let mend = "leave [columns] out, or write header = false";
            problems.add(codes::CONTRADICTION, section.span(), what, mend);
        }
        let mut named = Vec::new();
        for (name, _, value) in section.entries() {
            let place = if self.fixed {
                value
                    .get_ref()
                    .as_str()
                    .and_then(characters)
                    .map(Place::Characters)
            } else {
                number_of(value)
                    .filter(|number| (1..=10_000).contains(number))
                    .map(|number| Place::Number(number as usize - 1))
            };
            match place {
                Some(place) => named.push((SmolStr::new(name), place)),
                None if self.fixed => {
                    let form = "its characters counted from 1, such as \"24-31\", or \"24-\" to the end of the line";
                    bad(problems, value, &section.path(name), form);
                }
                None => bad(
                    problems,
                    value,
                    &section.path(name),
                    "its number, counted from 1",
                ),
            }
        }
        self.named = Some(named);
    }

    /// A column that the mapping uses, by name or number.
    fn column(
        &mut self,
        value: Value<'_>,
        key: &str,
        problems: &mut Problems<'_>,
    ) -> Option<usize> {
        let column = if let Some(number) = number_of(value).filter(|_| !self.fixed) {
            let Some(number) = number.checked_sub(1) else {
                bad(problems, value, key, "the column's number, counted from 1");
                return None;
            };
            Column {
                name: smol_str::format_smolstr!("{}", number + 1),
                place: Place::Number(number as usize),
            }
        } else {
            let name = text_of(value, key, problems)?;
            let place = self.place_of(&name, value, problems)?;
            Column { name, place }
        };
        let known = self.used.iter().position(|used| *used == column);
        Some(known.unwrap_or_else(|| {
            self.used.push(column);
            self.used.len() - 1
        }))
    }

    fn place_of(&self, name: &str, value: Value<'_>, problems: &mut Problems<'_>) -> Option<Place> {
        let Some(named) = &self.named else {
            if self.header {
                return Some(Place::Header);
            }
            let what = format!("the column {name:?} has no place: the file has no header");
            let mend = "name the column by its number, or write it into [columns]";
            problems.add(codes::UNKNOWN_COLUMN, value.span(), what, mend);
            return None;
        };
        let found = named.iter().find(|(known, _)| known == name);
        if found.is_none() {
            let known: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
            let what = format!("[columns] has no {name:?}");
            let mend = format!("write one of: {}", known.join(", "));
            problems.add(codes::UNKNOWN_COLUMN, value.span(), what, mend);
        }
        found.map(|(_, place)| place.clone())
    }

    fn event_id(
        &mut self,
        root: &mut Section<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<EventIds> {
        let value = root.need("event_id", "event_id = \"row\"", problems)?;
        if let Some(word) = value.get_ref().as_str() {
            if word == "row" {
                return Some(EventIds::Row);
            }
            let form = "\"row\", or a column such as { column = \"id\" }";
            bad(problems, value, "event_id", form);
            return None;
        }
        self.text(value, "event_id", problems).map(EventIds::Text)
    }

    fn times(&mut self, root: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Times> {
        let value = root.need("time", "[time] with column, formats and zone", problems)?;
        let mut section = Section::of(value, "time", problems)?;
        let columns = section
            .need("column", "column = \"date\"", problems)
            .and_then(|value| self.time_columns(value, problems));
        let formats = section
            .need("formats", "formats = [\"%d/%m/%Y %H:%M\"]", problems)
            .and_then(|value| formats(value, problems));
        let zone = section
            .needed_text("zone", "zone = \"Europe/Madrid\"", problems)
            .and_then(|(name, span)| {
                let rules = zones::iana(&name);
                if rules.is_none() {
                    unknown_zone(&name, span, problems);
                }
                rules
            });
        section.finish(problems);
        Some(Times {
            columns: columns?,
            formats: formats?,
            zone: zone?,
        })
    }

    fn time_columns(
        &mut self,
        value: Value<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<usize>> {
        match value.get_ref().as_array() {
            None => self
                .column(value, "time.column", problems)
                .map(|column| vec![column]),
            Some(list) if list.is_empty() => {
                bad(problems, value, "time.column", "at least one column");
                None
            }
            Some(list) => {
                let columns: Vec<Option<usize>> = list
                    .iter()
                    .map(|value| self.column(value, "time.column", problems))
                    .collect();
                columns.into_iter().collect()
            }
        }
    }

    fn whom(&mut self, root: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Whom> {
        let account = root.take("account");
        let identifier = root.take("identifier");
        let member = root.take("member");
        match (account, identifier) {
            (Some(account), None) => {
                let account = self.text(account, "account", problems);
                let member = member.map(|member| self.text(member, "member", problems));
                Some(Whom::Account {
                    account: account?,
                    member: member.flatten(),
                })
            }
            (None, Some(identifier)) => {
                if let Some(member) = member {
                    let what = "member goes with account: an identifier finds its member itself";
                    problems.add(
                        codes::CONTRADICTION,
                        member.span(),
                        what,
                        "leave member out",
                    );
                }
                self.identifier(identifier, problems)
            }
            (Some(_), Some(second)) => {
                let what = "account and identifier both say whom a row concerns";
                problems.add(
                    codes::CONTRADICTION,
                    second.span(),
                    what,
                    "leave one of them out",
                );
                None
            }
            (None, None) => {
                let what = "nothing says whom a row concerns";
                let mend = "write account = \"A1\" or { column = \"customer\" }, or identifier = { kind = \"msisdn\", column = \"number\" }";
                problems.add(codes::MISSING_KEY, 0..0, what, mend);
                None
            }
        }
    }

    fn identifier(&mut self, value: Value<'_>, problems: &mut Problems<'_>) -> Option<Whom> {
        let mut section = Section::of(value, "identifier", problems)?;
        let words = IdentifierKind::WORDS.map(|(_, word)| word).join(", ");
        let kind = section
            .needed_text("kind", "kind = \"msisdn\"", problems)
            .and_then(|(word, span)| {
                let kind = IdentifierKind::WORDS
                    .into_iter()
                    .find(|(_, known)| *known == word);
                if kind.is_none() {
                    let what = format!("identifier.kind is {word:?}");
                    problems.add(
                        codes::BAD_VALUE,
                        span,
                        what,
                        format!("write one of: {words}"),
                    );
                }
                kind
            });
        let value = self.column_text(section, problems);
        Some(Whom::Identifier {
            kind: kind?.0,
            value: value?,
        })
    }
}

fn new_accounts(
    root: &mut Section<'_>,
    whom: Option<&Whom>,
    problems: &mut Problems<'_>,
) -> Option<CustomerAdded> {
    let value = root.take("create_accounts")?;
    let mut section = Section::of(value, "create_accounts", problems)?;
    if let Some(Whom::Identifier { .. }) = whom {
        let what = "accounts cannot be created for rows that name an identifier";
        let mend = "write account instead of identifier, or leave [create_accounts] out";
        problems.add(codes::CONTRADICTION, section.span(), what, mend);
    }
    let class = section.needed_text("class", "class = \"standard\"", problems);
    let plan = section.text("plan", problems);
    let profile = section.text("profile", problems);
    if let (Some(_), Some((_, span))) = (&plan, &profile) {
        let what = "plan and profile both say how usage is rated";
        problems.add(
            codes::CONTRADICTION,
            span.clone(),
            what,
            "leave one of them out",
        );
    }
    let zone = section.needed_text("time_zone", "time_zone = \"Europe/Madrid\"", problems);
    if let Some((name, span)) = &zone
        && zones::iana(name).is_none()
    {
        unknown_zone(name, span.clone(), problems);
    }
    let cycle_day = section.number("cycle_day", 1..32, problems).unwrap_or(1);
    let vip_rank = section.number("vip_rank", 0..65_536, problems).unwrap_or(0);
    let member_category = section.text("member_category", problems);
    section.finish(problems);
    Some(CustomerAdded {
        class: ClassName::new(class?.0),
        plan: plan.map(|(plan, _)| PlanName::new(plan)),
        profile: profile.map(|(profile, _)| profile),
        time_zone: ZoneName::new(zone?.0),
        cycle_day: cycle_day as u8,
        vip_rank: vip_rank as u16,
        member_category: member_category.map(|(category, _)| category),
    })
}
