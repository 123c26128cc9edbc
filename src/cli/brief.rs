//! `topicdesk brief`: what the next shift has to know, as text to read.

use std::io::{self, Write, stdout};

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::glance;
use super::site::Site;
use super::times::{self, Zone};
use super::work::unreadable;
use super::{stats, table};
use crate::desk::ids::TicketKey;
use crate::desk::tags::Priority;
use crate::engine::views::{Brief, BriefTicket, DeskView, TicketRow, View, ViewRequest};

#[derive(Args)]
pub(super) struct BriefArgs {
    /// How far to look back: a span (8h, 1d), a date, a date and time
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    since: String,
}

/// So many of a kind are named; the others are counted. `--json` has them all.
const NAMED: usize = 20;

pub(super) async fn run(global: &Global, args: BriefArgs) -> Done {
    let site = Site::open(global)?;
    let since = stats::begin(&site, &args.since)?;
    let (_desk, handle) = site.read_only().await?;
    let brief = match handle.read(ViewRequest::Brief { since }).await {
        View::Brief(brief) => *brief,
        other => return Err(unreadable(other)),
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&brief)?)?);
    }
    let zone = site.zone(handle.agent());
    let named = glance(&handle).await?;
    let text = Text { brief: &brief, named: &named, zone, width: table::width(), desk: &site.config.rules.desk_name };
    text.write(&mut stdout().lock()).map_err(Failure::from)
}

struct Text<'b> {
    brief: &'b Brief,
    /// Tells the names of groups.
    named: &'b DeskView,
    zone: Zone,
    width: Option<usize>,
    desk: &'b str,
}

impl Text<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Text { brief, zone, .. } = self;
        let (since, until) = (zone.moment(brief.since), zone.moment(brief.until));
        writeln!(out, "{}: {since} to {until}", table::safe(self.desk))?;
        self.tickets(out, "New", &brief.opened, |one| state(&one.row))?;
        self.tickets(out, "Resolved", &brief.resolved, |one| {
            one.by.as_ref().map_or(String::new(), |by| format!("by {by}"))
        })?;
        let again = |one: &BriefTicket| match &one.by {
            Some(by) => format!("had been resolved by {by}; {}", state(&one.row)),
            None => state(&one.row),
        };
        self.tickets(out, "Reopened", &brief.reopened, again)?;
        self.open(out)?;
        self.head(out, "Waiting longest", brief.waiting.len())?;
        for row in &brief.waiting {
            let wait = row.waiting_since.map_or("-".to_owned(), |since| times::ago(brief.until.since(since)));
            self.line(out, &format!("{wait:>4} {}", self.subject(row)), &format!("{}: {}", state(row), row.last_text))?;
        }
        self.head(out, "Overdue", brief.overdue.len())?;
        for row in brief.overdue.iter().take(NAMED) {
            let late = row.due.as_ref().map(|due| (due.clock.title(), times::ago(brief.until.since(due.at))));
            let late = late.map_or(String::new(), |(clock, ago)| format!("{clock} {ago} late, "));
            self.line(out, &self.subject(row), &format!("{late}{}", state(row)))?;
        }
        self.rest(out, brief.overdue.len())?;
        self.notes(out)?;
        self.head(out, "Not sent, waiting for a word", brief.parked.len())?;
        for row in brief.parked.iter().take(NAMED) {
            self.line(
                out,
                &format!("{} {}", self.named.ticket_name(row.ticket), row.agent),
                &format!("{}: {}", row.why(), row.text),
            )?;
        }
        self.rest(out, brief.parked.len())?;
        self.head(out, "Answered in Telegram, past the desk", brief.outside.iter().map(|by| by.answers).sum())?;
        for by in &brief.outside {
            let who = by.agent.as_ref().map_or(format!("{} (colleague)", by.author), ToString::to_string);
            self.line(
                out,
                &who,
                &format!("{}, first responses: {}", table::count(by.answers, "answer", "answers"), by.first_responses),
            )?;
        }
        Ok(())
    }

    fn head(&self, out: &mut dyn Write, words: &str, count: usize) -> io::Result<()> {
        let none = if count == 0 { "none".to_owned() } else { count.to_string() };
        writeln!(out, "\n{words}: {none}")
    }

    fn rest(&self, out: &mut dyn Write, count: usize) -> io::Result<()> {
        if count > NAMED {
            writeln!(out, "  and {} more; --json has them all", count - NAMED)?;
        }
        Ok(())
    }

    fn line(&self, out: &mut dyn Write, lead: &str, text: &str) -> io::Result<()> {
        table::paragraph(out, &format!("  {lead}"), &text.replace('\n', " "), self.width)
    }

    fn tickets(
        &self,
        out: &mut dyn Write,
        words: &str,
        tickets: &[BriefTicket],
        said: impl Fn(&BriefTicket) -> String,
    ) -> io::Result<()> {
        self.head(out, words, tickets.len())?;
        for one in tickets.iter().take(NAMED) {
            self.line(out, &format!("{} {}", self.zone.time(one.at), self.subject(&one.row)), &said(one))?;
        }
        self.rest(out, tickets.len())
    }

    fn open(&self, out: &mut dyn Write) -> io::Result<()> {
        let open = &self.brief.open;
        self.head(out, "Still open", open.iter().map(|of| of.open).sum())?;
        for of in open {
            let who = of.assignee.as_ref().map_or("nobody".to_owned(), ToString::to_string);
            let mut parts = vec![table::count(of.open, "ticket", "tickets")];
            parts.extend(
                (of.waiting > 0).then(|| table::count(of.waiting, "waits for an answer", "wait for an answer")),
            );
            parts.extend((of.pending > 0).then(|| format!("{} pending", of.pending)));
            self.line(out, &who, &parts.join(", "))?;
        }
        Ok(())
    }

    /// Names a ticket: number, customer, title.
    fn subject(&self, row: &TicketRow) -> String {
        let customer =
            row.customer.as_ref().map_or(String::new(), |person| format!(" {},", table::cut(&person.name, 24)));
        format!("{}{customer} {}", self.named.ticket_name(row.key()), table::cut(&row.title, 40))
    }

    fn notes(&self, out: &mut dyn Write) -> io::Result<()> {
        let notes = &self.brief.notes;
        self.head(out, "Notes", notes.len())?;
        for note in notes.iter().take(NAMED) {
            let key = TicketKey { group: note.group, topic: note.id };
            let by = note.agent.as_ref().map_or(String::new(), |agent| format!(" {agent}"));
            self.line(out, &format!("{} {}{by}", self.zone.time(note.at), self.named.ticket_name(key)), &note.text)?;
            let side = if note.staff_spoke_last { "staff" } else { "customer" };
            self.line(out, "     last said", &format!("({side}) {}", note.last_text))?;
        }
        self.rest(out, notes.len())
    }
}

fn state(row: &TicketRow) -> String {
    let priority = if row.priority == Priority::default() { String::new() } else { format!(", {}", row.priority) };
    let state = match &row.assignee {
        Some(agent) => format!("{}, {agent}", row.status.title().to_lowercase()),
        None => format!("{}, nobody's", row.status.title().to_lowercase()),
    };
    state + &priority
}
