//! `[[hooks]]`: programs that are run when something happens at the desk.

use std::time::Duration;

use super::reader::{Item, Reader, Section};

/// How long a program may take if nothing else is said.
const TIME: Duration = Duration::from_secs(30);

/// What a program is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A new ticket that is nobody's.
    NewTicket,
    /// The desk has given a ticket to somebody.
    Assigned,
    /// A customer has written in somebody's ticket.
    Reply,
    /// A deadline was missed.
    Breach,
    /// A rule has escalated a ticket.
    Escalated,
}

impl Occasion {
    /// All of them, as they are written.
    const ALL: [(&'static str, Occasion); 5] = [
        ("new_ticket", Occasion::NewTicket),
        ("assigned", Occasion::Assigned),
        ("reply", Occasion::Reply),
        ("breach", Occasion::Breach),
        ("escalated", Occasion::Escalated),
    ];
}

/// A program, and when it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When.
    pub on: Occasion,
    /// The program and its arguments, as they are: no shell reads them.
    pub run: Vec<String>,
    /// It is ended when it takes longer.
    pub time: Duration,
}

impl<'t> Reader<'t> {
    /// Reads the hooks.
    pub(super) fn hooks(&mut self, root: &Section<'_, 't>) -> Vec<Hook> {
        let mut hooks = Vec::new();
        for table in self.sections(root, "hooks") {
            self.check_keys(&table);
            for key in ["on", "run"] {
                if table.get(key).is_none() {
                    self.wrong(table.span.start, format!("a hook has no `{key}`"));
                }
            }
            let on = self.choice(&table, "on", &Occasion::ALL);
            let words = self.items(&table, "run").into_iter().map(|item| match item.into_inner() {
                Item::Text(word) => word,
                Item::Number(number) => number.to_string(),
            });
            let run: Vec<String> = words.collect();
            let time = self.span(&table, "time", false).flatten().unwrap_or(TIME);
            match run.first() {
                Some(program) if !program.is_empty() => hooks.extend(on.map(|on| Hook { on, run, time })),
                _ if table.get("run").is_some() => {
                    let what = "`hooks.run` is a program and its arguments, like [\"/usr/local/bin/page\", \"--loud\"]";
                    self.wrong(table.span.start, what);
                }
                _ => {}
            }
        }
        hooks
    }
}
