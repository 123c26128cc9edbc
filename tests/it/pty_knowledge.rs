//! Suggested articles in the real binary: the demo's shop has some, and one goes into a reply.

use crate::pty::{enter, entries, open, still};
use crate::support::process::Desk;

#[test]
fn an_article_is_suggested_found_and_sent() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk).size(160, 50));
    let rows = desk.json(&["queue", "unassigned"]);
    let waits = |row: &&serde_json::Value| row["title"] == "Parcel says delivered, nothing here";
    let ticket = rows.as_array().expect("a list").iter().find(waits).expect("Grace waits")["id"].to_string();
    enter(&mut terminal, &ticket);
    // At this width its thread stood there before it was entered.
    terminal.sees("J next");
    terminal.sees("ARTICLES (g k)");
    terminal.sees("Where is my parcel?");

    terminal.script(&[("r", "PUBLIC"), ("\x18\x0b", "https://kestrel.example/help/parcel"), ("\r", "draft saved")]);
    terminal.script(&[("\r", "✓ Where is my parcel?")]);
    assert_eq!(entries(&desk, &ticket, "message", "kestrel.example/help/parcel")[0]["state"], "sent");

    // The folder is looked at again when somebody looks.
    let new = "# Zanzibar\n\nParcels to Zanzibar go by boat.";
    std::fs::write(desk.path().join("articles/zanzibar.md"), new).expect("writes");
    terminal.script(&[(":reread-articles\r", "Articles for #"), ("zanzibar", "Parcels to Zanzibar go by boat")]);
    terminal.script(&[("\r", "Parcels to Zanzibar go by boat")]);
}
