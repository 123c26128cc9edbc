//! The webhook: a question goes out as an HTTP POST, offers come back. Bounded in time, in size, and in where it goes.

use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use thiserror::Error;

use super::wire;
use crate::desk::article::Offer;
use crate::desk::question::Question;
use crate::desk::safe;

/// The pause before the first retry; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// No pause is longer, whatever a server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// So often a redirect on the same host is followed.
const REDIRECTS: usize = 3;

/// Why there can be no such webhook.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WebhookError {
    /// The address is none.
    #[error("`url` is no address: write it like \"https://help.example/suggest\"")]
    Url,
    /// Anybody on the way could read questions and secret.
    #[error("`url` must begin with https:// (http:// is for this machine only, 127.0.0.1 or localhost)")]
    Plain,
    /// The header's name is none.
    #[error("`header` is no header's name: write it like \"Authorization\" or \"X-Token\"")]
    Header,
    /// The secret cannot stand in a header; it is not told.
    #[error("what stands in `secret_file` cannot be sent in a header: it must be one line without control characters")]
    Secret,
}

/// How a webhook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The longest a try may take.
    pub timeout: Duration,
    /// So often it is tried again after what may pass by itself.
    pub retries: u32,
    /// How long an answer is good.
    pub cache: Duration,
    /// The largest answer.
    pub max_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { timeout: Duration::from_secs(5), retries: 2, cache: Duration::from_secs(600), max_bytes: 256 * 1024 }
    }
}

/// A webhook.
pub struct Webhook {
    url: Url,
    header: Option<(HeaderName, HeaderValue)>,
    bounds: Bounds,
    client: OnceLock<Result<Client, String>>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may have a key in it too.
        f.debug_struct("Webhook").field("host", &self.host()).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// Why a try has failed.
struct Trouble {
    why: String,
    /// It may pass by itself; after so long, if the server has said.
    passes: Option<Option<Duration>>,
}

impl Trouble {
    fn lasting(why: String) -> Trouble {
        Trouble { why, passes: None }
    }

    fn passing(why: String) -> Trouble {
        Trouble { why, passes: Some(None) }
    }
}

impl Webhook {
    /// Makes a webhook; nothing is asked yet. `header`: a name, and the secret that goes with it.
    ///
    /// # Errors
    /// See [`WebhookError`]; the secret is in none of them.
    pub fn new(url: &str, header: Option<(&str, &str)>, bounds: Bounds) -> Result<Webhook, WebhookError> {
        let url = Url::parse(url.trim()).map_err(|_| WebhookError::Url)?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(WebhookError::Url);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(WebhookError::Plain);
        }
        let header = match header {
            Some((name, secret)) => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| WebhookError::Header)?;
                let mut value = HeaderValue::from_str(secret).map_err(|_| WebhookError::Secret)?;
                value.set_sensitive(true);
                Some((name, value))
            }
            None => None,
        };
        Ok(Webhook { url, header, bounds, client: OnceLock::new() })
    }

    /// Names the host, for people.
    pub fn host(&self) -> String {
        let host = safe::line(self.url.host_str().unwrap_or_default(), 100);
        self.url.port().map_or(host.clone(), |port| format!("{host}:{port}"))
    }

    /// Tells how long an answer is good.
    pub fn cache(&self) -> Duration {
        self.bounds.cache
    }

    /// Asks, again and again within the bounds.
    ///
    /// # Errors
    /// Why there is no answer and what to do, in a sentence for the agent; without address and secret.
    pub async fn ask(&self, question: &Question) -> Result<Vec<Offer>, String> {
        let body = wire::body(question);
        let mut pause = PAUSE;
        let mut left = self.bounds.retries;
        loop {
            let tried = tokio::time::timeout(self.bounds.timeout, self.attempt(&body)).await;
            let trouble = match tried {
                Ok(Ok(offers)) => return Ok(offers),
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::passing(format!(
                    "{} did not answer within {} s: is it overloaded? `timeout` in [knowledge.webhook] gives it longer",
                    self.host(),
                    self.bounds.timeout.as_secs_f32()
                )),
            };
            match trouble.passes {
                Some(asked) if left > 0 => {
                    left -= 1;
                    tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                    pause *= 2;
                }
                _ => return Err(trouble.why),
            }
        }
    }

    fn client(&self) -> Result<&Client, Trouble> {
        let made = self.client.get_or_init(|| {
            // Somebody else in this process may have chosen it already: there is only this one.
            let _chosen = rustls::crypto::ring::default_provider().install_default();
            let own = self.url.origin();
            let policy = Policy::custom(move |attempt| {
                // Other redirects would turn the POST into a GET without a question.
                let same = attempt.url().origin() == own && matches!(attempt.status().as_u16(), 307 | 308);
                if same && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
            });
            let mut builder =
                Client::builder().redirect(policy).user_agent(concat!("topicdesk/", env!("CARGO_PKG_VERSION")));
            if is_loopback(&self.url) {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|error| safe::line(&error.without_url().to_string(), 200))
        });
        made.as_ref().map_err(|why| Trouble::lasting(format!("HTTP cannot be spoken here: {why}")))
    }

    async fn attempt(&self, body: &str) -> Result<Vec<Offer>, Trouble> {
        let host = self.host();
        let mut request = self.client()?.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some((name, value)) = &self.header {
            request = request.header(name.clone(), value.clone());
        }
        let sent = request.body(body.to_owned()).send().await;
        let mut response =
            sent.map_err(|error| Trouble::passing(format!("{host} cannot be reached: {}", cause(error))))?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| self.url.join(to).ok()).and_then(|to| to.host_str().map(str::to_owned));
            let to = safe::line(to.as_deref().unwrap_or("nowhere"), 100);
            return Err(Trouble::lasting(format!(
                "{host} sends questions on to {to} ({}), which is not followed: write the final address into `url`",
                status.as_u16()
            )));
        }
        if !status.is_success() {
            let after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
            let why = format!("{host} answered {}: {}", status.as_u16(), advice(status));
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(Trouble { why, passes: passes.then(|| after.map(Duration::from_secs)) });
        }
        let most = self.bounds.max_bytes;
        let huge = || Trouble::lasting(format!("the answer of {host} is larger than {most} bytes (`max_bytes`)"));
        if response.content_length().is_some_and(|length| length > most as u64) {
            return Err(huge());
        }
        let mut answer = Vec::new();
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| Trouble::passing(format!("{host} broke off its answer: {}", cause(error))))? {
                Some(chunk) if answer.len() + chunk.len() > most => return Err(huge()),
                Some(chunk) => answer.extend_from_slice(&chunk),
                None => break,
            }
        }
        wire::offers(&answer).map_err(|why| {
            Trouble::lasting(format!(
                "{host} answers something else: {why}. It should be [{{title, url, snippet, score}}]"
            ))
        })
    }
}

/// Tells whether an address is on this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "it does not take the secret; look at `header` and `secret_file` in [knowledge.webhook]",
        404 | 405 | 410 => "look at `url` in [knowledge.webhook]",
        429 => "too many questions for it; `cache` in [knowledge.webhook] asks less often",
        500.. => "it is in trouble itself; look into its log",
        _ => "it does not take such a question; look into its log",
    }
}

/// Tells the innermost cause of an error of the client, without the address.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    safe::line(&innermost.to_string(), 160)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_go_over_tls_or_stay_on_this_machine() {
        for (url, wanted) in [
            ("https://help.example/suggest", None),
            ("http://127.0.0.1:8080/x", None),
            ("http://localhost/x", None),
            ("http://[::1]:80/", None),
            ("http://help.example/x", Some(WebhookError::Plain)),
            ("http://127.0.0.1.evil.example/x", Some(WebhookError::Plain)),
            ("http://localhost.evil.example/x", Some(WebhookError::Plain)),
            ("http://10.0.0.1/x", Some(WebhookError::Plain)),
            ("ftp://help.example/x", Some(WebhookError::Url)),
            ("help.example/x", Some(WebhookError::Url)),
            ("", Some(WebhookError::Url)),
        ] {
            assert_eq!(Webhook::new(url, None, Bounds::default()).err(), wanted, "{url}");
        }
    }

    #[test]
    fn the_secret_shows_nowhere() {
        let url = "https://help.example/x?key=hunter2";
        let webhook = Webhook::new(url, Some(("Authorization", "Bearer hunter2")), Bounds::default()).expect("fits");
        assert!(!format!("{webhook:?} {}", webhook.host()).contains("hunter2"));
        let error = Webhook::new(url, Some(("X-Token", "hunter2\nX: y")), Bounds::default()).expect_err("two lines");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
        let error = Webhook::new(url, Some(("no header", "hunter2")), Bounds::default()).expect_err("no name");
        assert_eq!(error, WebhookError::Header);
    }
}
