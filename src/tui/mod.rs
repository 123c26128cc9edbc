//! TERMINAL: the screen on which agents work the desk.
//!
//! One loop: a signal comes in, [`update`](update::update) changes the [`model`] and names effects, the loop carries them
//! out and draws what has changed. `update` does nothing itself, so a test feeds signals and reads effects. The desk is
//! reached through one [`Handle`]; a screen never waits for a read: the answer comes back as a signal, and a stale one is
//! dropped. Keys, palette, help and bottom line come from one table, [`action`].
//!
//! Promises: drawn only when something has changed, in one write and in synchronised output; nothing at all while idle but
//! the clock; the terminal is given back as it was found, whatever happens; nothing that sends or resolves is on Alt, because
//! `Esc` and a key that arrive together are Alt. Never: a second engine, a query of its own, a control character from a
//! customer.

mod action;
mod asking;
mod clipboard;
mod composer;
mod decode;
mod editor;
mod effect;
mod files;
mod keymap;
mod keys;
mod model;
mod opener;
mod overlays;
mod panes;
mod prompt;
mod rehearsal;
mod restore;
mod run;

mod suggestions;
mod templates;
mod terminal;
mod theme;
mod until;
mod update;
mod view;
mod widgets;
mod work;

use crate::clock::Clock;
use crate::desk::guard::Guard;
use crate::desk::people::Agent;
use crate::desk::rules::Pace;
use crate::desk::template::Template;

pub use action::{Action, ActionRow, Context};
pub use rehearsal::Rehearsal;
pub use run::{TuiError, check_terminal, run};

/// What a screen is opened with: plain values, made of `desk.toml` by whoever opens it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Changes of keys: context, action, keys (`"none"` unbinds). The first one of an action replaces its defaults.
    pub keys: Vec<(String, String, String)>,
    /// `auto`, `default`, `dark`, `light` or `high-contrast`.
    pub theme: String,
    /// All templates.
    pub templates: Vec<Template>,
    /// What should not leave by mistake. The engine has it too: here it only asks sooner.
    pub guard: Guard,
    /// How fast messages leave, to tell how long many of them take.
    pub pace: Pace,
    /// The agent's time zone; the machine's when absent.
    pub timezone: Option<chrono_tz::Tz>,
    /// The time.
    pub clock: Clock,
    /// What [`run`] gave the last time.
    pub restored: Option<String>,
    /// What to try, shown on the first screen until it is hidden.
    pub hint: Option<String>,
    /// What comes after resolving in a thread: `next`, `stay` or `queue`.
    pub after_resolve: String,
    /// What comes after setting pending in a thread: `next`, `stay` or `queue`.
    pub after_pending: String,
    /// The terminal does not show UTF-8.
    pub ascii: bool,
    /// Clicks and the wheel are taken; selecting text then needs Shift.
    pub mouse: bool,
    /// Rings for new tickets and for replies in one's own.
    pub bell: bool,
    /// The program that opens files and links, with its first arguments; empty: the system's.
    pub open_command: Vec<String>,
    /// The folder that is proposed when a file is saved.
    pub save_to: String,
    /// The desk's name.
    pub desk_name: String,
    /// The agent. Templates say the name that customers read, the one of the Telegram account, once the group's admins are known.
    pub agent: Agent,
    /// The desk's language, ISO 639-1: its templates are preferred where the ticket's is unknown.
    pub language: Option<String>,
}

/// What a screen would be opened with now, and what is not as it should be in that; or why `desk.toml` cannot be read.
pub type Reread = Result<(Setup, Vec<String>), String>;

/// Tells what is wrong with changes of keys: unknown names, what is no key, conflicts.
pub fn check_keys(keys: &[(String, String, String)]) -> Vec<String> {
    keymap::Keymap::new(keys).1
}

/// Tells whether there is a theme of this name.
pub fn is_theme(name: &str) -> bool {
    theme::Theme::named(name).is_some()
}

/// Lists all actions with their default keys, for documents.
pub fn actions() -> impl Iterator<Item = &'static ActionRow> {
    action::ACTIONS.iter()
}
