//! `@name` in an internal note: Tab completes it, and goes on through the agents whose names begin so.

use super::super::effect::Effect;
use super::super::model::Model;
use super::compose;

/// Completes the name before the cursor; `false`: there is none, or it is no note.
pub(super) fn complete(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let agents = model.desk.as_ref().map(|desk| desk.agents.clone()).unwrap_or_default();
    let Some(composer) = model.composer.as_mut().filter(|composer| composer.note) else { return false };
    let Some(typed) = composer.name_before_cursor() else { return false };
    let begins = |name: &str, with: &str| name.to_lowercase().starts_with(&with.to_lowercase());
    let whole = typed.trim_end();
    // A whole name goes on to the next one; what was typed of it is not known any more, so all take their turn.
    let next = match agents.iter().position(|agent| agent.0.eq_ignore_ascii_case(whole)) {
        Some(place) if !whole.is_empty() => agents.get(place + 1).or(agents.first()),
        _ => agents.iter().find(|agent| begins(&agent.0, whole)),
    };
    let Some(name) = next.map(|agent| agent.0.clone()) else { return false };
    composer.delete_before(typed.chars().count());
    composer.insert(&format!("{name} "));
    compose::changed(model, out);
    true
}
