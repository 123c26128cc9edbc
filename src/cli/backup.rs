//! `topicdesk backup` and `topicdesk restore`: a copy of the desk, and back.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::{Site, in_use};
use crate::engine::EngineError;
use crate::engine::handle::{Answer, Request};
use crate::seat::{SeatError, client};
use crate::store::backup;

#[derive(Args)]
pub(super) struct BackupArgs {
    /// The file to write; what is there is never overwritten
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct RestoreArgs {
    /// A file that `backup` has written
    file: PathBuf,
}

/// Copies the tickets: by itself where this user may read them, else whoever runs the desk does.
pub(super) async fn backup(global: &Global, args: BackupArgs) -> Done {
    let site = Site::find(global)?;
    let to = absolute(&args.file)?;
    if std::fs::File::open(site.paths.tickets()).is_ok() {
        backup::backup(&site.paths.data, &to).map_err(EngineError::from)?;
    } else {
        let asked =
            client::operate(&site.paths.socket, site.wanted().as_ref(), Request::Backup { to: to.clone() }).await;
        match asked {
            Ok(Answer::Done { .. }) => {}
            Ok(Answer::Failed { exit, why }) => return Err(Failure { code: exit, message: why }),
            Ok(_) => return Err(Failure::error("the desk answered something else")),
            Err(SeatError::Nobody(_)) => {
                return Err(Failure::error(format!(
                    "there is no desk that you can read in {}",
                    site.paths.data.display()
                )));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(writeln!(stdout(), "{}: the tickets as they are now; the login is not in it", to.display())?)
}

pub(super) fn restore(global: &Global, args: &RestoreArgs) -> Done {
    let site = Site::find(global)?;
    const STOP: &str = "end it first: `topicdesk stop`, or leave the screen (`q`) beside which it runs";
    let aside = backup::restore(&site.paths.data, &args.file).map_err(|error| in_use(error, STOP))?;
    let before = aside.map(|aside| format!("; what was there is {}", aside.display())).unwrap_or_default();
    Ok(writeln!(
        stdout(),
        "{} is the desk now{before}. What was not sent yet in it is parked: `topicdesk outbox` lists it. The next start fetches what \
         has happened since",
        args.file.display()
    )?)
}

fn absolute(path: &Path) -> Done<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::error(format!("{}: {error}", path.display())))
}
