//! Suggested articles on the screen: beside the thread, in the list, inserted, opened, and what is said when there are none.

use topicdesk::desk::ids::TicketKey;
use topicdesk::engine::views::{
    Alert, FolderState, Revision, Source, Suggestion, Suggestions, ViewRequest, WebhookState,
};

use crate::screens_desk::{Desk, key, open, shop};

fn suggestion(title: &str, score: f64, source: Source) -> Suggestion {
    let folder = source == Source::Folder;
    Suggestion {
        title: title.to_owned(),
        url: folder.then(|| format!("https://kestrel.example/{}", title.len())),
        snippet: format!("… a part of {title} …"),
        score,
        source,
        language: folder.then(|| "en".to_owned()),
        file: folder.then(|| "a.en.md".to_owned()),
        text: format!("The text of {title}\u{1b}[2J.\n\nIts second part is a little longer than the first one."),
    }
}

fn known() -> Suggestions {
    Suggestions {
        folder: FolderState::Ready { articles: 12, left_out: 0 },
        webhook: WebhookState::Ready,
        list: vec![
            suggestion("Session expired after an update", 0.82, Source::Folder),
            suggestion("Forgotten passwords", 0.4, Source::Folder),
            suggestion("Payroll export: what to do when it is urgent", 0.77, Source::Webhook),
        ],
        ..Suggestions::default()
    }
}

fn told(ticket: Option<TicketKey>) -> Revision {
    Revision { alerts: vec![Alert::Suggestions { ticket }], ..Revision::default() }
}

async fn desk(size: (u16, u16), known: Suggestions) -> Desk {
    let mut desk = open(shop(), size).await;
    desk.change(|state| state.suggestions = known);
    desk.screen.revision(told(None));
    desk.screen.settle().await;
    desk
}

fn snapshot(name: &str, size: (u16, u16), desk: &mut Desk) {
    let text = desk.text();
    assert!(text.lines().all(|line| !line.chars().any(char::is_control)), "a control character in {text:?}");
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
}

fn failed() -> WebhookState {
    WebhookState::Failed { why: "help.example answered 500: it is in trouble itself; look into its log".to_owned() }
}

#[tokio::test]
async fn articles_stand_beside_the_thread_and_in_a_list() {
    for size in [(80, 24), (120, 40), (160, 50)] {
        let mut desk = desk(size, known()).await;
        desk.keys("Enter").await;
        if size.0 == 160 {
            snapshot("pane", size, &mut desk);
        }
        desk.keys("g k").await;
        snapshot("list", size, &mut desk);
        desk.keys("Tab").await;
        snapshot("choices", size, &mut desk);
    }
}

#[tokio::test]
async fn what_is_missing_is_said_plainly() {
    for (folder, webhook, words) in [
        (FolderState::Reading, WebhookState::Off, "reading the folder…"),
        (FolderState::Ready { articles: 3, left_out: 0 }, WebhookState::Searching, "searching…"),
        (FolderState::Ready { articles: 3, left_out: 0 }, WebhookState::Ready, "nothing found"),
        (FolderState::Ready { articles: 0, left_out: 2 }, WebhookState::Off, "the folder has no articles"),
        (
            FolderState::Unreadable { why: "/x: gone".to_owned() },
            WebhookState::Off,
            "the folder cannot be read: /x: gone",
        ),
        (FolderState::Off, failed(), "webhook: help.example answered 500"),
    ] {
        for size in [(80, 24), (160, 50)] {
            let known = Suggestions { folder: folder.clone(), webhook: webhook.clone(), ..Suggestions::default() };
            let mut desk = desk(size, known).await;
            desk.keys("Enter").await;
            if size.0 == 160 {
                desk.sees("ARTICLES (g k)");
                // The pane is narrow: a reason goes on in the next line.
                desk.sees(&words[..words.len().min(26)]);
            }
            desk.keys("g k").await;
            desk.sees(words);
        }
    }
    let mut desk = desk((160, 50), Suggestions::default()).await;
    desk.keys("Enter").await;
    desk.misses("ARTICLES");
    desk.keys("g k").await;
    desk.sees("there are no articles: name their `folder`");
}

#[tokio::test]
async fn an_article_is_inserted_at_the_cursor_and_never_sent() {
    let mut desk = desk((80, 24), known()).await;
    desk.keys("r").await;
    desk.types("See .").await;
    desk.keys("Left C-x C-k Enter").await;
    desk.sees("See Session expired after an update: https://kestrel.example/31.");
    // The one of the webhook has no link: its text comes.
    desk.keys("C-x C-k C-n C-n Enter").await;
    desk.sees("Payroll export: what to do when it is urgent[2J.");
    let sent = |desk: &Desk| {
        let state = desk.state.lock().expect("state");
        state.commands.iter().any(|command| matches!(command, topicdesk::desk::command::Command::Reply { .. }))
    };
    assert!(!sent(&desk), "nothing is sent by itself");
    // The text instead of the link.
    let mut desk = self::desk((80, 24), known()).await;
    desk.keys("r C-x C-k Tab t").await;
    desk.sees("│ The text of Session expired after an update[2J.");
    assert!(!sent(&desk));
}

#[tokio::test]
async fn from_the_thread_it_opens_the_composer_and_the_link_is_opened_outside() {
    let mut desk = desk((120, 40), known()).await;
    desk.keys("Enter g k Enter").await;
    desk.sees("PUBLIC");
    desk.sees("Session expired after an update: https://kestrel.example/31");
    desk.keys("C-x C-k Tab").await;
    desk.keys("o").await;
    assert!(desk.screen.told().contains(&"open https://kestrel.example/31".to_owned()));
    desk.keys("C-x C-k").await;
    desk.types("forgotten").await;
    desk.elapse(150).await;
    desk.sees("Forgotten passwords");
    desk.misses("Payroll export: what");
}

#[tokio::test]
async fn what_comes_later_is_shown_without_reading_anything_else() {
    let searching =
        Suggestions { folder: FolderState::Off, webhook: WebhookState::Searching, ..Suggestions::default() };
    let mut desk = desk((160, 50), searching).await;
    desk.keys("Enter").await;
    desk.sees("searching…");
    desk.change(|state| {
        state.suggestions = known();
        state.reads.clear();
    });
    desk.screen.revision(told(Some(key(998))));
    desk.screen.settle().await;
    assert!(desk.state.lock().expect("state").reads.is_empty(), "of another ticket");
    desk.screen.revision(told(Some(key(1042))));
    desk.screen.settle().await;
    desk.sees("82 Session expired");
    let reads = std::mem::take(&mut desk.state.lock().expect("state").reads);
    assert!(matches!(reads[..], [ViewRequest::Suggestions { .. }]), "{reads:?}");
    // Where no pane shows them, nothing is asked.
    desk.screen.resize((120, 40));
    desk.screen.revision(told(None));
    desk.screen.settle().await;
    assert!(desk.state.lock().expect("state").reads.is_empty());
}
