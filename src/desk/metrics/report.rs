//! What was counted, as plain values: they are the JSON of `topicdesk stats`, whose keys stay.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{median, percentile};
use crate::clock::Timestamp;

/// What was counted in a period. Days and hours are those of the desk's time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// From then on; `None`: from the beginning.
    pub since: Option<Timestamp>,
    /// Until before then.
    pub until: Timestamp,
    /// The time zone of days and hours: an IANA name, or `local` for the machine's.
    pub timezone: String,
    /// How time is counted: `plain` for the time on the wall, `business` for the hours of each ticket's policy.
    pub clock: String,
    /// Episodes that were to be worked on when the period began.
    pub open_at_start: usize,
    /// Everything together. `open`: at the end of the period.
    pub total: Figures,
    /// By agent: who answered first, who answered next, who resolved. `open`: theirs at the end of the period.
    pub agents: Vec<Row>,
    /// By tag, `(no tag)` last: an episode counts to each of its tags. `open`: at the end of the period.
    #[serde(default)]
    pub tags: Vec<Row>,
    /// By group, by their names; none of a desk with one group. `open`: at the end of the period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Row>,
    /// By day of what happened, without gaps. `open`: at the end of the day.
    pub days: Vec<Row>,
    /// By hour of the day, all 24.
    pub hours: Vec<Row>,
    /// The course of the backlog, without gaps: by hour in a period of up to two days, else by day.
    pub steps: Vec<Step>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// An agent, `(colleagues)`, `(nobody)`; a tag, `(no tag)`; `2026-11-22`; `09`.
    pub key: String,
    /// What was counted.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A part of the period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its beginning: `2026-11-22`, `2026-11-22T13`.
    pub from: String,
    /// Episodes that began.
    pub opened: usize,
    /// Episodes that were resolved.
    pub resolved: usize,
    /// Episodes that were to be worked on at its end.
    pub open: usize,
}

/// What was counted of something. Each thing counts when it happened: an episode resolved today that began a month ago is one
/// of today's resolutions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Episodes that began; `None` by agent: nobody's doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<usize>,
    /// Episodes that were resolved, or closed without; once each, at the last time. Not the imported ones and not duplicates.
    pub resolved: usize,
    /// Times that a resolved or closed ticket came back; by agent: whose resolution it was.
    pub reopened: usize,
    /// Of the resolved episodes, those in which somebody asked and nobody answered.
    pub without_response: usize,
    /// Public messages that staff typed in Telegram itself.
    pub outside: usize,
    /// Deadlines that were missed, by their dates; by agent: whose ticket it was.
    #[serde(default)]
    pub breaches: usize,
    /// Surveys that were answered; by agent: whose ticket it was.
    #[serde(default)]
    pub surveys: usize,
    /// Their scores from 1 to 5, added up.
    #[serde(default)]
    pub survey_points: usize,
    /// Episodes to be worked on; `None` by hour of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<usize>,
    /// First message of the customer -> first answer.
    pub first_response: Spread,
    /// Later waits until their answer.
    pub next_response: Spread,
    /// Beginning of an episode -> resolved, without the time in Pending.
    pub resolution: Spread,
}

impl Figures {
    /// Tells the average score of the surveys, as `4.3`; `None` if none was answered.
    pub fn survey_average(&self) -> Option<String> {
        let tenths = (self.survey_points * 10 + self.surveys / 2).checked_div(self.surveys)?;
        Some(format!("{}.{}", tenths / 10, tenths % 10))
    }
}

/// How spans are spread. Whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The median: the middle one, or half-way between the middle two.
    pub p50_seconds: Option<u64>,
    /// The smallest that nine in ten do not exceed (nearest rank).
    pub p90_seconds: Option<u64>,
}

impl Spread {
    /// Tells how spans in seconds are spread.
    pub fn of(seconds: &[u32]) -> Spread {
        let mut spans: Vec<Duration> = seconds.iter().map(|one| Duration::from_secs((*one).into())).collect();
        Spread {
            count: spans.len(),
            p50_seconds: median(&mut spans).map(|span| span.as_secs()),
            p90_seconds: percentile(&mut spans, 90).map(|span| span.as_secs()),
        }
    }

    /// Tells the median.
    pub fn p50(&self) -> Option<Duration> {
        self.p50_seconds.map(Duration::from_secs)
    }

    /// Tells what nine in ten do not exceed.
    pub fn p90(&self) -> Option<Duration> {
        self.p90_seconds.map(Duration::from_secs)
    }
}
