//! Codes and tokens of our own making: 256 random bits, given once, kept as a hash for their purpose alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_engine::port::Entropy;
use sha2::{Digest, Sha256};

/// What a text is good for; the same text is another one elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Code,
    Refresh,
    Device,
    Assertion,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Code => b"ephor authorization code\0",
            Self::Refresh => b"ephor refresh token\0",
            Self::Device => b"ephor device code\0",
            Self::Assertion => b"ephor used assertion\0",
        }
    }
}

/// What the store keeps of a text.
pub(crate) fn hash(purpose: Purpose, text: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(purpose.label());
    hash.update(text);
    hash.finalize().to_vec()
}

/// A fresh text with `prefix` before it, by which scanners of leaked secrets know it.
pub(crate) fn fresh(entropy: &dyn Entropy, prefix: &str) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    let mut text = prefix.to_owned();
    URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    text
}

/// Letters of codes that people type: no vowels, so no words, and none that are mistaken for digits.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A code that people type: eight of twenty letters, 34 bits.
pub(crate) fn user_code(entropy: &dyn Entropy) -> String {
    let mut code = String::with_capacity(8);
    while code.len() < 8 {
        let mut byte = [0];
        entropy.fill(&mut byte);
        // 240 is a multiple of 20: no letter is likelier than another.
        let [byte] = byte;
        if byte < 240
            && let Some(letter) = LETTERS.get(usize::from(byte % 20))
        {
            code.push(char::from(*letter));
        }
    }
    code
}

/// A typed code in its canonical spelling: letters alone, upper case.
pub(crate) fn canonical(typed: &str) -> Option<String> {
    let code: String = typed.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    (code.len() == 8 && code.bytes().all(|byte| LETTERS.contains(&byte))).then_some(code)
}

/// As people read it: `ABCD-EFGH`.
pub(crate) fn spaced(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// Does the verifier fit the challenge (RFC 7636, S256)? A verifier has 43 to 128 characters of a small alphabet.
pub(crate) fn verifies(verifier: &str, challenge: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(legal)
        && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}

/// A challenge is the base64url of a SHA-256.
pub(crate) fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;

    use super::*;

    #[test]
    fn codes_that_people_type_are_read_as_they_type_them() {
        let code = user_code(&SeededEntropy::new(7));
        assert_eq!(canonical(&spaced(&code)), Some(code.clone()));
        assert_eq!(canonical(&format!(" {} ", spaced(&code).to_lowercase())), Some(code));
        for typed in ["", "BCDF", "BCDF-GHJA", "BCDF-GHJKL", "BCDFGHJ1", "ÄCDFGHJK"] {
            assert_eq!(canonical(typed), None, "{typed}");
        }
    }

    #[test]
    fn pkce_of_the_rfc() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(verifies(verifier, challenge) && is_challenge(challenge));
        assert!(!verifies(challenge, challenge));
        assert!(!verifies("", challenge) && !verifies(&"a".repeat(129), challenge));
        assert!(!is_challenge("") && !is_challenge(&format!("{challenge}=")));
    }

    #[test]
    fn a_text_is_another_one_for_another_purpose() {
        let text = fresh(&SeededEntropy::new(1), "ephc_");
        assert_eq!(text.len(), 48);
        assert_ne!(hash(Purpose::Code, &text), hash(Purpose::Refresh, &text));
    }
}
