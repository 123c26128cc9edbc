//! The webhook against a real service on loopback that is right, slow, wrong, huge, gone, or sends elsewhere.

use std::time::{Duration, Instant};

use topicdesk::desk::ids::{GroupId, TicketKey, TopicId};
use topicdesk::desk::question::Question;
use topicdesk::engine::transport::{Inquiry, Told};
use topicdesk::knowledge::webhook::{Bounds, Webhook};
use topicdesk::knowledge::{self, Setup};

use crate::support::http::{Manner, Site};

const RIGHT: &str =
    r#"[{"title": "Parcels", "url": "https://help.example/p", "snippet": "They take …", "score": 0.9}]"#;

fn bounds() -> Bounds {
    Bounds { timeout: Duration::from_millis(400), retries: 0, ..Bounds::default() }
}

fn question(topic: i32) -> Question {
    Question {
        ticket: Some(TicketKey { group: GroupId(7), topic: TopicId(topic) }),
        title: "Parcel".to_owned(),
        language: Some("en".to_owned()),
        text: "Where is it?".to_owned(),
        tags: Vec::new(),
    }
}

fn webhook(url: &str, bounds: Bounds) -> Webhook {
    Webhook::new(url, Some(("X-Token", "hunter2")), bounds).expect("an address")
}

/// Why a service in this manner gives no answer.
async fn fails(manner: Manner) -> (String, usize) {
    let service = Site::start(vec![manner]).await;
    let bounds = Bounds { retries: 1, max_bytes: 2_000, ..bounds() };
    let why = webhook(&service.url(), bounds).ask(&question(1042)).await.expect_err("no answer");
    assert!(!why.contains("hunter2") && !why.contains("suggest"), "address or secret in {why}");
    (why, service.heard().len())
}

#[tokio::test]
async fn a_right_answer_comes_with_the_secret_in_its_header_and_the_question_as_documented() {
    let service = Site::start(vec![Manner::right(RIGHT)]).await;
    let offers = webhook(&service.url(), bounds()).ask(&question(1042)).await.expect("answers");
    assert_eq!((offers[0].title.as_str(), offers[0].score), ("Parcels", 0.9));
    let heard = service.heard();
    let (head, body) = heard[0].split_once("\r\n\r\n").expect("a body");
    let head = head.to_lowercase();
    assert!(head.starts_with("post /suggest") && head.contains("x-token: hunter2"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let wanted = r#"{"question":"Where is it?","language":"en","ticket":1042,"title":"Parcel","tags":[]}"#;
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn what_goes_wrong_is_said_and_only_what_may_pass_is_tried_again() {
    for (manner, said, tries) in [
        (Manner::status("500 Oops"), "answered 500: it is in trouble itself", 2),
        (Manner::status("429 Slow down"), "answered 429: too many questions", 2),
        (Manner::status("401 No"), "answered 401: it does not take the secret", 1),
        (Manner::status("404 No"), "answered 404: look at `url`", 1),
        (Manner::right("<html>hunter2</html>"), "something else: its answer is no JSON", 1),
        (Manner::right("[{\"title\": 5, \"url\": \"hunter2\"}]"), "has something else where a field should be", 1),
        (Manner::Endless, "larger than 2000 bytes", 1),
        (Manner::Announces(1 << 40), "larger than 2000 bytes", 1),
        (Manner::Slow(Duration::from_secs(30), RIGHT.to_owned()), "did not answer within 0.4 s", 2),
        (Manner::Hangs, "cannot be reached", 2),
        (Manner::Breaks, "broke off its answer", 2),
        (Manner::redirect("302 Found", "https://evil.example/x"), "sends questions on to evil.example (302)", 1),
        (Manner::redirect("307 Moved", "http://127.0.0.2:1/x"), "sends questions on to 127.0.0.2 (307)", 1),
        (Manner::redirect("303 See", "/other"), "sends questions on to 127.0.0.1 (303)", 1),
        (Manner::redirect("307 Moved", "/suggest"), "sends questions on to 127.0.0.1 (307)", 4),
    ] {
        let name = format!("{manner:?}");
        let (why, heard) = fails(manner).await;
        assert!(why.contains(said), "{name}: {why}");
        assert_eq!(heard, tries, "{name}: {why}");
    }
    let gone = Site::start(vec![Manner::Hangs]).await;
    let url = gone.url();
    drop(gone);
    tokio::task::yield_now().await;
    let why = webhook(&url, bounds()).ask(&question(1)).await.expect_err("nobody there");
    assert!(why.contains("cannot be reached") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_service_that_comes_back_is_asked_again_and_a_redirect_at_home_is_followed() {
    let service = Site::start(vec![Manner::Hangs, Manner::status("503 Soon"), Manner::right(RIGHT)]).await;
    let offers = webhook(&service.url(), Bounds { retries: 2, ..bounds() }).ask(&question(1)).await.expect("at last");
    assert_eq!((offers.len(), service.heard().len()), (1, 3));
    let service = Site::start(vec![Manner::redirect("307 Moved", "/new"), Manner::right(RIGHT)]).await;
    let offers = webhook(&service.url(), bounds()).ask(&question(1)).await.expect("is followed");
    assert_eq!(offers.len(), 1);
    assert!(service.heard()[1].starts_with("POST /new") && service.heard()[1].contains("Where is it?"));
}

#[tokio::test]
async fn a_slow_service_holds_up_neither_the_folder_nor_the_newest_question() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.md"), "# A\ntext").expect("writes");
    let slow = Manner::Slow(Duration::from_millis(300), RIGHT.to_owned());
    let service = Site::start(vec![slow]).await;
    let webhook = Some(webhook(&service.url(), Bounds { timeout: Duration::from_secs(20), ..bounds() }));
    let (ask, inquiries) = tokio::sync::mpsc::unbounded_channel();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let runner = knowledge::spawn(Setup { folder: Some(folder.path().to_owned()), webhook }, inquiries, told);
    for topic in 1..=30 {
        ask.send(Inquiry::Ask(question(topic))).expect("listens");
    }
    let begun = Instant::now();
    let mut answered = Vec::new();
    let mut dropped = 0;
    let mut articles = 0;
    while answered.len() < 4 || articles == 0 {
        match heard.recv().await.expect("goes on") {
            Told::Articles { articles: all, .. } => articles = all.len(),
            Told::Answered { question, outcome: Ok(_), .. } => {
                answered.push(question.ticket.expect("a ticket").topic.0);
            }
            Told::Answered { outcome: Err(why), keep, .. } => {
                assert!(why.contains("too many questions") && keep.is_zero(), "{why}");
                dropped += 1;
            }
            Told::Unreadable { why } => panic!("{why}"),
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(answered.contains(&30) && answered.contains(&29), "the newest first: {answered:?}");
    assert!(dropped > 0, "what nobody looks at any more is let go");
    drop(ask);
    runner.await.expect("ends when nobody can ask any more");
}
