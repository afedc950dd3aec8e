//! Typed identifiers: one GUID, spelled in lower case everywhere (`PAM 5`, seams §3).

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A GUID that names one kind of thing. `Id<Role>` and `Id<Request>` never mix.
pub struct Id<Kind>(Uuid, PhantomData<fn() -> Kind>);

impl<Kind> Id<Kind> {
    /// The id with these sixteen bytes.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare GUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// A stable id derived from a name, for fixtures and for rows that are derived from others (version 5).
    #[must_use]
    pub fn derived(namespace: Uuid, name: &str) -> Self {
        Self::new(Uuid::new_v5(&namespace, name.as_bytes()))
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Kind> Copy for Id<Kind> {}
impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<Kind> Eq for Id<Kind> {}
impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<Kind> Hash for Id<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<Kind> FromStr for Id<Kind> {
    type Err = uuid::Error;
    /// Accepts the hyphenated form in any letter case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self::new)
    }
}
impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}

/// Markers for [`Id`]: what an id names.
pub mod kind {
    /// A user, group or service principal.
    #[derive(Debug)]
    pub enum Principal {}
    /// A set of linked principals that is one human being.
    #[derive(Debug)]
    pub enum Person {}
    /// Something that can be held: a PAM role, a directory role at a scope, …
    #[derive(Debug)]
    pub enum Entitlement {}
    /// An eligibility schedule.
    #[derive(Debug)]
    pub enum Eligibility {}
    /// A write-once order.
    #[derive(Debug)]
    pub enum Request {}
    /// An assignment schedule with its effects.
    #[derive(Debug)]
    pub enum Grant {}
    /// An approval object.
    #[derive(Debug)]
    pub enum Approval {}
    /// A directory that enforces memberships.
    #[derive(Debug)]
    pub enum Target {}
    /// A security group of a target.
    #[derive(Debug)]
    pub enum Group {}
    /// A bearer token of our own.
    #[derive(Debug)]
    pub enum ApiToken {}
    /// A browser session.
    #[derive(Debug)]
    pub enum Session {}
    /// An application that asks for tokens.
    #[derive(Debug)]
    pub enum Client {}
    /// A secret or key of an application.
    #[derive(Debug)]
    pub enum ClientCredential {}
    /// Tokens that stem from one sign-in and end together.
    #[derive(Debug)]
    pub enum TokenFamily {}
    /// One call or one timer tick: joins log, audit and answer.
    #[derive(Debug)]
    pub enum Correlation {}
}

/// Id of a user, group or service principal; on PAM also of the PAM user (seams §1).
pub type PrincipalId = Id<kind::Principal>;
/// Id of a person.
pub type PersonId = Id<kind::Person>;
/// Id of an entitlement; for `pam` the role's id.
pub type EntitlementId = Id<kind::Entitlement>;
/// Id of an eligibility schedule.
pub type EligibilityId = Id<kind::Eligibility>;
/// Id of a request.
pub type RequestId = Id<kind::Request>;
/// Id of a grant.
pub type GrantId = Id<kind::Grant>;
/// Id of an approval object; never the request's on PAM (`PAM-101`).
pub type ApprovalId = Id<kind::Approval>;
/// Id of a target directory.
pub type TargetId = Id<kind::Target>;
/// Id of a group.
pub type GroupId = Id<kind::Group>;
/// Id of an API token.
pub type ApiTokenId = Id<kind::ApiToken>;
/// Id of a browser session row.
pub type SessionId = Id<kind::Session>;
/// What an application calls itself: `client_id`, `appid`.
pub type ClientId = Id<kind::Client>;
/// Id of a secret or key of an application.
pub type ClientCredentialId = Id<kind::ClientCredential>;
/// Id of a family of tokens: those of one sign-in.
pub type TokenFamilyId = Id<kind::TokenFamily>;
/// Id that joins log, audit record and answer of one call.
pub type CorrelationId = Id<kind::Correlation>;
