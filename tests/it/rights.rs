//! Rights that are lost while the desk runs, over real sockets and on the real screen: read-only, said in one line, and back by itself.

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::CommandId;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::transport::LinkState;
use topicdesk::engine::views::{View, ViewRequest};
use topicdesk::sandbox::Sandbox;

use crate::mirror::{login_as_bot, open, sandbox, setup, until as desk_until};
use crate::support::process::{SandboxProcess, until};
use crate::support::screen::Start;

fn cause(server: &Sandbox, line: &str) {
    server.world().cause(&line.parse().expect("a fault")).expect("makes sense");
}

/// Some ticket that can be answered.
async fn ticket(handle: &Handle) -> topicdesk::desk::ids::TicketKey {
    match handle.read(ViewRequest::NextTicket { after: None, backwards: false }).await {
        View::Ticket { ticket: Some(ticket) } => ticket,
        other => panic!("{other:?}"),
    }
}

/// What comes of a reply.
async fn reply(handle: &Handle, id: &str) -> Result<(), Refusal> {
    let ticket = ticket(handle).await;
    let command = Command::Reply {
        ticket,
        text: format!("reply {id}"),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    handle.submit(CommandId(id.to_owned()), command).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_while_it_runs_makes_the_desk_read_only_until_it_returns() {
    let server = sandbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path());
    login_as_bot(&server, &setup).await;
    let (_desk, handle) = open(folder.path(), setup);
    desk_until(&handle, "all there", |desk| desk.backfill.is_none() && desk.link == Some(LinkState::Live)).await;
    // An admin sees everything all the same.
    cause(&server, "privacy-on");
    for (lost, back, words) in [
        ("demote", "promote", "shown only commands"),
        ("kick", "unkick", "not a member"),
        ("forum-off", "forum-on", "no topics"),
    ] {
        cause(&server, lost);
        let mut why = String::new();
        desk_until(&handle, lost, |desk| {
            why = desk.read_only.clone().unwrap_or_default();
            why.contains(words)
        })
        .await;
        let refused = reply(&handle, lost).await;
        assert!(matches!(&refused, Err(Refusal::ReadOnly(said)) if said.contains(words)), "{lost}: {refused:?}");
        cause(&server, back);
        desk_until(&handle, back, |desk| desk.read_only.is_none() && desk.link == Some(LinkState::Live)).await;
        reply(&handle, back).await.expect(back);
    }
    // A bot that is no admin sees everything only while its privacy mode is off.
    cause(&server, "privacy-off");
    cause(&server, "demote");
    let plain = |desk: &topicdesk::engine::views::DeskView| desk.groups.iter().all(|facts| !facts.rights.admin);
    desk_until(&handle, "a plain member that sees all", |desk| plain(desk) && desk.read_only.is_none()).await;
    cause(&server, "privacy-on");
    desk_until(&handle, "privacy mode", |desk| desk.read_only.is_some()).await;
    cause(&server, "privacy-off");
    desk_until(&handle, "no privacy mode", |desk| desk.read_only.is_none()).await;
}

#[test]
fn the_screen_says_in_one_line_what_is_lost_and_what_the_clock_is() {
    let mut sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0");
    desk.run(&["sync"]).ok();
    let terminal = Start::new(&[]).data_dir(desk.path()).env("TOPICDESK_AGENT", "anna").open();
    terminal.sees(" live");
    sandbox.cause("privacy-on");
    for (lost, back, words) in [
        ("demote", "promote", "read-only: "),
        ("kick", "unkick", "not a member"),
        ("forum-off", "forum-on", "no topics"),
    ] {
        sandbox.cause(lost);
        terminal.sees(words);
        sandbox.cause(back);
        terminal.misses(words);
        terminal.sees(" live");
    }
    sandbox.cause("skew 1200");
    sandbox.cause("cut-all");
    terminal.sees("s behind Telegram's");
    sandbox.cause("skew 0");
    sandbox.cause("cut-all");
    terminal.misses("s behind Telegram's");
    terminal.sees(" live");
}

#[test]
fn a_destroyed_key_is_told_in_one_sentence_by_every_process_until_there_is_a_new_one() {
    const SENTENCE: &str = "because two processes used it at once";
    let mut sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let more = "backfill_calls_per_second = 0";
    let desk = sandbox.bot_desk(more);
    desk.run(&["sync"]).ok();
    sandbox.cause("duplicate-key");
    desk.run(&["sync"]).fails(3, SENTENCE);
    for args in [&["sync"][..], &["verify"]] {
        desk.run(args).fails(3, SENTENCE);
    }
    let checked = desk.run(&["doctor"]);
    assert!(checked.out.replace('\n', " ").contains("AUTH_KEY_DUPLICATED"), "{checked:?}");
    // What is stored can be read and worked all the same.
    assert!(!desk.queue("all").is_empty());
    desk.configure(&crate::support::process::settings(&sandbox.line, 5, more));
    let login = sandbox.login(&desk);
    assert!(login.code == Some(0) && login.err.contains("the old login is forgotten"), "{login:?}");
    desk.run(&["sync"]).ok();
    sandbox.login(&desk).fails(1, "already logged in");
    // Doctor has a line for the clock, too.
    sandbox.cause("skew 1200");
    until("the line", || {
        let words = desk.run(&["doctor"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
        words.contains("s behind Telegram's: SLA clocks run on Telegram's dates -> fix NTP").then_some(())
    });
}
