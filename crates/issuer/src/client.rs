//! Which application asks, and how it proves that.

use std::{collections::BTreeSet, net::IpAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    application::{Known, Permission, PermissionKind, Redirect},
    id::ClientId,
    principal::Principal,
};
use ephor_engine::admin::application::secret_hash;
use ephor_store::tx::application::{ApplicationKey, ApplicationRow, ApplicationSecret};
use http::{HeaderMap, header};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    assertion,
    face::App,
    form::Form,
    ledger::Failed,
    oauth::{Answer, Refused},
};

/// An application, registered or known.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) name: String,
    pub(crate) public: bool,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) permissions: BTreeSet<Permission>,
    /// What it acts as; a known one acts for people only.
    pub(crate) principal: Option<Principal>,
    secrets: Vec<ApplicationSecret>,
    keys: Vec<ApplicationKey>,
}

impl Client {
    pub(crate) fn registered(
        row: ApplicationRow,
        secrets: Vec<ApplicationSecret>,
        keys: Vec<ApplicationKey>,
        permissions: BTreeSet<Permission>,
    ) -> Self {
        Self {
            id: row.application.client,
            name: row.principal.display_name.clone(),
            public: row.application.public,
            redirects: row.application.redirects,
            permissions,
            principal: Some(row.principal),
            secrets,
            keys,
        }
    }

    fn known(known: Known) -> Self {
        // Administration is consented to by name, for an application that somebody registered.
        let usual =
            |permission: &Permission| permission.kind == PermissionKind::Scope && permission.name() != "Ephor.Admin";
        Self {
            id: known.client(),
            name: known.name().to_owned(),
            public: true,
            redirects: known.redirects(),
            permissions: Permission::all().iter().copied().filter(usual).collect(),
            principal: None,
            secrets: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// The redirect address that `asked` means.
    pub(crate) fn redirect(&self, asked: &str) -> Option<&Redirect> {
        self.redirects.iter().find(|redirect| redirect.is(asked))
    }

    /// Keys that are good at `now`.
    pub(crate) fn keys(&self, now: Timestamp) -> impl Iterator<Item = &ApplicationKey> {
        self.keys.iter().filter(move |key| now < key.expires)
    }

    fn proves_by_secret(&self, secret: &SecretString, now: Timestamp) -> Answer<()> {
        let hash = secret_hash(secret);
        // Hashes of 256 random bits: where two begin to differ says nothing of use.
        match self.secrets.iter().find(|known| known.hash == hash) {
            Some(known) if now < known.expires => Ok(()),
            Some(_) => Err(Refused::CLIENT_EXPIRED),
            None => Err(Refused::CLIENT),
        }
    }
}

impl App {
    /// The application with this id.
    ///
    /// # Errors
    /// [`Refused::UNKNOWN_CLIENT`], [`Refused::CLIENT_DISABLED`].
    pub(crate) async fn client(&self, text: &str) -> Answer<Client> {
        let id: ClientId = text.parse().map_err(|_| Refused::UNKNOWN_CLIENT)?;
        if let Some(known) = Known::from_client(id)
            && self.settings.known.contains(&known)
        {
            return Ok(Client::known(known));
        }
        let client = self.ledger.client(id).await?.ok_or(Refused::UNKNOWN_CLIENT)?;
        if client.principal.as_ref().is_some_and(|principal| principal.enabled) {
            Ok(client)
        } else {
            Err(Refused::CLIENT_DISABLED)
        }
    }

    /// The application behind a call to the token endpoint, proved if it is one that can keep a secret.
    pub(crate) async fn proved_client(
        &self,
        headers: &HeaderMap,
        form: &Form,
        tenant: &str,
        address: IpAddr,
    ) -> Answer<Client> {
        let basic = basic(headers)?;
        let id = match (&basic, form.get("client_id")) {
            (Some((id, _)), Some(named)) if !id.eq_ignore_ascii_case(named) => return Err(Refused::CLIENT),
            (Some((id, _)), _) => id.clone(),
            (None, Some(named)) => named.to_owned(),
            (None, None) => match form.get("client_assertion") {
                Some(text) => assertion::subject(text).ok_or(Refused::ASSERTION)?,
                None => return Err(Refused::MISSING),
            },
        };
        let came_with_basic = basic.is_some();
        let secret = basic.map(|(_, secret)| secret).or_else(|| form.get("client_secret").map(SecretString::from));
        let client = self.client(&id).await?;
        let outcome = self.prove(&client, secret, form, tenant).await;
        if let Err(refused) = &outcome
            && refused.status() == http::StatusCode::UNAUTHORIZED
        {
            let failed = Failed { principal: client.principal.as_ref().map(|of| of.id), address };
            self.ledger.failed(failed);
        }
        match outcome {
            Ok(()) => Ok(client),
            Err(refused) => Err(refused.answering_basic(came_with_basic)),
        }
    }

    async fn prove(&self, client: &Client, secret: Option<SecretString>, form: &Form, tenant: &str) -> Answer<()> {
        let now = self.now();
        match (secret, form.get("client_assertion")) {
            // One proof at a time (RFC 6749 2.3).
            (Some(_), Some(_)) => Err(Refused::FORM),
            (Some(secret), None) if !client.public => client.proves_by_secret(&secret, now),
            (Some(_), None) => Err(Refused::CLIENT),
            (None, Some(text)) => {
                if form.get("client_assertion_type") != Some(assertion::TYPE) {
                    return Err(Refused::ASSERTION);
                }
                self.check_assertion(client, text, tenant).await
            }
            (None, None) if client.public => Ok(()),
            (None, None) => Err(Refused::CLIENT_NEEDED),
        }
    }
}

/// Name and secret of an `Authorization: Basic` line: both form-encoded first (RFC 6749 2.3.1).
fn basic(headers: &HeaderMap) -> Answer<Option<(String, SecretString)>> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let read = || {
        let (scheme, rest) = line.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let decoded = |text: &str| {
            let plain = text.replace('+', " ");
            percent_encoding::percent_decode_str(&plain).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        Some((decoded(id)?, SecretString::from(decoded(secret)?)))
    };
    match (read(), lines.next()) {
        (Some(pair), None) => Ok(Some(pair)),
        (_, _) => Err(Refused::CLIENT),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn basic_is_read_once_and_decoded() {
        let line = |text: &str| HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(text))).unwrap();
        let mut headers = HeaderMap::new();
        assert!(basic(&headers).unwrap().is_none());
        headers.insert(header::AUTHORIZATION, line("id:a%2Bb+c"));
        let (id, secret) = basic(&headers).unwrap().unwrap();
        assert_eq!((id.as_str(), secret.expose_secret()), ("id", "a+b c"));
        headers.append(header::AUTHORIZATION, line("id:x"));
        assert_eq!(basic(&headers).unwrap_err(), Refused::CLIENT);
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert_eq!(basic(&headers).unwrap_err(), Refused::CLIENT);
    }
}
