//! `topicdesk knowledge`, and what `desk.toml` and `doctor` say of it.

use std::os::unix::fs::PermissionsExt;

use crate::support::http::{Manner, Site};
use crate::support::process::Desk;

fn desk(more: &str) -> Desk {
    let desk = Desk::empty();
    let folder = desk.path().join("articles");
    std::fs::create_dir(&folder).expect("makes");
    for (name, text) in topicdesk::knowledge::shop::SHOP {
        std::fs::write(folder.join(name), text).expect("writes");
    }
    desk.configure(&format!("[knowledge]\nfolder = \"articles\"\n{more}"));
    desk
}

fn secret(desk: &Desk, mode: u32) {
    let file = desk.path().join("secret");
    std::fs::write(&file, "hunter2\n").expect("writes");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("sets");
}

#[test]
fn articles_are_searched_and_looked_through() {
    let desk = desk("");
    let found = desk.json(&["knowledge", "search", "where is my parcel"]);
    assert_eq!((found[0]["file"].as_str(), found[0]["source"].as_str()), (Some("parcel.en.md"), Some("folder")));
    for key in ["title", "url", "snippet", "score", "language", "text"] {
        assert!(found[0].get(key).is_some(), "no {key} in {}", found[0]);
    }
    let uk = desk.run(&["knowledge", "search", "де посилка"]).ok();
    assert!(uk.lines().nth(1).is_some_and(|line| line.contains("Де моя посилка?")), "{uk}");
    assert_eq!(desk.json(&["knowledge", "search", "\"NEAR(\" OR *"]).as_array().map(Vec::len), Some(0));

    let clean = desk.run(&["knowledge", "lint"]).ok();
    assert_eq!(clean, format!("{} articles, no errors, no warnings\n", topicdesk::knowledge::shop::SHOP.len()));
    std::fs::write(desk.path().join("articles/broken.md"), "---\ntitle: \"A\n---\nx").expect("writes");
    let bad = desk.run(&["knowledge", "lint"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.out.contains("broken.md:2:8: error: has a quote that is not closed"), "{}", bad.out);
    let search = desk.run(&["knowledge", "search", "parcel"]);
    assert!(search.code == Some(0) && search.err.contains("1 file is left out"), "{search:?}");

    Desk::empty().run(&["knowledge", "search", "x"]).fails(2, "there are no articles");
    let gone = Desk::empty();
    gone.configure("[knowledge]\nfolder = \"nowhere\"\n");
    gone.run(&["knowledge", "lint"]).fails(1, "cannot be read");
    let doctor = gone.run(&["doctor"]).out;
    assert!(doctor.contains("BAD  articles") && doctor.contains("nowhere: cannot be read"), "{doctor}");
}

#[tokio::test]
async fn the_webhook_is_asked_and_its_secret_is_told_to_nobody_else() {
    let answer = r#"[{"title": "From the \u001b[31mservice", "snippet": "words", "score": 0.5}]"#;
    let service = Site::start(vec![Manner::right(answer), Manner::right(answer), Manner::status("401 No")]).await;
    let desk = desk(&format!(
        "[knowledge.webhook]\nurl = \"{}\"\nheader = \"X-Token\"\nsecret_file = \"secret\"\nretries = 0\n",
        service.url()
    ));
    secret(&desk, 0o600);
    let (desk, found, local, doctor, refused) = tokio::task::spawn_blocking(move || {
        let found = desk.run(&["knowledge", "search", "where is my parcel"]);
        let local = desk.run(&["knowledge", "search", "--local", "where is my parcel"]);
        let doctor = desk.run(&["doctor"]);
        let refused = desk.run(&["-vv", "knowledge", "search", "where is my parcel"]);
        (desk, found, local, doctor, refused)
    })
    .await
    .expect("ends");
    let out = found.ok();
    assert!(out.contains("From the [31mservice") && out.contains("Where is my parcel?"), "{out}");
    assert!(!local.ok().contains("webhook"));
    assert!(doctor.out.contains("answers, with 1 article"), "{}", doctor.out);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("it does not take the secret") && refused.out.contains("Where is my parcel?"));
    assert!(!format!("{refused:?}{}", doctor.out).contains("hunter2"));
    assert!(service.heard()[0].to_lowercase().contains("x-token: hunter2"));

    secret(&desk, 0o644);
    let open = tokio::task::spawn_blocking(move || desk.run(&["config", "check"])).await.expect("ends");
    assert!(!format!("{open:?}").contains("hunter2"));
    open.fails(2, "can be read by others: run `chmod 600");
}

#[test]
fn mistakes_in_the_configuration_have_a_place() {
    for (text, said) in [
        (
            "[knowledge]\nfolders = \"x\"",
            "desk.toml:2:1: unknown key `folders` in `[knowledge]`: did you mean `folder`?",
        ),
        ("[knowledge]\nlanguages = [\"english language\"]", "desk.toml:2:14: `knowledge.languages`"),
        ("[knowledge.webhook]\nretries = 1", "has no `url`"),
        (
            "[knowledge.webhook]\nurl = \"https://a\"\nretries = 50",
            "desk.toml:3:11: `knowledge.webhook.retries` must be",
        ),
        (
            "[knowledge.webhook]\nurl = \"https://a\"\ntimeout = \"5h\"",
            "desk.toml:3:11: `knowledge.webhook.timeout` must be",
        ),
        (
            "[knowledge.webhook]\nurl = \"https://a\"\nmax_bytes = \"1 TB\"",
            "desk.toml:3:13: `knowledge.webhook.max_bytes`",
        ),
        ("[knowledge.webhook]\nurl = \"https://a\"\nheader = \"A\"", "desk.toml:3:10: `header` needs a `secret_file`"),
        (
            "[knowledge.webhook]\nurl = \"https://a\"\nsecret_file = \"a\"",
            "desk.toml:3:15: `secret_file` needs a `header`",
        ),
        ("[knowledge.webhook]\nurl = \"https://a\"\nheader = \"A\"\nsecret_file = \"gone\"", "desk.toml:4:15: "),
    ] {
        let desk = Desk::empty();
        desk.configure(text);
        let ended = desk.run(&["config", "check"]);
        assert!(ended.code == Some(2) && ended.err.contains(said), "{text}: {ended:?}");
    }
    let desk = Desk::empty();
    desk.configure("[knowledge.webhook]\nurl = \"http://help.example/x?key=hunter2\"\n");
    let ended = desk.run(&["config", "check"]);
    assert!(ended.code == Some(2) && ended.out.contains("desk.toml:2:7: `url` must begin with https://"), "{ended:?}");
    assert!(!format!("{ended:?}").contains("hunter2"));
}
