//! Articles that may answer a ticket, as screens and JSON show them.

use serde::{Deserialize, Serialize};

use crate::desk::ids::TicketKey;

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The folder of Markdown files.
    Folder,
    /// The webhook.
    Webhook,
}

impl Source {
    /// Tells the word for it.
    pub const fn title(self) -> &'static str {
        match self {
            Source::Folder => "folder",
            Source::Webhook => "webhook",
        }
    }
}

/// An article that may answer a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// What it is called.
    pub title: String,
    /// Where customers can read it.
    pub url: Option<String>,
    /// A part of it that has to do with the question.
    pub snippet: String,
    /// How well it fits, from 0 to 1; to be compared within its source.
    pub score: f64,
    /// Where it comes from.
    pub source: Source,
    /// ISO 639-1; `None`: for everybody, or not known.
    pub language: Option<String>,
    /// The file, from the folder on.
    pub file: Option<String>,
    /// What it says, as far as the desk has it; the snippet, if that is all.
    pub text: String,
}

/// How the folder stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "folder")]
pub enum FolderState {
    /// There is none.
    #[default]
    Off,
    /// It is being read for the first time.
    Reading,
    /// It was read.
    Ready {
        /// How many articles it has.
        articles: usize,
        /// How many files had to be left out.
        left_out: usize,
    },
    /// It cannot be read.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// How the webhook stands with a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "webhook")]
pub enum WebhookState {
    /// There is none, or it was not asked.
    #[default]
    Off,
    /// It was asked and has not answered yet.
    Searching,
    /// It has answered.
    Ready,
    /// It has not answered as it should.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

/// What may answer a ticket, or what words find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suggestions {
    /// The ticket that was asked about.
    pub ticket: Option<TicketKey>,
    /// The words that were typed; empty: the ticket's own question.
    pub words: String,
    /// How the folder stands.
    pub folder: FolderState,
    /// How the webhook stands with the question.
    pub webhook: WebhookState,
    /// The folder's, best first, then the webhook's, best first.
    pub list: Vec<Suggestion>,
}

impl Suggestions {
    /// Tells whether there is no knowledge base at all.
    pub fn is_off(&self) -> bool {
        self.folder == FolderState::Off && self.webhook == WebhookState::Off
    }
}
