//! Articles: which is found for which question, what a desk tells of them, and what never leaves it.

use std::time::Duration;

use topicdesk::desk::article::Article;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, MessageId};
use topicdesk::desk::question::{Question, terms};
use topicdesk::engine::runner;
use topicdesk::engine::shelf::Consulted;
use topicdesk::engine::transport::{Inquiry, Told};
use topicdesk::engine::views::{Alert, FolderState, Suggestions, View, ViewRequest, WebhookState};
use topicdesk::knowledge::parse;
use topicdesk::knowledge::shop::SHOP;
use topicdesk::store::articles::Articles;

use crate::support::bench::{ANNA, Bench, OLENA, at, created, text, ticket};

fn shop() -> Vec<Article> {
    SHOP.iter().map(|(file, content)| parse(file, content).expect("reads")).collect()
}

#[test]
fn the_right_article_is_first() {
    let articles = Articles::of(shop()).expect("indexes");
    for (language, question, wanted) in [
        (
            "en",
            "The tracking says delivered 10:42, left at the door. There is nothing at the door. Order 48120.",
            "parcel.en.md",
        ),
        ("en", "You said 3-5 working days. It's been 6. Where is my refund?", "refund.en.md"),
        ("en", "My Volt 20 gets so hot while charging that I can't hold it. Is that normal???", "battery.en.md"),
        ("en", "The new one came but no bag for the old one. Can I throw it away?", "battery.en.md"),
        ("en", "Can I exchange the jacket for a larger size?", "returns.en.md"),
        ("en", "a segment of the long pole cracked, can it be repaired", "repair.en.md"),
        ("en", "Is the fly worth a repair? It is two years old.", "repair.en.md"),
        ("en", "my card was declined twice, error E17", "payment.en.md"),
        ("en", "we need the invoice on our company", "invoice.en.md"),
        ("uk", "Замовлення оформила тиждень тому, статус не змінюється з понеділка. Де посилка?", "parcel.uk.md"),
        ("uk", "Хочу повернути куртку, розмір замалий", "refund.uk.md"),
        ("uk", "Після двох походів фільтр ледь капає. Це вже час міняти картридж?", "filter.uk.md"),
        ("ru", "второй день не могу оплатить заказ, пишет «ошибка сети»", "payment.ru.md"),
        ("ru", "хочу вернуть спальник, а деньги когда придут?", "refund.ru.md"),
        ("ru", "Подскажите, где моя посылка, трек не обновляется", "parcel.ru.md"),
    ] {
        let found = articles.find(&terms(question), &[language, "en"], 3).expect("finds");
        let order: Vec<&str> = found.iter().map(|one| one.article.file.as_str()).collect();
        assert_eq!(order.first(), Some(&wanted), "{question}: {order:?}");
        assert!(found.iter().all(|one| (0.0..=1.0).contains(&one.score) && !one.snippet.contains('\n')));
    }
}

#[test]
fn the_customers_language_comes_first_then_the_desks() {
    let articles = Articles::of(shop()).expect("indexes");
    let first = |languages: &[&str]| {
        let found = articles.find(&terms("E17 VPN"), languages, 5).expect("finds");
        found.first().map(|one| one.article.file.clone()).unwrap_or_default()
    };
    assert_eq!(first(&["ru", "en"]), "payment.ru.md");
    assert_eq!(first(&["en", "ru"]), "payment.en.md");
    assert_eq!(first(&["ja", "ru"]), "payment.ru.md", "nothing in Japanese");
}

#[test]
fn nothing_that_a_customer_can_write_breaks_the_search() {
    let articles = Articles::of(shop()).expect("indexes");
    for question in [
        "\"",
        "\"\"\"",
        "AND OR NOT NEAR",
        "NEAR(parcel refund, 5)",
        "title:parcel",
        "parcel*",
        "-parcel",
        "^parcel",
        "(((",
        "{a b}:c",
        "'; DROP TABLE articles; --",
        "\0parcel\0",
        "💥👩‍🚀",
        "a",
        "",
        "parcel\u{0301}\u{0301}",
        "%_%",
        "🏴",
        "ﬁ",
        "ẞ İ ı",
    ] {
        let found = articles.find(&terms(question), &["en"], 5);
        assert!(found.is_ok(), "{question:?}: {found:?}");
    }
    assert!(articles.find(&terms("зззззз qqqqqq"), &["en"], 5).expect("finds").is_empty());
    let long = "parcel refund ".repeat(100_000);
    assert!(!articles.find(&terms(&long), &["en"], 5).expect("finds").is_empty());
}

/// A ticket with a customer, a note, an answer and a question.
fn bench() -> Bench {
    let mut bench = Bench::followed(&[
        created(10, OLENA, at(0), "Parcel 48120"),
        text(11, 10, OLENA, at(10), "Hello, an old question"),
        text(12, 10, ANNA, at(20), "The answer of staff"),
        text(13, 10, OLENA, at(30), "Where is my parcel? The tracking says delivered."),
    ]);
    let note = Command::Note { ticket: ticket(10), text: "SECRET internal words".to_owned() };
    bench.command("anna", note).expect("notes");
    let reply = Command::Reply {
        ticket: ticket(10),
        text: "UNSENT words".to_owned(),
        reply_to: None,
        hold: false,
        seen: Some(MessageId(13)),
        file: None,
        along: topicdesk::desk::along::Along::default(),
    };
    bench.command("anna", reply).expect("is held");
    bench
}

fn suggestions(view: View) -> Suggestions {
    match view {
        View::Suggestions(suggestions) => suggestions,
        other => panic!("no suggestions: {other:?}"),
    }
}

#[tokio::test]
async fn a_desk_tells_what_it_knows_at_once_and_the_rest_when_it_comes() {
    let bench = bench();
    let desk = runner::read_only(bench.folder.path(), bench.rules.clone(), bench.clock.clone()).expect("opens");
    let handle = desk.handle(AgentName::from("anna"));
    let ask = || ViewRequest::Suggestions { ticket: Some(ticket(10)), words: String::new(), reread: false };
    assert!(suggestions(handle.read(ask()).await).is_off(), "there is nothing to ask yet");

    let consulted = Consulted { folder: true, webhook: true, languages: vec!["en".to_owned()] };
    let mut ends = desk.consult(consulted).expect("opens");
    let mut revisions = handle.watch();
    let first = suggestions(handle.read(ask()).await);
    assert_eq!((&first.folder, &first.webhook), (&FolderState::Reading, &WebhookState::Searching));
    assert_eq!(ends.inquiries.recv().await, Some(Inquiry::Look));
    let Some(Inquiry::Ask(question)) = ends.inquiries.recv().await else { panic!("the webhook is to be asked") };
    assert_eq!(question.title, "Parcel 48120");
    assert_eq!(question.text, "Where is my parcel? The tracking says delivered.");
    assert_eq!(question.language.as_deref(), Some("en"));
    assert!(!format!("{question:?}").contains("SECRET") && !format!("{question:?}").contains("UNSENT"));

    // While the webhook thinks, nothing is asked twice, and the folder's articles come.
    suggestions(handle.read(ask()).await);
    assert!(ends.inquiries.try_recv().is_err(), "asked once");
    ends.told.send(Told::Articles { articles: shop(), left_out: 1 }).expect("listens");
    assert_eq!(revisions.next().await.expect("runs").alerts, [Alert::Suggestions { ticket: None }]);
    let second = suggestions(handle.read(ask()).await);
    assert_eq!(second.folder, FolderState::Ready { articles: SHOP.len(), left_out: 1 });
    assert_eq!(second.list[0].file.as_deref(), Some("parcel.en.md"));
    assert_eq!(second.webhook, WebhookState::Searching);

    let keep = Duration::from_secs(60);
    let why = "help.example answered 500".to_owned();
    ends.told.send(Told::Answered { question: question.clone(), outcome: Err(why.clone()), keep }).expect("listens");
    assert_eq!(revisions.next().await.expect("runs").alerts, [Alert::Suggestions { ticket: Some(ticket(10)) }]);
    assert_eq!(suggestions(handle.read(ask()).await).webhook, WebhookState::Failed { why });
    assert!(ends.inquiries.try_recv().is_err(), "a failure is kept for a while");
    bench.clock.step(keep);
    assert_eq!(suggestions(handle.read(ask()).await).webhook, WebhookState::Searching);
    assert_eq!(ends.inquiries.recv().await, Some(Inquiry::Look));
    assert_eq!(ends.inquiries.recv().await, Some(Inquiry::Ask(question)));

    // Typed words ask the folder only; the folder is read again when somebody says so.
    let typed = ViewRequest::Suggestions { ticket: None, words: "invoice".to_owned(), reread: true };
    let typed = suggestions(handle.read(typed).await);
    assert_eq!(typed.list[0].file.as_deref(), Some("invoice.en.md"));
    assert_eq!(ends.inquiries.recv().await, Some(Inquiry::Reread));
    assert!(ends.inquiries.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_to_an_older_question_is_let_go() {
    let bench = bench();
    let desk = runner::read_only(bench.folder.path(), bench.rules.clone(), bench.clock.clone()).expect("opens");
    let handle = desk.handle(AgentName::from("anna"));
    let mut ends = desk.consult(Consulted { webhook: true, ..Consulted::default() }).expect("opens");
    let mut revisions = handle.watch();
    let ask = || ViewRequest::Suggestions { ticket: Some(ticket(10)), words: String::new(), reread: false };
    suggestions(handle.read(ask()).await);
    let Some(Inquiry::Ask(question)) = ends.inquiries.recv().await else { panic!("is asked") };
    let older = Question { text: "something else".to_owned(), ..question };
    ends.told
        .send(Told::Answered { question: older, outcome: Ok(Vec::new()), keep: Duration::from_secs(9) })
        .expect("listens");
    revisions.next().await.expect("runs");
    assert_eq!(suggestions(handle.read(ask()).await).webhook, WebhookState::Searching);
}
