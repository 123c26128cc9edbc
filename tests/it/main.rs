//! The integration tests: one binary, every file declared here.

#[cfg(feature = "sandbox")]
mod accounts;
mod backup;
#[cfg(feature = "sandbox")]
mod cli;
#[cfg(feature = "sandbox")]
mod cli_admin;
mod cli_automatic;
mod cli_knowledge;
#[cfg(feature = "sandbox")]
mod cli_opening;
#[cfg(feature = "sandbox")]
mod cli_outbox;
#[cfg(feature = "sandbox")]
mod cli_routing;
#[cfg(feature = "sandbox")]
mod cli_seats;
mod cli_templates;
mod config;
mod docs;
mod engine;
mod engine_automatic;
mod engine_by_hand;
mod engine_changes;
mod engine_escalation;
mod engine_files;
mod engine_groups;
mod engine_mirror_status;
mod engine_opening;
mod engine_outbox;
mod engine_presence;
mod engine_reactions;
mod engine_routing;
mod engine_sla;
mod engine_summons;
mod engine_templates;
mod engine_thread;
mod engine_trouble;
mod escalations;
#[cfg(feature = "sandbox")]
mod faults;
#[cfg(feature = "sandbox")]
mod foreign;
#[cfg(feature = "sandbox")]
mod holes;
#[cfg(feature = "sandbox")]
mod hostile;
#[cfg(feature = "sandbox")]
mod killed;
#[cfg(feature = "sandbox")]
mod knowledge;
mod knowledge_webhook;
mod lifecycle;
#[cfg(feature = "sandbox")]
mod media;
#[cfg(feature = "sandbox")]
mod mirror;
#[cfg(feature = "sandbox")]
mod mirror_status;
mod mirror_thread;
#[cfg(feature = "sandbox")]
mod opening;
#[cfg(feature = "sandbox")]
mod pty;
#[cfg(feature = "sandbox")]
mod pty_files;
#[cfg(feature = "sandbox")]
mod pty_knowledge;
#[cfg(feature = "sandbox")]
mod pty_mirror_status;
#[cfg(feature = "sandbox")]
mod pty_opening;
#[cfg(feature = "sandbox")]
mod pty_outbox;
#[cfg(feature = "sandbox")]
mod pty_seats;
mod pty_signals;
#[cfg(feature = "sandbox")]
mod pty_templates;
#[cfg(feature = "sandbox")]
mod queries;
#[cfg(feature = "sandbox")]
mod rights;
#[cfg(feature = "sandbox")]
mod sandbox;
mod screens;
mod screens_answers;
mod screens_automatic;
mod screens_bytes;
mod screens_desk;
mod screens_due;
mod screens_escalation;
mod screens_files;
mod screens_groups;
mod screens_knowledge;
mod screens_more;
mod screens_opening;
mod screens_presence;
mod screens_routing;
mod screens_rules;
mod screens_standing;
mod screens_stats;
mod screens_templates;
mod screens_terminal;
mod screens_thread;
mod screens_whole;
mod seats;
#[cfg(feature = "sandbox")]
mod selftest;
#[cfg(feature = "sandbox")]
mod simulation;
#[cfg(feature = "sandbox")]
mod stats;
#[cfg(feature = "sandbox")]
mod summons;
mod support;
#[cfg(feature = "sandbox")]
mod survey;
mod telegram;
#[cfg(feature = "sandbox")]
mod telegram_link;
mod templates;
mod tidy;
#[cfg(feature = "sandbox")]
mod two_groups;
mod verify;
#[cfg(feature = "sandbox")]
mod worlds;
