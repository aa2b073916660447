//! A life: a programme, a time zone and inputs; and how it is written down as a story.

use chrono::{DateTime, Months, NaiveDate};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

pub(crate) const SOURCE: &str = "story";
/// Accounts of a life.
pub(crate) const ACCOUNTS: [&str; 2] = ["A", "B"];

/// An input: minutes at which it comes and at which it happened.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub id: usize,
    pub recorded: i64,
    pub occurred: i64,
    pub account: Option<&'static str>,
    pub kind: &'static str,
    pub body: Value,
}

/// A life of some accounts under one programme.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub zone: Tz,
    pub club: Value,
    pub opened: i64,
    /// VIP rank and category of each account.
    pub members: Vec<(i64, Option<&'static str>)>,
    pub steps: Vec<Step>,
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// An amount such as "12.50" in cents; nothing where there is none.
pub(crate) fn cents(value: &Value) -> i64 {
    let Some((units, rest)) = text(value).split_once('.') else {
        return text(value).parse::<i64>().map_or(0, |units| units * 100);
    };
    units.parse::<i64>().unwrap() * 100 + rest.parse::<i64>().unwrap()
}

pub(crate) fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub(crate) fn instant(minute: i64) -> String {
    let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same day so many months later, or the last day of a shorter month.
pub(crate) fn months_after(day: NaiveDate, months: i64) -> NaiveDate {
    day.checked_add_months(Months::new(months as u32)).unwrap()
}

impl Step {
    /// The input as a line of JSON.
    pub(crate) fn line(&self) -> String {
        let mut line = Map::new();
        line.insert("source".into(), json!(SOURCE));
        line.insert("event_id".into(), json!(self.event_id()));
        line.insert("occurred_at".into(), json!(instant(self.occurred)));
        if let Some(account) = self.account {
            line.insert("account_id".into(), json!(account));
        }
        line.insert(self.kind.into(), self.body.clone());
        if let "points_adjusted" | "points_voided" | "tier_granted" = self.kind {
            line.insert("actor".into(), json!("clerk"));
        }
        Value::Object(line).to_string()
    }

    pub(crate) fn event_id(&self) -> String {
        format!("e{}", self.id)
    }

    fn told(&self, zone: Tz) -> String {
        let local = |minute: i64| {
            let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
            let at = at.with_timezone(&zone);
            json!(at.format("%Y-%m-%dT%H:%M").to_string())
        };
        let at = match self.recorded == self.occurred {
            true => local(self.occurred),
            false => json!([local(self.recorded), local(self.occurred)]),
        };
        let mut fields = json!({ self.kind: self.body, "event_id": self.event_id() });
        if self.kind.starts_with("points_") || self.kind == "tier_granted" {
            fields["actor"] = json!("clerk");
        }
        json!([at, self.account, fields]).to_string()
    }
}

impl Life {
    /// What its catalog is written from.
    pub(crate) fn config(&self) -> Value {
        json!({
            "time_zone": self.zone.name(),
            "prices": {"voice": "0.05"},
            "classes": {"standard": {}},
            "programmes": {"club": self.club},
        })
    }

    /// The inputs that open its accounts.
    pub(crate) fn openings(&self) -> impl Iterator<Item = (&'static str, Value)> {
        ACCOUNTS.iter().zip(&self.members).map(|(account, (rank, category))| {
            let mut body = json!({"class": "standard", "plan": crate::neutral::PLAN, "cycle_day": 1,
                "time_zone": self.zone.name()});
            if *rank > 0 {
                body["vip_rank"] = json!(rank);
            }
            if let Some(category) = category {
                body["member_category"] = json!(category);
            }
            (*account, body)
        })
    }

    /// The life as a story.
    pub(crate) fn told(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(|step| step.told(self.zone)).collect();
        format!(
            "{} {:?}\n{}\n   {}",
            self.zone.name(),
            self.members,
            self.club,
            steps.join(",\n   ")
        )
    }
}
