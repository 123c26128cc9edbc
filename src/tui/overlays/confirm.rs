//! A question with a letter for each answer. Asked only before what cannot be undone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::Model;
use super::super::update::bulk::Sending;
use super::super::update::intake::Opening;
use super::super::widgets::text;
use super::super::work::Repeatable;
use crate::desk::ids::{MessageId, OutboxId, TicketKey};
use crate::engine::views::FileView;

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Confirm {
    /// What is asked.
    pub(crate) question: String,
    /// The answers; the first is also on Enter. Esc is none of them.
    pub(crate) choices: Vec<Choice>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// Its key, Latin.
    pub(crate) key: char,
    /// What it says.
    pub(crate) label: String,
    /// What follows.
    pub(crate) then: Then,
}

/// What follows an answer.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// Do this to all of them.
    Bulk(Repeatable, Vec<TicketKey>),
    /// Resolve although there is a draft.
    Resolve(TicketKey),
    /// Send what is written as it is.
    Send,
    /// Send what is written although the guard has found something.
    SendFound,
    /// Send these replies to many.
    BulkReply(Box<Sending>),
    /// Open a ticket from messages of General.
    OpenFrom(Box<Opening>),
    /// Nothing: back to where it was.
    Nothing,
    /// Change between PUBLIC and INTERNAL NOTE.
    Toggle,
    /// Put what was cut from a note into a reply.
    Yank,
    /// Reply although the ticket is another's.
    ReplyAnyway,
    /// Write, or send what is written, although somebody else is writing there.
    WriteToo,
    /// Write a note instead.
    NoteInstead,
    /// Take the ticket over, then reply.
    TakeOver,
    /// Throw a reply away.
    Discard(OutboxId),
    /// Send a reply that was stopped, as answered up to a message.
    SendUnsent(OutboxId, Option<MessageId>),
    /// Change a reply that has not left: where, which, what it says.
    ChangeUnsent(TicketKey, OutboxId, String),
    /// Go to a reply that has not left.
    ToUnsent(TicketKey, OutboxId),
    /// Delete a message of the open ticket.
    DeleteMessage(MessageId),
    /// Keep the topic out of the desk.
    Ignore(TicketKey),
    /// Open the file of a message of the open ticket; `true`: also one that may be a program.
    OpenFile(MessageId, bool),
    /// Insert at the cursor of the composer.
    InsertText(String),
    /// Open the link of an article.
    OpenArticle(String),
    /// Read the folder of articles again.
    RereadArticles,
    /// Open a link.
    OpenLink(String),
    /// Ask where to save the file of a message of the open ticket.
    SaveFile(MessageId),
    /// Save a file there, over what is there.
    Overwrite(FileView, String),
    /// Leave the desk.
    Quit,
}

impl Confirm {
    /// Asks a question with one way to say yes.
    pub(crate) fn yes(question: String, label: &str, then: Then) -> Confirm {
        Confirm { question, choices: vec![Choice { key: 'y', label: label.to_owned(), then }] }
    }

    /// Asks a question that is not to be answered by habit: Enter goes back.
    pub(crate) fn careful(question: String, label: &str, then: Then) -> Confirm {
        let back = Choice { key: 'b', label: "back".to_owned(), then: Then::Nothing };
        Confirm { question, choices: vec![back, Choice { key: 'y', label: label.to_owned(), then }] }
    }

    /// Tells what it asks: whether, or how.
    fn title(&self) -> &'static str {
        let ways = self.choices.iter().filter(|choice| !matches!(choice.then, Then::Nothing)).count();
        if ways > 1 { "How?" } else { "Sure?" }
    }
}

/// Draws the question.
pub(super) fn draw(confirm: &Confirm, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let width = screen.width.saturating_sub(4).min(64);
    let question = text::wrapped(&confirm.question, usize::from(width).saturating_sub(4));
    let height = question.len() + confirm.choices.len() + 4;
    let inside = super::boxed(model, frame, screen, (width, height as u16), confirm.title());
    let mut lines: Vec<Line<'_>> = question.into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    lines.push(Line::default());
    for (place, choice) in confirm.choices.iter().enumerate() {
        let enter = if place == 0 { "  (Enter)" } else { "" };
        lines.push(Line::from(vec![
            Span::styled(format!("  {} ", choice.key), model.theme.key),
            Span::raw(format!(" {}{enter}", choice.label)),
        ]));
    }
    lines.push(Line::from(vec![Span::styled("  Esc ", model.theme.key), Span::raw("no")]));
    frame.render_widget(ratatui::text::Text::from(lines), inside);
}
