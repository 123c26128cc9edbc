//! The ticket on the screen, and the part of its thread that is loaded.

use std::collections::{HashMap, HashSet};

use crate::desk::ids::{EntryId, MessageId, TicketKey};
use crate::engine::views::{Entry, TicketView};

/// The ticket on the screen.
#[derive(Clone, Debug)]
pub(crate) struct OpenTicket {
    /// Which.
    pub(crate) key: TicketKey,
    /// What is known about it; `None` until it was read.
    pub(crate) ticket: Option<TicketView>,
    /// The loaded part of the thread, oldest first.
    pub(crate) entries: Vec<Entry>,
    /// There is more before.
    pub(crate) more_before: bool,
    /// There is more after.
    pub(crate) more_after: bool,
    /// The last message that had been seen when it was opened; the divider stands after it.
    pub(crate) seen: Option<MessageId>,
    /// The highest message that was reported as seen.
    pub(crate) reported: Option<MessageId>,
    /// The highest message that was on the screen since it was opened.
    pub(crate) shown: Option<MessageId>,
    /// The selected entry.
    pub(crate) selected: Option<EntryId>,
    /// The view sticks to the end.
    pub(crate) follow: bool,
    /// On which line of the screen the selected entry begins.
    pub(crate) anchor: isize,
    /// What is looked for.
    pub(crate) find: Option<String>,
    /// Going on looking in what is loaded next.
    pub(crate) finding: bool,
    /// It is worked on, not only looked at beside the queue.
    pub(crate) entered: bool,
    /// The messages from which was jumped to the ones they reply to.
    pub(crate) came_from: Vec<MessageId>,
    /// Entries that show what they said before.
    pub(crate) unfolded: HashSet<EntryId>,
    /// Ids of messages that were never seen, from and to.
    pub(crate) holes: Vec<(MessageId, MessageId)>,
    /// How many lines entries take, by what makes them take so many.
    pub(crate) heights: HashMap<EntryId, (u64, usize)>,
    /// How the entries lie on the screen, since the last draw.
    pub(crate) laid: Laid,
}

/// How entries lie on the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laid {
    /// First line and number of lines of each entry.
    pub(crate) lines: Vec<(usize, usize)>,
    /// Number of lines.
    pub(crate) total: usize,
    /// The first line on the screen.
    pub(crate) top: usize,
    /// Lines of the pane.
    pub(crate) height: usize,
}

impl OpenTicket {
    /// Opens a ticket of which nothing has been read yet.
    pub(crate) fn new(key: TicketKey) -> OpenTicket {
        OpenTicket {
            key,
            ticket: None,
            entries: Vec::new(),
            more_before: false,
            more_after: false,
            seen: None,
            reported: None,
            shown: None,
            selected: None,
            follow: true,
            anchor: 0,
            find: None,
            finding: false,
            entered: false,
            came_from: Vec::new(),
            unfolded: HashSet::new(),
            holes: Vec::new(),
            heights: HashMap::new(),
            laid: Laid::default(),
        }
    }

    /// Tells up to which message the agent has had the thread on a screen: what a reply answers. Before the first message it is 0.
    pub(crate) fn answered(&self) -> MessageId {
        self.shown.max(self.seen).unwrap_or_default()
    }

    /// Tells the place of the selected entry.
    pub(crate) fn place(&self) -> Option<usize> {
        let selected = self.selected?;
        self.entries.iter().position(|entry| entry.id == selected)
    }

    /// Tells the selected entry.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.place().map(|place| &self.entries[place])
    }
}
