//! What goes into `update` and what comes out: signals and effects, plain values.

use std::path::PathBuf;
use std::time::Duration;

use super::Reread;
use super::decode::Input;
use crate::desk::command::{Command, Refusal};
use crate::desk::files::Attachment;
use crate::desk::ids::TicketKey;
use crate::engine::handle::{Answer, Receipt, Request};
use crate::engine::views::{FileView, NotSaved, Revision, View, ViewRequest};

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    /// The screen has opened.
    Start,
    /// The terminal sent something.
    Input(Input),
    /// The terminal has another size: columns and rows.
    Resize(u16, u16),
    /// A read was answered.
    Answer(ReadTag, View),
    /// A command was carried out or refused.
    Settled(u64, Result<Receipt, Refusal>),
    /// Something was committed.
    Revision(Revision),
    /// A timer ran out.
    Timer(Timer),
    /// $EDITOR has ended: the text, or why there is none.
    Edited(Result<String, String>),
    /// A text was handed to the terminal's clipboard, or not.
    Copied(Result<String, String>),
    /// A program was started on something, or not.
    Launched(Result<String, String>),
    /// A file was saved where it was to be, or not.
    Saved(FileView, String, Result<PathBuf, NotSaved>),
    /// A file was copied to go with a reply to a ticket, or not.
    Attached(TicketKey, Result<Attachment, String>),
    /// What was asked about the desk as a whole was answered, or refused.
    Operated(Request, Result<Answer, String>),
    /// `desk.toml` was read once more, for this screen.
    Reread(Box<Reread>),
    /// `desk.toml` is to be read again, by the desk: SIGUSR1.
    Reload,
    /// Back from the shell.
    Resumed,
    /// The desk has stopped.
    Stopped,
}

/// Something to be done outside of `update`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Read, and answer with the tag.
    Read(ReadTag, ViewRequest),
    /// Submit, after all commands before it, and settle with the tag.
    Submit(u64, Command),
    /// Start a timer anew.
    Timer(Timer, Duration),
    /// Ring.
    Bell,
    /// Set the terminal's title.
    Title(String),
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Open a file or a link with what the system, or the agent, opens such things with.
    Launch(Launch),
    /// Copy a file of the cache there; `true`: over what is there.
    Save(FileView, String, bool),
    /// Copy a file so that it can go with a reply to a ticket.
    Attach(TicketKey, String),
    /// Remove such a copy.
    Detach(Attachment),
    /// Ask about the desk as a whole.
    Operate(Request),
    /// Read `desk.toml` once more, for this screen.
    Reread,
    /// Paint everything anew, with a mouse or without.
    Repaint,
    /// Back to the shell.
    Suspend,
    /// Write in $EDITOR.
    Editor(String),
    /// Leave.
    Quit,
}

/// What is opened outside of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Launch {
    /// A file, where it lies.
    File(PathBuf),
    /// A link, with its scheme.
    Link(String),
}

/// What a read is for. A newer read of the same kind makes the older one's answer stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ReadKind {
    /// The queue on the screen.
    Queue,
    /// The numbers of the tabs.
    Counts,
    /// The desk at a glance.
    Desk,
    /// The open ticket and a window of its thread.
    Thread,
    /// What comes before the window.
    Before,
    /// What comes after the window.
    After,
    /// A search.
    Search,
    /// What has not been sent.
    Outbox,
    /// The next ticket that needs the agent.
    Next,
    /// A ticket by number.
    Find,
    /// Tickets to jump to.
    Jump,
    /// How complete threads are.
    Checks,
    /// The ticket that keeps its place in the queue.
    Kept,
    /// What may answer the open ticket.
    Suggestions,
    /// What the list of articles shows.
    Articles,
    /// What rules have escalated.
    Escalations,
    /// Why a ticket is whose it is.
    Explain,
    /// What the use of templates has shown.
    Templates,
    /// What is known of those to whom a text goes.
    Targets,
    /// What was counted.
    Stats,
    /// The activity log of a ticket.
    Activity,
}

/// Names one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadTag {
    /// What it is for.
    pub(crate) kind: ReadKind,
    /// Rises with every read of the kind.
    pub(crate) sequence: u64,
    /// The agent waits for it.
    pub(crate) urgent: bool,
}

/// A timer: one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The clock.
    Minute,
    /// The countdown of a held reply.
    Second,
    /// A notice goes.
    Notice,
    /// What was written is saved.
    Draft,
    /// What was seen is remembered.
    Seen,
    /// The thread beside the queue follows the selection.
    Preview,
    /// What follows after a prefix is shown.
    WhichKey,
    /// What has changed is read again.
    Refresh,
    /// A search follows the typing.
    Typed,
    /// The desk should have answered what was done last.
    Unheard,
}
