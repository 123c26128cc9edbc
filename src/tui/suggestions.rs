//! Suggested articles on the screen: what is known of them, and the words for how the knowledge base stands.

use crate::engine::views::{FolderState, Suggestions, WebhookState};

/// What the screen knows of the knowledge base.
#[derive(Clone, Debug, Default)]
pub(crate) struct Articles {
    /// What may answer the open ticket, as it was last read; of another ticket while that is being read.
    pub(crate) suggested: Option<Suggestions>,
}

/// How much a line about the knowledge base matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// It passes.
    Passing,
    /// Somebody has to do something.
    Wrong,
}

/// Says how the knowledge base stands, where that is worth a line.
pub(crate) fn standing(known: &Suggestions) -> Vec<(Matter, String)> {
    let mut lines = Vec::new();
    match &known.folder {
        FolderState::Reading => lines.push((Matter::Passing, "reading the folder…".to_owned())),
        FolderState::Unreadable { why } => lines.push((Matter::Wrong, format!("the folder cannot be read: {why}"))),
        FolderState::Ready { articles: 0, .. } => {
            lines.push((Matter::Wrong, "the folder has no articles: `topicdesk knowledge lint` says why".to_owned()));
        }
        FolderState::Ready { .. } | FolderState::Off => {}
    }
    match &known.webhook {
        WebhookState::Searching => lines.push((Matter::Passing, "searching…".to_owned())),
        WebhookState::Failed { why } => lines.push((Matter::Wrong, format!("webhook: {why}"))),
        WebhookState::Ready | WebhookState::Off => {}
    }
    if known.list.is_empty() && lines.is_empty() {
        lines.push((Matter::Passing, "nothing found".to_owned()));
    }
    lines
}
