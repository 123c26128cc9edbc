//! Worked examples of gathering, and that neither order nor parts matter.

use proptest::prelude::*;

use super::super::course::Hold;
use super::super::course::{Done, Reopen};
use super::*;
use crate::desk::ids::{GroupId, TicketKey, TopicId};

/// Noon of 22 November 2026 in UTC, and hours from there.
fn at(hours: i64) -> Timestamp {
    Timestamp::from_unix(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a date").unix() + hours * 3600)
}

fn utc(at: Timestamp) -> NaiveDateTime {
    at.to_utc().naive_utc()
}

fn agent(name: &str) -> Who {
    Who::Agent(name.into())
}

fn course(opened: i64, first: Option<i64>, done: Option<i64>, who: &str) -> Course {
    let hold = |from, live| Hold { from: at(from), live, assignee: Some(who.into()) };
    Course {
        ticket: TicketKey { group: GroupId(1), topic: TopicId(1) },
        number: 1,
        opened_at: at(opened),
        asked_at: Some(at(opened)),
        first: first.map(|hour| Answer { at: at(hour), by: agent(who), took: at(hour).since(at(opened)) }),
        next: Vec::new(),
        done: done.map(|hour| Done {
            at: at(hour),
            by: agent(who),
            took: Some(at(hour).since(at(opened))),
            paused: Duration::ZERO,
            without_response: first.is_none(),
        }),
        reopens: Vec::new(),
        outside: Vec::new(),
        breaches: Vec::new(),
        survey: None,
        tags: Vec::new(),
        holds: std::iter::once(hold(opened, true)).chain(done.map(|done| hold(done, false))).collect(),
    }
}

fn report(courses: &[Course], since: Option<i64>, until: i64) -> Report {
    let mut tally = Tally::new(Frame { since: since.map(at), until: at(until), local: &utc });
    courses.iter().for_each(|course| tally.add(course));
    tally.report("UTC".to_owned(), "plain".to_owned())
}

#[test]
fn a_week_of_three_tickets() {
    let mut third = course(-30, Some(-29), Some(-20), "tom");
    third.reopens.push(Reopen { at: at(-10), done_by: agent("tom") });
    third.done = None;
    third.holds.push(Hold { from: at(-10), live: true, assignee: None });
    let all = [course(-200, Some(-40), Some(-3), "mia"), course(-26, Some(-25), None, "mia"), third];
    // From two days and a half ago until now.
    let report = report(&all, Some(-60), 0);
    assert_eq!((report.open_at_start, report.total.open), (1, Some(2)));
    assert_eq!((report.total.opened, report.total.resolved, report.total.reopened), (Some(2), 1, 1));
    // 160 h, 1 h, 1 h: counted when the answer came.
    assert_eq!(
        report.total.first_response,
        Spread { count: 3, p50_seconds: Some(3600), p90_seconds: Some(160 * 3600) }
    );
    let days: Vec<_> = report.days.iter().map(|row| (row.key.as_str(), row.figures.opened, row.figures.open)).collect();
    assert_eq!(
        days,
        [("2026-11-20", Some(0), Some(1)), ("2026-11-21", Some(2), Some(2)), ("2026-11-22", Some(0), Some(2)),]
    );
    let agents: Vec<_> =
        report.agents.iter().map(|row| (row.key.as_str(), row.figures.open, row.figures.resolved)).collect();
    assert_eq!(agents, [("mia", Some(1), 1), ("tom", Some(0), 0), ("(nobody)", Some(1), 0)]);
    let (hours, ten) = (&report.hours, report.hours[10].figures.opened);
    assert_eq!((hours.len(), hours[9].figures.resolved, ten), (24, 1, Some(1)));
    assert_eq!(report.steps.len(), 3);
    assert_eq!(report.tags.iter().map(|row| row.figures.clone()).collect::<Vec<_>>(), [report.total]);
}

#[test]
fn a_day_is_told_by_hour_without_gaps() {
    let report = report(&[course(-20, None, Some(-2), "mia")], Some(-24), 0);
    let names: Vec<&str> = report.steps.iter().map(|step| step.from.as_str()).collect();
    assert_eq!((names.len(), names[0], names[23]), (24, "2026-11-21T12", "2026-11-22T11"));
    assert_eq!(report.steps.iter().map(|step| step.open).max(), Some(1));
    assert_eq!(report.steps[23].open, 0);
    assert_eq!(report.total.without_response, 1);
}

#[test]
fn an_episode_counts_to_each_of_its_tags() {
    let tag = |name: &str| name.parse::<Tag>().expect("a tag");
    let mut both = course(-5, Some(-4), Some(-1), "mia");
    both.tags = vec![tag("billing"), tag("vip")];
    let mut one = course(-5, None, None, "tom");
    one.tags = vec![tag("vip")];
    let report = report(&[both, one, course(-3, None, None, "tom")], Some(-24), 0);
    let rows: Vec<_> = report.tags.iter().map(|row| (row.key.as_str(), row.figures.opened, row.figures.open)).collect();
    let expected = [("billing", Some(1), Some(0)), ("vip", Some(2), Some(1)), ("(no tag)", Some(1), Some(1))];
    assert_eq!(rows, expected);
}

#[test]
fn surveys_are_averaged() {
    let answered = |score: u8, hour: i64, who: &str| {
        let mut course = course(-20, Some(-19), Some(-18), who);
        course.survey = Some((at(hour), score, agent(who)));
        course
    };
    let all = [answered(5, -4, "mia"), answered(4, -3, "mia"), answered(4, -2, "tom"), answered(1, -40, "mia")];
    // The one of 40 hours ago is of the day before.
    let report = report(&all, Some(-24), 0);
    assert_eq!((report.total.surveys, report.total.survey_points), (3, 13));
    assert_eq!(report.total.survey_average().as_deref(), Some("4.3"));
    let agents: Vec<_> = report.agents.iter().map(|row| (row.key.as_str(), row.figures.survey_average())).collect();
    assert_eq!(agents, [("mia", Some("4.5".to_owned())), ("tom", Some("4.0".to_owned()))]);
    assert_eq!(Figures::default().survey_average(), None);
}

#[test]
fn nothing_is_counted_of_nothing() {
    let empty = report(&[], None, 0);
    assert_eq!((empty.days.len(), empty.agents.len(), empty.total.first_response), (1, 0, Spread::default()));
    // From the beginning means from the first that happened.
    let one = report(&[course(-240, None, None, "mia")], None, 0);
    assert_eq!(one.days.first().map(|row| row.key.as_str()), Some("2026-11-12"));
    assert_eq!(one.days.len(), 11);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_nor_the_cut_of_a_period_matters(
        seeds in prop::collection::vec((-500i64..100, 0i64..200, 0i64..300, any::<bool>(), any::<bool>(), 0usize..3), 0..25),
        turn in 0usize..25,
        cut in -400i64..0,
    ) {
        let names = ["mia", "tom", "ann"];
        let mut all: Vec<Course> = seeds.iter().map(|(opened, first, done, answered, ended, who)| {
            course(*opened, answered.then_some(opened + first), ended.then_some(opened + done), names[*who])
        }).collect();
        let whole = report(&all, Some(-450), 0);
        if !all.is_empty() {
            let turn = turn % all.len();
            all.rotate_left(turn);
            all.reverse();
        }
        prop_assert_eq!(&report(&all, Some(-450), 0), &whole);
        // Two periods that meet count what one does, and the second begins with what the first has left.
        let (early, late) = (report(&all, Some(-450), cut), report(&all, Some(cut), 0));
        prop_assert_eq!(early.total.resolved + late.total.resolved, whole.total.resolved);
        prop_assert_eq!(early.total.opened.zip(late.total.opened).map(|(a, b)| a + b), whole.total.opened);
        prop_assert_eq!(early.total.open, Some(late.open_at_start));
        prop_assert_eq!(late.total.open, whole.total.open);
        // The parts are the whole.
        for rows in [&whole.agents, &whole.days, &whole.hours] {
            prop_assert_eq!(rows.iter().map(|row| row.figures.resolved).sum::<usize>(), whole.total.resolved);
            let firsts: usize = rows.iter().map(|row| row.figures.first_response.count).sum();
            prop_assert_eq!(firsts, whole.total.first_response.count);
        }
        prop_assert_eq!(whole.days.last().and_then(|row| row.figures.open), whole.total.open);
        prop_assert_eq!(whole.steps.last().map(|step| step.open), whole.total.open);
        prop_assert_eq!(whole.agents.iter().filter_map(|row| row.figures.open).sum::<usize>(), whole.total.open.unwrap_or(0));
    }
}
