//! `[[queues]]`: queues that the desk makes for itself.

use super::reader::{Reader, Section};
use crate::desk::groups::Given;
use crate::desk::query::Query;
use crate::desk::queue::{QueueName, SavedQueue, Sort};

/// No desk has more of its own.
const MOST: usize = 50;

impl<'t> Reader<'t> {
    /// Reads the queues. Days in queries are those of `zone`; agents they name must exist.
    pub(super) fn queues(
        &mut self,
        root: &Section<'_, 't>,
        zone: chrono_tz::Tz,
        agents: &[crate::desk::people::Agent],
        groups: &[Given],
    ) -> Vec<SavedQueue> {
        let mut queues: Vec<SavedQueue> = Vec::new();
        for table in self.sections(root, "queues") {
            self.check_keys(&table);
            for key in ["name", "query"] {
                if table.get(key).is_none() {
                    self.wrong(table.span.start, format!("a queue has no `{key}`"));
                }
            }
            let sort = self.choice(&table, "sort", &Sort::ALL).unwrap_or_default();
            let name = self.line(&table, "name");
            let query = self.text(&table, "query");
            let (Some(name), Some(written)) = (name, query) else { continue };
            let taken = |known: &str| known.eq_ignore_ascii_case(name.get_ref().trim());
            if QueueName::ALL.iter().any(|queue| taken(queue.label())) || queues.iter().any(|queue| taken(&queue.name))
            {
                self.wrong(name.span().start, format!("there is a queue `{}` already", name.get_ref()));
            }
            if queues.len() == MOST {
                self.wrong(table.span.start, format!("more than {MOST} queues"));
                break;
            }
            let Some(query) = self.query(&written, zone, agents, groups) else { continue };
            queues.push(SavedQueue { name: name.into_inner().trim().to_owned(), query, sort });
        }
        queues
    }

    /// Reads a query and reports its mistakes at the part they are in.
    pub(super) fn query(
        &mut self,
        written: &toml::Spanned<String>,
        zone: chrono_tz::Tz,
        agents: &[crate::desk::people::Agent],
        groups: &[Given],
    ) -> Option<Query> {
        let start = written.span().start;
        let query = match Query::parse_among(written.get_ref(), zone, groups) {
            Ok(query) => query,
            Err(error) => {
                // After the opening quote; a text with escapes or of several lines is pointed at roughly.
                self.wrong(start + 1 + error.at.start, error.to_string());
                return None;
            }
        };
        let unknown: Vec<String> = query
            .agents()
            .filter(|name| !agents.iter().any(|agent| agent.name.0.eq_ignore_ascii_case(&name.0)))
            .map(ToString::to_string)
            .collect();
        if let Some(name) = unknown.first() {
            self.wrong(start, format!("there is no agent `{name}` in desk.toml"));
            return None;
        }
        Some(query)
    }
}
