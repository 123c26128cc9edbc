//! Templates, mere thanks and the language of a text: tables, properties and the files that come with the program.

use proptest::prelude::*;

use topicdesk::config::{templates, words};
use topicdesk::desk::language::guess;
use topicdesk::desk::template::{Context, PLACEHOLDERS, Template, by_code, by_key, prefer, unfilled};
use topicdesk::desk::thanks::is_mere_thanks;

fn context() -> Context {
    Context {
        customer_name: "Nadia Haddad".into(),
        customer_first_name: "Nadia".into(),
        customer_username: "@nadia".into(),
        ticket_id: "1042".into(),
        ticket_title: "Tent pole broken".into(),
        agent_name: "Anna Berg".into(),
        agent_first_name: "Anna".into(),
        desk_name: "Kestrel".into(),
        date: "22 Nov 2026".into(),
        time: "13:31".into(),
    }
}

fn text(text: &str) -> Template {
    Template { text: text.into(), ..Template::default() }
}

fn named(name: &str, language: Option<&str>, code: &str) -> Template {
    Template {
        name: name.into(),
        language: language.map(Into::into),
        code: Some(code.into()),
        key: Some("F5".into()),
        ..Template::default()
    }
}

#[test]
fn placeholders_are_filled_once_and_the_rest_is_left_to_the_agent() {
    let hostile = Context { customer_first_name: "{{agent.name}} {{?x}} {{{{".into(), ..context() };
    let nobody = Context::default();
    for (template, context, expected) in [
        ("Hi {{customer.first_name}}!", &context(), "Hi Nadia!"),
        ("Hi {{ customer.first_name | there }}!", &context(), "Hi Nadia!"),
        ("Hi {{customer.first_name|there}}!", &nobody, "Hi there!"),
        ("Hi{{customer.first_name|}}!", &nobody, "Hi!"),
        ("Hi {{customer.first_name}}!", &nobody, "Hi {{?customer.first_name}}!"),
        ("#{{ticket.id}} {{ticket.title}}", &context(), "#1042 Tent pole broken"),
        ("order {{?order number}}, {{agent.name}}", &context(), "order {{?order number}}, Anna Berg"),
        ("{{?left|alone}}", &context(), "{{?left|alone}}"),
        ("{{customer.frist_name}}", &context(), "{{?customer.frist_name}}"),
        ("{{customer.first_name}}", &hostile, "{agent.name} {?x} {"),
        ("{{{customer.first_name}}}", &context(), "{Nadia}"),
        ("{{{{ticket.id}}", &context(), "{{1042"),
        ("{{ no end {{ticket.id}}", &context(), "{{ no end 1042"),
        ("{{ over\ntwo lines }} {{date}}", &context(), "{{ over\ntwo lines }} 22 Nov 2026"),
        ("{{", &context(), "{{"),
        ("{{}}", &context(), "{{?}}"),
        ("日本 {{time}} 🙂", &context(), "日本 13:31 🙂"),
    ] {
        assert_eq!(text(template).fill(context), expected, "{template:?}");
    }
}

#[test]
fn every_advertised_placeholder_has_a_value() {
    let context = context();
    for (name, meaning) in PLACEHOLDERS {
        assert!(context.value(name).is_some_and(|value| !value.is_empty()), "{name}: {meaning}");
    }
    assert_eq!(context.value("customer.password"), None);
}

#[test]
fn unfilled_finds_what_the_agent_must_fill_and_nothing_else() {
    for (draft, expected) in [
        ("order {{?order number}} of {{?date}}", vec!["{{?order number}}", "{{?date}}"]),
        ("ключ {{?номер}} 🙂 {{?x}}", vec!["{{?номер}}", "{{?x}}"]),
        ("Dear {{customer.first_name}}", vec!["{{customer.first_name}}"]),
        ("Dear {{customer.frist_name|you}}", vec!["{{customer.frist_name|you}}"]),
        ("write {{ user.name }} in the Jinja file, {{#each}} in the other", vec![]),
        ("{{?never closed", vec![]),
        ("{{?over\nlines}}", vec![]),
        ("plain", vec![]),
    ] {
        let found: Vec<&str> = unfilled(draft).into_iter().map(|range| &draft[range]).collect();
        assert_eq!(found, expected, "{draft:?}");
    }
}

#[test]
fn the_lint_names_unknown_placeholders_with_their_lines() {
    let template = text("{{customer.first_name}} {{?anything}}\n{{customer.frist_name}}\n\n{{foo|bar}}");
    assert_eq!(template.unknown_placeholders(), [(2, "customer.frist_name".to_owned()), (4, "foo".to_owned())]);
}

#[test]
fn the_tickets_language_comes_first() {
    let all = [
        named("en", Some("en"), "pw"),
        named("any", None, "pw"),
        named("ru", Some("ru"), "pw"),
        named("br", Some("pt-BR"), "pw"),
    ];
    let names = |language| prefer(&all, language).iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(" ");
    assert_eq!(names(None), "en any ru br");
    assert_eq!(names(Some("ru")), "ru any en br");
    assert_eq!(names(Some("pt")), "br any en ru");
    assert_eq!(names(Some("ja")), "any en ru br");
    for (ticket, desk, expected) in
        [(Some("ru"), "en", "ru"), (Some("ja"), "en", "en"), (None, "ru", "ru"), (Some("ja"), "fr", "any")]
    {
        assert_eq!(by_code(&all, "PW", ticket, desk).map(|t| t.name.as_str()), Some(expected), "{ticket:?} {desk}");
        assert_eq!(by_key(&all, "f5", ticket, desk).map(|t| t.name.as_str()), Some(expected), "{ticket:?} {desk}");
    }
    assert_eq!(by_code(&all, "nope", None, "en"), None);
    assert_eq!(by_code(&all[2..3], "pw", Some("ja"), "fr").map(|t| t.name.as_str()), Some("ru"));
}

#[test]
fn the_built_in_set_is_complete_and_asks_nobody_for_personal_data() {
    let loaded = templates::load(None);
    assert_eq!(loaded.errors, []);
    assert_eq!(loaded.templates.len(), 14);
    for code in ["hi", "more", "pw", "ship", "refund", "verify", "bye"] {
        for language in ["en", "ru"] {
            let template = by_code(&loaded.templates, code, Some(language), "en").expect(code);
            assert_eq!(template.language.as_deref(), Some(language), "{code}");
            let filled = template.fill(&context());
            assert!(filled.contains("Nadia") && !filled.contains("{{customer"), "{code} {language}: {filled}");
            assert_eq!(guess(&template.text), Some(language), "{code}");
        }
    }
    assert!(by_key(&loaded.templates, "F5", None, "en").is_some());
    let keys: Vec<_> = loaded.templates.iter().filter_map(|t| Some((t.key.as_ref()?, t.language.as_ref()))).collect();
    assert!(keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)), "{keys:?}");
    for (code, caution) in [("more", "leave out"), ("verify", "don't post"), ("pw", "don't post"), ("refund", "please")]
    {
        let template = by_code(&loaded.templates, code, Some("en"), "en").expect(code);
        assert!(template.text.contains(caution), "{code} says how to keep personal data out of the topic");
    }
}

#[test]
fn a_users_folder_adds_replaces_and_is_told_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    write("hi.md", "---\nname = \"My hello\"\nlanguage = \"en\"\ncode = \"HI\"\n---\n\nMoin {{customer.first_name}}\n");
    write("own.toml", "name = \"Parts\"\ntags = [\"spare\"]\ntext = '''\nWe have {{?part}}.\n'''\n");
    write("twice.md", "+++\nname = \"Twin\"\nlanguage = \"en\"\ncode = \"hi\"\n+++\ntext\n");
    write("wrong.md", "+++\nname = \"Wrong\"\ncolour = 1\n+++\ntext\n");
    write("typo.md", "+++\nname = \"Typo\"\n+++\n\nfirst\nsecond {{ticket.nr}}\n");
    write("typo.toml", "name = \"Typo\"\ntext = \"\"\"\nfirst\n{{ticket.nr}}\"\"\"\n");
    write("open.md", "+++\nname = \"Open\"\n");
    write("bare.md", "Hello\n");
    write("code.toml", "name = \"Code\"\ncode = \"a b\"\ntext = \"x\"\n");
    write("empty.md", "+++\nname = \"Empty\"\n+++\n\n");
    write("readme.txt", "not a template");
    let loaded = templates::load(Some(folder.path()));
    let hello = by_code(&loaded.templates, "hi", Some("en"), "en").expect("hi");
    assert_eq!((hello.name.as_str(), hello.text.as_str()), ("My hello", "Moin {{customer.first_name}}"));
    assert!(hello.source.ends_with("hi.md"));
    assert_eq!(loaded.templates.iter().filter(|t| t.code.as_deref() == Some("hi")).count(), 1, "only the Russian one");
    assert!(loaded.templates.iter().any(|t| t.name == "Parts" && t.text == "We have {{?part}}."));
    let mut errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
    errors.iter_mut().for_each(|error| *error = error.replace(&format!("{}/", folder.path().display()), ""));
    let starts = [
        "bare.md:1:1: does not begin with",
        "code.toml:2:8: `a b` is no code",
        "empty.md:4: has no text",
        "open.md:1:1: has front matter that is not closed",
        "twice.md: has the same code and language",
        "typo.md:6: unknown placeholder `{{ticket.nr}}`; there are customer.name",
        "typo.toml:4: unknown placeholder `{{ticket.nr}}`",
        "wrong.md:3:1: unknown field `colour`",
    ];
    assert_eq!(errors.len(), starts.len(), "{errors:#?}");
    for (error, start) in errors.iter().zip(starts) {
        assert!(error.starts_with(start), "{error}\nshould start with {start}");
    }
    assert_eq!(templates::load(Some(&folder.path().join("absent"))), templates::load(None));
}

#[test]
fn a_mere_thanks_in_many_languages() {
    let words = words::thanks().with_names(["Anna", "Том"]);
    for thanks in [
        "thanks",
        "Thanks!",
        "Thank you so much for your help 🙏",
        "thx Anna",
        "ok, thanks a lot!!!",
        "👍",
        "🙏🏽❤️",
        "👨‍👩‍👧",
        "Great, it works now. Thank you!",
        "Спасибо большое!",
        "Спасибо, Том :)",
        "Всё работает, спасибо за помощь",
        "Дякую дуже за допомогу!",
        "Vielen Dank für die schnelle Hilfe",
        "¡Muchas gracias!",
        "شُكرًا جزيلًا",
        "شكراً لك 🌹",
        "谢谢",
        "好的，谢谢你们的帮助！",
        "ありがとうございました！",
        "届きました。ありがとうございます",
        "Merci beaucoup pour votre aide",
        "Muito obrigado pela ajuda",
        "Çok teşekkürler",
        "TEŞEKKÜRLER",
        "Dziękuję bardzo",
        "grazie mille",
        "감사합니다",
        "धन्यवाद",
        "❤",
    ] {
        assert!(is_mere_thanks(thanks, false, &words), "{thanks}");
    }
    for more in [
        "",
        " ",
        "...",
        "thanks, but it still leaks",
        "thank you, when will it arrive?",
        "thanks?",
        "no thanks to you",
        "😡",
        "thanks 😡",
        "Спасибо, а когда придёт?",
        "спасибо, но не работает",
        "не работает",
        "it does not work",
        "谢谢，但是还没收到",
        "شكرا لكن لم يصل بعد",
        "very much",
        "Anna",
        "thankless",
        "1",
        "ありがとうございます。でもまだ届きません",
        "Danke, aber es geht nicht",
        "so",
        "お",
        "not ok",
        "gracias por nada, sigue roto",
    ] {
        assert!(!is_mere_thanks(more, false, &words), "{more}");
    }
    assert!(is_mere_thanks("", true, &words), "a sticker without a known emoji");
    assert!(is_mere_thanks("👍", true, &words));
    assert!(!is_mere_thanks("😭", true, &words));
    assert!(!is_mere_thanks(&"thanks ".repeat(40), false, &words), "too long to be a mere thanks");
    for language in ["en", "ru", "uk", "de", "es", "ar", "zh", "ja", "fr", "pt", "tr"] {
        assert!(words::thanks_languages().iter().any(|known| known == language), "{language}");
    }
}

#[test]
fn languages_are_guessed_or_left_open() {
    for (text, expected) in [
        ("Hello, my tent pole is broken, what can I do?", Some("en")),
        ("The zip of the jacket", Some("en")),
        ("Hallo, meine Jacke ist nicht dicht", Some("de")),
        ("Größe falsch", Some("de")),
        ("Hola, no me llega el correo, ¿qué hago?", Some("es")),
        ("Bonjour, je n'ai pas reçu ma commande", Some("fr")),
        ("Olá, meu pedido não chegou", Some("pt")),
        ("Buongiorno, non ho ricevuto il pacco", Some("it")),
        ("Merhaba, siparişim gelmedi, ne zaman gelir", Some("tr")),
        ("Здравствуйте, где мой заказ? Заказывал вчера, и ничего", Some("ru")),
        ("Привет", Some("ru")),
        ("Доброго дня! Коли приїде посилка?", Some("uk")),
        ("Привіт", Some("uk")),
        ("коли буде доставка", Some("uk")),
        ("Дзень добры, дзе мая заяўка ў краму", Some("be")),
        ("السلام عليكم، لم يصل الطلب", Some("ar")),
        ("سلام، سفارش من چه شد؟", Some("fa")),
        ("你好，我的帐篷 Kestrel 2 Pro 漏水", Some("zh")),
        ("テントのポールが折れました", Some("ja")),
        ("안녕하세요 주문이 안 왔어요", Some("ko")),
        ("Γεια σας, πού είναι", Some("el")),
        ("שלום", Some("he")),
        ("OK", None),
        ("48121", None),
        ("", None),
        ("👍", None),
        ("@anna https://example.com/the/and/is", None),
        ("Kestrel Trail 40", None),
    ] {
        assert_eq!(guess(text), expected, "{text}");
    }
}

proptest! {
    /// Whatever the customer is called, a filled text holds no placeholder that the template did not ask for.
    #[test]
    fn a_value_never_becomes_a_placeholder(name in "[{}?a-z.| ]{0,24}", title in "[{}?x]{0,12}") {
        let context = Context { customer_first_name: name, ticket_title: title, ..context() };
        let filled = text("Hi {{customer.first_name|you}}: {{ticket.title|it}}, {{?order}}").fill(&context);
        let left: Vec<&str> = unfilled(&filled).into_iter().map(|range| &filled[range]).collect();
        prop_assert_eq!(left, ["{{?order}}"]);
    }

    /// Ranges are in order, on character boundaries and inside the text; nothing panics on any text.
    #[test]
    fn any_text_can_be_looked_at(draft in "(\\{\\{|\\}\\}|\\?|é|🙂|\n|[a-z.|{}]){0,40}") {
        let mut end = 0;
        for range in unfilled(&draft) {
            prop_assert!(range.start >= end && draft[range.clone()].starts_with("{{"));
            end = range.end;
        }
        let template = text(&draft);
        let _ = (template.unknown_placeholders(), guess(&draft));
        let filled = template.fill(&context());
        prop_assert_eq!(draft.matches('\n').count(), filled.matches('\n').count(), "lines are kept");
    }

    /// A thanks stays a thanks whatever stands around it in punctuation, and is one no more with a foreign word.
    #[test]
    fn punctuation_does_not_matter(before in "[ !.,…-]{0,4}", after in "[ !.,…)-]{0,4}", word in "[bcdfg]{4,9}") {
        let words = words::thanks();
        let thanks = format!("{before}Thank you{after}");
        let more = format!("{before}Thank you {word}{after}");
        prop_assert!(is_mere_thanks(&thanks, false, &words));
        prop_assert!(!is_mere_thanks(&more, false, &words));
    }
}

#[test]
fn front_matter_says_what_follows_where_it_fits_and_until_when() {
    use topicdesk::config::templates::parse;
    use topicdesk::desk::along::Then;
    let head = |lines: &str| format!("+++\nname = \"A\"\n{lines}\n+++\ntext\n");
    let all = head(
        "then = \"pending third_party\"\nadd_tags = [\"#Billing\"]\npriority = \"high\"\nstatus = [\"open\", \"in_progress\"]\nreview_by = 2026-12-01",
    );
    let template = parse("a.md", &all).expect("a template");
    assert_eq!(template.actions.to_string(), "pending third_party, +billing, priority high");
    assert!(matches!(template.actions.then, Some(Then::Pending(_))));
    assert_eq!(template.statuses.iter().map(|status| status.label()).collect::<Vec<_>>(), ["open", "in_progress"]);
    assert_eq!(template.review_by.map(|day| day.to_string()).as_deref(), Some("2026-12-01"));
    assert_eq!(parse("a.md", &head("review_by = \"2026-12-01\"")).expect("a template").review_by, template.review_by);
    for (lines, place, why) in [
        ("then = \"close\"", "a.md:3:8:", "cannot follow a reply"),
        ("add_tags = [\"two words\"]", "a.md:3:13:", "is no tag"),
        ("priority = \"soon\"", "a.md:3:12:", "unknown priority"),
        ("status = [\"done\"]", "a.md:3:11:", "unknown status"),
        ("review_by = 2026-13-01", "a.md:3:", ""),
        ("review_by = 5", "a.md:3:13:", "`review_by` must be a date like 2026-12-01"),
        ("review_by = 2026-12-01T10:00:00", "a.md:3:13:", "`review_by` must be a date"),
    ] {
        let error = parse("a.md", &head(lines)).expect_err(lines).to_string();
        assert!(error.starts_with(place) && error.contains(why), "{error}");
    }
}

#[test]
fn what_was_only_filled_in_was_not_edited() {
    use topicdesk::desk::template::is_as_filled;
    for (filled, sent, yes) in [
        ("Hi Ann, thanks.", "Hi Ann,  thanks.\n", true),
        ("Hi Ann, thanks.", "Hi Ann, thank you.", false),
        ("Order {{?order number}} of {{?date}}.", "Order 77 of 3 May.", true),
        ("Order {{?order number}} of {{?date}}.", "Order 77 from 3 May.", false),
        ("{{?a}}", "anything at all", true),
        ("Hi. {{?a}}", "anything at all", false),
        ("{{?a}} bye", "so long, bye", true),
        ("aba {{?x}} aba", "aba", false),
        ("", "", true),
    ] {
        assert_eq!(is_as_filled(filled, sent), yes, "{filled:?} -> {sent:?}");
    }
}

#[test]
fn a_field_is_set_by_its_name() {
    let asks = text("Order {{?order number}} of {{?date}}, {{?order number}}");
    assert_eq!(asks.set("order number", "{{7}}"), "Order {7} of {{?date}}, {7}");
    assert_eq!(asks.set("order", "7"), asks.text);
}
