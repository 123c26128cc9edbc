//! `topicdesk logout`: ends the login at Telegram and forgets its key. Tickets, notes and drafts stay. Where the desk runs, its process
//! does it for an admin, and goes on without a login.

use std::io::{Write, stdout};

use super::args::Global;
use super::failure::Done;
use super::site::Site;
use super::{login as logins, mirror, operate, table};
use crate::engine::handle::{Answer, Request};
use crate::store::lock;
use crate::telegram::login;

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    if let Some(since) = logins::runs(&site).await? {
        let Answer::Done { said } = operate::ask(&site, Request::Logout).await? else { return Err(operate::odd()) };
        operate::anew(&site, Some(since)).await;
        return Ok(writeln!(stdout(), "{}", table::safe(&said))?);
    }
    let setup = mirror::setup(&site)?;
    let _lock = lock::take(&site.paths.data).map_err(crate::engine::EngineError::from)?;
    login::logout(&setup).await?;
    Ok(writeln!(stdout(), "{}", logins::said(&site.paths.data))?)
}
