//! MTPROTO CLIENT: the only room, with the sandbox, that knows Telegram's wire.
//!
//! It logs in as a bot or a user ([`login`]), finds the group ([`group`]), says what the account may do there ([`doctor`]),
//! and runs the *link* ([`link`]): a task that takes [`Order`](crate::engine::transport::Order)s from one queue and puts
//! [`Incoming`](crate::engine::transport::Incoming) into another. Everything that comes in is made safe here, once
//! (`convert`), and is made of our own types; no grammers type leaves the room.
//!
//! It promises: nothing that Telegram pushed or can still tell is lost (batches carry the contiguous state of the message
//! boxes, holes are said), a text goes out under the `random_id` it was given and no other, every request has a time limit,
//! a stored key is never replaced. It never decides what is fetched or sent, never retries a refusal, and never sends
//! anything that is not an `Order`.

mod convert;
pub mod doctor;
mod error;
mod facts;
mod gaps;
pub mod group;
mod history;
pub mod link;
pub mod login;
mod media;
mod opening;
mod pace;
mod press;
mod reaction;
mod said;
mod selector;
mod send;
mod session;
mod setup;
mod sieve;
mod station;
mod summon;
mod topics;
mod updates;
mod wire;

pub use crate::engine::transport::Secret;
pub use error::{ErrorKind, TelegramError};
pub use selector::GroupSelector;
pub use setup::{SandboxTarget, Setup, Wanted};
