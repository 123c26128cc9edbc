//! Who else is at a ticket: a mark in the queue's row, words in the thread's heading.

use super::super::model::Model;
use super::super::widgets::text;
use crate::engine::views::{Here, TicketRow};

/// So much of a name is shown.
const NAME: usize = 12;

/// Gives the mark of a row: somebody else writes there, or looks, or nobody does.
pub(super) fn mark(model: &Model, row: &TicketRow) -> &'static str {
    let writing = row.here.iter().any(|here| here.writing);
    match (row.here.is_empty(), writing, model.setup.ascii) {
        (true, ..) => " ",
        (_, true, true) => "w",
        (_, true, false) => "✎",
        (_, false, true) => "v",
        (_, false, false) => "◦",
    }
}

/// Says who writes and who looks: `tom is writing, mia and 2 more are looking`.
pub(crate) fn words(here: &[Here]) -> String {
    let said = |writing: bool, verb: &str| {
        let names: Vec<String> =
            here.iter().filter(|one| one.writing == writing).map(|one| text::cut(&one.agent.0, NAME)).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} is {verb}")),
            [one, other] => Some(format!("{one} and {other} are {verb}")),
            [one, rest @ ..] => Some(format!("{one} and {} more are {verb}", rest.len())),
        }
    };
    [said(true, "writing"), said(false, "looking")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::AgentName;

    #[test]
    fn who_is_here_in_words() {
        for (names, said) in [
            ("", ""),
            ("tom", "tom is looking"),
            ("tom!", "tom is writing"),
            ("tom! mia", "tom is writing, mia is looking"),
            ("tom! mia! li", "tom and mia are writing, li is looking"),
            ("tom mia li", "tom and 2 more are looking"),
        ] {
            let one =
                |name: &str| Here { agent: AgentName::from(name.trim_matches('!')), writing: name.ends_with('!') };
            assert_eq!(words(&names.split_whitespace().map(one).collect::<Vec<_>>()), said);
        }
    }
}
