//! A login at a desk that runs: its process asks, and whoever sits here answers.

use super::super::ask::Person;
use super::super::failure::{Done, Failure};
use super::super::operate;
use super::super::site::{Site, say};
use super::{Account, PersonId, advise, tell};
use crate::clock::Timestamp;
use crate::engine::handle::{Answer, LoginQuestion, LoginStep, Request};
use crate::telegram::Secret;
use crate::telegram::login::Ask;

/// Begins, and answers until somebody is logged in or it has failed. `since`: when the desk began that is asked.
pub(super) async fn log_in(site: &Site, begin: LoginStep, since: Timestamp) -> Done {
    let mut step = begin;
    loop {
        step = match operate::ask(site, Request::Login(step)).await? {
            Answer::Asks { what, wrong } => {
                for sentence in &wrong {
                    say(sentence);
                }
                // A person thinks as long as they like: nothing else runs on this thread.
                LoginStep::Say { text: person(&what).map_err(Failure::error)? }
            }
            Answer::LoggedIn(told) => {
                let account =
                    Account { id: PersonId(told.id), name: told.name, username: told.username, bot: told.bot };
                tell(site, &account)?;
                if let Some(groups) = &told.groups {
                    advise(groups, &told.file, ", then run `topicdesk reload`");
                }
                operate::anew(site, Some(since)).await;
                return Ok(());
            }
            _ => return Err(operate::odd()),
        };
    }
}

fn person(what: &LoginQuestion) -> Result<Secret, String> {
    match what {
        LoginQuestion::Phone => Person.phone().map(Secret::new),
        LoginQuestion::Code { to } => Person.code(to),
        LoginQuestion::Password { hint } => Person.password(hint.as_deref()),
    }
}
