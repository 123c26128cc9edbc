//! Faults on demand: by control line, by script, by dice; and what the desk makes of those that no other test orders.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use topicdesk::engine::transport::Incoming;
use topicdesk::sandbox::trouble::Trouble;
use topicdesk::sandbox::{Sandbox, worldfile::WorldFile};

use crate::support::client::sandbox;
use crate::support::link::{Desk, bot, setup};

struct Scene {
    server: Sandbox,
    desk: Desk,
    customer: i64,
    topic: i32,
    _folder: tempfile::TempDir,
}

async fn scene() -> Scene {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let customer = server.announcement().first("customer").expect("the shop has one").id;
    let topic = server.world().open_topic(customer, "Does this hold?").expect("opens");
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    Scene { server, desk, customer, topic, _folder: folder }
}

impl Scene {
    fn cause(&self, line: &str) {
        let trouble: Trouble = line.parse().expect("a fault");
        self.server.world().cause(&trouble).expect("makes sense");
    }

    fn say(&self, text: &str) -> i32 {
        self.server.world().say(self.customer, self.topic, text).expect("posts")
    }

    /// Whatever happened: what is said now, and all before it, is there once.
    async fn survives(&mut self, line: &str, before: &[i32]) {
        let last = self.say("still here?");
        let wanted: Vec<i32> = before.iter().copied().chain([last]).collect();
        self.desk.mirrored(line, |desk| wanted.iter().all(|id| desk.text(*id).is_some())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_survives_what_can_happen_to_pushes_and_connections() {
    let mut scene = scene().await;
    for line in [
        "double-pushes 2",
        "swap-pushes 1",
        "lose-pushes 1",
        "slices 1",
        "push-too-long",
        "push-too-long 0",
        "slow 30",
        "skip-ids 40",
        "restart",
        "cut-all",
        "error updates.getChannelDifference 500 WORKER_BUSY_TOO_LONG_RETRY",
        "error updates.getChannelDifference 400 CHANNEL_INVALID",
        "error updates.getChannelDifference 400 PERSISTENT_TIMESTAMP_INVALID",
        "stray",
        "black-hole 1",
    ] {
        scene.cause(line);
        let said: Vec<i32> = (0..3).map(|count| scene.say(&format!("{line} {count}"))).collect();
        scene.survives(line, &said).await;
        scene.cause("clear");
    }
    assert_eq!(scene.server.world().caused().len(), 13, "{:?}", scene.server.world().caused());
}

/// grammers' message boxes forget a gap that opens shortly after another one has closed by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_right_after_another_is_not_forgotten() {
    let mut scene = scene().await;
    for round in 0..8 {
        scene.cause("swap-pushes 1");
        let mut said: Vec<i32> = (0..2).map(|count| scene.say(&format!("swapped {round} {count}"))).collect();
        scene.survives("swapped", &said).await;
        scene.cause("lose-pushes 1");
        said.push(scene.say(&format!("lost {round}")));
        scene.survives("lost", &said).await;
    }
}

/// `skew` moves the server's clock. Behind ours by more than half a minute, grammers-mtproto 0.11 can say nothing that is accepted: ids
/// only ever rise, also when it has learned the time. The desk waits for the clock to be set right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_not_telegrams_is_no_end() {
    let mut scene = scene().await;
    for line in ["skew 900", "skew 1800", "skew 0"] {
        scene.cause(line);
        scene.cause("cut-all");
        scene.survives(line, &[]).await;
    }
    scene.cause("skew -900");
    scene.cause("cut-all");
    scene.desk.until("no connection", |incoming| matches!(incoming, Incoming::Link(_)).then_some(())).await;
    scene.cause("skew 0");
    scene.survives("the clock was set right", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demotion_is_said_and_taken_back() {
    let mut scene = scene().await;
    for (line, admin) in [("demote", false), ("promote", true)] {
        scene.cause(line);
        scene.desk.order(topicdesk::engine::transport::Order::Facts { group: scene.desk.group });
        let facts = |incoming: &Incoming| match incoming {
            Incoming::Facts(facts) => (facts.rights.admin == admin).then_some(()),
            _ => None,
        };
        scene.desk.until(line, facts).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_login_stops_the_link() {
    let mut scene = scene().await;
    scene.cause("revoke");
    scene.cause("cut-all");
    let why = scene.desk.stopped().await;
    assert!(why.contains("topicdesk login"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicated_key_is_latched_and_never_tried_again() {
    let mut scene = scene().await;
    // Once is enough, whatever the server says later.
    scene.cause("error * 406 AUTH_KEY_DUPLICATED");
    scene.cause("cut-all");
    let why = scene.desk.stopped().await;
    assert!(why.contains("AUTH_KEY_DUPLICATED") && why.contains("two processes"), "{why}");
    let world = scene.server.world();
    let calls = || world.calls("help.getConfig") + world.calls("updates.getState") + world.calls("users.getUsers");
    let before = calls();
    // Told to begin anew, and as another process: nothing is asked with that key any more.
    scene.desk.order(topicdesk::engine::transport::Order::Follow { cursor: scene.desk.cursor.clone() });
    assert_eq!(scene.desk.stopped().await, why);
    let setup = setup(&scene.server, scene._folder.path(), 0);
    assert_eq!(Desk::start(&scene.server, &setup, scene.desk.cursor.clone()).stopped().await, why);
    let error = topicdesk::telegram::doctor::examine(&setup, false, &[]).await.expect_err("a dead key");
    assert_eq!(error.to_string(), why);
    assert_eq!((calls(), world.connections()), (before, 0));
    // A login says what it forgets, and makes a new one.
    let said = topicdesk::telegram::login::clear_destroyed(&setup).expect("forgets").expect("there was one");
    assert_eq!(said.to_string(), why);
    bot(&scene.server, &setup).await;
    topicdesk::telegram::doctor::examine(&setup, false, &[]).await.expect("a new login");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_in_the_worlds_file_happens_by_itself() {
    let mut file = WorldFile::shop().expect("the shop");
    file.faults = "0.2 skip-ids 5\n0.3 cut-all".to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.toml");
    std::fs::write(&path, toml::to_string(&file).expect("serialises")).expect("written");
    let server = sandbox(|options| options.world = topicdesk::sandbox::WorldSource::File(path)).await;
    let world = server.world();
    for _ in 0..200 {
        if world.caused().len() == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it did not happen: {:?}", world.caused());
}

#[test]
fn control_lines_and_a_file_cause_faults_in_a_sandbox_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("faults");
    std::fs::write(&path, "0.1 skip-ids 3\n").expect("written");
    let start = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topicdesk"));
        command.args(["sandbox", "--quiet", "--json", "--chaos", "7", "--faults"]).arg(&path).args(extra);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs")
    };
    let mut sandbox = start(&[]);
    let mut lines = sandbox.stdin.take().expect("piped");
    writeln!(lines, "fault cut-all\nlose-pushes 2\nnonsense\ndelete-topic 999999").expect("written");
    let errors = BufReader::new(sandbox.stderr.take().expect("piped"));
    let said: Vec<String> = errors.lines().take(4).map(|line| line.expect("read")).collect();
    sandbox.kill().expect("killed");
    sandbox.wait().expect("ended");
    assert_eq!(said[..2], ["done: cut-all", "done: lose-pushes 2"]);
    assert!(said[2].starts_with("not done: there is no fault `nonsense`"), "{said:?}");
    assert!(said[3].starts_with("not done: TOPIC_ID_INVALID"), "{said:?}");
    std::fs::write(&path, "soon cut-all\n").expect("written");
    let wrong = start(&[]).wait_with_output().expect("ends by itself");
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("line 1"), "{wrong:?}");
}
