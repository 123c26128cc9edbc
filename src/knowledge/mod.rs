//! ARTICLES: a local folder of Markdown files and a webhook; the only room that names an HTTP client.
//!
//! Inquiries come in through one queue, what is found goes out through another ([`crate::engine::transport`]); nobody waits here for
//! anybody. The folder is looked at when somebody asks, never in between. Promises: text from files and from the network is made
//! safe here; the secret header is in no log, error or `Debug`; nothing larger than its bound is read, and nothing is waited for
//! longer than its time. Never: an internal note (a question has no place for one), a redirect to another host, plain HTTP over a
//! network.

mod article;
pub mod folder;
mod front;
pub mod lint;
mod plain;
mod runner;
#[cfg(feature = "sandbox")]
pub mod shop;
pub mod webhook;
mod wire;

pub use article::{Mistake, parse};
pub use runner::{Setup, spawn};
