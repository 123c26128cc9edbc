//! The server's half of the secure remote password check: <https://core.telegram.org/api/srp>.

use hmac::Hmac;
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha512};

use grammers_tl_types::{enums, types};

/// The generator that goes with the prime.
const G: u8 = 3;
/// Telegram's 2048-bit safe prime; clients check that it is one.
const P: &str = concat!(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f",
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37",
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64",
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4",
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754",
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4",
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f",
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b"
);

/// Holds what a password leaves on the server.
#[derive(Clone)]
pub(in crate::sandbox) struct Verifier {
    salt1: Vec<u8>,
    salt2: Vec<u8>,
    v: BigUint,
}

/// Holds one open question to a client.
pub(in crate::sandbox) struct Challenge {
    id: i64,
    b: BigUint,
    public: Vec<u8>,
    verifier: Verifier,
}

fn prime() -> BigUint {
    BigUint::parse_bytes(P.as_bytes(), 16).expect("the constant is hexadecimal")
}

fn pad(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut out = [0; 256];
    let start = out.len().saturating_sub(bytes.len());
    out[start..].copy_from_slice(&bytes[bytes.len().saturating_sub(256)..]);
    out
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

fn salted(data: &[u8], salt: &[u8]) -> [u8; 32] {
    hash(&[salt, data, salt])
}

impl Verifier {
    /// Makes the verifier of a password. Slow on purpose: 100,000 rounds.
    pub(in crate::sandbox) fn new(password: &str, salt1: Vec<u8>, salt2: Vec<u8>) -> Self {
        let ph1 = salted(&salted(password.as_bytes(), &salt1), &salt2);
        let mut key = [0; 64];
        // The output is shorter than any limit of the function, so it cannot fail; if it did, no password would fit.
        let _ = pbkdf2::pbkdf2::<Hmac<Sha512>>(&ph1, &salt1, 100_000, &mut key);
        let x = BigUint::from_bytes_be(&salted(&key, &salt2));
        Self { v: BigUint::from(G).modpow(&x, &prime()), salt1, salt2 }
    }

    fn algorithm(&self) -> enums::PasswordKdfAlgo {
        types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
            salt1: self.salt1.clone(),
            salt2: self.salt2.clone(),
            g: i32::from(G),
            p: pad(&prime()).to_vec(),
        }
        .into()
    }
}

impl Challenge {
    /// Opens a question with random bytes.
    pub(in crate::sandbox) fn new(verifier: Verifier, id: i64, random: &[u8; 256]) -> Self {
        let p = prime();
        let b = BigUint::from_bytes_be(random) % &p;
        let k = BigUint::from_bytes_be(&hash(&[&pad(&p), &pad(&BigUint::from(G))]));
        let public = (k * &verifier.v + BigUint::from(G).modpow(&b, &p)) % &p;
        Self { id, b, public: pad(&public).to_vec(), verifier }
    }

    /// Writes the question as `account.password`.
    pub(in crate::sandbox) fn password(&self) -> types::account::Password {
        types::account::Password {
            has_recovery: false,
            has_secure_values: false,
            has_password: true,
            current_algo: Some(self.verifier.algorithm()),
            srp_b: Some(self.public.clone()),
            srp_id: Some(self.id),
            hint: None,
            email_unconfirmed_pattern: None,
            new_algo: self.verifier.algorithm(),
            new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
            secure_random: self.public[..32].to_vec(),
            pending_reset_date: None,
            login_email_pattern: None,
        }
    }

    /// Tells the question's id.
    pub(in crate::sandbox) fn id(&self) -> i64 {
        self.id
    }

    /// Checks a client's answer.
    pub(in crate::sandbox) fn check(&self, public: &[u8], proof: &[u8]) -> bool {
        let p = prime();
        let a = BigUint::from_bytes_be(public);
        if a >= p || a <= BigUint::from(1u8) || public.len() > 256 {
            return false;
        }
        let a_bytes = pad(&a);
        let u = BigUint::from_bytes_be(&hash(&[&a_bytes, &self.public]));
        let s = (a * self.verifier.v.modpow(&u, &p)).modpow(&self.b, &p);
        let key = hash(&[&pad(&s)]);
        let (hp, hg) = (hash(&[&pad(&p)]), hash(&[&pad(&BigUint::from(G))]));
        let mut mixed = [0; 32];
        for (out, (left, right)) in mixed.iter_mut().zip(hp.iter().zip(&hg)) {
            *out = left ^ right;
        }
        let (h1, h2) = (hash(&[&self.verifier.salt1]), hash(&[&self.verifier.salt2]));
        hash(&[&mixed, &h1, &h2, &a_bytes, &self.public, &key]) == *proof
    }
}

/// Writes `account.password` of an account without one.
pub(in crate::sandbox) fn no_password(random: &[u8; 256]) -> types::account::Password {
    let blank = Verifier { salt1: random[..8].to_vec(), salt2: random[8..24].to_vec(), v: BigUint::from(0u8) };
    types::account::Password {
        has_recovery: false,
        has_secure_values: false,
        has_password: false,
        current_algo: None,
        srp_b: None,
        srp_id: None,
        hint: None,
        email_unconfirmed_pattern: None,
        new_algo: blank.algorithm(),
        new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
        secure_random: random[..32].to_vec(),
        pending_reset_date: None,
        login_email_pattern: None,
    }
}

#[cfg(test)]
mod tests {
    use grammers_crypto::two_factor_auth::{calculate_2fa, check_p_and_g};

    use super::*;

    #[test]
    fn the_client_of_another_hand_is_believed_and_a_wrong_password_is_not() {
        let verifier = Verifier::new("correct horse", vec![1; 8], vec![2; 16]);
        let challenge = Challenge::new(verifier, 7, &[0x5a; 256]);
        let question = challenge.password();
        let Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algorithm)) =
            question.current_algo
        else {
            panic!("the algorithm is named");
        };
        assert!(check_p_and_g(&algorithm.p, &algorithm.g), "clients check the prime");
        let answer = |password: &str| {
            calculate_2fa(
                &algorithm.salt1,
                &algorithm.salt2,
                &algorithm.p,
                &algorithm.g,
                question.srp_b.clone().expect("asked"),
                vec![0x33; 256],
                password,
            )
        };
        let (proof, public) = answer("correct horse");
        assert!(challenge.check(&public, &proof));
        let (proof, public) = answer("wrong horse");
        assert!(!challenge.check(&public, &proof));
        assert!(!challenge.check(&[0; 256], &proof), "zero would give the key away");
    }
}
