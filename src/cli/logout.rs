//! `topicdesk logout`: ends the login at Telegram and forgets its key. Tickets, notes and drafts stay.

use std::io::{Write, stdout};

use super::args::Global;
use super::failure::Done;
use super::mirror;
use super::site::Site;
use crate::store::lock;
use crate::telegram::login;

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    let setup = mirror::setup(&site)?;
    let _lock = lock::take(&site.paths.data).map_err(crate::engine::EngineError::from)?;
    login::logout(&setup).await?;
    Ok(writeln!(stdout(), "logged out; the tickets in {} stay", site.paths.data.display())?)
}
