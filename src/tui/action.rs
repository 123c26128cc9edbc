//! The one table of actions: it feeds the keys, the palette, the help, the bottom line and the manual.

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but in text.
    Everywhere,
    /// The queue.
    Queue,
    /// The queue and the thread.
    Ticket,
    /// The thread.
    Thread,
    /// The composer.
    Composer,
    /// Pickers and prompts.
    Picker,
}

impl Context {
    /// All of them.
    pub const ALL: [Context; 6] =
        [Context::Everywhere, Context::Queue, Context::Ticket, Context::Thread, Context::Composer, Context::Picker];

    /// Tells the word of `desk.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Context::Everywhere => "everywhere",
            Context::Queue => "queue",
            Context::Ticket => "ticket",
            Context::Thread => "thread",
            Context::Composer => "composer",
            Context::Picker => "picker",
        }
    }

    /// Tells the contexts that are alive together with this one where it has the focus, itself first.
    pub const fn chain(self) -> &'static [Context] {
        match self {
            Context::Queue => &[Context::Queue, Context::Ticket, Context::Everywhere],
            Context::Thread => &[Context::Thread, Context::Ticket, Context::Everywhere],
            Context::Ticket => &[Context::Ticket, Context::Everywhere],
            Context::Everywhere => &[Context::Everywhere],
            Context::Composer => &[Context::Composer],
            Context::Picker => &[Context::Picker],
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $context:ident [$($key:literal),*] $hint:literal $about:literal;)*) => {
        /// Something that a key or the palette can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = concat!("Does: ", $about)] $variant,)*
        }

        /// The table.
        pub(super) const ACTIONS: &[ActionRow] = &[
            $(ActionRow {
                action: Action::$variant,
                name: $name,
                context: Context::$context,
                keys: &[$($key),*],
                hint: $hint,
                about: $about,
            },)*
        ];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ActionRow {
    /// What it is.
    pub action: Action,
    /// The name in `desk.toml` and in the palette.
    pub name: &'static str,
    /// Where its keys are alive.
    pub context: Context,
    /// Its keys, each a sequence; the first one is shown.
    pub keys: &'static [&'static str],
    /// One or two words for the bottom line; empty: not shown there.
    pub hint: &'static str,
    /// What it does, in a sentence for help and manual.
    pub about: &'static str,
}

actions! {
    Claim "claim" Ticket ["c"] "claim" "take the ticket";
    Reply "reply" Ticket ["r"] "reply" "write a public reply; claims an unassigned ticket";
    SetPending "pending" Ticket ["p"] "pend" "set it pending: [customer|third_party|internal] [until]";
    Resolve "resolve" Ticket ["x"] "resolve" "resolve it";
    Template "template" Ticket ["t"] "tmpl" "reply with a template";
    Note "note" Ticket ["i"] "note" "write an internal note";
    Snooze "snooze" Ticket ["z"] "snooze" "hide it until a time: [until], `off` shows it again";
    Assign "assign" Ticket ["a"] "assign" "give it to an agent: [name]";
    Release "release" Ticket ["C"] "" "give it back";
    TakeOver "takeover" Ticket [] "" "take it from whoever has it";
    Reopen "reopen" Ticket ["O"] "" "reopen it";
    NoReplyNeeded "no-reply" Ticket ["."] "" "say that the unanswered messages need no answer";
    Close "close" Ticket [] "" "close it: [reason]";
    Duplicate "duplicate" Ticket [] "" "close it as a duplicate of another ticket: [number]";
    OpenTicket "make-ticket" Ticket [] "" "make a ticket of a topic that staff opened";
    Ignore "ignore" Ticket [] "" "keep this topic out of the desk";
    Unignore "unignore" Ticket [] "" "take this topic in again";
    Attach "attach" Ticket [] "" "attach a file to the reply: [path]";
    Activity "activity" Ticket ["A"] "" "everything that has happened to the ticket: old and new, who, when";
    Priority "priority" Ticket ["P"] "" "say how much it matters: [low|normal|high|urgent]";
    Category "category" Ticket [] "" "say what kind of matter it is: [word], `-` for none";
    Team "team" Ticket [] "" "say whose work it is; given away anew if it is nobody's: [name], `-` for none";
    Tags "tags" Ticket ["T"] "" "add and take away tags: [+billing -spam]";
    BulkReply "bulk-reply" Ticket [] "" "reply to all marked tickets, with a template: [text]";
    ReplyLinked "reply-linked" Ticket [] "" "reply to this ticket and all that were closed as its duplicates: [text]";
    Explain "explain" Ticket ["g e"] "" "why it is whose it is: rules, teams, agents: [number]";
    CopyLink "link" Ticket ["L"] "" "copy the t.me link";

    Open "open" Queue ["Enter", "l", "Right"] "" "open the ticket";
    QueueDown "queue-down" Queue ["j", "Down", "C-n"] "" "next ticket";
    QueueUp "queue-up" Queue ["k", "Up", "C-p"] "" "previous ticket";
    QueueTop "queue-top" Queue ["g g", "Home"] "" "first ticket";
    QueueBottom "queue-bottom" Queue ["G", "End"] "" "last ticket";
    QueueHalfDown "queue-half-down" Queue ["C-d", "PageDown"] "" "half a page down";
    QueueHalfUp "queue-half-up" Queue ["C-u", "PageUp"] "" "half a page up";
    Mark "mark" Queue ["Space"] "mark" "mark the ticket and go on";
    MarkRange "mark-range" Queue ["v"] "" "begin or end marking a range";
    MarkAll "mark-all" Queue ["*"] "" "mark everything that the filter shows";
    NewTicket "new-ticket" Queue ["n"] "new ticket" "in Intake: open a ticket from the marked messages; elsewhere as find-next";
    Sort "sort" Queue [","] "" "change the order: [natural|due|waiting|newest|activity|priority]";

    MessageDown "message-down" Thread ["j", "Down", "C-n"] "" "next message";
    MessageUp "message-up" Thread ["k", "Up", "C-p"] "" "previous message";
    ThreadTop "thread-top" Thread ["g g", "Home"] "" "the first message that is loaded; loads what comes before";
    ThreadBottom "thread-bottom" Thread ["G", "End"] "" "the newest message";
    ThreadHalfDown "thread-half-down" Thread ["C-d", "PageDown"] "" "half a page down";
    ThreadHalfUp "thread-half-up" Thread ["C-u", "PageUp"] "" "half a page up";
    NextInQueue "next-in-queue" Thread ["J"] "next" "open the next ticket of the queue";
    PreviousInQueue "previous-in-queue" Thread ["K"] "prev" "open the previous ticket of the queue";
    QuoteReply "quote-reply" Thread ["R"] "" "reply to the selected message, quoting it";
    Quoted "quoted" Thread ["f"] "" "go to the message that the selected one replies to";
    BackFromQuoted "back-from-quoted" Thread ["F"] "" "back to where `quoted` was pressed";
    Edits "edits" Thread ["V"] "" "show or hide what the selected message said before it was edited";
    CopyText "copy" Thread ["y"] "" "copy the text of the selected message";
    SetCustomer "customer" Thread [] "" "say that the author of the selected message is the customer";
    RetryOutbox "send-again" Thread ["s"] "" "send a reply that was parked, or that waits for a word";
    EditOutbox "edit-reply" Thread ["e"] "" "change a held or parked reply";
    DiscardOutbox "discard-reply" Thread ["d"] "" "throw a held or parked reply away";
    EditMessage "edit-message" Thread ["E"] "" "change the selected message, which I have sent";
    OpenFile "open-file" Thread ["o"] "" "open the file or link of the selected message";
    SaveFile "save-file" Thread ["S"] "" "save the file of the selected message: [path]";
    DeleteMessage "delete-message" Thread ["D"] "" "delete the selected message, which I have sent, for everybody";
    BackToQueue "back-to-queue" Thread ["h", "Left"] "" "back to the queue";

    Help "help" Everywhere ["?", "F1"] "help" "what the keys do here; type to search";
    Palette "palette" Everywhere [":"] "cmd" "all actions by name";
    Find "filter" Everywhere ["/"] "filter" "filter the queue (words and conditions such as tag:vip waiting:>2h), or find in the thread: [words]";
    FindNext "find-next" Everywhere ["n"] "" "the next older place that was found";
    FindPrevious "find-previous" Everywhere ["N"] "" "the next newer place that was found";
    Back "back" Everywhere ["Esc"] "" "clear marks or filter, or go back";
    NextPane "next-pane" Everywhere ["Tab"] "" "next pane";
    PreviousPane "previous-pane" Everywhere ["S-Tab"] "" "previous pane";
    NextMine "next" Everywhere ["w", "]"] "" "the next ticket that needs me";
    PreviousMine "previous" Everywhere ["W", "["] "" "the previous ticket that needs me";
    Undo "undo" Everywhere ["u"] "undo" "take back a reply that is still held, or my newest move";
    Repeat "repeat" Everywhere [";"] "" "repeat the last desk action on the next ticket";
    Jump "jump" Everywhere ["C-o"] "" "jump to a ticket by number, customer or title: [number]";
    Search "search" Everywhere ["g /"] "" "search all messages and notes: [words]";
    Suggestions "articles" Everywhere ["g k"] "" "articles that may answer this ticket: [words]";
    RereadArticles "reread-articles" Everywhere [] "" "read the folder of articles again";
    Outbox "outbox" Everywhere ["g o"] "" "what has not been sent, and what was parked";
    Escalations "escalations" Everywhere [] "" "what rules have escalated, newest first";
    Status "status" Everywhere ["g s"] "" "how the desk stands: link, rights, freshness, holes";
    Seats "seats" Everywhere [] "" "who sits at the desk, and who is away";
    Reload "reload" Everywhere [] "" "read desk.toml again; for admins";
    Stats "stats" Everywhere ["g t"] "" "statistics: responses, resolutions, backlog, by agent, day and hour";
    Away "away" Everywhere ["g b"] "" "say that I am away, or back: who is away is given nothing by itself";
    Verify "verify" Everywhere ["g v"] "" "compare this ticket with Telegram once more";
    VerifyAll "verify-all" Everywhere [] "" "compare everything with Telegram once more";
    GoUnassigned "unassigned" Everywhere ["1", "g u"] "" "queue Unassigned";
    GoMine "mine" Everywhere ["2", "g m"] "" "queue Mine";
    GoWaiting "waiting" Everywhere ["3", "g w"] "" "queue Waiting";
    GoPending "pending-queue" Everywhere ["4", "g p"] "" "queue Pending";
    GoResolved "resolved" Everywhere ["5", "g r"] "" "queue Resolved";
    GoIntake "intake" Everywhere ["6", "g i"] "" "queue Intake";
    GoImported "imported" Everywhere ["7", "g I"] "" "queue Imported";
    GoAll "all" Everywhere ["8", "g a"] "" "queue All";
    GoOverdue "overdue" Everywhere ["9", "g d"] "" "queue Overdue";
    GoSnoozed "snoozed" Everywhere ["g z"] "" "queue Snoozed";
    GoQuiet "quiet" Everywhere ["g q"] "" "queue Quiet: staff spoke last more than a day ago";
    Queues "queues" Everywhere ["0"] "" "all queues, the desk's own too: [name]";
    Details "details" Everywhere ["b"] "" "show or hide what is known about customer and ticket";
    Zoom "zoom" Everywhere ["+"] "" "the pane with the focus takes the screen";
    Unzoom "unzoom" Everywhere ["_"] "" "all panes again";
    Theme "theme" Everywhere [] "" "change the colours: [default|dark|light|high-contrast]";
    Repaint "repaint" Everywhere ["C-l"] "" "paint the screen anew";
    Suspend "suspend" Everywhere ["C-z"] "" "back to the shell; `fg` returns";
    Quit "quit" Everywhere ["q"] "quit" "leave; asks if replies are still on their way";

    Send "send" Composer ["Enter"] "" "send the reply or save the note";
    Newline "newline" Composer ["C-j", "A-Enter"] "" "new line";
    InsertTemplate "insert-template" Composer ["C-t"] "" "insert a template at the cursor";
    ToggleNote "toggle-note" Composer ["C-g"] "" "change between PUBLIC and INTERNAL NOTE";
    NextField "next-field" Composer ["Tab"] "expand ;code, next {{?field}}" "expand ;code, or jump to the next {{?field}}";
    Editor "editor" Composer ["C-x C-e"] "$EDITOR" "write in $EDITOR";
    AttachFile "attach-file" Composer ["C-x C-f"] "file" "attach a file";
    InsertArticle "insert-article" Composer ["C-x C-k"] "" "insert the link or the text of an article";
    DetachFile "detach-file" Composer ["C-x C-d"] "" "take the file away again";
    DropQuote "drop-quote" Composer ["C-x C-r"] "" "quote no message any more";
    DropActions "drop-actions" Composer ["C-x C-a"] "" "leave out what the template does to the ticket";
    Leave "leave" Composer ["Esc"] "" "leave; the draft is kept";
    ComposerHelp "composer-help" Composer ["F1"] "all keys" "what the keys do here";
    ComposerRepaint "composer-repaint" Composer ["C-l"] "" "paint the screen anew";
    ComposerSuspend "composer-suspend" Composer ["C-z"] "" "back to the shell; `fg` returns";
    LineStart "line-start" Composer ["C-a", "Home"] "" "start of the line";
    LineEnd "line-end" Composer ["C-e", "End"] "" "end of the line";
    CharLeft "char-left" Composer ["C-b", "Left"] "" "one character left";
    CharRight "char-right" Composer ["C-f", "Right"] "" "one character right";
    WordLeft "word-left" Composer ["A-b", "C-Left"] "" "one word left";
    WordRight "word-right" Composer ["A-f", "C-Right"] "" "one word right";
    LineUp "line-up" Composer ["C-p", "Up"] "" "one line up";
    LineDown "line-down" Composer ["C-n", "Down"] "" "one line down";
    DeleteLeft "delete-left" Composer ["Backspace", "C-h"] "" "delete the character before the cursor";
    DeleteRight "delete-right" Composer ["C-d", "Delete"] "" "delete the character under the cursor";
    KillWordLeft "kill-word-left" Composer ["C-w", "A-Backspace"] "" "cut the word before the cursor";
    KillWordRight "kill-word-right" Composer ["A-d"] "" "cut the word after the cursor";
    KillToStart "kill-to-start" Composer ["C-u"] "" "cut to the start of the line";
    KillToEnd "kill-to-end" Composer ["C-k"] "" "cut to the end of the line";
    KillAll "kill-all" Composer ["C-x C-u"] "" "cut everything that is written";
    Yank "yank" Composer ["C-y"] "" "put back what was cut last";

    PickNext "pick-next" Picker ["C-n", "Down", "C-j"] "" "next entry";
    PickPrevious "pick-previous" Picker ["C-p", "Up"] "" "previous entry";
    PickPageDown "pick-page-down" Picker ["PageDown", "C-v"] "" "ten entries down";
    PickPageUp "pick-page-up" Picker ["PageUp"] "" "ten entries up";
    PickAccept "pick-accept" Picker ["Enter"] "" "take it";
    PickClose "pick-close" Picker ["Esc", "C-c"] "" "close";
    PickClear "pick-clear" Picker ["C-u"] "" "clear what was typed";
    PickTab "pick-tab" Picker ["Tab"] "" "next field, or complete";
    PickLeft "pick-left" Picker ["Left", "C-b"] "" "one character left";
    PickRight "pick-right" Picker ["Right", "C-f"] "" "one character right";
    PickStart "pick-start" Picker ["Home", "C-a"] "" "start of what was typed";
    PickEnd "pick-end" Picker ["End", "C-e"] "" "end of what was typed";
    PickDelete "pick-delete" Picker ["Backspace", "C-h"] "" "delete the character before the cursor";
    PickDeleteWord "pick-delete-word" Picker ["C-w"] "" "delete the word before the cursor";
    PickRepaint "pick-repaint" Picker ["C-l"] "" "paint the screen anew";
}

impl Action {
    /// Finds its row of the table.
    pub fn row(self) -> &'static ActionRow {
        // The variants are declared by the table, in its order.
        &ACTIONS[self as usize]
    }

    /// Tells whether the palette offers it.
    pub fn in_palette(self) -> bool {
        !matches!(self.row().context, Context::Composer | Context::Picker) && self != Action::Palette
    }
}

/// Finds an action by name.
pub(super) fn by_name(name: &str) -> Option<&'static ActionRow> {
    ACTIONS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_action_and_by_name() {
        for row in ACTIONS {
            assert_eq!(row.action.row().name, row.name);
            assert_eq!(
                by_name(row.name).map(|found| found.action),
                Some(row.action),
                "two actions called {}",
                row.name
            );
        }
    }

    #[test]
    fn nothing_that_sends_resolves_or_flips_is_on_alt_or_bracket() {
        for row in ACTIONS {
            if matches!(
                row.action,
                Action::Send
                    | Action::Resolve
                    | Action::ToggleNote
                    | Action::SetPending
                    | Action::Close
                    | Action::Claim
            ) {
                assert!(row.keys.iter().all(|key| !key.contains("A-") && *key != "["), "{}", row.name);
            }
        }
    }
}
