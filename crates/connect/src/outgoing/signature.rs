//! Signatures as Standard Webhooks has them, over id, time stamp and body: HMAC-SHA256 with a shared secret (`v1`), or
//! Ed25519 with a key of our own (`v1a`), which the other side can check and cannot make.

use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const PRIVATE: &str = "whsk_";

/// Signs with one secret.
#[derive(Clone)]
pub(super) enum Signer {
    /// Shared with the other side.
    Shared(Hmac<Sha256>),
    /// Ours alone.
    Own(Arc<Ed25519KeyPair>),
}

impl Signer {
    /// `None` when the secret claims to be base64 and is not, or is empty.
    pub(super) fn new(secret: &SecretString) -> Option<Self> {
        let secret = secret.expose_secret();
        if let Some(encoded) = secret.strip_prefix(PRIVATE) {
            // The seed, or the seed and the public key behind it.
            let key = Zeroizing::new(STANDARD.decode(encoded).ok()?);
            let pair = match key.len() {
                32 => Ed25519KeyPair::from_seed_unchecked(&key),
                64 => {
                    let (seed, public) = key.split_at_checked(32)?;
                    Ed25519KeyPair::from_seed_and_public_key(seed, public)
                }
                _ => return None,
            };
            return pair.ok().map(|pair| Self::Own(Arc::new(pair)));
        }
        let key = match secret.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        if key.is_empty() {
            return None;
        }
        Some(Self::Shared(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")))
    }

    /// The headers that prove a message: `webhook-id`, `webhook-timestamp` (seconds), `webhook-signature`.
    pub(super) fn headers(&self, id: &str, at: Timestamp, body: &[u8]) -> [(&'static str, String); 3] {
        let seconds = at.as_second().to_string();
        let pieces = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
        let signature = match self {
            Self::Shared(mac) => {
                let mut mac = mac.clone();
                pieces.iter().for_each(|piece| mac.update(piece));
                format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
            }
            Self::Own(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(&pieces.concat()))),
        };
        [("webhook-id", id.to_owned()), ("webhook-timestamp", seconds), ("webhook-signature", signature)]
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use secrecy::SecretString;

    use super::Signer;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // The example of the Standard Webhooks libraries.
        let signer = Signer::new(&SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(
            headers,
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
                ("webhook-timestamp", "1614265330".to_owned()),
                ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
            ]
        );
    }

    #[test]
    fn signatures_of_our_own_key_are_checked_with_its_public_half() {
        use aws_lc_rs::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
        use base64::{Engine as _, engine::general_purpose::STANDARD};

        let pair = super::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let both = [[7; 32].as_slice(), pair.public_key().as_ref()].concat();
        for secret in [STANDARD.encode([7; 32]), STANDARD.encode(both)] {
            let signer = Signer::new(&SecretString::from(format!("whsk_{secret}"))).unwrap();
            let [_, _, (name, value)] = signer.headers("msg_1", Timestamp::from_second(5).unwrap(), b"{}");
            let signature = STANDARD.decode(value.strip_prefix("v1a,").unwrap()).unwrap();
            assert_eq!(name, "webhook-signature");
            let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
            assert!(public.verify(b"msg_1.5.{}", &signature).is_ok());
            assert!(public.verify(b"msg_1.6.{}", &signature).is_err());
        }
        let wrong_half = STANDARD.encode([7; 64]);
        for broken in ["whsk_", "whsk_AAAA", "whsk_!", &format!("whsk_{wrong_half}")] {
            assert!(Signer::new(&SecretString::from(broken)).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        assert!(Signer::new(&SecretString::from("whsec_!!")).is_none());
        assert!(Signer::new(&SecretString::from("")).is_none());
        assert!(Signer::new(&SecretString::from("any words")).is_some());
    }
}
