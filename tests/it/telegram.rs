//! Logging in and out, finding the group, and what `doctor` finds: the product's own client against the sandbox.

use topicdesk::engine::transport::Weight;
use topicdesk::sandbox::world::{AdminRights, Standing};
use topicdesk::sandbox::{AnnouncedAccount, Announcement, Fault};
use topicdesk::telegram::login::{account, as_bot, as_user, logout};
use topicdesk::telegram::{ErrorKind, GroupSelector, Secret, TelegramError, Wanted, doctor, group};

use crate::support::client::sandbox;
use crate::support::link::{Answers, Desk, agent, bot, setup};

fn guarded(announcement: &Announcement) -> &AnnouncedAccount {
    announcement.accounts.iter().find(|account| account.password.is_some()).expect("the shop has one")
}

fn bot_id(announcement: &Announcement) -> i64 {
    announcement.first("bot").expect("the shop has one").id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_logs_in_once_and_out_again() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    for wrong in ["", "not a token", "123456:wrong"] {
        let error = as_bot(&setup, &Secret::from(wrong)).await.expect_err("a wrong token");
        assert!(matches!(error, TelegramError::WrongToken), "{error}");
        assert!(wrong.is_empty() || !error.to_string().contains(wrong), "the token is not in the sentence");
    }
    assert_eq!(account(&setup.session).expect("reads"), None);
    bot(&server, &setup).await;
    let me = account(&setup.session).expect("reads").expect("logged in");
    assert_eq!((me.id.0, me.bot), (bot_id(server.announcement()), true));
    let again = as_bot(&setup, &Secret::from("1:x")).await.expect_err("logged in already");
    assert!(again.to_string().contains("logout"), "{again}");
    logout(&setup).await.expect("logs out");
    assert_eq!(account(&setup.session).expect("reads"), None);
    assert_eq!(logout(&setup).await.expect_err("nobody is logged in").kind(), ErrorKind::NotLoggedIn);
    let why = Desk::start(&server, &setup, None).stopped().await;
    assert!(why.contains("topicdesk login"), "{why}");
    bot(&server, &setup).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_logs_in_with_code_and_password_after_wrong_ones() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 1);
    let account = guarded(server.announcement());
    let mut answers = Answers::of(account);
    answers.phones.insert(0, "+0".to_owned());
    answers.codes.insert(0, "00000".to_owned());
    answers.passwords.insert(0, "wrong".to_owned());
    let me = as_user(&setup, &mut answers).await.expect("logs in");
    assert_eq!((me.id.0, me.bot), (account.id, false));
    assert_eq!(answers.wrong.len(), 3, "each was asked for again: {:?}", answers.wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_wrong_codes_or_passwords_end_a_login_and_change_nothing() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 2);
    let mut answers = Answers::of(guarded(server.announcement()));
    answers.codes = vec!["00000".to_owned()];
    let error = as_user(&setup, &mut answers).await.expect_err("wrong codes");
    assert!(matches!(error, TelegramError::WrongCode), "{error}");
    let mut answers = Answers::of(guarded(server.announcement()));
    answers.passwords = vec!["wrong".to_owned()];
    let error = as_user(&setup, &mut answers).await.expect_err("wrong passwords");
    assert!(matches!(error, TelegramError::WrongPassword), "{error}");
    assert_eq!(answers.wrong.len(), 2);
    assert_eq!(account(&setup.session).expect("reads"), None);
    let nobody = as_user(&setup, &mut Answers::default()).await.expect_err("nobody answers");
    assert_eq!(nobody.to_string(), "nobody answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_that_is_not_there_is_said_so() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(&server, folder.path(), 0);
    server.stop().await;
    let error = as_bot(&setup, &Secret::from("1:x")).await.expect_err("nobody listens");
    assert!(matches!(error, TelegramError::Link { .. }) && error.to_string().contains("127.0.0.1"), "{error}");
    if let Some(target) = &mut setup.sandbox {
        target.auth_key = Secret::from("abc");
    }
    setup.session = folder.path().join("other.db");
    let error = as_bot(&setup, &Secret::from("1:x")).await.expect_err("no key");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("free_keys"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_group_is_found_in_every_way_it_can_be_named() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (as_bot, as_agent) = (folder.path().join("bot"), folder.path().join("agent"));
    let mut bots = setup(&server, &as_bot, 0);
    let mut agents = setup(&server, &as_agent, 1);
    bot(&server, &bots).await;
    agent(&server, &agents).await;
    let announced = &server.announcement().group;
    let mut names =
        vec![Some(GroupSelector::Id(announced.id)), Some(GroupSelector::Title(announced.title.to_uppercase())), None];
    names.extend(announced.username.clone().map(|name| Some(GroupSelector::Username(name))));
    for setup in [&mut bots, &mut agents] {
        for name in &names {
            setup.groups = name.clone().into_iter().map(Wanted::from).collect();
            let examined = doctor::examine(setup, true, &[]).await.expect("examines");
            let facts = examined.groups.first().unwrap_or_else(|| panic!("{name:?}: {:?}", examined.findings));
            assert_eq!(facts.group.0, announced.id);
        }
        let choices = group::choose(setup).await.expect("lists");
        assert!(choices[0].forum && choices[0].id.0 == announced.id, "{choices:?}");
        assert!(choices.iter().any(|choice| !choice.forum), "the staff room is listed, too: {choices:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_will_not_do_stops_the_link_with_a_sentence() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let staff_room = server.world().with(|world| {
        let forum = world.forum();
        world
            .groups()
            .find(|group| group.id != forum)
            .map(|group| (group.id, group.title.clone()))
            .expect("the shop has one")
    });
    let me = bot_id(server.announcement());
    for (name, wanted) in [
        (GroupSelector::Id(4_242_424_242), "-1004242424242"),
        (GroupSelector::Title("No such group".to_owned()), "No such group"),
        (GroupSelector::Username("no_such_group_here".to_owned()), "@no_such_group_here"),
        (GroupSelector::Id(staff_room.0), "turn on Topics"),
    ] {
        setup.groups = vec![name.into()];
        let why = Desk::start(&server, &setup, None).stopped().await;
        assert!(why.contains(wanted), "{why}");
    }
    server.world().with(|world| world.set_standing(world.forum(), me, Standing::Left)).expect("leaves");
    setup.groups = vec![GroupSelector::Id(server.announcement().group.id).into()];
    let why = Desk::start(&server, &setup, None).stopped().await;
    assert!(why.contains("not a member") || why.contains("add it to the group"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_rights_and_what_to_do() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    let error = doctor::examine(&setup, true, &[]).await.expect_err("nobody is logged in");
    assert_eq!(error.kind(), ErrorKind::NotLoggedIn);
    bot(&server, &setup).await;
    let examined = doctor::examine(&setup, true, &[]).await.expect("examines");
    let facts = examined.groups.first().expect("the group will do");
    assert!(facts.forum && facts.bot && facts.rights.member && facts.pts > 0, "{facts:?}");
    assert!(facts.admins.iter().any(|admin| admin.owner), "{:?}", facts.admins);
    assert!(facts.clock_ahead.is_some_and(|ahead| ahead.abs() < 5), "{:?}", facts.clock_ahead);
    let top = server.world().with(|world| world.group(world.forum()).map(|group| group.top_message()));
    assert!(
        facts.top_message.map(|id| id.0) <= top && facts.top_message.is_some(),
        "{:?} of {top:?}",
        facts.top_message
    );
    assert!(examined.findings.iter().all(|finding| finding.weight != Weight::Broken), "{:?}", examined.findings);
    let me = bot_id(server.announcement());
    let no_topics = AdminRights { manage_topics: false, ..AdminRights::all() };
    server.world().with(|world| world.set_standing(world.forum(), me, Standing::Admin(no_topics))).expect("demotes");
    let examined = doctor::examine(&setup, true, &[]).await.expect("examines");
    let finding = examined.findings.iter().find(|finding| finding.weight == Weight::Broken).expect("something to do");
    assert!(finding.how.as_deref().is_some_and(|how| how.contains("Manage topics")), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_telegram_has_ended_stops_the_link_and_can_be_forgotten() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let ended = || Fault::Refuse(topicdesk::sandbox::world::Refusal::new(401, "SESSION_REVOKED"));
    server.world().arm("channels.getChannels", Some(bot_id(server.announcement())), ended());
    let why = Desk::start(&server, &setup, None).stopped().await;
    assert!(why.contains("SESSION_REVOKED") && why.contains("topicdesk logout"), "{why}");
    server.world().arm("auth.logOut", Some(bot_id(server.announcement())), ended());
    logout(&setup).await.expect("is forgotten");
    assert_eq!(account(&setup.session).expect("reads"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_the_sandbox_does_not_know_is_said_so() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(&server, folder.path(), 0);
    if let Some(target) = &mut setup.sandbox {
        target.auth_key = Secret::from("5a".repeat(256));
    }
    let error = as_bot(&setup, &Secret::from("1:x")).await.expect_err("an unknown key");
    assert!(error.to_string().contains("free_keys"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_from_before_a_group_was_upgraded_leads_to_the_new_one() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(&server, folder.path(), 4);
    bot(&server, &setup).await;
    setup.groups = vec![GroupSelector::Id(410_004_242).into()];
    let why = Desk::start(&server, &setup, None).stopped().await;
    let new = format!("became a supergroup and has the id -100{0} now: put -100{0}", server.announcement().group.id);
    assert!(why.contains(&new), "{why}");
    setup.groups = vec![GroupSelector::Id(410_004_243).into()];
    let why = Desk::start(&server, &setup, None).stopped().await;
    assert!(why.contains("knows no group"), "{why}");
}
