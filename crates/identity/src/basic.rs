//! HTTP Basic as it stands in the header (RFC 7617).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

/// Name and password as sent.
#[derive(Debug)]
pub struct BasicCredentials {
    /// The name in any spelling of seams §1, at most [`LONGEST_NAME`] bytes.
    pub name: String,
    /// The password.
    pub password: SecretString,
}

/// Most bytes of a sign-in name.
pub const LONGEST_NAME: usize = 320;

/// Reads what follows `Basic ` in the header. Bytes that are no UTF-8 are read as Latin-1, as old clients send it.
#[must_use]
pub fn parse(encoded: &str) -> Option<BasicCredentials> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let mut text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    let parsed = text.split_once(':').and_then(|(name, password)| {
        let fits = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && password.len() <= crate::password::LONGEST
            && !name.chars().any(char::is_control);
        fits.then(|| BasicCredentials { name: name.to_owned(), password: password.into() })
    });
    text.zeroize();
    parsed
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(bytes: &[u8]) -> Option<(String, String)> {
        parse(&STANDARD.encode(bytes))
            .map(|credentials| (credentials.name, credentials.password.expose_secret().to_owned()))
    }

    #[test]
    fn name_and_password() {
        assert_eq!(read(b"DEMO\\jen:a:b"), Some(("DEMO\\jen".to_owned(), "a:b".to_owned())));
        assert_eq!(read("jen@demo.test:p\u{e4}ss".as_bytes()), Some(("jen@demo.test".into(), "p\u{e4}ss".into())));
        assert_eq!(read(b"jen:p\xe4ss"), Some(("jen".to_owned(), "p\u{e4}ss".to_owned())));
        assert_eq!(read(b"jen:"), Some(("jen".to_owned(), String::new())));
    }

    #[test]
    fn what_is_no_pair() {
        assert_eq!(read(b"jen"), None);
        assert_eq!(read(b":secret"), None);
        assert_eq!(read(b"j\nen:secret"), None);
        assert_eq!(read(&[&[b'x'; 321][..], b":secret"].concat()), None);
        assert!(parse("not base64!").is_none());
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!("{:?}", parse(&STANDARD.encode("jen:hunter22")));
        assert!(shown.contains("jen") && !shown.contains("hunter22"), "{shown}");
    }
}
