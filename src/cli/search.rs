//! `topicdesk search`: messages and notes that contain the words, newest first.

use std::io::{Write, stdout};

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::mirror::glance;
use super::site::{Site, say};
use super::table;
use super::work::{self, unreadable};
use crate::engine::views::{EntryKind, Hit, View, ViewRequest};

#[derive(Args)]
pub(super) struct SearchArgs {
    /// What to look for: all the words; "exact words" in quotes; the beginning of a word with *; conditions as in queue --help
    #[arg(required = true)]
    text: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub(super) async fn run(global: &Global, args: SearchArgs) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let text = args.text.join(" ");
    work::check_query(&site, &handle, &text).await?;
    let request = ViewRequest::Search { text, limit: args.limit };
    let hits = match handle.read(request).await {
        View::Search { hits } => hits,
        other => return Err(unreadable(other)),
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&hits)?)?);
    }
    if hits.is_empty() {
        say("nothing found");
        return Ok(());
    }
    let zone = site.zone(handle.agent());
    let desk = glance(&handle).await?;
    let row = |hit: &Hit| {
        vec![
            desk.ticket_name(hit.key()),
            hit.status.map_or(' ', |status| status.letter()).to_string(),
            zone.moment(hit.at),
            table::cut(&hit.author, 20),
            match hit.kind {
                EntryKind::Note => format!("NOTE {}", hit.snippet),
                EntryKind::Message | EntryKind::Activity => hit.snippet.clone(),
            },
        ]
    };
    let rows: Vec<Vec<String>> = hits.iter().map(row).collect();
    let mut out = stdout().lock();
    Ok(table::write(&mut out, &["TICKET", "S", "DATE", "AUTHOR", "TEXT"], &rows, table::width())?)
}
