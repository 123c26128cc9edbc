//! `topicdesk status`, `seats`, `stop`, `reload` and `log`: the desk that runs, as a whole.

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::{log, table, times};
use crate::clock::Timestamp;
use crate::config;
use crate::engine::handle::{Answer, Request};
use crate::engine::transport::LinkState;
use crate::seat::{SeatError, client};

pub(super) async fn status(global: &Global) -> Done {
    let site = Site::find(global)?;
    let Answer::Status(view) = ask(&site, Request::Status).await? else { return Err(odd()) };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&view)?)?);
    }
    let zone = site.desk_zone();
    let screens = table::count(view.seats, "screen", "screens");
    writeln!(
        stdout(),
        "{} runs since {} as process {} (topicdesk {}), {screens} open",
        table::safe(&view.desk),
        zone.moment(view.since),
        view.pid,
        table::safe(&view.program)
    )?;
    let link = match &view.link {
        None | Some(LinkState::Live) => return Ok(()),
        Some(LinkState::Connecting) => "connecting to Telegram".to_owned(),
        Some(LinkState::CatchingUp) => "catching up with Telegram".to_owned(),
        Some(LinkState::Offline { since, why }) => format!("offline since {}: {why}", zone.moment(*since)),
        Some(LinkState::Stopped { why }) => why.clone(),
    };
    Ok(writeln!(stdout(), "{}", table::safe(&link))?)
}

pub(super) async fn seats(global: &Global) -> Done {
    let site = Site::find(global)?;
    let Answer::Seats { seats } = ask(&site, Request::Seats).await? else { return Err(odd()) };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&seats)?)?);
    }
    let (zone, now) = (site.desk_zone(), site.clock.now());
    let lines: Vec<Vec<String>> = seats
        .iter()
        .map(|seat| {
            // The number, if it is nobody's of this machine: the desk may run in another container.
            let user = config::os_user_named(seat.uid).unwrap_or_else(|| seat.uid.to_string());
            let pid = seat.pid.map(|pid| pid.to_string()).unwrap_or_default();
            let what = if seat.screens > 0 { "screen" } else { "command" };
            let presence = seat.presence.map(|presence| presence.to_string()).unwrap_or_default();
            vec![
                seat.agent.to_string(),
                seat.authority.to_string(),
                what.to_owned(),
                presence,
                seat.used.map(|used| times::ago(now.since(used))).unwrap_or_default(),
                user,
                pid,
                zone.moment(seat.since),
            ]
        })
        .collect();
    Ok(table::write(
        &mut stdout(),
        &["AGENT", "ROLE", "WHAT", "PRESENCE", "LAST KEY", "USER", "PROCESS", "SINCE"],
        &lines,
        table::width(),
    )?)
}

pub(super) async fn stop(global: &Global) -> Done {
    done(global, Request::Stop).await
}

pub(super) async fn reload(global: &Global) -> Done {
    done(global, Request::Reload).await
}

#[derive(Args)]
pub(super) struct LogArgs {
    /// How much
    #[arg(value_parser = PossibleValuesParser::new(log::LEVELS))]
    level: String,
}

pub(super) async fn log(global: &Global, args: LogArgs) -> Done {
    done(global, Request::Log { level: args.level }).await
}

async fn done(global: &Global, request: Request) -> Done {
    let site = Site::find(global)?;
    let begins_anew = request == Request::Reload;
    let before = if begins_anew { begun(&site).await? } else { None };
    let answer = ask(&site, request).await?;
    if begins_anew {
        anew(&site, before).await;
    }
    match answer {
        Answer::Done { said } if site.json => Ok(writeln!(stdout(), "{}", serde_json::json!({ "done": said }))?),
        Answer::Done { said } => Ok(writeln!(stdout(), "{}", table::safe(&said))?),
        _ => Err(odd()),
    }
}

/// How long a desk may take to begin anew until a command no longer waits for it.
const ANEW: Duration = Duration::from_secs(10);

/// Between one look and the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells when the desk was last begun; `None`: none runs.
pub(super) async fn begun(site: &Site) -> Done<Option<Timestamp>> {
    match client::operate(&site.paths.socket, site.wanted().as_ref(), Request::Status).await {
        Ok(Answer::Status(view)) => Ok(Some(view.begun)),
        Ok(_) => Err(odd()),
        Err(SeatError::Nobody(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits until a desk runs that has begun later, so that the next command finds it; not for ever.
pub(super) async fn anew(site: &Site, before: Option<Timestamp>) {
    let again = async {
        loop {
            match client::operate(&site.paths.socket, site.wanted().as_ref(), Request::Status).await {
                Ok(Answer::Status(view)) if Some(view.begun) == before => {}
                // Nobody listens yet, or who did is just ending.
                Err(SeatError::Nobody(_) | SeatError::Closed(_)) => {}
                // Whatever else is wrong with it, the next command says.
                _ => return,
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let _late = tokio::time::timeout(ANEW, again).await;
}

/// How long a socket on which nobody listens is looked at: whoever begins anew leaves it there.
const MOMENT: Duration = Duration::from_secs(2);

/// Asks the desk that runs, or the next one if that one is just ending. What is not only a question is not asked twice.
///
/// # Errors
/// There is none, it does not let this user in, or what was asked was refused or has failed.
pub(super) async fn ask(site: &Site, request: Request) -> Done<Answer> {
    let path = &site.paths.socket;
    let begun = Instant::now();
    loop {
        match client::operate(path, site.wanted().as_ref(), request.clone()).await {
            Err(SeatError::Nobody(_)) if path.exists() && begun.elapsed() < MOMENT => {}
            Err(SeatError::Closed(_)) if request.only_asks() && begun.elapsed() < ANEW => {}
            other => return answered(other?),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes an answer, or ends as what was asked has.
pub(super) fn answered(answer: Answer) -> Done<Answer> {
    match answer {
        Answer::Failed { exit, why } => Err(Failure { code: exit, message: why }),
        answer => Ok(answer),
    }
}

pub(super) fn odd() -> Failure {
    Failure::error("the desk answered something else")
}
