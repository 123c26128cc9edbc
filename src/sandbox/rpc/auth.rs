//! `auth.*`: bot token, code and password, log-out.

use grammers_tl_types::{Serializable, enums, functions, types};
use sha2::{Digest, Sha256};

use crate::sandbox::keys::Login;
use crate::sandbox::world::{Account, Refusal};

use super::srp::{Challenge, no_password};
use super::{Call, Reply};

fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::new(500, "RANDOM_UNAVAILABLE"))?;
    Ok(bytes)
}

/// Compares without telling by its time where the difference is; a habit, on loopback.
fn same(left: &str, right: &str) -> bool {
    Sha256::digest(left) == Sha256::digest(right)
}

impl Call<'_> {
    /// Binds the key to an account and answers with it.
    fn authorize(&mut self, account: i64) -> Reply {
        if let Some(key) = self.inner.keys.get_mut(self.key_id) {
            key.account = Some(account);
            key.login = Login::default();
            let name = key.name.clone();
            tracing::info!(account, key = name, "logged in");
            if let Some(journal) = &mut self.inner.journal {
                journal.write_key(&name, Some(account));
            }
        }
        self.account = account;
        let view = self.view()?;
        let authorization = types::auth::Authorization {
            setup_password_required: false,
            otherwise_relogin_days: None,
            tmp_sessions: None,
            future_auth_token: None,
            user: view.user(view.viewer),
        };
        Ok(enums::auth::Authorization::Authorization(authorization).to_bytes())
    }

    fn by_phone(&self, phone: &str) -> Option<&Account> {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        self.inner.world.accounts().find(|a| a.phone.as_deref() == Some(&digits) && !a.deleted)
    }

    fn login(&mut self) -> Result<&mut Login, Refusal> {
        let key = self.inner.keys.get_mut(self.key_id);
        key.map(|key| &mut key.login).ok_or_else(|| Refusal::new(401, "AUTH_KEY_UNREGISTERED"))
    }
}

fn check_app(api_id: i32, api_hash: &str) -> Result<(), Refusal> {
    // Any application will do, but one there must be.
    if api_id > 0 && !api_hash.trim().is_empty() { Ok(()) } else { Err(Refusal::bad("API_ID_INVALID")) }
}

/// Answers `auth.importBotAuthorization`.
pub(super) fn import_bot(call: &mut Call<'_>, request: functions::auth::ImportBotAuthorization) -> Reply {
    check_app(request.api_id, &request.api_hash)?;
    let mut bots = call.inner.world.accounts().filter(|a| a.is_bot() && !a.deleted);
    let found = bots.find(|a| a.token.as_deref().is_some_and(|token| same(token, &request.bot_auth_token)));
    let id = found.map(|bot| bot.id);
    drop(bots);
    let id = id.ok_or_else(|| Refusal::bad("ACCESS_TOKEN_INVALID"))?;
    call.authorize(id)
}

fn sent_code(hash: &str, length: usize) -> Vec<u8> {
    let sent = types::auth::SentCode {
        r#type: types::auth::SentCodeTypeApp { length: i32::try_from(length).unwrap_or(5) }.into(),
        phone_code_hash: hash.to_owned(),
        next_type: None,
        timeout: Some(120),
    };
    enums::auth::SentCode::Code(sent).to_bytes()
}

/// Answers `auth.sendCode`: the code is the account's own, always.
pub(super) fn send_code(call: &mut Call<'_>, request: functions::auth::SendCode) -> Reply {
    check_app(request.api_id, &request.api_hash)?;
    let digits: String = request.phone_number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 5 {
        return Err(Refusal::new(406, "PHONE_NUMBER_INVALID"));
    }
    let length = call.by_phone(&digits).and_then(|a| a.code.as_ref()).map_or(5, String::len);
    let hash: String = random::<9>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    call.login()?.code = Some((digits, hash.clone()));
    Ok(sent_code(&hash, length))
}

/// Answers `auth.resendCode` with the same code.
pub(super) fn resend_code(call: &mut Call<'_>, request: functions::auth::ResendCode) -> Reply {
    check_code_hash(call, &request.phone_number, &request.phone_code_hash)?;
    let length = call.by_phone(&request.phone_number).and_then(|a| a.code.as_ref()).map_or(5, String::len);
    Ok(sent_code(&request.phone_code_hash, length))
}

/// Answers `auth.cancelCode`.
pub(super) fn cancel_code(call: &mut Call<'_>, request: functions::auth::CancelCode) -> Reply {
    check_code_hash(call, &request.phone_number, &request.phone_code_hash)?;
    call.login()?.code = None;
    Ok(true.to_bytes())
}

fn check_code_hash(call: &mut Call<'_>, phone: &str, hash: &str) -> Result<(), Refusal> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match &call.login()?.code {
        Some((sent_to, sent_hash)) if *sent_to == digits && sent_hash == hash => Ok(()),
        Some(_) => Err(Refusal::bad("PHONE_CODE_HASH_EMPTY")),
        None => Err(Refusal::bad("PHONE_CODE_EXPIRED")),
    }
}

/// Answers `auth.signIn`.
pub(super) fn sign_in(call: &mut Call<'_>, request: functions::auth::SignIn) -> Reply {
    check_code_hash(call, &request.phone_number, &request.phone_code_hash)?;
    let given = request.phone_code.unwrap_or_default();
    if given.is_empty() {
        return Err(Refusal::bad("PHONE_CODE_EMPTY"));
    }
    let Some(account) = call.by_phone(&request.phone_number) else {
        // Nobody has this number: a real server would now offer to sign up.
        let sign_up = types::auth::AuthorizationSignUpRequired { terms_of_service: None };
        return Ok(enums::auth::Authorization::SignUpRequired(sign_up).to_bytes());
    };
    if !account.code.as_deref().is_some_and(|code| same(code, &given)) {
        return Err(Refusal::bad("PHONE_CODE_INVALID"));
    }
    let (id, has_password) = (account.id, account.password.is_some());
    if has_password {
        let login = call.login()?;
        login.code = None;
        login.password_of = Some(id);
        return Err(Refusal::new(401, "SESSION_PASSWORD_NEEDED"));
    }
    call.authorize(id)
}

/// Answers `account.getPassword` with a fresh question.
pub(super) fn password(call: &mut Call<'_>, _: functions::account::GetPassword) -> Reply {
    let logged_in = (call.account != 0).then_some(call.account);
    let of = match call.login()?.password_of.or(logged_in) {
        Some(of) => of,
        None => return Err(Refusal::new(401, "AUTH_KEY_UNREGISTERED")),
    };
    let Some(password) = call.inner.world.account(of).and_then(|a| a.password.clone()) else {
        return Ok(enums::account::Password::Password(no_password(&random()?)).to_bytes());
    };
    let verifier = call.inner.keys.verifier(of, &password);
    let id = i64::from_le_bytes(random()?);
    let challenge = Challenge::new(verifier, id, &random()?);
    let question = challenge.password();
    call.login()?.challenge = Some(challenge);
    Ok(enums::account::Password::Password(question).to_bytes())
}

/// Answers `auth.checkPassword`. A question may be answered once: after a wrong answer a new one is to be asked for.
pub(super) fn check_password(call: &mut Call<'_>, request: functions::auth::CheckPassword) -> Reply {
    let enums::InputCheckPasswordSrp::Srp(given) = request.password else {
        return Err(Refusal::bad("PASSWORD_HASH_INVALID"));
    };
    let login = call.login()?;
    let Some(account) = login.password_of else {
        return Err(Refusal::new(401, "AUTH_KEY_UNREGISTERED"));
    };
    let Some(challenge) = login.challenge.as_ref().filter(|c| c.id() == given.srp_id) else {
        return Err(Refusal::bad("SRP_ID_INVALID"));
    };
    if !challenge.check(&given.a, &given.m1) {
        return Err(Refusal::bad("PASSWORD_HASH_INVALID"));
    }
    call.authorize(account)
}

/// Answers `auth.logOut`: the key belongs to nobody again.
pub(super) fn log_out(call: &mut Call<'_>, _: functions::auth::LogOut) -> Reply {
    if let Some(key) = call.inner.keys.get_mut(call.key_id) {
        key.account = None;
        key.login = Login::default();
        let name = key.name.clone();
        tracing::info!(key = name, "logged out");
        if let Some(journal) = &mut call.inner.journal {
            journal.write_key(&name, None);
        }
    }
    Ok(enums::auth::LoggedOut::Out(types::auth::LoggedOut { future_auth_token: None }).to_bytes())
}
