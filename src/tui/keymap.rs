//! The keys in force: the defaults of the action table with the changes of `desk.toml`.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Action, ActionRow, Context, by_name};
use super::keys::{Key, parse_sequence, sequence_text};

/// What a key, after those pressed before it, means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It does this.
    Action(Action),
    /// It begins something longer.
    Prefix,
    /// Nothing.
    None,
}

/// The keys in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keymap {
    bound: BTreeMap<(Context, Vec<Key>), Action>,
    order: Vec<(Action, Context, Vec<Key>)>,
}

impl Keymap {
    /// Makes the key map from the table and the changes: `(context, action, keys)`.
    ///
    /// The first change of an action in a context replaces its defaults there, further ones add; `none` unbinds. What is
    /// wrong is left out and told.
    pub(crate) fn new(changes: &[(String, String, String)]) -> (Keymap, Vec<String>) {
        let mut complaints = Vec::new();
        let mut rows: Vec<(Action, Context, Vec<Key>, bool)> = Vec::new();
        for row in ACTIONS {
            for keys in row.keys {
                match parse_sequence(keys) {
                    Ok(sequence) => rows.push((row.action, row.context, sequence, false)),
                    Err(why) => complaints.push(format!("{}: {why}", row.name)),
                }
            }
        }
        let mut replaced: Vec<(Action, Context)> = Vec::new();
        for (context, name, keys) in changes {
            let Some(context) = Context::ALL.into_iter().find(|known| known.name() == context) else {
                let known = Context::ALL.map(Context::name).join(", ");
                complaints.push(format!("keys.{context}: no such place; one of {known}"));
                continue;
            };
            let Some(row) = by_name(name) else {
                complaints
                    .push(format!("keys.{}.{name}: no such action; `topicdesk` names them under `?`", context.name()));
                continue;
            };
            if let Err(why) = fits(row, context) {
                complaints.push(format!("keys.{}.{name}: {why}", context.name()));
                continue;
            }
            let sequence = if keys == "none" { Ok(None) } else { parse_sequence(keys).map(Some) };
            let sequence = match sequence {
                Ok(sequence) => sequence,
                Err(why) => {
                    complaints.push(format!("keys.{}.{name}: {why}", context.name()));
                    continue;
                }
            };
            if !replaced.contains(&(row.action, context)) {
                replaced.push((row.action, context));
                rows.retain(|(action, at, _, _)| (*action, *at) != (row.action, context));
            }
            if let Some(sequence) = sequence {
                rows.push((row.action, context, sequence, true));
            }
        }
        let mut map = Keymap::default();
        // What was changed wins over a default.
        rows.sort_by_key(|(_, _, _, changed)| !changed);
        for (action, context, sequence, changed) in rows {
            if let Some(other) = map.bound.get(&(context, sequence.clone())) {
                if *other != action {
                    let keys = sequence_text(&sequence);
                    let (winner, loser) = (other.row().name, action.row().name);
                    let context = context.name();
                    complaints.push(format!("keys.{context}: `{keys}` means {winner} and {loser}; {winner} has it"));
                }
                continue;
            }
            let clash = map.bound.iter().find(|((at, keys), _)| {
                *at == context
                    && keys.len() != sequence.len()
                    && (keys.starts_with(&sequence) || sequence.starts_with(keys))
            });
            if let Some(((_, keys), other)) = clash {
                let (keys, own) = (sequence_text(keys), sequence_text(&sequence));
                let (other, name) = (other.row().name, action.row().name);
                complaints.push(format!(
                    "keys.{}: `{own}` ({name}) and `{keys}` ({other}) begin alike; {other} keeps it",
                    context.name()
                ));
                if changed || !keys.is_empty() {
                    continue;
                }
            }
            map.bound.insert((context, sequence.clone()), action);
            map.order.push((action, context, sequence));
        }
        map.order.sort_by_key(|(action, _, keys)| {
            let place = action.row().keys.iter().position(|default| *default == sequence_text(keys));
            (*action, place.map_or(0, |place| place + 1))
        });
        (map, complaints)
    }

    /// Looks up keys where `context` has the focus. Keys that are not Latin are tried as typed, then by their place.
    pub(crate) fn look_up(&self, context: Context, keys: &[Key]) -> Lookup {
        let found = self.exact(context, keys);
        if found != Lookup::None {
            return found;
        }
        let text_field = matches!(context, Context::Composer | Context::Picker);
        let placed: Vec<Key> =
            keys.iter().map(|key| if text_field && !key.ctrl { *key } else { key.latin().unwrap_or(*key) }).collect();
        if placed == keys { Lookup::None } else { self.exact(context, &placed) }
    }

    fn exact(&self, context: Context, keys: &[Key]) -> Lookup {
        let mut prefix = false;
        for at in context.chain() {
            if let Some(action) = self.bound.get(&(*at, keys.to_vec())) {
                return Lookup::Action(*action);
            }
            prefix |=
                self.bound.keys().any(|(own, bound)| own == at && bound.len() > keys.len() && bound.starts_with(keys));
        }
        if prefix { Lookup::Prefix } else { Lookup::None }
    }

    /// Tells the keys of an action as they are written, the first one first; empty if it has none.
    pub(crate) fn keys_of(&self, action: Action) -> Vec<String> {
        self.order.iter().filter(|(own, _, _)| *own == action).map(|(_, _, keys)| sequence_text(keys)).collect()
    }

    /// Tells the first key of an action; empty if it has none.
    pub(crate) fn key_of(&self, action: Action) -> String {
        self.keys_of(action).into_iter().next().unwrap_or_default()
    }

    /// Tells what can follow after a prefix: the rest of the keys, and the action.
    pub(crate) fn continuations(&self, context: Context, prefix: &[Key]) -> Vec<(String, Action)> {
        let placed: Vec<Key> = prefix.iter().map(|key| key.latin().unwrap_or(*key)).collect();
        let mut found: Vec<(String, Action)> = Vec::new();
        for at in context.chain() {
            for (action, own, keys) in &self.order {
                if own == at && keys.len() > placed.len() && keys.starts_with(&placed) {
                    let rest = sequence_text(&keys[placed.len()..]);
                    if !found.iter().any(|(known, _)| *known == rest) {
                        found.push((rest, *action));
                    }
                }
            }
        }
        found
    }
}

/// Tells whether an action makes sense in a place.
fn fits(row: &ActionRow, context: Context) -> Result<(), String> {
    let own = row.context;
    let ok = own == context
        || match own {
            Context::Everywhere => matches!(context, Context::Queue | Context::Thread | Context::Ticket),
            Context::Ticket => matches!(context, Context::Queue | Context::Thread),
            _ => false,
        };
    if ok { Ok(()) } else { Err(format!("belongs to keys.{}", own.name())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(context: &str, action: &str, keys: &str) -> (String, String, String) {
        (context.to_owned(), action.to_owned(), keys.to_owned())
    }

    fn keys(text: &str) -> Vec<Key> {
        parse_sequence(text).expect("keys")
    }

    #[test]
    fn the_defaults_have_no_conflicts() {
        let (map, complaints) = Keymap::new(&[]);
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(map.look_up(Context::Queue, &keys("c")), Lookup::Action(Action::Claim));
        assert_eq!(map.look_up(Context::Queue, &keys("g")), Lookup::Prefix);
        assert_eq!(map.look_up(Context::Thread, &keys("g g")), Lookup::Action(Action::ThreadTop));
        assert_eq!(map.look_up(Context::Composer, &keys("c")), Lookup::None);
        assert_eq!(map.key_of(Action::NextMine), "w");
    }

    #[test]
    fn other_layouts_mean_the_same_keys_outside_text_and_after_ctrl() {
        let (map, _) = Keymap::new(&[]);
        for key in ["с", "ψ", "ב"] {
            assert_eq!(map.look_up(Context::Queue, &keys(key)), Lookup::Action(Action::Claim), "{key}");
        }
        assert_eq!(map.look_up(Context::Composer, &keys("C-е")), Lookup::Action(Action::InsertTemplate));
        assert_eq!(map.look_up(Context::Composer, &keys("с")), Lookup::None);
    }

    #[test]
    fn keys_can_be_moved_added_and_unbound() {
        let (map, complaints) = Keymap::new(&[
            change("ticket", "claim", "none"),
            change("ticket", "resolve", "F9"),
            change("ticket", "resolve", "g x"),
            change("thread", "resolve", "c"),
        ]);
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(map.look_up(Context::Queue, &keys("c")), Lookup::None);
        assert_eq!(map.look_up(Context::Thread, &keys("c")), Lookup::Action(Action::Resolve));
        assert_eq!(map.look_up(Context::Queue, &keys("x")), Lookup::None);
        assert_eq!(map.look_up(Context::Queue, &keys("F9")), Lookup::Action(Action::Resolve));
        assert_eq!(map.look_up(Context::Queue, &keys("g x")), Lookup::Action(Action::Resolve));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let (_, complaints) = Keymap::new(&[
            change("nowhere", "claim", "c"),
            change("ticket", "fly", "c"),
            change("ticket", "claim", "Ctrl+c"),
            change("composer", "claim", "c"),
            change("ticket", "reply", "x"),
            change("queue", "mark", "g"),
        ]);
        assert_eq!(complaints.len(), 6, "{complaints:#?}");
        for (complaint, words) in complaints.iter().zip(["no such place", "no such action", "Ctrl+c", "belongs to"]) {
            assert!(complaint.contains(words), "{complaint}");
        }
    }
}
