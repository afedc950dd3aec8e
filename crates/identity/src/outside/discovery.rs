//! What an issuer publishes about itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;

/// The members that count here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    /// Who it is: must be what we asked for.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign in.
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged.
    pub token_endpoint: Option<String>,
    /// It answers with `iss` beside the code (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// Why an issuer cannot be used at the moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// It does not answer.
    #[error("no answer: {0}")]
    Fetch(String),
    /// It answers nonsense.
    #[error("its {0} cannot be read")]
    Unreadable(&'static str),
    /// It says it is another.
    #[error("it says that it is another issuer")]
    OtherIssuer,
    /// It was asked a moment ago and did not answer.
    #[error("it did not answer a moment ago")]
    Pausing,
}

impl Discovery {
    /// Where the document of an issuer stands.
    #[must_use]
    pub fn url(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads the document of `issuer`.
    ///
    /// # Errors
    /// [`DiscoveryError::Unreadable`], [`DiscoveryError::OtherIssuer`].
    pub fn read(issuer: &str, bytes: &[u8]) -> Result<Self, DiscoveryError> {
        let document: Self = serde_json::from_slice(bytes).map_err(|_| DiscoveryError::Unreadable("configuration"))?;
        if document.issuer == issuer { Ok(document) } else { Err(DiscoveryError::OtherIssuer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_who_we_asked_for() {
        let text = br#"{"issuer":"https://i.example/t","jwks_uri":"https://i.example/k","more":[1]}"#;
        let read = |issuer: &str| Discovery::read(issuer, text);
        assert_eq!(read("https://i.example/t").unwrap().jwks_uri, "https://i.example/k");
        for other in ["https://i.example", "https://i.example/t/", "https://I.example/t"] {
            assert_eq!(read(other), Err(DiscoveryError::OtherIssuer), "{other}");
        }
        assert_eq!(Discovery::read("x", b"<html>"), Err(DiscoveryError::Unreadable("configuration")));
        assert_eq!(Discovery::url("https://i.example/t/"), "https://i.example/t/.well-known/openid-configuration");
    }
}
