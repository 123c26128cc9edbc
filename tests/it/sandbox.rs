//! The sandbox over real sockets, with the real grammers client.

use grammers_client::SignInError;
use grammers_mtsender::UpdatesConfiguration;
use grammers_tl_types::{enums, functions, types};
use topicdesk::sandbox::world::{BannedRights, Peer, Refusal, Standing, TopicEdit, World};
use topicdesk::sandbox::{AnnouncedAccount, Announcement, Fault, Sandbox};

use crate::support::client::{PATIENCE, Phone, channel, peer, sandbox, sent_id, text, until};

/// The key of the desk's bot, already logged in, the first agent with its own, and a customer.
fn first<'a>(announcement: &'a Announcement, kind: &str) -> &'a AnnouncedAccount {
    announcement.first(kind).expect("the shop has one")
}

/// An agent with a password.
fn guarded(announcement: &Announcement) -> &AnnouncedAccount {
    announcement.accounts.iter().find(|account| account.password.is_some()).expect("the shop has one")
}

/// A topic that is open, by a customer, with some messages in it.
fn some_topic(world: &World) -> (i32, i64) {
    let group = world.group(world.forum()).expect("exists");
    let found = group.topics().find(|t| t.id != 1 && !t.closed && t.messages().len() >= 3).expect("the shop has one");
    (found.id, found.creator)
}

fn phones(server: &Sandbox) -> (Phone, Phone) {
    let announcement = server.announcement();
    (
        Phone::new(announcement, &first(announcement, "bot").auth_key),
        Phone::new(announcement, &first(announcement, "agent").auth_key),
    )
}

fn ids(from: i32, to: i32) -> Vec<enums::InputMessage> {
    (from..=to).map(|id| types::InputMessageId { id }.into()).collect()
}

fn get_messages(server: &Sandbox, from: i32, to: i32) -> functions::channels::GetMessages {
    functions::channels::GetMessages { channel: channel(&server.announcement().group), id: ids(from, to) }
}

fn channel_messages(answer: enums::messages::Messages) -> types::messages::ChannelMessages {
    match answer {
        enums::messages::Messages::ChannelMessages(messages) => messages,
        other => panic!("messages of a channel were expected: {other:?}"),
    }
}

fn difference(server: &Sandbox, pts: i32, limit: i32) -> functions::updates::GetChannelDifference {
    functions::updates::GetChannelDifference {
        force: false,
        channel: channel(&server.announcement().group),
        filter: enums::ChannelMessagesFilter::Empty,
        pts,
        limit,
    }
}

fn pts(server: &Sandbox) -> i32 {
    server.world().with(|world| world.group(world.forum()).expect("exists").pts())
}

#[tokio::test]
async fn a_bot_logs_in_with_a_free_key_and_out_again() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let bot = first(announcement, "bot");
    let phone = Phone::new(announcement, &announcement.free_keys[0]);
    assert!(!phone.client.is_authorized().await.expect("an answer"));
    let wrong = phone.client.bot_sign_in("1:wrong", "hash").await.expect_err("a wrong token");
    assert!(wrong.is("ACCESS_TOKEN_INVALID"), "{wrong}");
    let me = phone.client.bot_sign_in(bot.token.as_deref().expect("announced"), "hash").await.expect("logs in");
    assert_eq!(me.id().bare_id(), Some(bot.id));
    assert!(phone.client.is_authorized().await.expect("an answer"));
    phone.client.sign_out().await.expect("logs out");
    assert_eq!(phone.refused(&functions::updates::GetState {}).await.0, "AUTH_KEY_UNREGISTERED");
}

#[tokio::test]
async fn a_user_logs_in_with_code_and_password_and_wrong_ones_are_refused() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let agent = guarded(announcement);
    let phone = Phone::new(announcement, &announcement.free_keys[1]);
    let number = agent.phone.as_deref().expect("announced");
    let token = phone.client.request_login_code(number, "hash").await.expect("a code is sent");
    let wrong = phone.client.sign_in(&token, "00000").await;
    assert!(matches!(wrong, Err(SignInError::InvalidCode)), "{wrong:?}");
    let asked = phone.client.sign_in(&token, agent.code.as_deref().expect("announced")).await;
    let Err(SignInError::PasswordRequired(question)) = asked else { panic!("a password is due: {asked:?}") };
    assert_eq!(phone.refused(&functions::updates::GetState {}).await.0, "SESSION_PASSWORD_NEEDED");
    let wrong = phone.client.check_password(question, "wrong").await;
    let Err(SignInError::InvalidPassword(question)) = wrong else { panic!("a wrong password: {wrong:?}") };
    let me = phone.client.check_password(question, agent.password.as_deref().expect("announced")).await;
    assert_eq!(me.expect("logs in").id().bare_id(), Some(agent.id));
}

#[tokio::test]
async fn messages_by_id_come_with_their_topics_and_holes_come_empty() {
    let server = sandbox(|_| {}).await;
    let (bot, _) = phones(&server);
    let (top, count) = server.world().with(|world| {
        let group = world.group(world.forum()).expect("exists");
        (group.top_message(), group.count())
    });
    let (mut full, mut empty, mut from) = (0, 0, 1);
    while from <= top {
        let answer = channel_messages(bot.call(&get_messages(&server, from, from + 99)).await.expect("an answer"));
        assert_eq!(answer.messages.len(), 100);
        assert_eq!(answer.pts, pts(&server));
        for message in &answer.messages {
            match message {
                enums::Message::Empty(_) => empty += 1,
                enums::Message::Message(message) => {
                    full += 1;
                    if let Some(enums::MessageReplyHeader::Header(header)) = &message.reply_to
                        && header.forum_topic
                    {
                        let topic = header.reply_to_top_id.or(header.reply_to_msg_id);
                        let named = |t: &enums::ForumTopic| matches!(t, enums::ForumTopic::Topic(t) if t.short && Some(t.id) == topic);
                        assert!(answer.topics.iter().any(named), "the topic of message {} is named", message.id);
                    }
                }
                enums::Message::Service(_) => full += 1,
            }
        }
        from += 100;
    }
    let of_bots = server.world().with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let me = server.announcement().first("bot").expect("exists").id;
        let is_other = |m: &&topicdesk::sandbox::world::Message| {
            m.sender != me && !m.is_service() && world.account(m.sender).is_some_and(|a| a.is_bot())
        };
        group.messages().filter(is_other).count()
    });
    assert_eq!(full, count - of_bots, "a bot sees all but other bots' messages");
    assert!(empty > 1500, "the shop has a hole of 1,500 ids: {empty}");
    assert_eq!(bot.refused(&get_messages(&server, 1, 201)).await.0, "LIMIT_INVALID");
    assert_eq!(bot.refused(&get_messages(&server, 1, 0)).await.0, "MESSAGE_IDS_EMPTY");
}

#[tokio::test]
async fn the_same_random_id_sends_once() {
    let server = sandbox(|_| {}).await;
    let (bot, _) = phones(&server);
    let (topic, _) = server.world().with(|world| some_topic(world));
    let before = server.world().texts(topic).len();
    let request = text(&server.announcement().group, topic, "Good day!", 4711);
    let first = bot.call(&request).await.expect("sends");
    let second = bot.call(&request).await.expect("answers the same");
    assert_eq!(sent_id(&first), sent_id(&second));
    assert_eq!(first, {
        let (mut a, enums::Updates::Updates(b)) = (first.clone(), &second) else { panic!("updates") };
        if let enums::Updates::Updates(a) = &mut a {
            a.date = b.date;
        }
        let same = a == second;
        assert!(same, "the repeated answer differs: {second:?}");
        a
    });
    assert_eq!(server.world().texts(topic).len(), before + 1);
    assert_eq!(server.world().calls("messages.sendMessage"), 2);
}

#[tokio::test]
async fn a_push_reaches_every_other_key_in_order_with_its_topic() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let (bot, mut agent) = phones(&server);
    let mut second = Phone::new(announcement, &announcement.free_keys[2]);
    let token = first(announcement, "bot").token.as_deref().expect("announced");
    second.client.bot_sign_in(token, "hash").await.expect("logs in");
    agent.call(&functions::updates::GetState {}).await.expect("connects");
    let (topic, customer) = server.world().with(|world| some_topic(world));
    let answer = bot.call(&text(&announcement.group, topic, "On its way", 1)).await.expect("sends");
    let id = sent_id(&answer);
    let (mine, at) = second.pushed_message().await;
    assert_eq!((mine.id, mine.out, at), (id, true, pts(&server)));
    let (theirs, _) = agent.pushed_message().await;
    assert_eq!((theirs.id, theirs.out, theirs.message.as_str()), (id, false, "On its way"));
    let Some(enums::MessageReplyHeader::Header(header)) = theirs.reply_to else { panic!("a topic's message has one") };
    assert_eq!((header.forum_topic, header.reply_to_msg_id, header.reply_to_top_id), (true, Some(topic), None));
    let said = server.world().say(customer, topic, "Thanks").expect("may");
    assert_eq!(second.pushed_message().await.0.id, said);
    for n in 0..200 {
        server.world().say(customer, topic, &n.to_string()).expect("may");
    }
    let mut last = pts(&server) - 200;
    while last < pts(&server) {
        let (_, at) = agent.pushed_message().await;
        if at > last {
            assert_eq!(at, last + 1, "in order");
            last = at;
        }
    }
}

#[tokio::test]
async fn what_was_missed_comes_in_slices_with_edits_and_deletions() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let (bot, agent) = phones(&server);
    let (topic, customer) = world.with(|world| some_topic(world));
    let start = pts(&server);
    let said: Vec<i32> = (0..5).map(|n| world.say(customer, topic, &format!("line {n}")).expect("may")).collect();
    let now = world.now();
    world.with(|w| w.edit_message(0, customer, said[0], "edited", Vec::new(), now)).expect("one's own");
    world.with(|w| w.delete_messages(0, customer, &said[1..3], now)).expect("one's own");
    let (mut at, mut new, mut others, mut slices) = (start, Vec::new(), Vec::new(), 0);
    loop {
        match bot.call(&difference(&server, at, 3)).await.expect("an answer") {
            enums::updates::ChannelDifference::Difference(slice) => {
                slices += 1;
                at = slice.pts;
                new.extend(slice.new_messages.iter().map(enums::Message::id));
                others.extend(slice.other_updates);
                if slice.r#final {
                    break;
                }
            }
            other => panic!("a difference was expected: {other:?}"),
        }
    }
    assert!(slices >= 3, "three entries a slice");
    assert_eq!(at, pts(&server));
    assert_eq!(new, [said[0], said[3], said[4]], "deleted ones are not shown");
    assert!(matches!(&others[0], enums::Update::EditChannelMessage(edit) if edit.pts == start + 6));
    assert!(matches!(&others[1], enums::Update::DeleteChannelMessages(gone)
        if gone.messages == said[1..3] && gone.pts == start + 8 && gone.pts_count == 2));
    let empty = bot.call(&difference(&server, at, 3)).await.expect("an answer");
    assert!(matches!(empty, enums::updates::ChannelDifference::Empty(e) if e.pts == at && e.r#final));
    // A user more than a hundred behind is told "too long"; a bot only when the box does not reach back.
    for n in 0..100 {
        world.say(customer, topic, &n.to_string()).expect("may");
    }
    let far = agent.call(&difference(&server, start, 100)).await.expect("an answer");
    let enums::updates::ChannelDifference::TooLong(far) = far else { panic!("too long was expected: {far:?}") };
    assert!(matches!(far.dialog, enums::Dialog::Dialog(dialog) if dialog.pts == Some(pts(&server))));
    world.with(|w| w.limits.box_size = 50);
    world.say(customer, topic, "one more").expect("may");
    let far = bot.call(&difference(&server, start, 100_000)).await.expect("an answer");
    assert!(matches!(far, enums::updates::ChannelDifference::TooLong(_)), "{far:?}");
    let state = functions::updates::GetDifference {
        pts: 1,
        pts_limit: None,
        pts_total_limit: None,
        date: i32::try_from(now.unix()).expect("fits"),
        qts: 1,
        qts_limit: None,
    };
    let news = bot.call(&state).await.expect("an answer");
    let enums::updates::Difference::Difference(news) = news else { panic!("news were expected: {news:?}") };
    let too_long = |u: &enums::Update| matches!(u, enums::Update::ChannelTooLong(t) if t.pts.is_none());
    assert!(news.other_updates.iter().any(too_long), "without a pts, which clients would take over");
    assert_eq!(bot.refused(&difference(&server, i32::MAX, 10)).await.0, "PERSISTENT_TIMESTAMP_INVALID");
}

#[tokio::test]
async fn the_stream_of_a_client_that_was_away_catches_up() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let world = server.world();
    let (topic, customer) = world.with(|world| some_topic(world));
    let bot = first(announcement, "bot");
    let mut phone = Phone::new(announcement, &announcement.free_keys[0]);
    phone.client.bot_sign_in(bot.token.as_deref().expect("announced"), "hash").await.expect("logs in");
    let resolve = functions::contacts::ResolveUsername {
        username: announcement.group.username.clone().expect("the shop has one"),
        referer: None,
    };
    phone.call(&resolve).await.expect("resolves");
    phone.session.set_channel_pts(announcement.group.id, pts(&server));
    let earlier = world.say(customer, topic, "said before the stream").expect("may");
    let updates = phone.updates.take().expect("first use");
    let configuration = UpdatesConfiguration { catch_up: true };
    let mut stream = phone.client.stream_updates(updates, configuration).await.expect("a stream");
    let next = |stream: grammers_client::client::UpdateStream| async move {
        let mut stream = stream;
        loop {
            // An error is the dying connection; the stream goes on after it.
            let update = tokio::time::timeout(PATIENCE, stream.next_raw()).await.expect("an update");
            if let Ok((enums::Update::NewChannelMessage(new), _, _)) = update {
                return (stream, new.message.id());
            }
        }
    };
    let (live, first_id) = next(stream).await;
    stream = live;
    assert_eq!(first_id, earlier);
    // The connection goes, and messages come that nobody pushes.
    world.cut_all();
    until("the connection is gone", || world.connections() == 0).await;
    let missed = world.say(customer, topic, "missed").expect("may");
    let (_, second_id) = next(stream).await;
    assert_eq!(second_id, missed);
}

#[tokio::test]
async fn bots_are_refused_what_is_for_users() {
    let server = sandbox(|_| {}).await;
    let (bot, agent) = phones(&server);
    let group = &server.announcement().group;
    let history = functions::messages::GetHistory {
        peer: peer(group),
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    assert_eq!(bot.refused(&history).await.0, "BOT_METHOD_INVALID");
    assert_eq!(channel_messages(agent.call(&history).await.expect("users may")).messages.len(), 10);
    let topics = functions::messages::GetForumTopics {
        peer: peer(group),
        q: None,
        offset_date: 0,
        offset_id: 0,
        offset_topic: 0,
        limit: 100,
    };
    assert_eq!(bot.refused(&topics).await.0, "BOT_METHOD_INVALID");
    let dialogs = functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: enums::InputPeer::Empty,
        limit: 100,
        hash: 0,
    };
    assert_eq!(bot.refused(&dialogs).await.0, "BOT_METHOD_INVALID");
    let enums::messages::Dialogs::Dialogs(all) = agent.call(&dialogs).await.expect("users may") else {
        panic!("all dialogs fit a page")
    };
    let forums = |c: &&enums::Chat| matches!(c, enums::Chat::Channel(c) if c.forum);
    assert_eq!((all.chats.len() > 1, all.chats.iter().filter(forums).count()), (true, 1), "a forum and plain groups");
    let unserved = functions::messages::GetAllStickers { hash: 0 };
    assert_eq!(agent.refused(&unserved).await.0, "METHOD_NOT_SERVED");
}

#[tokio::test]
async fn users_page_through_topics_replies_and_searches() {
    let server = sandbox(|_| {}).await;
    let (_, agent) = phones(&server);
    let group = &server.announcement().group;
    let expected = server.world().with(|w| w.group(w.forum()).expect("exists").topics().count());
    let (mut found, mut offset_topic) = (Vec::new(), 0);
    loop {
        let page = functions::messages::GetForumTopics {
            peer: peer(group),
            q: None,
            offset_date: 0,
            offset_id: 0,
            offset_topic,
            limit: 7,
        };
        let enums::messages::ForumTopics::Topics(page) = agent.call(&page).await.expect("an answer");
        assert_eq!(usize::try_from(page.count).expect("fits"), expected);
        if page.topics.is_empty() {
            break;
        }
        found.extend(page.topics.iter().map(enums::ForumTopic::id));
        offset_topic = found.last().copied().expect("not empty");
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), expected, "every topic once");
    let (topic, _) = server.world().with(|world| some_topic(world));
    let replies = functions::messages::GetReplies {
        peer: peer(group),
        msg_id: topic,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 2,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let page = channel_messages(agent.call(&replies).await.expect("an answer"));
    let in_topic = server.world().with(|w| {
        w.group(w.forum())
            .expect("exists")
            .topic(topic)
            .expect("exists")
            .messages()
            .iter()
            .rev()
            .take(2)
            .copied()
            .collect::<Vec<_>>()
    });
    assert_eq!(page.messages.iter().map(enums::Message::id).collect::<Vec<_>>(), in_topic);
    let word = server
        .world()
        .texts(topic)
        .iter()
        .find_map(|(_, text)| text.split_whitespace().find(|word| word.chars().count() > 3).map(str::to_owned));
    let search = functions::messages::Search {
        peer: peer(group),
        q: word.clone().expect("somebody said a word"),
        from_id: None,
        saved_peer_id: None,
        saved_reaction: None,
        top_msg_id: Some(topic),
        filter: enums::MessagesFilter::InputMessagesFilterEmpty,
        min_date: 0,
        max_date: 0,
        offset_id: 0,
        add_offset: 0,
        limit: 100,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let hits = channel_messages(agent.call(&search).await.expect("an answer"));
    assert!(!hits.messages.is_empty(), "{word:?} is found where it was said");
    let ids = functions::messages::GetForumTopicsById { peer: peer(group), topics: vec![topic, 999_999] };
    let enums::messages::ForumTopics::Topics(by_id) = agent.call(&ids).await.expect("an answer");
    assert!(matches!(&by_id.topics[..], [enums::ForumTopic::Topic(t), enums::ForumTopic::Deleted(d)]
        if t.id == topic && d.id == 999_999));
}

#[tokio::test]
async fn rights_closed_topics_and_long_texts_are_refused() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let announcement = server.announcement();
    let group = &announcement.group;
    let (bot, _) = phones(&server);
    let (topic, creator) = world.with(|world| some_topic(world));
    let stranger = announcement.accounts.iter().find(|a| a.kind == "customer" && a.id != creator).expect("exists");
    let phone = Phone::new(announcement, &stranger.auth_key);
    let close = |closed| functions::messages::EditForumTopic {
        peer: peer(group),
        topic_id: topic,
        title: None,
        icon_emoji_id: None,
        closed: Some(closed),
        hidden: None,
    };
    assert_eq!(phone.refused(&close(true)).await.0, "CHAT_ADMIN_REQUIRED");
    bot.call(&close(true)).await.expect("an admin may");
    assert_eq!(bot.refused(&close(true)).await.0, "TOPIC_NOT_MODIFIED");
    let both = functions::messages::EditForumTopic { title: Some("x".to_owned()), ..close(false) };
    assert_eq!(bot.refused(&both).await.0, "TOPIC_CLOSE_SEPARATELY");
    assert_eq!(phone.refused(&text(group, topic, "me too", 1)).await.0, "TOPIC_CLOSED");
    bot.call(&text(group, topic, "closed", 1)).await.expect("an admin may");
    assert_eq!(bot.refused(&text(group, 1, &"😀".repeat(2049), 2)).await.0, "MESSAGE_TOO_LONG");
    assert_eq!(bot.refused(&text(group, 1, "", 2)).await.0, "MESSAGE_EMPTY");
    assert_eq!(bot.refused(&text(group, 888_888, "nowhere", 2)).await.0, "REPLY_MESSAGE_ID_INVALID");
    let me = first(announcement, "bot").id;
    world.with(|w| w.set_standing(w.forum(), stranger.id, Standing::Banned)).expect("exists");
    assert_eq!(phone.refused(&text(group, 1, "let me in", 3)).await.0, "CHANNEL_PRIVATE");
    world.with(|w| w.set_standing(w.forum(), me, Standing::Member)).expect("exists");
    assert_eq!(bot.refused(&close(false)).await.0, "CHAT_ADMIN_REQUIRED");
    let nobody = BannedRights { send_messages: true, ..BannedRights::default() };
    world.with(|w| w.set_default_banned(w.forum(), nobody)).expect("exists");
    assert_eq!(bot.refused(&text(group, 1, "hello?", 4)).await.0, "CHAT_WRITE_FORBIDDEN");
    let wrong = functions::channels::GetFullChannel {
        channel: types::InputChannel { channel_id: group.id, access_hash: 1 }.into(),
    };
    assert_eq!(bot.refused(&wrong).await.0, "CHANNEL_INVALID");
    let plain = world.with(|w| w.groups().find(|g| !g.forum).map(|g| (g.id, g.access_hash))).expect("the shop has one");
    let (_, agent) = phones(&server);
    let topics = functions::messages::GetForumTopicsById {
        peer: types::InputPeerChannel { channel_id: plain.0, access_hash: plain.1 }.into(),
        topics: vec![1],
    };
    assert_eq!(agent.refused(&topics).await.0, "CHANNEL_FORUM_MISSING");
}

#[tokio::test]
async fn topics_are_created_forwarded_into_edited_and_deleted() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let group = &server.announcement().group;
    let (bot, mut agent) = phones(&server);
    agent.call(&functions::updates::GetState {}).await.expect("connects");
    let create = functions::messages::CreateForumTopic {
        title_missing: false,
        peer: peer(group),
        title: "From General".to_owned(),
        icon_color: Some(0x00FF_D67E),
        icon_emoji_id: None,
        random_id: 77,
        send_as: None,
    };
    let topic = sent_id(&bot.call(&create).await.expect("creates"));
    assert_eq!(sent_id(&bot.call(&create).await.expect("the same again")), topic);
    let created = |updates: &[enums::Update]| {
        updates.iter().any(|u| {
            matches!(u, enums::Update::NewChannelMessage(new)
                if matches!(&new.message, enums::Message::Service(s)
                    if s.id == topic && matches!(&s.action, enums::MessageAction::TopicCreate(c) if c.title == "From General")))
        })
    };
    assert!(created(&agent.pushed().await));
    let source = world.with(|w| {
        let group = w.group(w.forum()).expect("exists");
        group.messages().find(|m| m.topic == 1 && !m.is_service()).map(|m| (m.id, m.text().to_owned(), m.from))
    });
    let (source, said, author) = source.expect("the shop has messages in General");
    let forward = functions::messages::ForwardMessages {
        silent: false,
        background: false,
        with_my_score: false,
        drop_author: false,
        drop_media_captions: false,
        noforwards: false,
        allow_paid_floodskip: false,
        from_ephemeral: false,
        from_peer: peer(group),
        id: vec![source],
        random_id: vec![78],
        to_peer: peer(group),
        top_msg_id: Some(topic),
        reply_to: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        video_timestamp: None,
        allow_paid_stars: None,
        suggested_post: None,
    };
    let copy = sent_id(&bot.call(&forward).await.expect("forwards"));
    assert_eq!(sent_id(&bot.call(&forward).await.expect("the same again")), copy);
    let (pushed, _) = agent.pushed_message().await;
    assert_eq!((pushed.id, pushed.message), (copy, said));
    let Some(enums::MessageFwdHeader::Header(from)) = pushed.fwd_from else { panic!("it says where it is from") };
    match (from.from_id, author) {
        (Some(enums::Peer::User(user)), Peer::User(id)) => assert_eq!(user.user_id, id),
        (Some(enums::Peer::Channel(channel)), Peer::Group(id)) => assert_eq!(channel.channel_id, id),
        (other, _) => panic!("it names its author: {other:?}"),
    }
    let mine = sent_id(&bot.call(&text(group, topic, "draft", 79)).await.expect("sends"));
    let edit = |text: &str| functions::messages::EditMessage {
        no_webpage: false,
        invert_media: false,
        peer: peer(group),
        id: mine,
        message: Some(text.to_owned()),
        media: None,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    };
    bot.call(&edit("final")).await.expect("one's own");
    assert_eq!(bot.refused(&edit("final")).await.0, "MESSAGE_NOT_MODIFIED");
    assert_eq!(agent.refused(&edit("mine")).await.0, "MESSAGE_AUTHOR_REQUIRED");
    let gone = functions::messages::DeleteTopicHistory { peer: peer(group), top_msg_id: topic };
    bot.call(&gone).await.expect("an admin may");
    assert_eq!(bot.refused(&text(group, topic, "late", 80)).await.0, "TOPIC_DELETED");
    loop {
        let updates = agent.pushed().await;
        if updates.iter().any(|u| matches!(u, enums::Update::DeleteChannelMessages(d) if d.messages.contains(&topic))) {
            break;
        }
    }
}

#[tokio::test]
async fn reading_and_typing_are_shown_to_those_they_concern() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let announcement = server.announcement();
    let group = &announcement.group;
    let agents: Vec<_> = announcement.accounts.iter().filter(|a| a.kind == "agent").collect();
    let (topic, _) = world.with(|world| some_topic(world));
    let mut writer = Phone::new(announcement, &agents[0].auth_key);
    let reader = Phone::new(announcement, &agents[1].auth_key);
    writer.call(&functions::updates::GetState {}).await.expect("connects");
    let id = sent_id(&writer.call(&text(group, topic, "Please read", 5)).await.expect("sends"));
    let typing = functions::messages::SetTyping {
        peer: peer(group),
        top_msg_id: Some(topic),
        action: enums::SendMessageAction::SendMessageTypingAction,
    };
    reader.call(&typing).await.expect("may");
    let is_typing = |u: &enums::Update| {
        matches!(u, enums::Update::ChannelUserTyping(t) if t.top_msg_id == Some(topic)
            && matches!(&t.from_id, enums::Peer::User(u) if u.user_id == agents[1].id))
    };
    while !writer.pushed().await.iter().any(is_typing) {}
    let read = functions::messages::ReadDiscussion { peer: peer(group), msg_id: topic, read_max_id: id };
    reader.call(&read).await.expect("may");
    let is_read = |u: &enums::Update| matches!(u, enums::Update::ReadChannelDiscussionOutbox(r) if r.top_msg_id == topic && r.read_max_id == id);
    while !writer.pushed().await.iter().any(is_read) {}
}

#[tokio::test]
async fn a_bot_that_sends_too_much_is_told_to_wait_and_a_repeat_is_free() {
    let server = sandbox(|options| options.flood_per_minute = 3).await;
    let group = &server.announcement().group;
    let (bot, agent) = phones(&server);
    for n in 1..=3 {
        bot.call(&text(group, 1, "hello", n)).await.expect("within the limit");
    }
    bot.call(&text(group, 1, "hello", 3)).await.expect("a repeat is free");
    let (name, wait) = bot.refused(&text(group, 1, "hello", 4)).await;
    assert_eq!(name, "FLOOD_WAIT");
    assert!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), "{wait:?}");
    for n in 1..=6 {
        agent.call(&text(group, 1, "hello", n)).await.expect("users have no such limit here");
    }
}

#[tokio::test]
async fn ordered_faults_happen_once() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let group = &server.announcement().group;
    let (bot, mut agent) = phones(&server);
    let me = first(server.announcement(), "bot").id;
    agent.call(&functions::updates::GetState {}).await.expect("connects");
    bot.call(&functions::updates::GetState {}).await.expect("connects");
    let count = || world.texts(1).len();
    let start = count();
    world.arm("messages.sendMessage", Some(me), Fault::CutBefore);
    bot.call(&text(group, 1, "one", 1)).await.expect_err("the connection is cut");
    assert_eq!(count(), start);
    world.arm("messages.sendMessage", Some(me), Fault::CutAfter);
    bot.call(&text(group, 1, "one", 1)).await.expect_err("the answer is lost");
    assert_eq!(count(), start + 1);
    bot.call(&text(group, 1, "one", 1)).await.expect("and the same call gets its answer");
    assert_eq!(count(), start + 1);
    world.arm("*", None, Fault::flood_wait(7));
    assert_eq!(bot.refused(&text(group, 1, "two", 2)).await, ("FLOOD_WAIT".to_owned(), Some(7)));
    world.arm("messages.sendMessage", None, Fault::Refuse(Refusal::new(500, "RANDOM_ID_DUPLICATE")));
    assert_eq!(bot.refused(&text(group, 1, "two", 2)).await.0, "RANDOM_ID_DUPLICATE");
    bot.call(&text(group, 1, "two", 2)).await.expect("over");
    world.arm("updates.getChannelDifference", None, Fault::DifferenceTooLong);
    let far = bot.call(&difference(&server, pts(&server), 10)).await.expect("an answer");
    assert!(matches!(far, enums::updates::ChannelDifference::TooLong(_)));
    let agent_id = first(server.announcement(), "agent").id;
    world.push_too_long(agent_id, Some(12));
    let seen = |u: &enums::Update| matches!(u, enums::Update::ChannelTooLong(t) if t.pts == Some(12));
    while !agent.pushed().await.iter().any(seen) {}
    world.lose_pushes(1);
    world.say(agent_id, 1, "lost").expect("may");
    let customer = first(server.announcement(), "customer").id;
    world.say(customer, 1, "heard").expect("may");
    assert_eq!(agent.pushed_message().await.0.message, "heard");
}

#[tokio::test]
async fn a_paused_server_is_a_black_hole_until_it_goes_on() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let (bot, _) = phones(&server);
    bot.call(&functions::updates::GetState {}).await.expect("connects");
    world.pause();
    let get_state = functions::updates::GetState {};
    let waiting = bot.client.invoke(&get_state);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), &mut waiting).await.is_err(), "no answer");
    assert_eq!(world.calls("updates.getState"), 1);
    world.resume();
    waiting.await.expect("answered late");
}

#[tokio::test]
async fn a_cut_connection_is_made_anew_by_the_client() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let (bot, _) = phones(&server);
    for _ in 0..5 {
        until("the client connects", || world.connections() == 0).await;
        loop {
            // The first call after a cut may meet the dying connection; the next makes a new one.
            if bot.call(&functions::updates::GetState {}).await.is_ok() {
                break;
            }
        }
        world.cut_all();
    }
    until("all are gone", || world.connections() == 0).await;
}

#[tokio::test]
async fn garbage_ends_its_own_connection_and_nothing_else() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = sandbox(|_| {}).await;
    let (bot, _) = phones(&server);
    bot.call(&functions::updates::GetState {}).await.expect("connects");
    let mut noise = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise.to_le_bytes()[0]
    };
    for round in 0..60usize {
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.expect("listens");
        let mut bytes = match round % 4 {
            0 => Vec::new(),
            1 => vec![0xef],
            2 => vec![0xee; 4],
            // A good Intermediate frame with a known length of noise.
            _ => [vec![0xee; 4], 120u32.to_le_bytes().to_vec()].concat(),
        };
        bytes.extend((0..round * 7 + 8).map(|_| random()));
        // The server may have hung up already: that is what it should do.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "round {round}: the connection stays open");
    }
    bot.call(&functions::updates::GetState {}).await.expect("others live on");
}

#[tokio::test]
async fn a_logged_world_resumes_with_its_messages_logins_and_random_ids() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.jsonl");
    let server = sandbox(|options| options.state = Some(path.clone())).await;
    let bot_token = first(server.announcement(), "bot").token.clone().expect("announced");
    let phone = Phone::new(server.announcement(), &server.announcement().free_keys[3]);
    phone.client.bot_sign_in(&bot_token, "hash").await.expect("logs in");
    let (topic, customer) = server.world().with(|world| some_topic(world));
    let request = text(&server.announcement().group, topic, "Kept", 99);
    let id = sent_id(&phone.call(&request).await.expect("sends"));
    let opened = server.world().open_topic(customer, "Another").expect("may");
    let now = server.world().now();
    let close = TopicEdit { closed: Some(true), ..TopicEdit::default() };
    let owner = first(server.announcement(), "agent").id;
    server.world().with(|w| w.place_topic_edit(0, owner, opened, close, now)).expect("exists");
    let (keys, at) = (server.announcement().free_keys.clone(), pts(&server));
    drop(phone);
    server.stop().await;
    // A crash may leave half a line.
    let mut text_of_log = std::fs::read(&path).expect("there");
    text_of_log.extend(b"{\"world\":{\"new\":");
    std::fs::write(&path, text_of_log).expect("written");
    let server = sandbox(|options| options.state = Some(path.clone())).await;
    assert_eq!(server.announcement().free_keys, keys);
    assert_eq!(pts(&server), at);
    assert_eq!(server.world().texts(topic).last().map(|(_, text)| text.clone()), Some("Kept".to_owned()));
    assert!(server.world().with(|w| w.group(w.forum()).expect("exists").topic(opened).expect("kept").closed));
    let phone = Phone::new(server.announcement(), &keys[3]);
    assert_eq!(sent_id(&phone.call(&request).await.expect("still logged in")), id, "sent once");
    server.stop().await;
    let other = topicdesk::sandbox::Options {
        world: topicdesk::sandbox::WorldSource::Generated { topics: 3, messages: 9, seed: 1 },
        state: Some(path),
        ..topicdesk::sandbox::Options::default()
    };
    let refused = topicdesk::sandbox::start(other).await.err().map(|error| error.to_string());
    assert!(refused.is_some_and(|text| text.contains("another world")), "a log is never put on another world");
}

#[tokio::test]
async fn the_announcement_is_one_json_line_with_all_that_logs_in() {
    let server = sandbox(|_| {}).await;
    let line = serde_json::to_string(server.announcement()).expect("serialises");
    assert!(!line.contains('\n'));
    let value: serde_json::Value = serde_json::from_str(&line).expect("parses");
    assert_eq!(value["address"], server.address().to_string());
    assert_eq!(value["free_keys"].as_array().map(Vec::len), Some(8));
    assert!(value["group"]["access_hash"].is_i64() && value["group"]["title"].is_string());
    for account in value["accounts"].as_array().expect("a list") {
        assert_eq!(account["auth_key"].as_str().map(str::len), Some(512));
        assert!(["bot", "agent", "customer"].contains(&account["kind"].as_str().expect("a word")));
    }
    assert!(value["accounts"].as_array().expect("a list").iter().any(|a| a["token"].is_string()));
}

/// Prints how fast messages come; the figure in a debug build says little, so only the counts are checked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_world_is_read_at_speed() {
    let began = std::time::Instant::now();
    let server = sandbox(|options| {
        options.world = topicdesk::sandbox::WorldSource::Generated { topics: 300, messages: 20_000, seed: 3 };
    })
    .await;
    let built = began.elapsed();
    let (bot, _) = phones(&server);
    let top = server.world().with(|w| w.group(w.forum()).expect("exists").top_message());
    bot.call(&functions::updates::GetState {}).await.expect("connects");
    let began = std::time::Instant::now();
    let (mut seen, mut from) = (0, 1);
    while from <= top {
        let answer = channel_messages(bot.call(&get_messages(&server, from, from + 99)).await.expect("an answer"));
        seen += answer.messages.iter().filter(|m| !matches!(m, enums::Message::Empty(_))).count();
        from += 100;
    }
    let spent = began.elapsed().as_secs_f64();
    println!("built in {built:?}; {seen} messages in {spent:.2} s: {:.0}/s", seen as f64 / spent);
    assert!(seen >= 20_000);
}

#[tokio::test]
async fn people_members_and_rights_are_told() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let (bot, agent) = phones(&server);
    let (bot_account, customer) = (first(announcement, "bot"), first(announcement, "customer"));
    let group = channel(&announcement.group);
    let enums::messages::ChatFull::Full(full) =
        bot.call(&functions::channels::GetFullChannel { channel: group.clone() }).await.expect("a member may");
    let enums::ChatFull::ChannelFull(full) = full.full_chat else { panic!("a channel") };
    assert_eq!((full.id, full.pts), (announcement.group.id, pts(&server)));
    let me = functions::channels::GetParticipant { channel: group.clone(), participant: enums::InputPeer::PeerSelf };
    let enums::channels::ChannelParticipant::Participant(me) = bot.call(&me).await.expect("a member may");
    let enums::ChannelParticipant::Admin(me) = me.participant else { panic!("the desk's bot is an admin: {me:?}") };
    let enums::ChatAdminRights::Rights(rights) = me.admin_rights;
    assert!(me.is_self && rights.manage_topics && rights.delete_messages, "{rights:?}");
    let list = |filter| functions::channels::GetParticipants {
        channel: group.clone(),
        filter,
        offset: 0,
        limit: 200,
        hash: 0,
    };
    let count = async |filter| match agent.call(&list(filter)).await.expect("a member may") {
        enums::channels::ChannelParticipants::Participants(found) => {
            assert_eq!(found.participants.len(), usize::try_from(found.count).expect("fits").min(200));
            found.count
        }
        other => panic!("participants were expected: {other:?}"),
    };
    let all = count(enums::ChannelParticipantsFilter::ChannelParticipantsRecent).await;
    let admins = count(enums::ChannelParticipantsFilter::ChannelParticipantsAdmins).await;
    let bots = count(enums::ChannelParticipantsFilter::ChannelParticipantsBots).await;
    assert!(all > admins && admins > 1 && bots >= 2, "{all} {admins} {bots}");
    let search = types::ChannelParticipantsSearch { q: customer.name.clone() };
    assert!(count(search.into()).await >= 1);
    let user = types::InputUser { user_id: customer.id, access_hash: 0 };
    let both = functions::users::GetUsers { id: vec![user.clone().into(), enums::InputUser::UserSelf] };
    let users = bot.call(&both).await.expect("bots need no hash");
    assert!(matches!(&users[..], [enums::User::User(a), enums::User::User(b)]
        if a.id == customer.id && a.phone.is_none() && b.id == bot_account.id && b.is_self && b.bot));
    assert_eq!(agent.refused(&functions::users::GetFullUser { id: user.into() }).await.0, "USER_ID_INVALID");
    let enums::users::UserFull::Full(own) =
        agent.call(&functions::users::GetFullUser { id: enums::InputUser::UserSelf }).await.expect("oneself");
    assert!(matches!(&own.users[..], [enums::User::User(me)] if me.is_self));
    let resolve = |name: &str| functions::contacts::ResolveUsername { username: name.to_owned(), referer: None };
    assert_eq!(bot.refused(&resolve("nobody_is_called_so")).await.0, "USERNAME_NOT_OCCUPIED");
    assert_eq!(bot.refused(&resolve("not a name")).await.0, "USERNAME_INVALID");
    let name = announcement.group.username.clone().expect("the shop has one").to_uppercase();
    let enums::contacts::ResolvedPeer::Peer(found) = bot.call(&resolve(&name)).await.expect("in any case");
    assert!(matches!(found.peer, enums::Peer::Channel(c) if c.channel_id == announcement.group.id));
}

#[tokio::test]
async fn scripted_customers_open_topics_and_answer_staff() {
    let server = sandbox(|options| {
        options.scripted = true;
        options.speed = 200.0;
    })
    .await;
    let announcement = server.announcement();
    let (_, mut agent) = phones(&server);
    let known: Vec<i32> = server.world().with(|w| w.group(w.forum()).expect("exists").topics().map(|t| t.id).collect());
    agent.call(&functions::updates::GetState {}).await.expect("connects");
    let (topic, customer) = 'opened: loop {
        for update in agent.pushed().await {
            if let enums::Update::NewChannelMessage(new) = update
                && let enums::Message::Service(service) = new.message
                && let (enums::MessageAction::TopicCreate(_), Some(enums::Peer::User(by))) =
                    (&service.action, &service.from_id)
                && !known.contains(&service.id)
            {
                break 'opened (service.id, by.user_id);
            }
        }
    };
    let question = text(&announcement.group, topic, "Hello! Could you tell me your order number, please?", 31);
    let asked = sent_id(&agent.call(&question).await.expect("sends"));
    loop {
        let (message, _) = agent.pushed_message().await;
        let from_customer = matches!(&message.from_id, Some(enums::Peer::User(by)) if by.user_id == customer);
        let in_topic = matches!(&message.reply_to, Some(enums::MessageReplyHeader::Header(h))
            if h.reply_to_top_id.or(h.reply_to_msg_id) == Some(topic));
        if message.id > asked && from_customer && in_topic {
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn long_answers_fit_into_packets() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    let (bot, agent) = phones(&server);
    let customer = first(server.announcement(), "customer").id;
    let start = pts(&server);
    // 4,096 units of text that hardly shrink: three bytes each.
    let mut seed = 7u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4e00 + (seed >> 16) % 20_000).expect("a Chinese character")
    };
    let ids: Vec<i32> = (0..90)
        .map(|_| world.say(customer, 1, &(0..4096).map(|_| letter()).collect::<String>()).expect("fits"))
        .collect();
    let (mut at, mut found) = (start, Vec::new());
    while at < pts(&server) {
        match bot.call(&difference(&server, at, 100_000)).await.expect("an answer") {
            enums::updates::ChannelDifference::Difference(slice) => {
                at = slice.pts;
                found.extend(slice.new_messages.iter().map(enums::Message::id));
            }
            other => panic!("a difference was expected: {other:?}"),
        }
    }
    assert_eq!(found, ids);
    let request = get_messages(&server, ids[0], ids[89]);
    let answer = channel_messages(agent.call(&request).await.expect("an answer"));
    assert_eq!(answer.messages.len(), 90);
}
