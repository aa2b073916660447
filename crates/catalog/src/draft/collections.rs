//! Collection schedules and calendars.

use super::amounts::minor_money;
use super::bands::{HolidayLists, dates, named_holidays};
use super::head::Head;
use super::measures::check_action;
use super::services::DraftService;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{Definition, Source};
use crate::tables::{Calendar, CollectionStep, Schedule};
use crate::text::days;
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::money::Money;
use umbral_model::time::Date;
use xxhash_rust::xxh3::xxh3_64;

/// Calendars by name; none where one could not be read.
pub(crate) type Calendars = Vec<(SmolStr, Option<Calendar>)>;

const KEYS: [&str; 13] = [
    "version",
    "entry_amount",
    "exit_amount",
    "entry_days",
    "relapse_days",
    "relapse_start",
    "reopen_days",
    "dispute_grace_days",
    "pending_grace_days",
    "severe_from",
    "rebase",
    "calendar",
    "steps",
];
const STEP_KEYS: [&str; 7] = [
    "action",
    "offset",
    "min_gap",
    "severity",
    "customer_facing",
    "channel",
    "fee",
];
const MOST_DAYS: i64 = 36_500;
/// Actions after which there is nobody left to remind or to bar.
const ENDS: [&str; 2] = ["terminate", "agency"];

/// How far a schedule's steps have come.
#[derive(Default)]
struct Reached {
    /// There is a step.
    any: bool,
    /// The offset of the last step.
    offset: u32,
    /// The first day on which it can come.
    day: u32,
    /// How hard the last step was.
    severity: u16,
    /// A step that ends matters.
    end: Option<SmolStr>,
}

/// Reads `[calendar.NAME]` tables.
pub(crate) fn calendars(
    source: &Source<'_>,
    lists: &HolidayLists,
    report: &mut Report,
) -> Calendars {
    let read = |definition: &Definition| {
        (
            definition.name.value.clone(),
            calendar(definition, lists, report),
        )
    };
    source.of("calendar").iter().map(read).collect()
}

fn calendar(
    definition: &Definition,
    lists: &HolidayLists,
    report: &mut Report,
) -> Option<Calendar> {
    let what = format!("calendar {}", definition.name.value);
    let known = ["weekdays", "hours", "holidays", "description"];
    let fields = Fields::open(&definition.node, what, &known, &[], report)?;
    fields.descriptions(report);
    let mut calendar = Calendar {
        weekdays: 0b1111_1110,
        from: 0,
        to: 86_400,
        holidays: Vec::new(),
    };
    let words = fields.texts("weekdays", report);
    if let Some(entry) = fields.get("weekdays") {
        let joined: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
        match days::weekdays(&joined.join(",")) {
            Some(weekdays) => calendar.weekdays = weekdays,
            None => {
                let title = format!("weekdays of {} cannot be read", fields.what);
                report
                    .error(codes::BAD_DAYS, entry.node.spot, title, "")
                    .note("write them as in weekdays = \"Mon-Fri\"");
            }
        }
    }
    if let Some(text) = fields.text("hours", report) {
        let hours = text
            .value
            .split_once('-')
            .and_then(|(from, to)| Some((days::time_of_day(from)?, days::time_of_day(to)?)));
        match hours {
            None => {
                let title = format!("hours of {} cannot be {}", fields.what, text.value);
                report
                    .error(codes::BAD_TIME, text.spot, title, "")
                    .note("write them as in hours = \"09:00-20:00\"");
            }
            Some((from, to)) if from >= to => {
                let title = format!("{} permits nothing", fields.what);
                report
                    .error(
                        codes::EMPTY_CALENDAR,
                        text.spot,
                        title,
                        "ends before it begins",
                    )
                    .note("hours lie within one day, the earlier one first");
            }
            Some((from, to)) => (calendar.from, calendar.to) = (from, to),
        }
    }
    calendar.holidays = calendar_holidays(&fields, lists, report);
    Some(calendar)
}

fn calendar_holidays(fields: &Fields<'_>, lists: &HolidayLists, report: &mut Report) -> Vec<Date> {
    match fields.get("holidays").map(|entry| &entry.node.value) {
        None => Vec::new(),
        Some(Value::List(items)) => dates(items, report),
        Some(_) => fields
            .text("holidays", report)
            .and_then(|text| named_holidays(&text.value, &text, lists, report))
            .unwrap_or_default(),
    }
}

/// Reads `[collections.NAME]` tables.
pub(crate) fn schedules(
    source: &Source<'_>,
    head: &Head,
    services: &[DraftService],
    calendars: &Calendars,
    report: &mut Report,
) -> Vec<Schedule> {
    let bars: Vec<SmolStr> = services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    let mut reader = Reader {
        head,
        calendars,
        bars,
        report,
    };
    source
        .of("collections")
        .iter()
        .filter_map(|definition| reader.schedule(definition))
        .collect()
}

struct Reader<'s> {
    head: &'s Head,
    calendars: &'s Calendars,
    bars: Vec<SmolStr>,
    report: &'s mut Report,
}

impl Reader<'_> {
    fn schedule(&mut self, definition: &Definition) -> Option<Schedule> {
        let name = &definition.name.value;
        let mut known = KEYS.to_vec();
        known.push("description");
        let what = format!("collections {name}");
        let fields = Fields::open(&definition.node, what, &known, &[], self.report)?;
        fields.descriptions(self.report);
        let entry_amount = self.needed_money(&fields, "entry_amount");
        let exit_amount = self.needed_money(&fields, "exit_amount");
        if fields.get("entry_days").is_none() {
            fields.missing("entry_days", self.report);
        }
        if let (Some(entry), Some(exit), Some(at)) =
            (entry_amount, exit_amount, fields.get("exit_amount"))
            && exit >= entry
        {
            let title = format!(
                "the exit amount of {} is not below its entry amount",
                fields.what
            );
            self.report
                .error(
                    codes::EXIT_NOT_BELOW_ENTRY,
                    at.spot(),
                    title,
                    format!("not below {entry}"),
                )
                .note("a case that opens must not close at once");
        }
        let entry_days = self.days(&fields, "entry_days", 0);
        let steps = self.steps(&fields, entry_days);
        let mut schedule = Schedule {
            name: name.clone(),
            version: SmolStr::default(),
            entry_amount: entry_amount.unwrap_or_default(),
            exit_amount: exit_amount.unwrap_or_default(),
            entry_days,
            relapse_days: self.days(&fields, "relapse_days", 90),
            relapse_start: self.relapse_start(&fields, steps.len()),
            reopen_days: self.days(&fields, "reopen_days", 30),
            dispute_grace_days: self.days(&fields, "dispute_grace_days", 0),
            pending_grace_days: self.days(&fields, "pending_grace_days", 0),
            severe_from: self.small(&fields, "severe_from", 50),
            rebase: fields.flag("rebase", true, self.report),
            calendar: self.calendar(&fields),
            steps,
        };
        schedule.version = match fields.text("version", self.report) {
            Some(version) => version.value,
            None => content_version(&schedule),
        };
        Some(schedule)
    }

    fn needed_money(&mut self, fields: &Fields<'_>, key: &str) -> Option<Money> {
        let text = fields.needed_text(key, self.report)?;
        let what = format!("{key} of {}", fields.what);
        minor_money(&text, &what, self.head.currency, self.report)
    }

    fn days(&mut self, fields: &Fields<'_>, key: &str, default: u32) -> u32 {
        fields
            .whole(key, 0..=MOST_DAYS, self.report)
            .map_or(default, |days| days as u32)
    }

    fn small(&mut self, fields: &Fields<'_>, key: &str, default: u16) -> u16 {
        fields
            .whole(key, 0..=10_000, self.report)
            .map_or(default, |number| number as u16)
    }

    fn relapse_start(&mut self, fields: &Fields<'_>, steps: usize) -> u16 {
        let Some(start) = fields.whole("relapse_start", 1..=10_000, self.report) else {
            return 1;
        };
        if let (true, Some(entry)) = (start as usize > steps, fields.get("relapse_start")) {
            let title = format!("a relapse in {} starts after the last step", fields.what);
            let label = format!("there are {steps} steps");
            self.report
                .error(codes::RELAPSE_START, entry.spot(), title, label)
                .note("write the number of one of its steps, from 1");
        }
        start as u16
    }

    fn calendar(&mut self, fields: &Fields<'_>) -> Option<Calendar> {
        let name = fields.text("calendar", self.report)?;
        let found = self
            .calendars
            .iter()
            .find(|(known, _)| *known == name.value);
        if found.is_none() {
            let known = self.calendars.iter().map(|(name, _)| name.as_str());
            let hint = did_you_mean(&name.value, known).unwrap_or_default();
            let title = format!("there is no calendar {}", name.value);
            self.report
                .error(codes::UNKNOWN_CALENDAR, name.spot, title, hint)
                .note(format!(
                    "define it as [calendar.{}], or leave calendar out",
                    name.value
                ));
        }
        found?.1.clone()
    }

    fn steps(&mut self, fields: &Fields<'_>, entry_days: u32) -> Vec<CollectionStep> {
        match fields.get("steps") {
            Some(Entry {
                node:
                    Node {
                        value: Value::List(items),
                        ..
                    },
                ..
            }) if !items.is_empty() => {
                let mut steps: Vec<CollectionStep> = Vec::new();
                let mut reached = Reached {
                    day: entry_days,
                    ..Reached::default()
                };
                for item in items {
                    let what = format!("step {} of {}", steps.len() + 1, fields.what);
                    let last = steps.last().map_or(0, |step| step.offset);
                    if let Some(step) = self.step(item, &what, last) {
                        self.reach(item, &what, &step, &mut reached);
                        steps.push(step);
                    }
                }
                steps
            }
            Some(entry) if !matches!(entry.node.value, Value::List(_)) => {
                fields.wrong_type(entry, "a list of steps", self.report);
                Vec::new()
            }
            entry => {
                let spot = entry.map_or(fields.spot, Entry::spot);
                let title = format!("{} has no steps", fields.what);
                self.report
                    .error(codes::NO_STEPS, spot, title, "does nothing")
                    .note("add steps = [ { action = \"reminder\", offset = 5 } ]");
                Vec::new()
            }
        }
    }

    /// Warns of a step that cannot come where it stands.
    fn reach(&mut self, item: &Node, what: &str, step: &CollectionStep, reached: &mut Reached) {
        let earliest = match reached.any {
            true => reached.day + step.min_gap,
            false => reached.day,
        };
        self.milder(item, what, step, reached);
        if let Some(end) = &reached.end {
            let title = format!("{what} comes after {end}");
            self.report
                .warn(codes::UNREACHABLE_STEP, item.spot, title, "after the end")
                .note(format!("move {end} to the end, or leave the step out"));
        } else if (reached.offset..earliest).contains(&step.offset) {
            let title = format!("{what} never comes on day {}", step.offset);
            let label = format!("day {earliest} is the first possible");
            let mend = match reached.any {
                true => "write that day as its offset, or a smaller min_gap",
                false => {
                    "a case opens no earlier: write that day as its offset, or fewer entry_days"
                }
            };
            self.report
                .warn(codes::UNREACHABLE_STEP, item.spot, title, label)
                .note(mend);
        }
        reached.any = true;
        reached.severity = step.severity;
        reached.offset = step.offset;
        reached.day = step.offset.max(earliest);
        let ends = ENDS.contains(&step.action.as_str());
        reached.end = ends.then(|| step.action.clone()).or(reached.end.take());
    }

    /// Warns of a step that is milder than the one before it: steps grow harder, and a case that moves to another
    /// schedule goes on with what is harder than the hardest one taken.
    fn milder(&mut self, item: &Node, what: &str, step: &CollectionStep, reached: &Reached) {
        if step.severity >= reached.severity {
            return;
        }
        let title = format!("{what} is milder than the one before");
        let label = format!("severity {} after {}", step.severity, reached.severity);
        self.report
            .warn(codes::SEVERITY_FALLS, item.spot, title, label)
            .note("severities do not fall from step to step: mend one of the two, or the order");
    }

    fn step(&mut self, item: &Node, what: &str, after: u32) -> Option<CollectionStep> {
        let fields = Fields::open(item, what, &STEP_KEYS, &[], self.report)?;
        let action = fields.needed_text("action", self.report);
        if let Some(action) = &action {
            check_action(action, &self.bars, self.report);
        }
        if fields.get("offset").is_none() {
            fields.missing("offset", self.report);
        }
        let offset = self.days(&fields, "offset", after);
        if let (true, Some(entry)) = (offset < after, fields.get("offset")) {
            let title = format!("{} is out of order", fields.what);
            self.report
                .error(
                    codes::COLLECTION_ORDER,
                    entry.spot(),
                    title,
                    format!("before day {after}"),
                )
                .note("offsets count from the anchor and ascend from step to step");
        }
        let fee = match fields.text("fee", self.report) {
            None => None,
            Some(text) => {
                let what = format!("fee of {}", fields.what);
                minor_money(&text, &what, self.head.currency, self.report)
            }
        };
        let is_fee = action
            .as_ref()
            .is_some_and(|action| action.value == "late_fee");
        if is_fee != fields.get("fee").is_some() && action.is_some() {
            let title = match is_fee {
                true => format!("{} is a late fee without an amount", fields.what),
                false => format!("{} has a fee but is no late_fee", fields.what),
            };
            let spot = fields.get("fee").map_or(fields.spot, Entry::spot);
            self.report
                .error(codes::LATE_FEE, spot, title, "")
                .note("write { action = \"late_fee\", offset = 8, fee = \"6.00\" }");
        }
        if let (Some(Money::ZERO), Some(entry)) = (fee, fields.get("fee")) {
            let title = format!("{} is a late fee of nothing", fields.what);
            self.report
                .error(codes::LATE_FEE, entry.spot(), title, "charges nothing")
                .note("write what it costs, or leave the step out");
        }
        Some(CollectionStep {
            action: action?.value,
            offset,
            min_gap: self.days(&fields, "min_gap", 1),
            severity: self.small(&fields, "severity", 0),
            customer_facing: fields.flag("customer_facing", true, self.report),
            channel: fields
                .text("channel", self.report)
                .map(|channel| channel.value),
            fee,
        })
    }
}

/// The schedule's name and a hash of what it says.
fn content_version(schedule: &Schedule) -> SmolStr {
    let hash = xxh3_64(format!("{schedule:?}").as_bytes());
    SmolStr::new(format!("{}-{:08x}", schedule.name, hash as u32))
}
