//! What Telegram can do to threads and topics, through real sockets, while the desk looks and while it is away.

use topicdesk::desk::ids::{GroupId, TicketKey, TopicId};
use topicdesk::desk::ticket::Status;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::views::{Entry, ThreadPage};
use topicdesk::sandbox::world::{Media, NewTopic, Post, Standing, TopicEdit, World};
use topicdesk::sandbox::{Sandbox, WorldHandle};

use crate::mirror::{customer, login_as_bot, login_as_user, open, sandbox, setup, until_synced, until_thread};

fn key(sandbox: &Sandbox, topic: i32) -> TicketKey {
    TicketKey { group: GroupId(sandbox.announcement().group.id), topic: TopicId(topic) }
}

fn agent(sandbox: &Sandbox) -> i64 {
    sandbox.announcement().first("agent").expect("an agent").id
}

/// Does something to the world at its own time.
fn act<T>(world: &WorldHandle, act: impl FnOnce(&mut World, topicdesk::clock::Timestamp) -> T) -> T {
    let now = world.now();
    world.with(|world| act(world, now))
}

fn photo() -> Media {
    Media::Photo { width: 1280, height: 720, size: 90_000 }
}

fn has(page: &ThreadPage, good: impl Fn(&Entry) -> bool) -> bool {
    page.thread.iter().any(good)
}

/// Everything that becomes of the messages of a topic, with the ids of what it was done to.
struct Deeds {
    question: i32,
    album: i32,
    quoting: i32,
    gone: i32,
}

fn talk(sandbox: &Sandbox, topic: i32) -> Deeds {
    let (world, who, staff) = (sandbox.world(), customer(sandbox), agent(sandbox));
    let question = world.say(who, topic, "Do you have it in red?").expect("said");
    let gone = world.say(who, topic, "my address is Main st 1").expect("said");
    let album = act(&world, |world, now| {
        let first = Post::new(who, topic, "both sides").with_media(photo()).in_album(7);
        let first = world.send(first, now).expect("sent");
        world.send(Post::new(who, topic, "").with_media(photo()).in_album(7), now).expect("sent");
        first
    });
    world.say(staff, topic, "Red is sold out").expect("said");
    let quoting = act(&world, |world, now| {
        let poll = Media::Poll { question: "Which day?".to_owned(), options: vec!["Monday".to_owned()] };
        world.send(Post::new(who, topic, "").with_media(poll), now).expect("sent");
        world.send(Post::new(who, topic, "what about it?").replying_to(question).quoting("in red"), now).expect("sent")
    });
    Deeds { question, album, quoting, gone }
}

fn change(sandbox: &Sandbox, deeds: &Deeds) {
    let (world, who, staff) = (sandbox.world(), customer(sandbox), agent(sandbox));
    let at = world.now() + std::time::Duration::from_secs(5);
    world.with(|world| {
        world.edit_message(0, who, deeds.question, "Do you have it in BLUE?", Vec::new(), at).expect("edited");
        world.delete_messages(0, who, &[deeds.gone], at).expect("deleted");
        world.place_pin(0, staff, deeds.question, true, at).expect("pinned");
        world.react(0, staff, deeds.quoting, &["👍"], at).expect("reacted");
        world.react(0, who, deeds.quoting, &["👍"], at).expect("reacted");
    });
}

fn is_talked(page: &ThreadPage, deeds: &Deeds) -> bool {
    has(page, |entry| {
        entry.text == "[album: 2 photos]\nboth sides" && entry.message_id.is_some_and(|id| id.0 == deeds.album)
    }) && has(page, |entry| entry.text == "[poll Which day? · Monday]")
        && has(page, |entry| {
            entry.text == "what about it?" && entry.quote.as_deref() == Some("in red") && entry.quote_author.is_some()
        })
}

fn is_changed(page: &ThreadPage, deeds: &Deeds) -> bool {
    let id = |entry: &Entry, id: i32| entry.message_id.is_some_and(|own| own.0 == id);
    has(page, |entry| {
        id(entry, deeds.question)
            && entry.text == "Do you have it in BLUE?"
            && entry.edits.iter().map(|edit| edit.text.as_str()).eq(["Do you have it in red?"])
            && entry.edited_after_answer
            && entry.pinned
    }) && has(page, |entry| id(entry, deeds.gone) && entry.deleted && entry.text.is_empty())
        && page.ticket.pinned.iter().any(|pinned| pinned.message_id.0 == deeds.question)
        && has(page, |entry| entry.text.ends_with("pinned a message") && entry.quote.is_some())
        && page.ticket.row.flagged
}

fn is_liked(page: &ThreadPage, deeds: &Deeds) -> bool {
    has(page, |entry| {
        entry.message_id.is_some_and(|id| id.0 == deeds.quoting)
            && entry.reactions.iter().map(|one| (one.emoji.as_str(), one.count)).eq([("👍", 2)])
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_sees_what_becomes_of_messages_also_what_it_missed() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup.clone());
    until_synced(&handle).await;
    let topic = sandbox.world().open_topic(customer(&sandbox), "Seen").expect("topic");
    let deeds = talk(&sandbox, topic);
    until_thread(&handle, key(&sandbox, topic), "live", |page| is_talked(page, &deeds)).await;
    change(&sandbox, &deeds);
    until_thread(&handle, key(&sandbox, topic), "live", |page| is_changed(page, &deeds) && is_liked(page, &deeds))
        .await;

    let missed = sandbox.world().open_topic(customer(&sandbox), "Missed").expect("topic");
    let deeds = talk(&sandbox, missed);
    until_thread(&handle, key(&sandbox, missed), "live", |page| is_talked(page, &deeds)).await;
    desk.stop();
    change(&sandbox, &deeds);
    let (desk, handle) = open(folder.path(), setup);
    let all = |page: &ThreadPage| is_changed(page, &deeds) && is_liked(page, &deeds);
    until_thread(&handle, key(&sandbox, missed), "what was missed", all).await;
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_what_becomes_of_messages() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_user(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup);
    until_synced(&handle).await;
    let topic = sandbox.world().open_topic(customer(&sandbox), "Seen").expect("topic");
    let deeds = talk(&sandbox, topic);
    until_thread(&handle, key(&sandbox, topic), "talk", |page| is_talked(page, &deeds)).await;
    change(&sandbox, &deeds);
    until_thread(&handle, key(&sandbox, topic), "changes", |page| is_changed(page, &deeds) && is_liked(page, &deeds))
        .await;
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_the_reactions_that_changed_while_it_was_away() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_user(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup.clone());
    until_synced(&handle).await;
    let world = sandbox.world();
    let topic = world.open_topic(customer(&sandbox), "Liked").expect("topic");
    let first = world.say(agent(&sandbox), topic, "Does it work now?").expect("said");
    let second = world.say(agent(&sandbox), topic, "Anything else?").expect("said");
    let cause = |line: String| world.cause(&line.parse().expect("a fault")).expect("makes sense");
    let liked = |page: &ThreadPage, wanted: &[(i32, &str)]| {
        let all = page.thread.iter().flat_map(|entry| {
            entry.reactions.iter().map(|one| (entry.message_id.map_or(0, |id| id.0), one.emoji.as_str()))
        });
        all.collect::<Vec<_>>() == wanted
    };
    cause(format!("react {first} 👍"));
    until_thread(&handle, key(&sandbox, topic), "live", |page| liked(page, &[(first, "👍")])).await;
    desk.stop();
    cause(format!("unreact {first}"));
    cause(format!("react {second} 🎉"));
    let (desk, handle) = open(folder.path(), setup);
    until_thread(&handle, key(&sandbox, topic), "while it was away", |page| liked(page, &[(second, "🎉")])).await;
    desk.stop();
    sandbox.stop().await;
}

/// The topics to which things are done.
struct Topics {
    renamed: i32,
    closed: i32,
    reopened: i32,
    deleted: i32,
}

fn opened(sandbox: &Sandbox) -> Topics {
    let open = |title: &str| {
        let topic = sandbox.world().open_topic(customer(sandbox), title).expect("topic");
        sandbox.world().say(customer(sandbox), topic, "help").expect("said");
        topic
    };
    let topics = Topics { renamed: open("one"), closed: open("two"), reopened: open("three"), deleted: open("four") };
    edit(sandbox, topics.reopened, TopicEdit { closed: Some(true), ..TopicEdit::default() });
    topics
}

fn edit(sandbox: &Sandbox, topic: i32, edit: TopicEdit) {
    let staff = agent(sandbox);
    act(&sandbox.world(), |world, now| world.edit_topic(0, staff, topic, edit, now)).expect("edited");
}

fn work_topics(sandbox: &Sandbox, topics: &Topics, hidden: bool) -> i32 {
    let nothing = TopicEdit::default;
    let icon = Some(5_312_536_423_851_630_001);
    edit(sandbox, topics.renamed, TopicEdit { title: Some("another name".to_owned()), ..nothing() });
    edit(sandbox, topics.renamed, TopicEdit { icon_emoji_id: icon, ..nothing() });
    edit(sandbox, topics.closed, TopicEdit { closed: Some(true), ..nothing() });
    edit(sandbox, topics.reopened, TopicEdit { closed: Some(false), ..nothing() });
    edit(sandbox, 1, TopicEdit { hidden: Some(hidden), ..nothing() });
    let staff = agent(sandbox);
    act(&sandbox.world(), |world, now| world.delete_topic(0, staff, topics.deleted, now)).expect("deleted");
    let new = NewTopic::new(customer(sandbox), "a new one");
    let new = act(&sandbox.world(), |world, now| world.create_topic(new, now)).expect("topic");
    sandbox.world().say(customer(sandbox), new, "hello").expect("said");
    new
}

async fn see_topics(sandbox: &Sandbox, handle: &Handle, topics: &Topics, new: i32, hidden: bool) {
    let key = |topic| key(sandbox, topic);
    until_thread(handle, key(topics.renamed), "renamed", |page| {
        page.ticket.row.title == "another name" && page.ticket.topic_icon == Some(5_312_536_423_851_630_001)
    })
    .await;
    until_thread(handle, key(topics.closed), "closed", |page| {
        page.ticket.topic_closed && page.ticket.row.status == Status::Closed
    })
    .await;
    until_thread(handle, key(topics.reopened), "reopened", |page| {
        !page.ticket.topic_closed && page.ticket.row.status == Status::Open && page.ticket.row.episode == 2
    })
    .await;
    until_thread(handle, key(1), "General", |page| page.ticket.topic_hidden == hidden).await;
    until_thread(handle, key(topics.deleted), "deleted", |page| {
        page.ticket.topic_gone
            && page.ticket.row.status == Status::Closed
            && has(page, |entry| entry.text == "the topic was deleted in Telegram")
    })
    .await;
    until_thread(handle, key(new), "created", |page| {
        page.ticket.row.status == Status::Open
            && page.ticket.row.title == "a new one"
            && page.ticket.row.waiting_since.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_topics_changes_the_tickets_also_while_the_desk_is_away() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup.clone());
    until_synced(&handle).await;
    let topics = opened(&sandbox);
    let last = key(&sandbox, topics.reopened);
    until_thread(&handle, last, "opened", |page| page.ticket.row.status == Status::Closed).await;
    let new = work_topics(&sandbox, &topics, true);
    see_topics(&sandbox, &handle, &topics, new, true).await;

    let topics = opened(&sandbox);
    let last = key(&sandbox, topics.reopened);
    until_thread(&handle, last, "opened", |page| page.ticket.row.status == Status::Closed).await;
    desk.stop();
    let new = work_topics(&sandbox, &topics, false);
    let (desk, handle) = open(folder.path(), setup);
    see_topics(&sandbox, &handle, &topics, new, false).await;
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_leaves_is_seen_to_leave() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup.clone());
    until_synced(&handle).await;
    let (who, group) = (customer(&sandbox), sandbox.announcement().group.id);
    let topic = sandbox.world().open_topic(who, "I am off").expect("topic");
    sandbox.world().say(who, topic, "bye").expect("said");
    let ticket = key(&sandbox, topic);
    let gone = |page: &ThreadPage| page.ticket.customer_left_at.is_some();
    until_thread(&handle, ticket, "the ticket", |page| page.ticket.row.customer.is_some()).await;
    // Without a word in the group: only admins are told.
    sandbox.world().with(|world| world.set_standing(group, who, Standing::Left)).expect("left");
    until_thread(&handle, ticket, "gone", gone).await;
    sandbox.world().with(|world| world.set_standing(group, who, Standing::Member)).expect("back");
    until_thread(&handle, ticket, "back", |page| !gone(page)).await;
    desk.stop();
    act(&sandbox.world(), |world, now| world.leave(0, who, now)).expect("left");
    let (desk, handle) = open(folder.path(), setup);
    until_thread(&handle, ticket, "gone while nobody looked", gone).await;
    until_thread(&handle, key(&sandbox, 1), "said in General", |page| {
        has(page, |entry| entry.text.ends_with("left the group"))
    })
    .await;
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_without_a_name_and_channels_are_who_they_are() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup);
    until_synced(&handle).await;
    let topic = sandbox.world().open_topic(customer(&sandbox), "Who are you?").expect("topic");
    sandbox.world().say(customer(&sandbox), topic, "Who is there?").expect("said");
    let anonymous = sandbox.world().with(|world| {
        let group = world.group(world.forum()).expect("the forum");
        let found = group.members().find(|member| member.admin_rights().is_some_and(|rights| rights.anonymous));
        found.expect("the shop has one").account
    });
    sandbox.world().say(anonymous, topic, "The house").expect("said");
    until_thread(&handle, key(&sandbox, topic), "answered", |page| {
        has(page, |entry| entry.text == "The house" && entry.author.ends_with("(Kestrel)") && entry.outside)
            && page.ticket.row.waiting_since.is_none()
            && page.ticket.row.assignee.is_none()
    })
    .await;
    desk.stop();
    sandbox.stop().await;
}
