//! Logging in as a bot or a user, and out again.
//!
//! A login is kept in `session.db` the moment Telegram grants it. Nothing a person types is kept, logged or put into an error.

use std::path::Path;
use std::sync::Arc;

use grammers_client::SignInError;
use grammers_client::client::{Client, PasswordToken};
use grammers_tl_types as tl;

use super::convert::people;
use super::error::{CallError, TelegramError};
use super::facts::own_user;
use super::session::Vault;
use super::setup::Setup;
use super::wire::Wire;
use crate::desk::ids::PersonId;
use crate::engine::transport::Secret;
use crate::store::session::OwnRecord;

/// So often a code, number or password may be wrong.
const TRIES: u32 = 3;

/// The account that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its Telegram id.
    pub id: PersonId,
    /// Its name, safe.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    /// It is a bot.
    pub bot: bool,
}

impl From<OwnRecord> for Account {
    fn from(own: OwnRecord) -> Self {
        Account { id: PersonId(own.id), name: own.name, username: own.username, bot: own.bot }
    }
}

/// Asks a person for what a login needs: at a terminal, or line by line from standard input.
///
/// An error is a sentence, and ends the login.
pub trait Ask: Send {
    /// Asks for the phone number.
    ///
    /// # Errors
    /// Nobody answered.
    fn phone(&mut self) -> Result<String, String>;
    /// Asks for the code that Telegram has sent; `to` says where it went.
    ///
    /// # Errors
    /// Nobody answered.
    fn code(&mut self, to: &str) -> Result<Secret, String>;
    /// Asks for the two-step password; the hint is safe to show.
    ///
    /// # Errors
    /// Nobody answered.
    fn password(&mut self, hint: Option<&str>) -> Result<Secret, String>;
    /// Says why it asks again.
    fn wrong(&mut self, sentence: &str);
}

/// Tells who is logged in, without a connection; `None` if nobody is.
///
/// # Errors
/// The session file cannot be read.
pub fn account(session: &Path) -> Result<Option<Account>, TelegramError> {
    Ok(Vault::read_own(session)?.map(Account::from))
}

/// Tells who is logged in with a key that is good, as far as this machine was told; without a connection.
///
/// # Errors
/// Nobody is, Telegram has destroyed the key, or the session file cannot be read.
pub fn standing(session: &Path) -> Result<Account, TelegramError> {
    if let Some(destroyed) = Vault::read_destroyed(session)? {
        return Err(destroyed);
    }
    account(session)?.ok_or(TelegramError::NotLoggedIn)
}

/// Forgets a login whose key Telegram has destroyed, so that another can be made; tells whether there was one.
///
/// # Errors
/// The session file cannot be read or written.
pub fn clear_destroyed(setup: &Setup) -> Result<Option<TelegramError>, TelegramError> {
    let Some(destroyed) = Vault::read_destroyed(&setup.session)? else { return Ok(None) };
    Vault::open(&Setup { sandbox: None, ..setup.clone() })?.forget()?;
    Ok(Some(destroyed))
}

/// Logs in as a bot.
///
/// # Errors
/// Wrong token, wrong api_id, somebody logged in already, no connection.
pub async fn as_bot(setup: &Setup, token: &Secret) -> Result<Account, TelegramError> {
    let (wire, _pool) = open(setup)?;
    let token = token.expose().trim();
    // The digits before the colon are the bot's id: what looks different need not be sent anywhere.
    if !token.split_once(':').is_some_and(|(id, rest)| id.parse::<i64>().is_ok() && !rest.is_empty()) {
        return Err(TelegramError::WrongToken);
    }
    let request = tl::functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: setup.api_id,
        api_hash: setup.api_hash.expose().to_owned(),
        bot_auth_token: token.to_owned(),
    };
    let mut answer = wire.ask(&request).await;
    if let Err(error) = &answer
        && wire.migrate(error).await?
    {
        answer = wire.ask(&request).await;
    }
    match answer {
        Ok(_) => welcome(&wire).await,
        Err(error) if error.is("ACCESS_TOKEN_*") => Err(TelegramError::WrongToken),
        Err(error) => Err(error.explain(&wire.target())),
    }
}

/// Logs in as a user: phone, code, and password where one is set. What is wrong is asked for again, up to three times.
///
/// # Errors
/// Wrong number, code or password, somebody logged in already, no connection, nobody answered.
pub async fn as_user(setup: &Setup, ask: &mut dyn Ask) -> Result<Account, TelegramError> {
    let (wire, _pool) = open(setup)?;
    let (phone, sent) = match send_code(setup, &wire, ask).await? {
        Started::Code(phone, sent) => (phone, sent),
        Started::In => return welcome(&wire).await,
    };
    let to = destination(&sent.r#type)?;
    for attempt in 1..=TRIES {
        let code = ask.code(to).map_err(TelegramError::Ask)?;
        let request = tl::functions::auth::SignIn {
            phone_number: phone.clone(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(code.expose().trim().to_owned()),
            email_verification: None,
        };
        match wire.ask(&request).await {
            Ok(tl::enums::auth::Authorization::Authorization(_)) => return welcome(&wire).await,
            Ok(tl::enums::auth::Authorization::SignUpRequired(_)) => return Err(TelegramError::NoAccount),
            Err(error) if error.is("SESSION_PASSWORD_NEEDED") => {
                password(&wire, ask).await?;
                return welcome(&wire).await;
            }
            Err(error) if error.is("PHONE_CODE_EXPIRED") => return Err(TelegramError::WrongCode),
            Err(error) if error.is("PHONE_CODE_*") && attempt < TRIES => ask.wrong("that code is wrong"),
            Err(error) if error.is("PHONE_CODE_*") => return Err(TelegramError::WrongCode),
            Err(error) if error.is("PHONE_NUMBER_UNOCCUPIED") => return Err(TelegramError::NoAccount),
            Err(error) => return Err(error.explain(&wire.target())),
        }
    }
    Err(TelegramError::WrongCode)
}

/// Ends the login at Telegram and forgets it here. One that Telegram has ended already is forgotten too.
///
/// # Errors
/// Nobody is logged in, or there is no connection: then nothing is forgotten.
pub async fn logout(setup: &Setup) -> Result<(), TelegramError> {
    if Vault::read_own(&setup.session)?.is_none() {
        return Err(TelegramError::NotLoggedIn);
    }
    // The settings may point elsewhere by now; the login is where it was made.
    let vault = Arc::new(Vault::open(&Setup { sandbox: None, ..setup.clone() })?);
    let (wire, _pool) = Wire::new(setup, Arc::clone(&vault));
    match wire.ask(&tl::functions::auth::LogOut {}).await {
        Ok(_) => {}
        Err(error) if error.is_lost_login() => {}
        Err(CallError::Session(_)) => {}
        Err(error) => return Err(error.explain(&wire.target())),
    }
    vault.forget()?;
    Ok(())
}

fn open(setup: &Setup) -> Result<(Wire, super::wire::Pool), TelegramError> {
    if let Some(own) = Vault::read_own(&setup.session)? {
        let who = own.username.map_or(own.name, |username| format!("@{username}"));
        return Err(TelegramError::AlreadyLoggedIn { who });
    }
    Ok(Wire::new(setup, Arc::new(Vault::open(setup)?)))
}

async fn welcome(wire: &Wire) -> Result<Account, TelegramError> {
    let myself = own_user(wire).await.map_err(|error| error.explain(&wire.target()))?;
    let person = people::user(&myself);
    let own = OwnRecord {
        id: myself.id,
        access_hash: myself.access_hash.unwrap_or(0),
        name: person.name,
        username: person.username,
        bot: myself.bot,
    };
    wire.vault().set_own(own.clone())?;
    wire.vault().flush()?;
    Ok(own.into())
}

enum Started {
    Code(String, tl::types::auth::SentCode),
    In,
}

async fn send_code(setup: &Setup, wire: &Wire, ask: &mut dyn Ask) -> Result<Started, TelegramError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let phone: String = ask.phone().map_err(TelegramError::Ask)?.chars().filter(|c| !c.is_whitespace()).collect();
        let request = tl::functions::auth::SendCode {
            phone_number: phone.clone(),
            api_id: setup.api_id,
            api_hash: setup.api_hash.expose().to_owned(),
            settings: tl::types::CodeSettings {
                allow_flashcall: false,
                current_number: false,
                allow_app_hash: false,
                allow_missed_call: false,
                allow_firebase: false,
                unknown_number: false,
                logout_tokens: None,
                token: None,
                app_sandbox: None,
            }
            .into(),
        };
        let mut answer = wire.ask(&request).await;
        if let Err(error) = &answer
            && wire.migrate(error).await?
        {
            answer = wire.ask(&request).await;
        }
        match answer {
            Ok(tl::enums::auth::SentCode::Code(sent)) => return Ok(Started::Code(phone, sent)),
            Ok(tl::enums::auth::SentCode::Success(_)) => return Ok(Started::In),
            Ok(tl::enums::auth::SentCode::PaymentRequired(_)) => {
                return Err(TelegramError::LoginElsewhere { what: "a payment for the code".to_owned() });
            }
            Err(error) if error.is("PHONE_NUMBER_INVALID") && attempt < TRIES => {
                ask.wrong("that is not a phone number Telegram knows; give it with its country code, as +380…");
            }
            Err(error) if error.is("PHONE_NUMBER_*") => {
                return Err(match error.is("PHONE_NUMBER_UNOCCUPIED") {
                    true => TelegramError::NoAccount,
                    false => TelegramError::WrongPhone { name: error.words() },
                });
            }
            Err(error) => return Err(error.explain(&wire.target())),
        }
    }
}

fn destination(kind: &tl::enums::auth::SentCodeType) -> Result<&'static str, TelegramError> {
    use tl::enums::auth::SentCodeType as Kind;
    Ok(match kind {
        Kind::App(_) => "your other Telegram apps",
        Kind::Sms(_) | Kind::SmsWord(_) | Kind::SmsPhrase(_) | Kind::FirebaseSms(_) => "your phone, by SMS",
        Kind::Call(_) => "your phone, by a call",
        Kind::FlashCall(_) | Kind::MissedCall(_) => "your phone: the last digits of the number that calls",
        Kind::EmailCode(_) => "your mail",
        Kind::FragmentSms(_) => "fragment.com",
        Kind::SetUpEmailRequired(_) => {
            return Err(TelegramError::LoginElsewhere { what: "a mail address for the login".to_owned() });
        }
    })
}

async fn password(wire: &Wire, ask: &mut dyn Ask) -> Result<(), TelegramError> {
    let mut wrong = 0;
    // The server may also have forgotten its half of the exchange, which is nobody's mistake.
    for _ in 0..2 * TRIES {
        let tl::enums::account::Password::Password(challenge) =
            wire.ask(&tl::functions::account::GetPassword {}).await.map_err(|error| error.explain(&wire.target()))?;
        let known = matches!(
            challenge.current_algo,
            Some(tl::enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(_))
        );
        if !known || challenge.srp_b.is_none() || challenge.srp_id.is_none() {
            return Err(TelegramError::LoginElsewhere {
                what: "a kind of password check this version does not know".to_owned(),
            });
        }
        let hint = challenge.hint.as_deref().map(|hint| super::convert::safe::line(hint, 100));
        let secret = ask.password(hint.as_deref()).map_err(TelegramError::Ask)?;
        // A round of SRP takes a third of a second of pure arithmetic: not on a thread that others wait for.
        let client = Client::new(wire.fat_handle());
        let runtime = tokio::runtime::Handle::current();
        let round = tokio::task::spawn_blocking(move || {
            runtime.block_on(async move {
                client.check_password(PasswordToken::new(challenge), secret.expose()).await.map(|_| ())
            })
        });
        match round.await {
            Err(_) => return Err(TelegramError::Broken),
            Ok(Ok(())) => return Ok(()),
            Ok(Err(SignInError::InvalidPassword(_))) => {
                wrong += 1;
                if wrong == TRIES {
                    return Err(TelegramError::WrongPassword);
                }
                ask.wrong("that password is wrong");
            }
            Ok(Err(SignInError::Other(error))) => {
                let error = CallError::from_grammers(error);
                if !error.is("SRP_ID_INVALID") {
                    return Err(error.explain(&wire.target()));
                }
            }
            Ok(Err(SignInError::SignUpRequired)) => return Err(TelegramError::NoAccount),
            Ok(Err(_)) => return Err(TelegramError::Broken),
        }
    }
    Err(TelegramError::WrongPassword)
}
