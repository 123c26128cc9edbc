//! The desk as a whole, from the screen: who sits at it, reading `desk.toml` again, and an engine that goes and comes back.

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::overlays::status::{About, StatusPage};
use super::{say, warn};
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

/// The engine has ended, and there is another one, here or in another process.
pub(super) fn engine(model: &mut Model, news: &EngineNews, out: &mut Vec<Effect>) {
    let lost_before = model.unreached.is_some();
    model.unreached = match news {
        EngineNews::Lost { why } => Some(why.clone()),
        EngineNews::Back | EngineNews::Hosting => None,
    };
    match news {
        EngineNews::Lost { .. } if model.rereading && !lost_before => {}
        EngineNews::Lost { .. } => {
            warn(model, "the desk is not to be reached: what you do now waits for it".to_owned(), out);
        }
        EngineNews::Back | EngineNews::Hosting if std::mem::take(&mut model.rereading) => {
            // What it was opened with, it keeps.
            say(model, "read again; reopen this screen for keys, theme, templates".to_owned(), out);
        }
        EngineNews::Back => say(model, "the desk is there again, and has all that waited".to_owned(), out),
        EngineNews::Hosting => say(model, "the desk had ended: it runs here now, and goes on".to_owned(), out),
    }
}
