//! The integration tests: one binary, every file declared here.

#[cfg(feature = "sandbox")]
mod cli;
mod config;
mod engine;
mod engine_changes;
mod engine_outbox;
mod engine_trouble;
#[cfg(feature = "sandbox")]
mod foreign;
mod lifecycle;
#[cfg(feature = "sandbox")]
mod mirror;
#[cfg(feature = "sandbox")]
mod pty;
#[cfg(feature = "sandbox")]
mod pty_outbox;
#[cfg(feature = "sandbox")]
mod pty_signals;
#[cfg(feature = "sandbox")]
mod sandbox;
mod screens;
mod screens_bytes;
mod screens_desk;
mod screens_more;
mod screens_rules;
mod screens_terminal;
mod support;
#[cfg(feature = "sandbox")]
mod telegram;
#[cfg(feature = "sandbox")]
mod telegram_link;
mod templates;
mod tidy;
#[cfg(feature = "sandbox")]
mod worlds;
