//! What goes between the desk and the knowledge base: values in two queues, as with Telegram.
//!
//! Nobody waits for an answer: what is known is shown, and what comes later is shown later.

use std::time::Duration;

use crate::desk::article::{Article, Offer};
use crate::desk::question::Question;

/// What is asked of the knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub enum Inquiry {
    /// Look whether the folder has changed; answer with [`Told::Articles`] if it has.
    Look,
    /// Read the folder again, whole, and answer with [`Told::Articles`].
    Reread,
    /// Ask the webhook and answer with [`Told::Answered`]. A newer question of the same ticket takes the older one's place.
    Ask(Question),
}

/// What comes from the knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// All articles of the folder, and how many files had to be left out.
    Articles { articles: Vec<Article>, left_out: usize },
    /// The folder cannot be read; why.
    Unreadable { why: String },
    /// The webhook's answer, or in words why there is none and what to do; good for so long.
    Answered { question: Question, outcome: Result<Vec<Offer>, String>, keep: Duration },
}
