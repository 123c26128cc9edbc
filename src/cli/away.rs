//! `topicdesk away` and `topicdesk back`: say that one is not there to be given work, and that one is again.

use std::io::{Write, stdout};

use serde_json::json;

use super::args::Global;
use super::failure::Done;
use super::mirror::Opened;
use super::site::Site;
use crate::desk::command::Command;
use crate::engine::handle::new_command_id;

pub(super) async fn run(global: &Global, away: bool) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let opened = Opened::unlinked(&site, agent.clone()).await?;
    let handle = opened.handle();
    let done = handle.submit(new_command_id(), Command::SetPresence { away }).await;
    opened.stop().await;
    let notice = done?.notice.map(|notice| format!(": {notice}")).unwrap_or_default();
    if site.json {
        return Ok(writeln!(stdout(), "{:#}", json!({ "agent": agent, "away": away }))?);
    }
    let word = if away { "away" } else { "back" };
    Ok(writeln!(stdout(), "{agent}: you are {word}{notice}")?)
}
