//! Holes that Telegram makes by giving up telling what happened: seen, closed, and known to be closed, over real sockets.

use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{CommandId, GroupId, TicketKey, TopicId};
use topicdesk::engine::views::{Completeness, View, ViewRequest};

use crate::mirror::{customer, login_as_bot, open, sandbox, setup, until, until_synced, until_thread};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_that_a_fault_script_makes_is_closed_and_verified() {
    let server = sandbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path());
    login_as_bot(&server, &setup).await;
    let (_desk, handle) = open(folder.path(), setup);
    until_synced(&handle).await;
    let world = server.world();
    let author = customer(&server);
    let topic = world.open_topic(author, "Where is it?").expect("opens");
    let ticket = TicketKey { group: GroupId(server.announcement().group.id), topic: TopicId(topic) };
    until_thread(&handle, ticket, "the topic", |_| true).await;
    // Nothing of what is written is pushed, and the difference tells no more than that there was too much.
    for line in ["lose-pushes 150", "too-long"] {
        world.cause(&line.parse().expect("a fault")).expect("makes sense");
    }
    let said: Vec<String> = (0..150).map(|count| format!("lost in the gap {count}")).collect();
    for text in &said {
        world.say(author, topic, text).expect("posts");
    }
    world.cause(&"push-too-long".parse().expect("a fault")).expect("makes sense");
    until_thread(&handle, ticket, "all of it", |page| {
        said.iter().all(|text| page.thread.iter().filter(|entry| entry.text == *text).count() == 1)
    })
    .await;
    assert!(world.caused().contains_key("too-long"), "{:?}", world.caused());
    let recheck = Command::Recheck { ticket: Some(ticket) };
    handle.submit(CommandId("verify".to_owned()), recheck).await.expect("begins");
    until(&handle, "compared", |desk| desk.recheck.as_ref().is_some_and(|recheck| recheck.done == recheck.total)).await;
    let request = ViewRequest::Completeness { ticket: Some(ticket) };
    let View::Completeness { checks } = handle.read(request).await else { panic!("no checks") };
    assert_eq!(checks.iter().map(|check| check.verdict).collect::<Vec<_>>(), [Completeness::Complete], "{checks:?}");
    assert!(checks[0].holes.is_empty() && checks[0].messages >= 150, "{checks:?}");
}
