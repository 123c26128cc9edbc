//! The desk as a whole, on the screen: who sits at it, and reading `desk.toml` again.

use topicdesk::clock::Clock;
use topicdesk::desk::authority::Authority;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::AgentName;
use topicdesk::engine::handle::{Answer, Request, SeatView};
use topicdesk::engine::views::{AgentView, Alert, EngineNews, Presence, Revision};

use crate::screens_desk::{Desk, key, minutes_ago, noon, open, open_with, setup, shop};

fn seat(agent: &str, authority: Authority, screens: u32) -> SeatView {
    SeatView {
        agent: AgentName::from(agent),
        authority,
        uid: 1001,
        pid: Some(77),
        program: "0.1.0".to_owned(),
        since: noon(),
        screens,
        used: None,
        presence: None,
    }
}

fn away(agent: &str) -> AgentView {
    AgentView {
        agent: AgentName::from(agent),
        presence: Presence::Away,
        since: None,
        load: 0,
        capacity: None,
        hours: None,
        skills: Vec::new(),
        senior: false,
        teams: Vec::new(),
        bar: None,
    }
}

async fn palette(desk: &mut Desk, name: &str) {
    desk.keys(":").await;
    desk.types(name).await;
    desk.keys("Enter").await;
}

#[tokio::test]
async fn who_sits_at_the_desk_is_listed_and_asked_again() {
    let mut desk = open(shop(), (80, 24)).await;
    let mut seats = vec![
        seat("ann", Authority::Admin, 1),
        seat("mia-from-the-late-shift", Authority::Lead, 2),
        seat("", Authority::Admin, 0),
        seat("tom", Authority::Agent, 0),
    ];
    seats[1].used = Some(minutes_ago(40));
    desk.change(|state| {
        state.whole = Some(Ok(Answer::Seats { seats }));
        state.roster = vec![away("mia-from-the-late-shift"), away("zoe")];
    });
    desk.changed(1042).await;
    palette(&mut desk, "seats").await;
    insta::assert_snapshot!("seats_80x24", desk.text());
    desk.change(|state| state.whole = Some(Ok(Answer::Seats { seats: vec![seat("ann", Authority::Admin, 1)] })));
    desk.keys("r").await;
    desk.misses("tom");
    desk.keys("Esc").await;
    desk.misses("Who sits at the desk");
    // Nobody to ask: that is said, and no empty list stays.
    desk.change(|state| state.whole = None);
    palette(&mut desk, "seats").await;
    desk.misses("Who sits at the desk");
    desk.sees("nobody runs the desk");
    let asked = desk.state.lock().expect("state").asked.clone();
    assert_eq!(asked, [Request::Seats, Request::Seats, Request::Seats]);
}

async fn engine(desk: &mut Desk, news: EngineNews) {
    desk.screen.revision(Revision { all: true, alerts: vec![Alert::Engine(news)], ..Revision::default() });
    desk.screen.settle().await;
}

#[tokio::test]
async fn a_reload_is_told_as_one_and_a_mistake_with_its_place() {
    let mut desk = open(shop(), (80, 24)).await;
    let lost = || EngineNews::Lost { why: "its process has ended".to_owned() };
    let why = "the configuration stays as it was: /etc/topicdesk/desk.toml:3:8: `queues.name` must be a text\n\
               /etc/topicdesk/desk.toml:9:1: there is no `quenes`";
    desk.change(|state| state.whole = Some(Err(why.to_owned())));
    palette(&mut desk, "reload").await;
    insta::assert_snapshot!("reload_mistake_80x24", desk.text());
    // After that an engine that goes is news.
    engine(&mut desk, lost()).await;
    desk.sees("the desk is not to be reached");
    engine(&mut desk, EngineNews::Back).await;
    desk.sees("the desk is there again");
    let done = Answer::Done { said: "read again: the desk goes on with it".to_owned() };
    desk.change(|state| state.whole = Some(Ok(done)));
    palette(&mut desk, "reload").await;
    desk.sees("read again: the desk goes on with it");
    engine(&mut desk, lost()).await;
    desk.misses("what you do now waits for it");
    engine(&mut desk, EngineNews::Back).await;
    assert_eq!(desk.screen.told().iter().filter(|told| *told == "reread").count(), 2, "once for each engine");
    desk.screen.reread(Ok((setup(&Clock::System), Vec::new())));
    desk.sees("desk.toml was read again, for this screen too");
    // Only that once.
    engine(&mut desk, lost()).await;
    desk.sees("the desk is not to be reached");
    engine(&mut desk, EngineNews::Back).await;
    desk.sees("the desk is there again");
    // Whoever had it read again elsewhere: that is no news here, but this screen reads it too.
    desk.elapse(11_000).await;
    desk.screen.told();
    engine(&mut desk, EngineNews::Back).await;
    desk.misses("the desk is there again");
    assert!(desk.screen.told().contains(&"reread".to_owned()));
}

#[tokio::test]
async fn an_open_screen_is_as_the_file_says_now_and_keeps_what_is_under_way() {
    let changed = || {
        let mut setup = setup(&Clock::System);
        setup.keys = vec![("ticket".to_owned(), "claim".to_owned(), "F9".to_owned())];
        setup.theme = "high-contrast".to_owned();
        setup.timezone = Some(chrono_tz::Asia::Tokyo);
        setup.templates.truncate(1);
        setup.mouse = true;
        setup
    };
    let mut desk = open_with(shop(), (80, 24), |setup| setup.hint = Some("try it".to_owned())).await;
    desk.sees("13:32");
    desk.keys("r").await;
    desk.types("half a sen").await;
    desk.screen.reread(Ok((changed(), vec!["desk.toml:7:1: nothing to worry about".to_owned()])));
    assert!(desk.screen.told().contains(&"repaint".to_owned()));
    desk.misses("nothing to worry about");
    desk.sees("22:32");
    desk.types("tence").await;
    desk.sees("half a sentence");
    desk.keys("C-t").await;
    desk.sees("1 ;hi");
    desk.misses(" 2 ;");
    desk.keys("Esc Esc").await;
    desk.commands();
    desk.keys("C").await;
    desk.keys("F9").await;
    assert_eq!(desk.commands(), [Command::Release { ticket: key(1042) }, Command::Claim { ticket: key(1042) }]);
    // What cannot be read changes nothing, and is said.
    desk.screen.reread(Err("desk.toml:3:8: `tui.theme` must be a text".to_owned()));
    desk.sees("this screen stays as it was: desk.toml:3:8");
    desk.sees("22:32");
}

#[tokio::test]
async fn a_theme_chosen_on_the_screen_stays_unless_the_file_names_another() {
    let mut desk = open(shop(), (80, 24)).await;
    palette(&mut desk, "theme high-contrast").await;
    let says = |theme: &str| {
        let mut setup = setup(&Clock::System);
        setup.theme = theme.to_owned();
        Ok((setup, Vec::new()))
    };
    desk.screen.reread(says("default"));
    palette(&mut desk, "theme").await;
    desk.sees("theme default");
    desk.screen.reread(says("dark"));
    palette(&mut desk, "theme").await;
    desk.sees("theme light");
}
