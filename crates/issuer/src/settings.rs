//! What of the issuer is configured.

use std::collections::BTreeSet;

use ephor_domain::application::Known;
use jiff::SignedDuration;
use uuid::Uuid;

/// How long an access token lives (seams §12).
pub(crate) const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How long a code may be redeemed.
pub(crate) const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How long a device code waits for a person.
pub(crate) const DEVICE_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// A program with a device code asks this often at most.
pub(crate) const DEVICE_INTERVAL: SignedDuration = SignedDuration::from_secs(5);
/// A refresh token that is not used ends so soon.
pub(crate) const REFRESH_IDLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// All refresh tokens of a sign-in end so soon.
pub(crate) const FAMILY_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The same for pages, whose refresh tokens are within reach of every script of theirs.
pub(crate) const PAGE_FAMILY_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The settings of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where clients reach us, without a slash at the end.
    pub(crate) public_url: String,
    /// Our tenant.
    pub(crate) tenant: Uuid,
    /// Resources that tokens are made for, without a slash at the end.
    pub(crate) audiences: BTreeSet<String>,
    /// Public clients that count without registration.
    pub(crate) known: BTreeSet<Known>,
    /// The grant `password` is open. It trains people to type passwords into programs: for demos only.
    pub(crate) password_grant: bool,
}

impl Settings {
    /// The settings of a server that clients reach at `public_url`; `aliases` are further audiences.
    #[must_use]
    pub fn new(public_url: &str, tenant: Uuid, aliases: impl IntoIterator<Item = String>) -> Self {
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        let mut audiences: BTreeSet<String> = aliases.into_iter().map(|alias| plain(&alias)).collect();
        audiences.insert(plain(public_url));
        audiences.remove("");
        Self {
            public_url: plain(public_url),
            tenant,
            audiences,
            known: Known::ALL.into_iter().collect(),
            password_grant: false,
        }
    }

    /// Only these public clients count without registration.
    #[must_use]
    pub fn known(mut self, known: impl IntoIterator<Item = Known>) -> Self {
        self.known = known.into_iter().collect();
        self
    }

    /// Opens or closes the grant `password`.
    #[must_use]
    pub fn password_grant(mut self, open: bool) -> Self {
        self.password_grant = open;
        self
    }

    /// `iss` of our tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.public_url, self.tenant)
    }

    /// The address of an endpoint below a tenant's path.
    pub(crate) fn endpoint(&self, tenant: &str, path: &str) -> String {
        format!("{}/{tenant}/{path}", self.public_url)
    }
}
