//! Worlds: the built-in shop, worlds that do not fit together, the generator, and the scripted customers.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use topicdesk::clock::{Clock, Timestamp};
use topicdesk::sandbox::generate::generate;
use topicdesk::sandbox::scenario::{self, Act, Happening, Scenario};
use topicdesk::sandbox::world::{Post, World};
use topicdesk::sandbox::worldfile::{Media, Message, Place, Role, Span, What, WorldFile};

const START: Timestamp = Timestamp::from_unix(1_795_354_265);
const BOT: i64 = 7_100_000_001;

fn shop() -> WorldFile {
    WorldFile::shop().expect("the built-in world is sound")
}

fn messages(world: &WorldFile) -> impl Iterator<Item = &Message> {
    world.topics.iter().flat_map(|topic| &topic.messages).chain(&world.general)
}

#[test]
fn the_shop_has_everything_a_desk_must_cope_with() {
    let shop = shop();
    assert!(shop.topics.len() >= 40, "{} topics", shop.topics.len());
    let languages: HashSet<_> = shop.people.iter().filter_map(|person| person.language.as_deref()).collect();
    for language in ["en", "ru", "uk", "ar", "zh", "es"] {
        assert!(languages.contains(language), "{language}");
        assert!(shop.scripts.phrases.contains_key(language), "{language}");
    }
    let has = |what: &str, found: bool| assert!(found, "the shop has no {what}");
    let media = |test: fn(&Media) -> bool| messages(&shop).filter_map(|m| m.media.as_deref()).any(test);
    has("photo", media(|media| matches!(media, Media::Photo { .. })));
    has("voice note", media(|media| matches!(media, Media::Voice { .. })));
    has("sticker", media(|media| matches!(media, Media::Sticker(_))));
    has("file", media(|media| matches!(media, Media::File { .. })));
    has("video", media(|media| matches!(media, Media::Video { .. })));
    has("escape sequence", messages(&shop).any(|m| m.text.contains('\u{1b}')));
    has("bidi override", shop.topics.iter().any(|topic| topic.title.contains('\u{202e}')));
    has("hole of 1,500 ids", shop.holes.iter().any(|hole| hole.ids == 1500));
    has("deleted message", messages(&shop).any(|m| m.deleted));
    has("edited message", messages(&shop).any(|m| m.edited.is_some()));
    has("message that is changed", shop.scripts.matters.iter().any(|matter| matter.corrects.is_some()));
    has("message that is taken back", shop.scripts.matters.iter().any(|matter| matter.takes_back));
    has("album", messages(&shop).filter(|m| m.album.is_some()).count() > 2);
    has("pinned message", messages(&shop).any(|m| m.pinned));
    has("reaction", messages(&shop).any(|m| !m.reactions.is_empty()));
    has("quote", messages(&shop).any(|m| m.quote.is_some() && m.reply_to.is_some()));
    has("poll", media(|media| matches!(media, Media::Poll { .. })));
    has("reply", messages(&shop).any(|m| m.reply_to.is_some()));
    has("long text", messages(&shop).any(|m| m.text.chars().count() > 1000));
    has("message in General", !shop.general.is_empty());
    has("deleted topic", shop.topics.iter().any(|topic| topic.deleted));
    has("closed topic", shop.topics.iter().flat_map(|topic| &topic.edits).any(|edit| edit.closed == Some(true)));
    has("plain group", !shop.groups.is_empty());
    let by = |role| shop.topics.iter().filter(move |t| shop_role(t.by.as_str()) == Some(role)).count();
    fn shop_role(key: &str) -> Option<Role> {
        WorldFile::shop().ok()?.people.iter().find(|person| person.key.as_str() == key).map(|person| person.role)
    }
    has("topic by an agent for a customer", by(Role::Agent) >= 2);
    has("topic by an anonymous admin", by(Role::Anonymous) >= 1);
    has("topic by another bot", by(Role::Bot) >= 1);
    has(
        "account with a second factor",
        shop.people.iter().filter_map(|p| p.login.as_ref()).any(|l| l.password.is_some()),
    );
    let day = Span::parse("1d").expect("a span");
    let role = |message: &Message| shop.person(&message.by).map(|person| person.role);
    let fresh = |topic: &&topicdesk::sandbox::worldfile::Topic| topic.opened < day;
    let unanswered =
        shop.topics.iter().filter(fresh).filter(|t| t.messages.iter().all(|m| role(m) == Some(Role::Customer)));
    has("fresh unanswered topics", unanswered.count() >= 5);
    has("topics older than two weeks", shop.topics.iter().filter(|t| t.opened > Span::secs(14 * 86_400)).count() >= 8);
    for message in messages(&shop) {
        let length = message.text.encode_utf16().count() as u32;
        assert!(message.entities.iter().all(|e| e.offset + e.length <= length), "{:?}", message.text);
        assert!(length <= 4096);
    }
}

#[test]
fn the_shop_becomes_a_world() {
    let shop = shop();
    let world = World::build(&shop, START).expect("builds");
    let group = world.group(world.forum()).expect("the group");
    let alive = messages(&shop).filter(|m| !m.deleted).count();
    assert!(group.count() >= alive, "{} of {alive}", group.count());
    let rules = group.topics().find(|topic| topic.title.starts_with("Rules")).expect("the rules");
    assert!(rules.closed && rules.pinned);
    assert!(!group.topics().any(|topic| topic.title == "test test"), "deleted topics are gone");
    let icons = group.topics().filter(|topic| topic.icon_emoji_id.is_some()).count();
    let wanted = shop.topics.iter().filter(|topic| topic.icon.is_some()).count();
    assert_eq!(icons, wanted, "every icon belongs to the set that Telegram offers");
}

#[test]
fn a_timeline_is_in_date_order_with_one_id_sequence() {
    let shop = shop();
    let steps = shop.timeline();
    assert_eq!((steps[0].id, steps[0].place, steps[0].what), (1, Place::General, What::Created));
    assert!(steps.is_sorted_by(|a, b| a.id < b.id && a.ago >= b.ago));
    let jumps: Vec<i32> = steps.windows(2).map(|pair| pair[1].id - pair[0].id - 1).filter(|jump| *jump > 0).collect();
    assert_eq!(jumps, [1500]);
    assert_eq!(
        steps.len(),
        1 + shop.topics.len() + messages(&shop).count() + shop.topics.iter().map(|t| t.edits.len()).sum::<usize>()
    );
    for (index, _) in shop.topics.iter().enumerate() {
        let of_topic: Vec<_> = steps.iter().filter(|step| step.place == Place::Topic(index)).collect();
        assert_eq!(of_topic[0].what, What::Created);
        let order: Vec<usize> =
            of_topic.iter().filter_map(|s| if let What::Message(at) = s.what { Some(at) } else { None }).collect();
        assert!(order.is_sorted(), "messages keep the order they are written in");
    }
}

#[test]
fn worlds_that_do_not_fit_together_say_where() {
    let head = "[group]\nid = 1\ntitle = \"G\"\ncreated = \"9d\"\n[[people]]\nkey = \"bot\"\nid = 2\nfirst_name = \"B\"\nrole = \"desk_bot\"\n";
    let topic = |body: &str| format!("{head}[[topics]]\ntitle = \"T\"\nby = \"bot\"\nopened = \"2d\"\n{body}");
    assert!(WorldFile::parse(head).is_ok());
    for (text, expected) in [
        (topic("messages = [{ by = \"eve\", ago = \"1d\" }]"), "topic \"T\", message 0: nobody is called `eve`"),
        (topic("messages = [{ by = \"bot\", ago = \"3d\" }]"), "it is older (3d) than what comes before it (2d)"),
        (topic("messages = [{ by = \"bot\", ago = \"1d\", reply_to = 0 }]"), "`reply_to`"),
        (topic("messages = [{ by = \"bot\", ago = \"1d\", edited = \"25h\" }]"), "edited before it was written"),
        (topic("messages = [{ by = \"bot\", ago = \"1 day\" }]"), "line 14"),
        (topic("colour = 1"), "unknown field `colour`"),
        (head.replace("desk_bot", "bot"), "one person with the role `desk_bot`, not 0"),
        (format!("{head}[[people]]\nkey = \"x\"\nid = 2\nfirst_name = \"X\"\nrole = \"agent\"\n"), "has the id 2"),
        (head.replace("9d", "soon"), "`soon` is no span of time"),
    ] {
        let error = WorldFile::parse(&text).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}\nshould contain {expected}");
    }
}

#[test]
fn a_generated_world_is_as_large_as_asked_and_the_same_again() {
    for (topics, wanted) in [(0, 0), (1, 1), (10, 3), (300, 5_000)] {
        let world = generate(topics, wanted, 7);
        world.check().expect("fits together");
        assert_eq!(world.topics.len(), topics);
        assert_eq!(messages(&world).count(), wanted.max(topics));
        assert_eq!(world, generate(topics, wanted, 7));
        assert!(topics < 2 || world != generate(topics, wanted, 8));
        World::build(&world, START).expect("builds");
    }
    let world = generate(300, 5_000, 7);
    let longest = world.topics.iter().map(|topic| topic.messages.len()).max();
    assert!(longest > Some(60), "a few topics are long: {longest:?}");
    let text: usize = messages(&world).map(|m| m.text.chars().count()).sum();
    assert!((60..200).contains(&(text / 5_000)), "a believable length: {}", text / 5_000);
    let fresh = world.topics.iter().filter(|topic| topic.opened < Span::secs(14 * 86_400)).count();
    assert!((30..200).contains(&fresh), "{fresh} of 300 are younger than two weeks");
}

#[test]
fn a_hundred_thousand_messages_are_made_in_seconds() {
    let began = Instant::now();
    let world = generate(10_000, 100_000, 1);
    let made = began.elapsed();
    assert_eq!(messages(&world).count(), 100_000);
    assert_eq!(world.timeline().len(), 1 + 110_000 + world.topics.iter().map(|t| t.edits.len()).sum::<usize>());
    // Unoptimised and beside other tests; a release build takes a fraction of a second.
    assert!(made < Duration::from_secs(20), "{made:?}");
}

/// A scenario and a world on a clock that only the test moves.
struct Stage {
    world: World,
    scenario: Scenario,
    now: Timestamp,
    seen: i32,
}

impl Stage {
    fn new(file: &WorldFile, speed: f64) -> Self {
        let world = World::build(file, START).expect("builds");
        let seen = world.group(world.forum()).expect("the group").top_message();
        Self { world, scenario: Scenario::new(file, 5, speed, START), now: START, seen }
    }

    /// Lets time pass, waking the scenario exactly when it asks; tells what was written meanwhile.
    fn pass(&mut self, span: Duration) -> Vec<(i32, i64, String, Timestamp)> {
        let end = self.now + span;
        let mut said = Vec::new();
        loop {
            let wake = self.scenario.turn(&mut self.world, self.now);
            let group = self.world.group(self.world.forum()).expect("the group");
            let new = group.messages().filter(|message| message.id > self.seen);
            said.extend(new.map(|m| (m.topic, m.sender, m.text().to_owned(), self.now)));
            self.seen = group.top_message();
            match wake.filter(|wake| *wake <= end) {
                Some(wake) => self.now = wake.max(self.now),
                None => break,
            }
        }
        self.now = end;
        said
    }

    fn staff(&mut self, topic: i32, text: &str) {
        self.world.send(Post::new(BOT, topic, text), self.now).expect("the bot may write");
        self.seen = self.world.group(self.world.forum()).expect("the group").top_message();
    }

    fn topic(&self, title: &str) -> i32 {
        let group = self.world.group(self.world.forum()).expect("the group");
        group.topics().find(|topic| topic.title.contains(title)).map(|topic| topic.id).expect(title)
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn new_topics_come_soon_but_never_in_a_flood() {
    let file = shop();
    let mut stage = Stage::new(&file, 1.0);
    assert!(stage.pass(Duration::from_secs(19)).is_empty(), "nothing happens at once");
    let first = stage.pass(Duration::from_secs(15));
    assert!(first[0].2.is_empty() && first.len() >= 2, "a topic and its first words: {first:?}");
    assert!(first[1].2.contains("preparing"), "{first:?}");
    let mut said = first;
    said.extend(stage.pass(minutes(60)));
    let opened: Vec<_> = said.iter().filter(|(_, _, text, _)| text.is_empty()).map(|(.., at)| *at).collect();
    assert_eq!(opened.len(), file.scripts.matters.len().min(file.scripts.most as usize));
    for pair in opened.windows(2) {
        assert!((60..=90).contains(&pair[1].since(pair[0]).as_secs()), "{:?}", pair[1].since(pair[0]));
    }
    // Two or three lines and two questions a topic at most, and some who had been waiting: no flood.
    assert!(said.len() < opened.len() * 6 + 20, "{} messages in an hour without any answer", said.len());
    let rest = stage.pass(minutes(24 * 60));
    assert!(rest.len() < 40, "unanswered customers give up: {}", rest.len());
    assert!(stage.scenario.next_wake().is_none(), "and then nothing wakes anybody any more");
}

#[test]
fn a_customer_answers_what_is_asked_and_ends_with_thanks_and_returns() {
    let file = shop();
    let mut stage = Stage::new(&file, 1.0);
    stage.pass(minutes(5));
    let swap = stage.topic("too big, swap?");
    stage.staff(swap, "Hi Jack, could you tell me the order number, please?");
    let said = stage.pass(Duration::from_secs(26));
    let (.., text, at) = said.iter().find(|(topic, ..)| *topic == swap).expect("an answer within half a minute");
    assert!(text.contains("48140"), "{text}");
    assert!((5..=20).contains(&at.since(START + minutes(5)).as_secs()), "{at:?}");
    stage.staff(swap, "Done: I changed it to L, it is on its way.");
    let said = stage.pass(Duration::from_secs(20));
    let thanks = &said.iter().find(|(topic, ..)| *topic == swap).expect("thanks").2;
    assert!(file.scripts.phrases["en"].thanks.contains(thanks), "{thanks}");
    let said = stage.pass(minutes(4));
    let back = &said.iter().find(|(topic, ..)| *topic == swap).expect("comes back").2;
    assert!(back.contains("the mail still says XL"), "{back}");
    stage.staff(swap, "Yes, it went through, that is fixed.");
    let said = stage.pass(minutes(90));
    assert_eq!(said.iter().filter(|(topic, ..)| *topic == swap).count(), 1, "thanks, and then there is quiet");
}

#[test]
fn customers_of_the_shop_answer_in_their_language_whatever_staff_writes() {
    let file = shop();
    for (title, question, expected) in [
        ("Забула пароль", "Немає листа навіть у спамі?", vec!["Знайшла у спамі 🙈", "Листа немає ніде"]),
        ("Забула пароль", "Could you send a screenshot?", vec!["Ось, подивіться", "Додаю"]),
        ("睡袋可以机洗吗", "请问是哪一款？", vec!["要回家看一下标签"]),
        ("عمود الخيمة", "Which order is it? Please send the order number", vec!["أين أجد الرقم؟"]),
        ("Botas Ridge", "¿Desde cuándo?", vec!["Unos días"]),
        ("URGENT please cancel", "I cancelled 48133 for you.", file_thanks(&file, "en")),
        ("配送日の変更", "土曜日に変更しました。", file_thanks(&file, "ja")),
    ] {
        let mut stage = Stage::new(&file, 1.0);
        stage.pass(Duration::from_secs(1));
        let topic = stage.topic(title);
        stage.staff(topic, question);
        let said = stage.pass(Duration::from_secs(25));
        let answers: Vec<&str> =
            said.iter().filter(|(t, ..)| *t == topic).map(|(_, _, text, _)| text.as_str()).collect();
        assert!(answers.len() == 1 && expected.contains(&answers[0]), "{title} {question}: {answers:?}");
    }
}

#[test]
fn customers_mend_what_they_wrote() {
    let file = shop();
    let mut stage = Stage::new(&file, 1.0);
    let texts = |stage: &Stage, topic: i32| -> Vec<(String, bool)> {
        let group = stage.world.group(stage.world.forum()).expect("the forum");
        let messages = group.messages().filter(|message| message.topic == topic && !message.is_service());
        messages.map(|message| (message.text().to_owned(), message.edit_date.is_some())).collect()
    };
    stage.pass(minutes(1));
    let stuck = stage.topic("stuck in “preparing”");
    assert!(texts(&stage, stuck)[0].0.contains("I leave on Saturday"));
    stage.staff(stuck, "Hi Nora, it leaves tomorrow.");
    stage.pass(Duration::from_secs(30));
    let (first, edited) = texts(&stage, stuck)[0].clone();
    assert!(edited && first.contains("FRIDAY"), "{first}");
    stage.pass(minutes(6));
    let swap = stage.topic("too big, swap?");
    let said = texts(&stage, swap);
    assert!(said[0].0.contains("XL") && said.iter().all(|(text, _)| !text.contains("Mill Lane")), "{said:?}");
}

fn file_thanks<'f>(file: &'f WorldFile, language: &str) -> Vec<&'f str> {
    file.scripts.phrases[language].thanks.iter().map(String::as_str).collect()
}

#[test]
fn customers_grow_impatient_twice_and_no_more() {
    let file = shop();
    let mut stage = Stage::new(&file, 1.0);
    let said = stage.pass(minutes(120));
    let stuck = stage.topic("stuck in “preparing”");
    let words: Vec<&str> =
        said.iter().filter(|(t, ..)| *t == stuck).map(|(_, _, text, _)| text.as_str()).skip(1).collect();
    let opening = file.scripts.matters[0].opening.iter().map(String::as_str);
    let nags = file.scripts.phrases["en"].impatient.iter().map(String::as_str).take(2);
    assert_eq!(words, opening.chain(nags).collect::<Vec<_>>());
}

#[test]
fn speed_shortens_pauses_and_changes_nothing_else() {
    let file = shop();
    let texts = |speed: f64, span| -> Vec<String> {
        Stage::new(&file, speed).pass(span).into_iter().map(|(_, _, text, _)| text).collect()
    };
    // Rounding may swap two customers who speak in the same moment, so the order is left out.
    let (mut slow, mut fast) = (texts(1.0, minutes(30)), texts(10.0, minutes(3)));
    slow.sort();
    fast.sort();
    assert_eq!(slow.len(), fast.len());
    assert_eq!(slow, fast);
}

#[test]
fn a_resumed_world_does_not_open_its_topics_again() {
    let file = shop();
    let mut stage = Stage::new(&file, 1.0);
    let first = stage.pass(minutes(10)).iter().filter(|(_, _, text, _)| text.is_empty()).count();
    assert!(first >= 6);
    stage.scenario = Scenario::new(&file, 5, 1.0, stage.now);
    let second = stage.pass(minutes(60)).iter().filter(|(_, _, text, _)| text.is_empty()).count();
    assert_eq!(first + second, file.scripts.matters.len().min(file.scripts.most as usize));
}

#[test]
fn a_deleted_topic_is_forgotten() {
    let file = shop();
    let mut scenario = Scenario::new(&file, 5, 1.0, START);
    let opened = Happening::Opened { topic: 9, by: 5_200_000_001, title: "By hand".into() };
    assert_eq!(scenario.next(START, &[opened]), []);
    let asked = Happening::Said { topic: 9, by: BOT, text: "Which order number?".into() };
    scenario.next(START, &[asked]);
    assert!(scenario.next_wake().is_some_and(|wake| wake < START + Duration::from_secs(21)));
    let acts = scenario.next(START + Duration::from_secs(19), &[Happening::Gone { topic: 9 }]);
    assert_eq!(acts, []);
    let acts = scenario.next(START + Duration::from_secs(20), &[]);
    assert!(matches!(&acts[..], [Act::Open { by: 5_200_000_001, .. }]), "{acts:?}");
}

#[tokio::test]
async fn the_task_wakes_by_the_clock_and_by_news() {
    let file = shop();
    let clock = Clock::System;
    let stage =
        Mutex::new((World::build(&file, clock.now()).expect("builds"), Scenario::new(&file, 5, 200.0, clock.now())));
    let news = tokio::sync::Notify::new();
    let written = tokio::sync::Notify::new();
    let turn = |now| {
        let mut stage = stage.lock().expect("nobody panics with it");
        let (world, scenario) = &mut *stage;
        let wake = scenario.turn(world, now);
        written.notify_one();
        wake
    };
    let count = |title: &str| {
        let (world, _) = &*stage.lock().expect("nobody panics with it");
        let group = world.group(world.forum()).expect("the group");
        group.topics().find(|topic| topic.title.contains(title)).map_or(0, |topic| topic.messages().len())
    };
    let watch = async {
        while count("stuck in “preparing”") < 3 {
            written.notified().await;
        }
        let before = count("Botas");
        {
            let (world, _) = &mut *stage.lock().expect("nobody panics with it");
            let group = world.group(world.forum()).expect("the group");
            let topic = group.topics().find(|topic| topic.title.contains("Botas")).expect("a topic").id;
            world.send(Post::new(BOT, topic, "¿Puedes mandar una foto?"), clock.now()).expect("the bot may write");
        }
        news.notify_one();
        while count("Botas") < before + 2 {
            written.notified().await;
        }
    };
    tokio::select! {
        () = scenario::run(clock.clone(), &news, turn) => unreachable!("it runs for ever"),
        done = tokio::time::timeout(Duration::from_secs(20), watch) => done.expect("the customers live"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is asked for, a generated world fits together and its ids rise.
    #[test]
    fn any_generated_world_is_sound(topics in 0usize..60, extra in 0usize..400, seed: u64) {
        let world = generate(topics, topics + extra, seed);
        prop_assert!(world.check().is_ok(), "{:?}", world.check());
        prop_assert!(world.timeline().is_sorted_by(|a, b| a.id < b.id));
    }

    /// A span survives being written and read.
    #[test]
    fn a_span_survives_text(seconds: u32) {
        let span = Span::secs(seconds);
        prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
    }

    /// Whatever staff writes, customers answer it at most once, and never with a gap left unfilled.
    #[test]
    fn any_words_of_staff_are_survived(words in "[a-zа-я?{} ]{0,40}|order number.*|.*фото.*") {
        let file = shop();
        let mut scenario = Scenario::new(&file, 1, 1.0, START);
        let by = 5_200_000_011;
        scenario.next(START, &[
            Happening::Opened { topic: 9, by, title: "x".into() },
            Happening::Said { topic: 9, by: BOT, text: words },
        ]);
        let acts = scenario.next(START + Duration::from_secs(19), &[]);
        prop_assert!(acts.len() <= 1, "{acts:?}");
        for act in acts {
            let unfilled = matches!(&act, Act::Say { text, .. } if text.contains("{}"));
            prop_assert!(!unfilled, "{act:?}");
        }
    }
}
