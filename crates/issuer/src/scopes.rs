//! What a client asks for, and what it gets (`ARM 4.1`, seams §12).

use std::collections::BTreeSet;

use ephor_domain::application::{Permission, PermissionKind};

use crate::{
    oauth::{Answer, Refused},
    settings::Settings,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `openid`, `profile`, `email`, `offline_access`.
    plain: BTreeSet<&'static str>,
    /// The resource as it was spelled; none when only plain scopes were asked for.
    resource: Option<String>,
    /// Names below the resource, with the spelling to be echoed.
    names: Vec<(String, String)>,
}

const PLAIN: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Most scopes of a request.
const MOST: usize = 100;

impl Asked {
    /// Reads `scope`, or `resource` of the older spelling.
    ///
    /// # Errors
    /// [`Refused::SCOPE`] for two resources at once or unreadable ones, [`Refused::RESOURCE`] for a foreign one.
    pub(crate) fn read(scope: Option<&str>, resource: Option<&str>, settings: &Settings) -> Answer<Self> {
        let mut asked = Self { plain: BTreeSet::new(), resource: None, names: Vec::new() };
        let of_resource = resource.map(|resource| format!("{resource}/.default"));
        let words = scope.unwrap_or_default().split_ascii_whitespace().chain(of_resource.as_deref());
        for (count, word) in words.enumerate() {
            if count >= MOST {
                return Err(Refused::SCOPE);
            }
            if let Some(plain) = PLAIN.into_iter().find(|plain| *plain == word) {
                asked.plain.insert(plain);
                continue;
            }
            let (resource, name) = match word.rsplit_once('/') {
                Some((resource, name)) => (resource.to_owned(), name),
                // A bare name is one of the resource that is always there.
                None => (settings.public_url.clone(), word),
            };
            if name.is_empty() || resource.is_empty() {
                return Err(Refused::SCOPE);
            }
            let is_ours = settings.audiences.contains(resource.strip_suffix('/').unwrap_or(&resource));
            if !is_ours {
                return Err(Refused::RESOURCE);
            }
            match &asked.resource {
                Some(known) if known.trim_end_matches('/') != resource.trim_end_matches('/') => {
                    return Err(Refused::SCOPE);
                }
                Some(_) => {}
                None => asked.resource = Some(resource.clone()),
            }
            let prefix = word.strip_suffix(name).unwrap_or_default();
            asked.names.push((name.to_owned(), prefix.to_owned()));
        }
        Ok(asked)
    }

    /// `aud` of the access token.
    pub(crate) fn audience(&self, settings: &Settings) -> String {
        self.resource.clone().unwrap_or_else(|| settings.public_url.clone())
    }

    /// True when a refresh token is asked for.
    pub(crate) fn wants_refresh(&self) -> bool {
        self.plain.contains("offline_access")
    }

    /// True when an id token is asked for.
    pub(crate) fn wants_id_token(&self) -> bool {
        self.plain.contains("openid")
    }

    /// An application asks for itself: `.default` of one resource and nothing else.
    pub(crate) fn is_default_alone(&self) -> bool {
        !self.names.is_empty() && self.names.iter().all(|(name, _)| name == ".default")
    }

    /// What of it a person gives the application: everything consented to for `.default` or nothing in particular, else
    /// what is named.
    ///
    /// # Errors
    /// [`Refused::SCOPE`] for a name that nobody knows, [`Refused::CONSENT`] for one that was not consented to.
    pub(crate) fn granted(&self, consented: &BTreeSet<Permission>) -> Answer<Granted> {
        let scopes = || consented.iter().filter(|permission| permission.kind == PermissionKind::Scope);
        let mut given = BTreeSet::new();
        let mut echo: Vec<String> =
            self.plain.iter().filter(|word| **word != "offline_access").map(|word| (*word).to_owned()).collect();
        for (name, prefix) in &self.names {
            if name == ".default" {
                for permission in scopes() {
                    given.insert(*permission);
                    echo.push(format!("{prefix}{}", permission.name()));
                }
                echo.push(format!("{prefix}.default"));
                continue;
            }
            let permission = Permission::scope(name).ok_or(Refused::SCOPE)?;
            if !consented.contains(&permission) {
                return Err(Refused::CONSENT);
            }
            given.insert(permission);
            echo.push(format!("{prefix}{}", permission.name()));
        }
        let mut seen = BTreeSet::new();
        echo.retain(|word| seen.insert(word.clone()));
        Ok(Granted { scopes: given, echo: echo.join(" ") })
    }

    /// As text, to be read again.
    pub(crate) fn text(&self) -> String {
        let names = self.names.iter().map(|(name, prefix)| format!("{prefix}{name}"));
        self.plain.iter().map(|word| (*word).to_owned()).chain(names).collect::<Vec<_>>().join(" ")
    }

    /// A later request may ask for something else with the same sign-in; what it does not say stays.
    pub(crate) fn or(self, before: Self) -> Self {
        if self.names.is_empty() && self.plain.is_empty() { before } else { self }
    }

    /// Asks for a refresh token as well.
    pub(crate) fn refreshable(mut self, yes: bool) -> Self {
        if yes {
            self.plain.insert("offline_access");
        } else {
            self.plain.remove("offline_access");
        }
        self
    }
}

/// What a person gives an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    /// For `scp`.
    pub(crate) scopes: BTreeSet<Permission>,
    /// `scope` of the answer, spelled as it was asked for.
    pub(crate) echo: String,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn settings() -> Settings {
        Settings::new("https://localhost:8443", Uuid::nil(), ["http://127.0.0.1:8086".to_owned()])
    }

    fn read(scope: &str) -> Answer<Asked> {
        Asked::read(Some(scope), None, &settings())
    }

    fn consented() -> BTreeSet<Permission> {
        ["User.Read", "user_impersonation"].into_iter().map(|name| Permission::scope(name).unwrap()).collect()
    }

    #[test]
    fn default_has_one_slash_or_two_and_the_audience_follows() {
        for (scope, audience) in [
            ("https://localhost:8443/.default", "https://localhost:8443"),
            ("https://localhost:8443//.default", "https://localhost:8443/"),
            ("http://127.0.0.1:8086/.default", "http://127.0.0.1:8086"),
            ("openid profile", "https://localhost:8443"),
            ("User.Read", "https://localhost:8443"),
        ] {
            assert_eq!(read(scope).unwrap().audience(&settings()), audience, "{scope}");
        }
        let older = Asked::read(None, Some("https://localhost:8443/"), &settings()).unwrap();
        assert!(older.is_default_alone());
        assert_eq!(older.audience(&settings()), "https://localhost:8443/");
    }

    #[test]
    fn foreign_resources_and_two_at_once_are_refused() {
        for (scope, refused) in [
            ("https://evil.example/.default", Refused::RESOURCE),
            ("https://localhost:8443///.default", Refused::RESOURCE),
            ("https://localhost:8443.evil.example/.default", Refused::RESOURCE),
            ("https://localhost:8443/.default http://127.0.0.1:8086/.default", Refused::SCOPE),
            ("https://localhost:8443/", Refused::SCOPE),
            ("/x", Refused::SCOPE),
        ] {
            assert_eq!(read(scope), Err(refused), "{scope}");
        }
        assert_eq!(read(&"a ".repeat(101)), Err(Refused::SCOPE));
    }

    #[test]
    fn a_person_gives_what_was_consented_to() {
        let given = |scope: &str| {
            read(scope).unwrap().granted(&consented()).map(|granted| {
                let names: Vec<&str> = granted.scopes.iter().map(|permission| permission.name()).collect();
                (names.join(" "), granted.echo)
            })
        };
        let echo = "openid https://localhost:8443//User.Read https://localhost:8443//user_impersonation \
                    https://localhost:8443//.default";
        assert_eq!(
            given("openid offline_access https://localhost:8443//.default"),
            Ok(("User.Read user_impersonation".to_owned(), echo.to_owned()))
        );
        assert_eq!(given("user.read"), Ok(("User.Read".to_owned(), "User.Read".to_owned())));
        assert_eq!(given("openid"), Ok((String::new(), "openid".to_owned())));
        assert_eq!(given("Pam.Use"), Err(Refused::CONSENT));
        assert_eq!(given("No.Such"), Err(Refused::SCOPE));
    }

    #[test]
    fn what_was_asked_is_read_again_from_its_text() {
        for scope in ["openid offline_access https://localhost:8443//.default", "User.Read profile", ""] {
            let asked = read(scope).unwrap();
            assert_eq!(read(&asked.text()), Ok(asked), "{scope}");
        }
    }
}
