//! THE RULES of the desk. Pure: no I/O, no async, no clock, no SQL, no Telegram, no terminal.
//!
//! What happens goes in, [`event::Event`]s come out; a [`ticket::Ticket`] is the fold of its events. Status moves here and
//! nowhere else.

pub mod activity;
pub mod along;
pub mod article;
pub mod authority;
pub mod automatic;
pub mod command;
pub mod escalation;
pub mod event;
pub mod files;
pub mod groups;
pub mod guard;
pub mod hours;
pub mod ids;
pub mod intake;
pub mod language;
pub mod lifecycle;
pub mod metrics;
pub mod mirror_status;
pub mod near;
pub mod opening;
pub mod people;
pub mod presence;
pub mod query;
pub mod question;
pub mod queue;
pub mod routing;
pub mod rules;
pub mod safe;
pub mod secret;
pub mod signature;
pub mod sla;
pub mod span;
pub mod split;
pub mod survey;
pub mod tags;
pub mod template;
pub mod thanks;
pub mod thread;
pub mod ticket;
