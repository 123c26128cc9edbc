//! `topicdesk watch`: what happens at the desk, a line each, for scripts.

use std::io::{Write, stdout};

use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::glance;
use super::site::Site;
use super::sync::tell_alert;
use super::{interrupt, table};
use crate::seat::SeatError;

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    let Some((handle, _)) = super::seat::attach(&site, site.wanted()).await? else {
        return Err(SeatError::Nobody(site.paths.socket.clone()).into());
    };
    let mut revisions = handle.watch();
    let told = async {
        loop {
            let Some(revision) = revisions.next().await else { return Err(Failure::error("the desk has stopped")) };
            if site.json {
                writeln!(stdout(), "{}", json!(revision))?;
                stdout().flush()?;
                continue;
            }
            if revision.alerts.is_empty() {
                continue;
            }
            let desk = glance(&handle).await?;
            for alert in &revision.alerts {
                tell_alert(&mut stdout(), alert, &|ticket| table::safe(&desk.ticket_name(*ticket)))?;
            }
        }
    };
    tokio::select! {
        told = told => told,
        () = interrupt::wait() => Ok(()),
    }
}
