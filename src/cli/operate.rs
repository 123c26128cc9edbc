//! `topicdesk status`, `seats`, `stop`, `reload` and `log`: the desk that runs, as a whole.

use std::io::{Write, stdout};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::{log, table, times};
use crate::seat::{Answer, Request, client};

pub(super) async fn status(global: &Global) -> Done {
    let site = Site::find(global)?;
    let Answer::Status(view) = ask(&site, Request::Status).await? else { return Err(odd()) };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&view)?)?);
    }
    let zone = site.desk_zone();
    let seats = if view.seats == 1 { "1 seat".to_owned() } else { format!("{} seats", view.seats) };
    Ok(writeln!(
        stdout(),
        "{} runs since {} as process {} (topicdesk {}), {seats}",
        table::safe(&view.desk),
        zone.moment(view.since),
        view.pid,
        table::safe(&view.program)
    )?)
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
            let pid = seat.pid.map(|pid| pid.to_string()).unwrap_or_default();
            let what = if seat.screens > 0 { "screen" } else { "command" };
            let presence = seat.presence.map(|presence| presence.to_string()).unwrap_or_default();
            vec![
                seat.agent.to_string(),
                seat.authority.to_string(),
                what.to_owned(),
                presence,
                seat.used.map(|used| times::ago(now.since(used))).unwrap_or_default(),
                seat.uid.to_string(),
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
    match ask(&site, request).await? {
        Answer::Done { said } if site.json => Ok(writeln!(stdout(), "{}", serde_json::json!({ "done": said }))?),
        Answer::Done { said } => Ok(writeln!(stdout(), "{}", table::safe(&said))?),
        _ => Err(odd()),
    }
}

async fn ask(site: &Site, request: Request) -> Done<Answer> {
    Ok(client::operate(&site.paths.socket, site.wanted().as_ref(), request).await?)
}

fn odd() -> Failure {
    Failure::error("the desk answered something else")
}
