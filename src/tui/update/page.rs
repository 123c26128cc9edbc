//! Keys on a page that is read, not chosen from: they scroll it, paint it anew, or close it.

use super::super::action::{Action, Context};
use super::super::effect::Effect;
use super::super::keymap::Lookup;
use super::super::keys::Key;
use super::super::model::Model;

/// What a key has done to a page.
pub(super) enum Turned {
    /// It scrolls.
    To(Scroll),
    /// All that it does: the page is closed, or painted anew.
    Done,
    /// Nothing that it does on every page.
    Not,
}

/// Does what a key does on every page. `shown`: how many lines fit; `last`: the last one that can be the first.
pub(super) fn on_key(model: &mut Model, key: Key, (shown, last): (usize, usize), out: &mut Vec<Effect>) -> Turned {
    let page = isize::try_from(shown).unwrap_or(isize::MAX);
    let action = match model.keymap.look_up(Context::Picker, &[key]) {
        Lookup::Action(action) => Some(action),
        _ => None,
    };
    let by = match (action, key.latin().unwrap_or(key).text()) {
        (Some(Action::PickClose | Action::PickAccept), _) | (_, Some('q')) => {
            model.overlay = None;
            return Turned::Done;
        }
        (Some(Action::PickRepaint), _) => {
            out.push(Effect::Repaint);
            return Turned::Done;
        }
        (Some(Action::PickNext), _) | (_, Some('j')) => 1,
        (Some(Action::PickPrevious), _) | (_, Some('k')) => -1,
        (Some(Action::PickPageDown), _) | (_, Some(' ')) => page,
        (Some(Action::PickPageUp), _) => -page,
        (_, Some('G')) => isize::MAX,
        (_, Some('g')) => isize::MIN,
        _ => return Turned::Not,
    };
    Turned::To(Scroll { by, last })
}

/// So far a page is scrolled.
#[derive(Clone, Copy)]
pub(super) struct Scroll {
    by: isize,
    last: usize,
}

impl Scroll {
    /// Tells the first line, given the one before.
    pub(super) fn from(self, top: usize) -> usize {
        top.min(self.last).saturating_add_signed(self.by).min(self.last)
    }
}
