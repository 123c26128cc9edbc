//! Templates, the guard and one reply to many in the real binary: what is asked, what leaves, what does not.

use crate::pty::{enter, entries, open, still, telegram, times};
use crate::support::process::{Desk, until};

#[test]
fn a_template_with_actions_the_guard_and_one_reply_to_many() {
    let desk = Desk::empty();
    let folder = desk.path().join("templates");
    std::fs::create_dir_all(&folder).expect("is made");
    let template = "+++\nname = \"Fixed\"\ncode = \"fixed\"\nthen = \"resolve\"\nadd_tags = [\"outage\"]\n+++\nIt is fixed, {{customer.first_name|you}}.\n";
    std::fs::write(folder.join("fixed.md"), template).expect("writes");
    let mut terminal = open(still(&desk));
    let tickets = desk.queue("unassigned");
    let [first, second] = &tickets[..2] else { panic!("too few tickets") };

    // The template shows what follows, and the reply does it.
    enter(&mut terminal, first);
    terminal.script(&[("t", "Templates"), ("fixed", "then: resolve, +outage")]);
    terminal.sees("draft saved");
    terminal.keys("\r");
    until("it is resolved", || {
        let page = desk.json(&["show", first]);
        (page["status"] == "resolved" && page["tags"][0] == "outage").then_some(())
    });

    // The guard asks; Enter goes back to the text, and nothing has left.
    enter(&mut terminal, second);
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("Is it 4111 1111 1111 1111?");
    terminal.script(&[("\r", "a card number (4111 … 1111)"), ("\r", "PUBLIC")]);
    assert_eq!(times(&telegram(desk.path()), "4111"), 0);
    terminal.script(&[("\r", "a card number"), ("s", "takes it back")]);
    until("it has left", || (times(&telegram(desk.path()), "4111") == 1).then_some(()));

    // One line to two marked tickets, after one question.
    terminal.script(&[
        ("h8", "1 of "),
        ("gg", "[8 All"),
        (" ", "1 marked"),
        (" ", "2 marked"),
        ("r", "reply to all marked:"),
    ]);
    terminal.keys("We are back");
    terminal.sees("We are back");
    terminal.script(&[("\r", "Reply to 2 tickets? It takes less than a minute."), ("y", "all on their way")]);
    until("both have left", || (times(&telegram(desk.path()), "We are back") == 2).then_some(()));
    assert_eq!(entries(&desk, first, "message", "It is fixed").len(), 1);
}
