//! `topicdesk file`: fetches the file of a message, and tells where it lies or saves it.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure, INTERRUPTED};
use super::mirror::{Opened, glance, stopped};
use super::progress::Progress;
use super::site::Site;
use super::work::{self, TicketNumber};
use super::{interrupt, table};
use crate::config::duration;
use crate::desk::command::Command;
use crate::desk::ids::{MessageId, TicketKey};
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::views::{Alert, FileNews, FileView, NotSaved};

#[derive(Args)]
pub(super) struct FileArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// The message, as `show --json` numbers it
    message: i32,
    /// Save it under this name, or into this folder; what is there is never overwritten
    #[arg(long, value_name = "PATH")]
    save: Option<PathBuf>,
    /// How long to wait for it to come
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration::parse)]
    wait: Duration,
}

pub(super) async fn run(global: &Global, args: FileArgs) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let mirror = Opened::linked(&site, Some(agent)).await?;
    let handle = mirror.handle();
    let part = "what has come so far is kept: the same command goes on with it";
    let done = async {
        let ticket = work::find(&handle, &args.ticket).await?;
        let file = tokio::select! {
            file = fetched(&handle, ticket, MessageId(args.message)) => file?,
            () = tokio::time::sleep(args.wait) => {
                return Err(Failure::error(format!("it did not come within {}; {part}", duration::show(args.wait))));
            }
            () = interrupt::wait() => {
                return Err(Failure { code: INTERRUPTED, message: format!("interrupted; {part}") });
            }
        };
        let path = match args.save {
            None => file.path.clone(),
            Some(to) => handle.save(file.clone(), to.clone(), false).await.map_err(|why| match why {
                NotSaved::Exists => Failure::error(format!("{} is there already: it was left alone", to.display())),
                NotSaved::Failed(why) => Failure::error(why),
            })?,
        };
        if site.json {
            let told = json!({ "path": path, "name": file.name, "size": file.size });
            return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&told)?)?);
        }
        Ok(writeln!(stdout(), "{}", path.display())?)
    };
    let done = done.await;
    mirror.stop().await;
    done
}

/// Has a file fetched, and waits until it is there.
async fn fetched(handle: &Handle, ticket: TicketKey, wanted: MessageId) -> Done<FileView> {
    let mut revisions = handle.watch();
    let command = Command::Fetch { ticket, message: wanted };
    let receipt = handle.submit(new_command_id(), command).await?;
    let file = receipt.file.ok_or_else(|| Failure::error("the desk names no file"))?;
    let mut progress = Progress::new();
    while !file.path.is_file() {
        // What is said may be missed, so somebody looks from time to time.
        let heard = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
        let alerts = heard.ok().flatten().map(|revision| revision.alerts).unwrap_or_default();
        for alert in alerts {
            match alert {
                Alert::File(FileNews::Missed { message, why, .. }) if message == wanted => {
                    return Err(Failure::error(format!("{ticket}: not fetched: {}", table::safe(&why))));
                }
                Alert::File(FileNews::Coming { message, done, size, .. }) if message == wanted => {
                    progress.tell(done, size);
                }
                _ => {}
            }
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(failure);
        }
    }
    Ok(FileView { ready: true, ..file })
}
