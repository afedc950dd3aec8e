//! Codes of authenticator apps: RFC 6238 with SHA-1, six digits, thirty seconds, one step to either side.

use std::fmt::Write as _;

use ephor_engine::port::Entropy;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

/// Bytes of a secret: as many as the hash gives (RFC 4226 section 4).
pub const LENGTH: usize = 20;

/// Seconds of a step.
pub const STEP: i64 = 30;

/// The name that apps show above the account.
const ISSUER: &str = "Ephor";

/// A fresh secret.
#[must_use]
pub fn fresh(entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; LENGTH]);
    entropy.fill(&mut secret);
    secret
}

fn generator(secret: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(secret.to_vec().into_boxed_slice()).with_skew(1).build().ok()
}

fn seconds(at: Timestamp) -> Option<u64> {
    u64::try_from(at.as_second()).ok()
}

/// The step whose code this is, at `at` or one step to either side.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, at: Timestamp) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    generator(secret)?.check(&digits, seconds(at)?).and_then(|step| i64::try_from(step).ok())
}

/// The code of an instant: what an app shows.
#[must_use]
pub fn code_at(secret: &[u8], at: Timestamp) -> Option<String> {
    Some(generator(secret)?.generate(seconds(at)?).to_string())
}

/// The secret as apps take it: RFC 4648 base 32 without padding.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    let mut text = String::with_capacity(secret.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0_u32);
    let letter = |index: u32| ALPHABET.get(usize::try_from(index & 31).unwrap_or(0)).copied();
    for byte in secret {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.extend(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.extend(letter(held << (5 - bits)));
    }
    text
}

/// The address that the picture for the app's camera holds.
#[must_use]
pub fn uri(secret: &[u8], account: &str) -> String {
    let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "otpauth://totp/{ISSUER}:{account}?secret={}&issuer={ISSUER}", base32(secret));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, its last six digits.
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_at(SECRET, at(second)).as_deref(), Some(code));
            assert_eq!(step_of(SECRET, code, at(second)), Some(second / STEP));
        }
    }

    #[test]
    fn one_step_to_either_side_and_no_more() {
        let code = code_at(SECRET, at(3000)).unwrap();
        for (second, expected) in [(2969, None), (2970, Some(100)), (3029, Some(100)), (3059, Some(100)), (3060, None)]
        {
            assert_eq!(step_of(SECRET, &code, at(second)), expected, "{second}");
        }
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(step_of(SECRET, &spaced, at(3000)), Some(100));
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(step_of(SECRET, bad, at(3000)), None, "{bad}");
        }
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        // RFC 4648 section 10.
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(
            uri(SECRET, "DEMO\\jen"),
            "otpauth://totp/Ephor:DEMO%5Cjen?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ephor"
        );
    }
}
