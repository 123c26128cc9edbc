//! What several tests need.

pub(crate) mod bench;
#[cfg(feature = "sandbox")]
pub(crate) mod client;
pub(crate) mod http;
#[cfg(feature = "sandbox")]
pub(crate) mod link;
#[cfg(feature = "sandbox")]
pub(crate) mod process;
#[cfg(feature = "sandbox")]
pub(crate) mod screen;
