//! Several groups on the screen: a column, names of tickets, which of them is read-only; and nothing of it with one.

use topicdesk::desk::ids::GroupId;
use topicdesk::engine::transport::Rights;
use topicdesk::engine::views::{Finding, GroupFacts, LinkState, Missing, Revision, ThreadPage};

use crate::screens_desk::{Desk, open, shop};

const B2B: GroupId = GroupId(88);

fn facts(group: GroupId, name: &str, title: &str) -> GroupFacts {
    let rights = Rights { member: true, admin: true, send: true, reads_all: true, ..Rights::default() };
    GroupFacts {
        group,
        name: Some(name.to_owned()),
        title: title.to_owned(),
        forum: true,
        bot: true,
        own_name: "Desk Bot".to_owned(),
        rights,
        ..GroupFacts::default()
    }
}

/// The desk of the other screens with every other ticket in a second group, and one number in both.
async fn two(size: (u16, u16)) -> Desk {
    let mut tickets: Vec<ThreadPage> = shop();
    for (place, page) in tickets.iter_mut().enumerate() {
        page.ticket.row.group_name = "shop".to_owned();
        if place % 2 == 1 {
            page.ticket.row.group = B2B;
            page.ticket.row.group_name = "b2b".to_owned();
        }
    }
    let mut twin = tickets[1].clone();
    twin.ticket.row.id = tickets[0].ticket.row.id;
    twin.ticket.row.title = "Another matter".to_owned();
    tickets.push(twin);
    let mut desk = open(tickets, size).await;
    desk.change(|state| {
        let shop = crate::screens_desk::key(1).group;
        state.groups = vec![facts(shop, "shop", "Acme Shop"), facts(B2B, "b2b", "Acme for business")];
    });
    all_new(&mut desk).await;
    desk
}

async fn all_new(desk: &mut Desk) {
    desk.screen.revision(Revision { number: 60, all: true, ..Revision::default() });
    desk.elapse(500).await;
}

#[tokio::test]
async fn a_queue_has_a_column_for_groups_only_if_there_are_several() {
    for size in [(60, 16), (80, 24), (120, 40)] {
        let mut desk = two(size).await;
        desk.keys("8").await;
        insta::assert_snapshot!(format!("groups_queue_{}x{}", size.0, size.1), desk.text());
    }
    let mut desk = open(shop(), (80, 24)).await;
    desk.keys("8").await;
    desk.misses("GROUP");
}

#[tokio::test]
async fn of_long_names_that_begin_alike_a_row_shows_what_differs() {
    for (size, column) in [((60, 16), false), ((80, 24), true), ((160, 50), false)] {
        let mut desk = two(size).await;
        desk.change(|state| {
            for (facts, title) in state.groups.iter_mut().zip(["Lumen Lamps · Help", "Lumen Lamps · Business"]) {
                (facts.name, facts.title) = (None, title.to_owned());
            }
            for page in &mut state.tickets {
                let row = &mut page.ticket.row;
                let title = if row.group == B2B { "Lumen Lamps · Business" } else { "Lumen Lamps · Help" };
                row.group_name = title.to_owned();
            }
        });
        all_new(&mut desk).await;
        desk.keys("8").await;
        let shown = if column { [" Help ", " Business "] } else { ["[Help] ", "[Business"] };
        shown.iter().for_each(|name| desk.sees(name));
        desk.misses("Lumen L…");
    }
}

#[tokio::test]
async fn a_number_that_two_groups_have_is_asked_for_by_name() {
    let mut desk = two((120, 40)).await;
    desk.keys(":").await;
    desk.types("1042").await;
    desk.keys("Enter").await;
    desk.sees("several groups have it: write shop/1042 or b2b/1042");
    desk.keys(":").await;
    desk.types("b2b/1042").await;
    desk.keys("Enter").await;
    desk.sees("b2b/1042 R. Haddad");
}

#[tokio::test]
async fn the_bar_and_the_status_page_say_which_group_is_read_only_or_behind() {
    let mut desk = two((120, 40)).await;
    desk.change(|state| {
        state.link = Some(LinkState::Live);
        state.groups[1].lost = Some("Desk Bot is not a member of \"Acme for business\"".to_owned());
        state.read_only = Some("b2b: Desk Bot is not a member of \"Acme for business\"".to_owned());
        state.findings = vec![Finding::broken("b2b: Desk Bot is not a member", "an admin of the group must add it")];
        state.missing =
            vec![Missing { group: None, name: "old".to_owned(), why: "no group is called @old".to_owned() }];
    });
    all_new(&mut desk).await;
    desk.sees("live · read-only: b2b, old");
    desk.keys("g s").await;
    insta::assert_snapshot!("groups_status_120x40", desk.text());
    desk.keys("Esc").await;
    desk.change(|state| {
        state.read_only = None;
        state.missing.clear();
        state.groups[1].lost = None;
        (state.backfill, state.behind) = (Some(40), vec![(B2B, 40)]);
    });
    all_new(&mut desk).await;
    desk.sees("syncing b2b 40 %");
}

#[tokio::test]
async fn a_filter_that_names_no_group_is_told_while_it_is_typed() {
    let mut desk = two((80, 24)).await;
    desk.keys("8 /").await;
    desk.types("group:shpo").await;
    desk.sees("there is no group `shpo`: there are shop, b2b");
    desk.keys("C-u").await;
    desk.types("group:b2b").await;
    desk.misses("there is no group");
}
