//! The desk as a whole, on the screen: who sits at it, and reading `desk.toml` again.

use topicdesk::desk::authority::Authority;
use topicdesk::desk::ids::AgentName;
use topicdesk::engine::handle::{Answer, Request, SeatView};
use topicdesk::engine::views::{AgentView, Alert, EngineNews, Presence, Revision};

use crate::screens_desk::{Desk, noon, open, shop};

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
    let seats = vec![
        seat("ann", Authority::Admin, 1),
        seat("mia-from-the-late-shift", Authority::Lead, 2),
        seat("", Authority::Admin, 0),
        seat("tom", Authority::Agent, 0),
    ];
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
    desk.sees("read again; reopen this screen for keys, theme, templates");
    // Only that once.
    engine(&mut desk, lost()).await;
    desk.sees("the desk is not to be reached");
}
