//! The desk as a whole, from the screen: who sits at it, reading `desk.toml` again, and an engine that goes and comes back.

use super::super::effect::Effect;
use super::super::keymap::Keymap;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::overlays::status::{About, StatusPage};
use super::super::theme::Theme;
use super::super::until::Zone;
use super::super::{Reread, Setup};
use super::{say, templates, warn};
use crate::desk::template::suggest::Words;
use crate::engine::handle::{Answer, Request};
use crate::engine::views::EngineNews;

/// Opens the list of seats, and asks for it.
pub(super) fn seats(model: &mut Model, out: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Status(StatusPage { top: 0, about: About::Seats(None) }));
    out.push(Effect::Operate(Request::Seats));
}

pub(super) fn reload(model: &mut Model, out: &mut Vec<Effect>) {
    say(model, "desk.toml is being read again".to_owned(), out);
    out.push(Effect::Operate(Request::Reload));
}

/// Takes in what was answered.
pub(super) fn answered(model: &mut Model, request: &Request, outcome: Result<Answer, String>, out: &mut Vec<Effect>) {
    model.dirty = true;
    let why = match outcome {
        Ok(Answer::Seats { seats }) => {
            if let Some(Overlay::Status(StatusPage { about: About::Seats(shown), .. })) = &mut model.overlay {
                *shown = Some(seats);
            }
            return;
        }
        Ok(Answer::Done { said }) => {
            // It begins anew now: that it goes and comes back is no news here.
            model.rereading = *request == Request::Reload;
            return say(model, said, out);
        }
        Ok(Answer::Failed { why, .. }) | Err(why) => why,
        // An answer of another kind than asked for: there is nothing to show.
        Ok(_) => return,
    };
    if let Some(Overlay::Status(StatusPage { about: About::Seats(None), .. })) = &model.overlay {
        model.overlay = None;
    }
    warn(model, why, out);
}

/// Takes in how `desk.toml` is now: whatever is being written, looked at or waited for stays as it is.
pub(super) fn reread(model: &mut Model, outcome: Reread, out: &mut Vec<Effect>) {
    let asked = std::mem::take(&mut model.rereading);
    let (setup, complaints) = match outcome {
        Ok(read) => read,
        Err(why) => return warn(model, format!("this screen stays as it was: {why}"), out),
    };
    let own = Setup { restored: model.setup.restored.take(), clock: model.setup.clock.clone(), ..setup };
    let before = std::mem::replace(&mut model.setup, own);
    // A theme that was chosen on the screen stays, unless the file names another one now.
    if before.theme != model.setup.theme {
        let theme = Theme::named(&model.setup.theme).unwrap_or_default();
        model.theme = if model.colour { theme } else { theme.without_colour() };
    }
    model.keymap = Keymap::new(&model.setup.keys).0;
    model.prefix.clear();
    model.which_key = false;
    model.zone = Zone(model.setup.timezone);
    model.templates.words = Words::of(&model.setup.templates);
    templates::suggest(model);
    out.push(Effect::Repaint);
    match complaints.into_iter().next() {
        Some(complaint) if asked => warn(model, format!("read again, but: {complaint}"), out),
        None if asked => say(model, "desk.toml was read again, for this screen too".to_owned(), out),
        _ => {}
    }
}

/// The engine has ended, and there is another one, here or in another process.
pub(super) fn engine(model: &mut Model, news: &EngineNews, out: &mut Vec<Effect>) {
    let lost_before = model.unreached.is_some();
    model.unreached = match news {
        EngineNews::Lost { why } => Some(why.clone()),
        EngineNews::Back | EngineNews::Hosting => None,
    };
    if model.unreached.is_none() {
        // The file may say something else by now.
        out.push(Effect::Reread);
    }
    match news {
        EngineNews::Lost { .. } if model.rereading && !lost_before => {}
        EngineNews::Lost { .. } => {
            warn(model, "the desk is not to be reached: what you do now waits for it".to_owned(), out);
        }
        // What comes of it is told when this screen has read it, too.
        EngineNews::Back | EngineNews::Hosting if model.rereading => {}
        // It was begun anew before anybody noticed.
        EngineNews::Back if !lost_before => {}
        EngineNews::Back => say(model, "the desk is there again, and has all that waited".to_owned(), out),
        EngineNews::Hosting => say(model, "the desk had ended: it runs here now, and goes on".to_owned(), out),
    }
}
